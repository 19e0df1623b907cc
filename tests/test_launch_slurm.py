"""What is said to Slurm, without a Slurm: parameters, scripts, and a job's way out of a signal."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from launch.slurm import Requeueable, SlurmError, check, scripts, seconds_to_work, words
from tests import launched
from tests.command import typed
from tests.tiny import STUDY

PARAMETERS: dict[str, Any] = {"timeout_min": 30, "signal_delay_s": 90, "name": "tiny"}
SLURM = (*STUDY, "launcher=slurm", "launcher.workers=1")


def test_every_parameter_that_submitit_knows_passes_into_the_script(tmp_path: Path) -> None:
    given = {"partition": "gpu", "qos": "low", "gpus_per_node": 2, "mem_gb": 1.5, "constraint": "a100&ib", "wckey": "w",
             "account": "lab", "exclude": "node[1-3]", "additional_parameters": {"licenses": "x:1"},
             "setup": ["module load cuda"], "array_parallelism": 7}  # fmt: skip
    (text,) = scripts(5, parameters={**PARAMETERS, **given}, folder=tmp_path, array_size=100)
    for line in ("--partition=gpu", "--qos=low", "--gpus-per-node=2", "--mem=1536MB", "--constraint='a100&ib'",
                 "--account=lab", "--exclude='node[1-3]'", "--licenses=x:1", "--time=30", "--job-name=tiny",
                 "--signal=USR2@90", "--array=0-4%5"):  # fmt: skip
        assert f"#SBATCH {line}\n" in text
    assert text.index("module load cuda") < text.index("srun")


def test_slurms_own_name_for_a_parameter_beats_submititis(tmp_path: Path) -> None:
    parameters = {**PARAMETERS, "time": 7, "signal_delay_s": 30, "mem": "3GB", "mem_gb": 1}
    (text,) = scripts(1, parameters=parameters, folder=tmp_path, array_size=100)
    assert "#SBATCH --time=7\n" in text
    assert "#SBATCH --mem=3GB\n" in text
    assert seconds_to_work(parameters) == 7 * 60 - 30 - 60


def test_arrays_are_cut_at_the_sites_size_and_one_job_is_no_array(tmp_path: Path) -> None:
    texts = scripts(13, parameters=PARAMETERS, folder=tmp_path, array_size=6)
    assert [text.partition("--array=")[2].partition("\n")[0] for text in texts] == ["0-5%6", "0-5%6", ""]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"partitoin": "x"}, "unknown parameter 'partitoin'; did you mean 'partition'? submitit knows: account, "),
        ({"use_srun": False}, "without srun no signal reaches the workers"),
        ({"nodes": 2}, "a job is one task on one node"),
        ({"tasks_per_node": 4}, "a job is one task on one node"),
        ({"timeout_min": 1, "signal_delay_s": 60}, "a job of 1 min that is asked to save 60 s before its end"),
        ({"timeout_min": 1.5}, "1.5 is no whole number of minutes"),
    ],
)
def test_a_parameter_that_can_not_work_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SlurmError) as caught:
        check({**PARAMETERS, **parameters})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("launcher.slurm.partitoin=x", "launcher.slurm: unknown parameter 'partitoin'; did you mean 'partition'?"),
        ("+launcher.slurm.partitoin=x", "launcher.slurm: unknown parameter 'partitoin'; did you mean 'partition'?"),
        ("launcher.slurm.name=x", "launcher.slurm.name: is set by the launch itself"),
        ("launcher.workers=0", "launcher.workers: 0 can't be packed for"),
    ],
)
def test_a_launcher_that_can_not_work_is_one_line_and_exit_code_2(
    override: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = typed("launch", *SLURM, override, "--dry-run", capsys=capsys, monkeypatch=monkeypatch)
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"error: {message}")


def test_a_parameter_of_slurm_is_refused_where_nothing_goes_to_slurm(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = typed("launch", *STUDY, "launcher.slurm.partition=x", capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    assert "launcher.slurm: of no use to the launcher 'local'; add launcher=slurm" in said


def test_a_dry_run_shows_the_scripts_and_the_packs_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site/launcher").mkdir(parents=True)
    (tmp_path / "site/launcher/lab.yaml").write_text("defaults: [slurm]\nslurm: {partition: long, qos: high}\n")
    monkeypatch.setattr(
        sys, "argv",
        ["harness", "launch", *SLURM, "launcher=lab", f"hydra.searchpath=[file://{tmp_path}/site]",
         "launcher.slurm.qos=low", "launcher.packs=3", "--dry-run"],
    )  # fmt: skip
    from harness.cli import main

    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert "#SBATCH --partition=long\n" in said
    assert "#SBATCH --qos=low\n" in said
    assert "#SBATCH --job-name=tiny\n" in said
    assert "export PYTHONSAFEPATH=1" in said
    assert said.count("# pack ") == 3
    assert not (tmp_path / "outputs").exists()


def test_many_more_jobs_than_one_word_of_a_command_holds_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Slurm that keeps every job as ended, after one that waits in the queue."""
    (tmp_path / "squeue").write_text("#!/bin/sh\necho '7_0|PENDING|harness x'\n")
    (tmp_path / "sacct").write_text(
        "#!/bin/sh\nfor last; do :; done\necho \"$last\" | tr , '\\n' | sed 's/$/|FAILED/'\n"
    )
    for command in ("squeue", "sacct"):
        (tmp_path / command).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ended = [f"{10_000_000 + number}_{number}" for number in range(12_000)]
    assert words(["7_0", *ended]) == {"7_0": "PENDING"} | dict.fromkeys(ended, "FAILED")


def test_a_requeued_call_is_the_same_call() -> None:
    call = Requeueable(print)
    again = call.checkpoint("folder", 3)
    assert (again.function, again.args) == (call, ("folder", 3))


@pytest.mark.parametrize(
    ("numbers", "end"),
    [
        ((signal.SIGUSR2,), "requeued"),
        ((signal.SIGTERM, signal.SIGUSR2), "requeued"),
        ((signal.SIGTERM,), "stopped by SIGTERM"),
    ],
)
def test_a_job_that_is_asked_to_end_lets_its_workers_save_and_then_asks_submitit(
    numbers: tuple[int, ...], end: str, tmp_path: Path
) -> None:
    code = textwrap.dedent(f"""
        import os, signal, sys
        from pathlib import Path
        from launch import packed
        from tests import launched

        folder = Path({str(tmp_path)!r})
        sent = []

        def as_submitit_would(number, frame):
            print("requeued", len(list(folder.glob("*.checkpoint"))))
            sys.exit(0)

        def note(event):
            if not sent and len(launched.pids(folder)) == 2:
                for number in {tuple(int(number) for number in numbers)}:
                    os.kill(os.getpid(), number)
                sent.append(1)

        if __name__ == "__main__":
            signal.signal(signal.SIGUSR2, as_submitit_would)
            try:
                packed.run(launched.checkpoint_on_sigterm, [folder] * 4, workers=2, threads=1, gpus=(), on_event=note)
            except packed.Stopped as stopped:
                print("stopped by", stopped, len(list(folder.glob("*.checkpoint"))))
    """)
    (tmp_path / "job.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, tmp_path / "job.py"], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{end} 2\n", "")


def test_a_signal_to_all_processes_of_a_job_ends_no_worker_that_has_not_begun(tmp_path: Path) -> None:
    """As Slurm sends it; the workers are at their imports, or idle."""
    code = textwrap.dedent("""
        import os, signal
        from launch import local
        from launch.events import Started
        from tests import launched

        def note(event):
            if isinstance(event, Started):
                os.killpg(0, signal.SIGUSR2)
            print(type(event).__name__)

        if __name__ == "__main__":
            signal.signal(signal.SIGUSR2, lambda *_: None)
            local.run(launched.double, [1, 2, 3], workers=1, threads=1, gpus=(), on_event=note)
    """)
    (tmp_path / "job.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, tmp_path / "job.py"], env=environment, capture_output=True, text=True,
                          start_new_session=True)  # fmt: skip
    assert done.stderr == ""
    assert [word for word in done.stdout.split() if word != "Tick"] == ["Started", "Finished"] * 3
    assert launched.double(2) == 4
