"""The real Slurm of ``tests/slurm/cluster``: whatever happens to jobs, no record is lost and none is doubled.

Every test ends by holding each record against the bytes of a training that nothing disturbed.
"""

import os
import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError, RecordError
from harness.events import read_events
from harness.launches import launches_folder, read_launches, write_launch
from harness.ownership import read_attempts
from harness.plan import plan_runs
from harness.records import is_finished
from harness.study import load_study
from tests.command import HARNESS, harness_alone
from tests.conftest import require
from tests.slurm_jobs import (
    CLUSTER,
    SLURM,
    TINY,
    check_complete,
    is_up,
    jobs,
    launch,
    slurm,
    state,
    wait_for_end,
    wait_until,
)

pytestmark = [pytest.mark.slurm, pytest.mark.slow(25)]

HOLD = "launcher.slurm.additional_parameters={hold: true}"


@pytest.fixture(scope="module", autouse=True)
def cluster() -> None:
    require(is_up(), "the Slurm that `tests/slurm/cluster up` starts, as root on Debian")


@pytest.fixture(autouse=True)
def no_jobs_left(cluster: None) -> object:
    yield
    subprocess.run(["scancel", "--me", "--quiet"], check=False)
    wait_until(lambda: not slurm("squeue", "-h"), seconds=60)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where trainings lie that nothing disturbed."""
    return tmp_path_factory.mktemp("undisturbed")


@pytest.fixture(scope="module")
def steps_a_second(undisturbed: Path) -> float:
    """Of a tiny network in a job, on this machine as busy as it is now."""
    study = load_study([*SLURM, "budget.training_flops=null", "budget.steps=3000", "model.width=4",
                        f"runtime.output={undisturbed / 'speed'}"])  # fmt: skip
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    from harness.train import run_one

    began = time.monotonic()
    run_one(run, runtime=study.runtime)
    return 3000 / (time.monotonic() - began)


@pytest.fixture(scope="module")
def long(steps_a_second: float) -> tuple[str, ...]:
    """A study of one run that takes ten seconds if it is left alone."""
    return (*SLURM, "budget.training_flops=null", f"budget.steps={int(10 * steps_a_second)}", "model.width=4")


@pytest.fixture(scope="module")
def longer(steps_a_second: float) -> tuple[str, ...]:
    """A study of one run that takes fifty seconds if it is left alone."""
    return (*SLURM, "budget.training_flops=null", f"budget.steps={int(50 * steps_a_second)}", "model.width=4")


@pytest.fixture(scope="module")
def longest(steps_a_second: float) -> tuple[str, ...]:
    """A study of one run that takes a hundred seconds if it is left alone: more than two minutes less their starts."""
    return (*SLURM, "budget.training_flops=null", f"budget.steps={int(100 * steps_a_second)}", "model.width=4")


def only_run(overrides: tuple[str, ...]) -> Path:
    study = load_study(overrides)
    (run,) = study.runs
    return study.runs_folder / run


def wait_for_checkpoint(folder: Path, *, attempts: int = 1) -> None:
    """Until the run's so-many-th attempt has trained and saved."""

    def saved() -> bool:
        kinds = [event["event"] for event in read_events(folder)] if folder.exists() else []
        return kinds.count("attempt") >= attempts and kinds[-1] == "heartbeat" and (folder / "checkpoint.pt").exists()

    wait_until(saved)


def test_a_single_run_is_one_job_with_the_study_s_name_and_its_id_in_the_comment(undisturbed: Path) -> None:
    study, sent = launch([*TINY, HOLD])
    (job,) = jobs(sent)
    (run,) = study.runs
    assert sent is not None
    assert slurm("squeue", "-h", "-j", job, "-o", "%j|%k") == f"tiny|harness {sent.name} {run}"
    folder = launches_folder(Path(study.runtime.output))
    for private in (folder, folder / sent.name, folder / sent.name / "submitit"):
        assert private.stat().st_mode & 0o777 == 0o700
    slurm("scontrol", "release", job)
    wait_for_end(sent)
    assert state(job) == "COMPLETED"
    (attempt,) = read_attempts(study.runs_folder / run)
    assert attempt.slurm_job == job
    check_complete(study, undisturbed)


def test_the_command_returns_the_prompt_prints_the_jobs_and_a_last_job_writes_the_report(
    tmp_path: Path, undisturbed: Path
) -> None:
    study = [*SLURM, "budget.training_flops=2e6,5e6,1.2e7", "model.width=4,8", "seed=0,1"]
    done = harness_alone("launch", *study, "--report")
    assert done.returncode == 0, done.stderr
    (sent,) = read_launches(Path("outputs"))
    assert re.search(rf"12 runs in 1 job of Slurm: {sent.packs[0].job}\n", done.stderr)
    assert f"Report   job {sent.report_job}," in done.stderr
    wait_until(lambda: (tmp_path / "outputs/studies/tiny/report.html").exists())
    assert state(sent.report_job) == "COMPLETED"
    check_complete(load_study(study), undisturbed)
    status = harness_alone("status", *study)
    assert status.returncode == 0, status.stderr


def test_an_array_runs_no_more_elements_at_once_than_its_throttle(undisturbed: Path) -> None:
    study, sent = launch([*TINY, "seed=0,1", "launcher.packs=2", "launcher.slurm.array_parallelism=1"])
    assert [job.partition("_")[2] for job in jobs(sent)] == ["0", "1"]
    wait_for_end(sent)
    assert sent is not None
    packs = [read_events(launches_folder(Path("outputs")) / sent.name / f"packs/{index}") for index in (0, 1)]
    first, second = sorted((events[0]["time"], events[-1]["time"]) for events in packs)
    assert first[1] < second[0]
    check_complete(study, undisturbed)


def test_more_jobs_than_an_array_holds_become_several_arrays(undisturbed: Path) -> None:
    study, sent = launch([*TINY, "seed=range(0,8)", "launcher.packs=8"])
    arrays = [job.partition("_")[0] for job in jobs(sent)]
    assert [arrays.count(array) for array in sorted(set(arrays), key=int)] == [6, 2]
    wait_for_end(sent)
    check_complete(study, undisturbed)


def test_a_full_queue_is_sent_only_what_it_has_room_for(undisturbed: Path) -> None:
    overrides = [*TINY, "seed=range(0,3)", "launcher.packs=3", "launcher.max_queued=2"]
    _, sent = launch([*overrides, HOLD])
    assert len(jobs(sent)) == 2
    assert launch(overrides)[1] is None
    for job in jobs(sent):
        slurm("scontrol", "release", job)
    wait_for_end(sent)
    study, rest = launch(overrides)
    assert len(jobs(rest)) == 1
    wait_for_end(rest)
    check_complete(study, undisturbed)


def test_a_run_that_meets_the_time_limit_twice_goes_on_each_time(longest: tuple[str, ...], undisturbed: Path) -> None:
    folder = only_run(longest)
    study, sent = launch([*longest, "launcher.slurm.timeout_min=1", "launcher.slurm.signal_delay_s=15"])
    _, alone = launch([*longest, f"runtime.output={undisturbed}"])
    wait_for_end(sent, seconds=400)
    wait_for_end(alone, seconds=400)
    attempts = [event["step"] for event in read_events(folder) if event["event"] == "attempt"]
    assert len(attempts) >= 3
    assert attempts == sorted(set(attempts))
    assert [attempt.slurm_restart for attempt in read_attempts(folder)] == list(range(len(attempts)))
    check_complete(study, undisturbed)


def test_a_run_that_is_preempted_goes_on(long: tuple[str, ...], undisturbed: Path) -> None:
    folder = only_run(long)
    study, sent = launch([*long, "launcher.slurm.partition=low"])
    wait_for_checkpoint(folder)
    slurm("sbatch", "-p", "main", "-c", "8", "--mem=15000", "-o", "/dev/null", "--wrap", "sleep 1")
    wait_for_end(sent)
    steps = [event["step"] for event in read_events(folder) if event["event"] == "attempt"]
    assert len(steps) == 2
    assert steps[0] == 0 < steps[1]
    check_complete(study, undisturbed)


def test_a_cancelled_study_is_launched_again_and_goes_on(longer: tuple[str, ...], undisturbed: Path) -> None:
    folder = only_run(longer)
    _, sent = launch(longer)
    wait_for_checkpoint(folder)
    refused = harness_alone("cancel", "tiny")
    assert refused.returncode == 2
    assert "say --yes where there is no one to ask" in refused.stderr
    assert harness_alone("cancel", "tiny", "--yes").returncode == 0
    wait_for_end(sent)
    assert state(*jobs(sent)).startswith("CANCELLED")
    assert not is_finished(folder)
    again = harness_alone("resume", *longer)
    assert again.returncode == 0, again.stderr
    assert f"{folder.name}  interrupted  goes on from its checkpoint near step" in again.stdout
    wait_for_end(read_launches(Path("outputs"))[-1])
    steps = [event["step"] for event in read_events(folder) if event["event"] == "attempt"]
    assert steps[0] == 0 < steps[1]
    check_complete(load_study(longer), undisturbed)


def test_jobs_whose_ids_a_launch_did_not_come_to_write_are_all_cancelled() -> None:
    _, sent = launch((*TINY, "seed=range(0,3)", "launcher.packs=3", HOLD))
    assert sent is not None
    write_launch(replace(sent, packs=tuple(replace(pack, job="") for pack in sent.packs)), Path("outputs"))
    done = harness_alone("cancel", "tiny", "--yes")
    assert done.stdout.startswith(f"Ended 3 jobs with 3 runs: {' '.join(jobs(sent))}."), done.stderr
    wait_for_end(sent, seconds=30)


def test_a_node_that_is_lost_with_its_work_alive_costs_no_record(longer: tuple[str, ...], undisturbed: Path) -> None:
    folder = only_run(longer)
    study, sent = launch(longer)
    wait_for_checkpoint(folder)
    subprocess.run(["kill", "-9", Path("/run/compute-limits-slurm/slurmd.pid").read_text().strip()], check=True)
    wait_until(lambda: slurm("sinfo", "-h", "-p", "main", "-o", "%T").startswith("down"), seconds=120)
    assert read_events(folder)[-1]["event"] == "heartbeat" or is_finished(folder)
    subprocess.run([CLUSTER, "up"], check=True, stdout=subprocess.DEVNULL)
    wait_for_end(sent, seconds=400)
    while not is_finished(folder):  # the job may have been given up while the old process went on
        _, sent = launch(longer)
        if sent is not None:
            wait_for_end(sent, seconds=400)
        time.sleep(1)
    check_complete(study, undisturbed)


def test_a_run_that_raises_fails_its_job_at_the_end_and_hinders_no_other(undisturbed: Path) -> None:
    overrides = [*TINY, "seed=range(0,3)"]
    unlucky = next(iter(load_study(overrides).runs))
    folder = Path("outputs/runs") / unlucky
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    study, sent = launch(overrides)
    wait_for_end(sent)
    assert state(*jobs(sent)) == "FAILED"
    assert sorted(path.parent.name for path in Path("outputs/runs").glob("*/record.json")) == sorted(
        set(study.runs) - {unlucky}
    )
    (folder / "config.json").unlink()
    _, sent = launch(overrides)
    assert sent is not None
    assert [pack.runs for pack in sent.packs] == [(unlucky,)]
    wait_for_end(sent)
    check_complete(study, undisturbed)


def test_a_job_that_runs_out_of_memory_is_sent_again_with_more(undisturbed: Path) -> None:
    _, sent = launch([*TINY, "launcher.slurm.mem_gb=0.1"])
    wait_for_end(sent)
    assert state(*jobs(sent)) != "COMPLETED"
    study, sent = launch(TINY)
    wait_for_end(sent)
    check_complete(study, undisturbed)


def test_a_partition_that_is_not_there_is_refused_in_slurm_s_words_and_leaves_nothing(undisturbed: Path) -> None:
    with pytest.raises(ConfigError, match=r"^slurm: sbatch: error: .*[Ii]nvalid partition"):
        launch([*TINY, "launcher.slurm.partition=nowhere"])
    assert slurm("squeue", "-h") == ""
    asked = harness_alone("launch", *TINY, "launcher.slurm.partition=nowhere", "--test-only")
    assert asked.returncode == 2
    assert "nvalid partition" in asked.stderr
    study, sent = launch(TINY)
    wait_for_end(sent)
    check_complete(study, undisturbed)


def test_a_folder_that_can_not_be_written_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(RecordError, match="/proc/nowhere"):
        launch([*TINY, "runtime.output=/proc/nowhere"])
    assert slurm("squeue", "-h") == ""


def test_what_is_queued_or_running_is_not_sent_again(long: tuple[str, ...], undisturbed: Path) -> None:
    _, sent = launch([*long, "seed=0,1"])
    again = harness_alone("launch", *long, "seed=range(0,3)")
    assert "1 run in 1 job of Slurm" in again.stderr
    assert "2 runs of the study are queued or running already" in again.stderr
    wait_for_end(sent)
    wait_for_end(read_launches(Path("outputs"))[-1])
    study = load_study([*long, "seed=range(0,3)"])
    assert all(len(read_attempts(study.runs_folder / run)) == 1 for run in study.runs)
    check_complete(study, undisturbed)


def test_an_edited_default_and_edited_code_change_nothing_that_was_launched(tmp_path: Path, undisturbed: Path) -> None:
    root = Path(__file__).parents[1]
    for package in ("conf", "harness", "launch", "models"):
        subprocess.run(["cp", "-r", root / package, tmp_path / package], check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"}

    def from_the_copy(*arguments: str) -> str:
        code = "import sys; from harness.cli import main; main()"
        command = [HARNESS.with_name("python"), "-c", code, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stderr

    assert "1 run in 1 job of Slurm" in from_the_copy("launch", *TINY, HOLD)
    (first,) = read_launches(Path("outputs"))
    train, optim = tmp_path / "harness/train.py", tmp_path / "conf/optim/adamw.yaml"
    train.write_text(train.read_text() + "\nraise SystemExit('the edited code was run')\n")
    optim.write_text(re.sub(r"learning_rate: \S+", "learning_rate: 0.123", optim.read_text()))
    status = from_the_copy("launch", *TINY, "launcher.max_queued=1")
    assert f"The code was edited since: 1 queued run will run as launched (code {first.code})." in status
    assert "1 queued run of study tiny are not in it as it is now" in status
    slurm("scontrol", "release", first.packs[0].job)
    wait_for_end(first)
    assert state(first.packs[0].job) == "COMPLETED"
    check_complete(load_study(TINY), undisturbed)


def test_two_launches_at_once_send_each_run_once(undisturbed: Path) -> None:
    overrides = [*TINY, "seed=range(0,4)", "launcher.packs=2"]
    both = [subprocess.Popen([HARNESS, "launch", *overrides], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    (sent,) = read_launches(Path("outputs"))
    assert sum("4 runs of the study are queued or running already" in text for text in said) == 1
    wait_for_end(sent)
    study = load_study(overrides)
    assert all(len(read_attempts(study.runs_folder / run)) == 1 for run in study.runs)
    check_complete(study, undisturbed)


def test_two_hundred_tiny_runs_in_four_packs_are_two_hundred_records(undisturbed: Path) -> None:
    overrides = [*SLURM, "budget.training_flops=null", "budget.steps=20,40", "model.width=2,4", "seed=range(0,50)",
                 "launcher.packs=4"]  # fmt: skip
    study, sent = launch(overrides)
    assert sent is not None
    assert len(sent.packs) == 4
    assert sorted(run for pack in sent.packs for run in pack.runs) == sorted(study.runs)
    wait_for_end(sent, seconds=600)
    assert all(len(read_attempts(study.runs_folder / run)) == 1 for run in study.runs)
    check_complete(study, undisturbed)
