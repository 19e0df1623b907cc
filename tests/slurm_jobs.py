"""Launching into the Slurm of ``tests/slurm/cluster`` and waiting for what comes of it."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.cli.submitting import Sending, submit_missing
from harness.launches import Launch, read_launches
from harness.plan import plan_runs
from harness.study import Study, load_study
from harness.table import collect
from harness.train import run_one
from tests.tiny import TEACHER

CLUSTER = Path(__file__).parent / "slurm/cluster"
# One worker a job; half an hour, since within ten minutes submitit takes every signal for a time-out.
SLURM = (*TEACHER, "study.name=tiny", "model.depth=1", "launcher=slurm", "launcher.workers=1",
         "launcher.slurm.timeout_min=30", "launcher.slurm.signal_delay_s=30", "launcher.slurm.mem_gb=1.5",
         "runtime.device=cpu", "runtime.checkpoint_seconds=0.5", "runtime.heartbeat_seconds=0.2")  # fmt: skip
TINY = (*SLURM, "budget.training_flops=null", "budget.steps=100", "model.width=4")


def is_up() -> bool:
    """Whether the cluster of ``tests/slurm/cluster`` runs here and takes jobs."""
    try:
        said = subprocess.run(["sinfo", "-h", "-o", "%R"], capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        return False
    return {"main", "low"} <= set(said.stdout.split())


def slurm(*command: str) -> str:
    """What a command of Slurm's prints."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def wait_until(condition: Callable[[], object], *, seconds: float = 180.0) -> None:
    """Return when the condition holds; the test fails if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"what the test waits for did not happen; queue:\n{slurm('squeue')}"
        time.sleep(0.2)


def launch(overrides: Sequence[str], *, report: bool = False) -> tuple[Study, Launch | None]:
    """One ``harness launch`` in this process: the study, and the launch that it made, if it sent anything."""
    study = load_study(overrides)
    output = Path(study.runtime.output)
    before = {one.name for one in read_launches(output)}
    submit_missing(study, plan_runs(study.runs.values(), runtime=study.runtime), how=Sending(report=report))
    made = [one for one in read_launches(output) if one.name not in before]
    return study, made[0] if made else None


def jobs(one: Launch | None) -> list[str]:
    """The ids of a launch's jobs."""
    assert one is not None
    return [pack.job for pack in one.packs]


def wait_for_end(one: Launch | None, *, seconds: float = 180.0) -> None:
    """Return when no job of the launch is in the queue."""
    arrays = {job.partition("_")[0] for job in jobs(one)}
    wait_until(
        lambda: not arrays & {line.partition("_")[0] for line in slurm("squeue", "-h", "-r", "-o", "%i").splitlines()},
        seconds=seconds,
    )


def state(job: str) -> str:
    """Accounting's word for how a job ended, which may come some seconds late."""
    found = ""

    def known() -> bool:
        nonlocal found
        found = slurm("sacct", "-X", "-n", "-P", "-o", "State", "-j", job)
        return bool(found) and found not in ("PENDING", "RUNNING", "COMPLETING")

    wait_until(known, seconds=30)
    return found


def check_complete(study: Study, undisturbed: Path) -> None:
    """Every run has one record, the bytes of an undisturbed training, and the table has a row for each."""
    collected = collect(study.runs, runs_folder=study.runs_folder)
    assert (collected.missing, collected.unreadable) == ((), ())
    assert sorted(collected.runs["run_id"]) == sorted(study.runs)
    for run in plan_runs(study.runs.values(), runtime=study.runtime):
        expected = undisturbed / "runs" / run.id / "record.json"
        if not expected.exists():
            alone = load_study([*study.overrides, f"runtime.output={undisturbed}"])
            assert run_one(run, runtime=alone.runtime) == "finished"
        assert (study.runs_folder / run.id / "record.json").read_bytes() == expected.read_bytes()
