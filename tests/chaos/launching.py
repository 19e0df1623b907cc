"""A study of short runs, its launcher as a process that can be killed, and what its results are held against."""

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import polars as pl

from harness.plan import plan_runs
from harness.records import Measured
from harness.study import Study, load_study
from harness.table import collect
from harness.train import run_one
from tests.command import HARNESS
from tests.tiny import TEACHER

LEFT_ALONE = 600.0  # seconds in which the study is done when nothing disturbs it, on the slowest machine
WORDS = (
    "study.name=chaos", *TEACHER, "budget.training_flops=1e7,2e7,4e7,8e7", "model.width=4,8,16", "model.depth=1",
    "seed=range(0,5)", "runtime.checkpoint_seconds=0.2", "runtime.heartbeat_seconds=0.05",
)  # fmt: skip
OF_THE_ATTEMPT = {
    "wall_seconds", "evaluation_seconds", "setup_seconds", "lost_seconds", "attempts", "peak_flops", "hardware_burden",
    "utilisation", "peak_memory_bytes", "commit",
}  # fmt: skip
assert {field.name for field in fields(Measured)} >= OF_THE_ATTEMPT, "a result is not of the attempt"


def undisturbed(words: tuple[str, ...], folder: Path) -> Study:
    """The study as it comes out when nothing happens: each run alone, one after another, in this process."""
    study = load_study((*words, f"runtime.output={folder}"))
    for run in plan_runs(study.runs.values(), runtime=study.runtime):
        outcome = run_one(run, runtime=study.runtime)
        assert outcome == "finished", outcome
    return study


@contextlib.contextmanager
def launcher(
    *words: str, cwd: Path, environment: Mapping[str, str] | None = None, memory: int = resource.RLIM_INFINITY
) -> Iterator["subprocess.Popen[bytes]"]:
    """``harness launch`` in a session of its own; nothing of it is left at the end. ``memory`` is of each process."""
    with (cwd / "launcher.log").open("ab") as log:
        process = subprocess.Popen(
            [HARNESS, "launch", *words], cwd=cwd, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
        )  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def assert_same_results(study: Study, other: Study) -> None:
    """Each record the same bytes, the table the same but for what is of the attempt, nothing left over."""
    for run_id in study.runs:
        record = study.runs_folder / run_id / "record.json"
        assert record.read_bytes() == (other.runs_folder / run_id / "record.json").read_bytes()
        assert not (record.parent / "checkpoint.pt").exists()
        assert not list(record.parent.glob(".*")), "a file half written is left over"
    tables = [collect(study.runs, runs_folder=one.runs_folder) for one in (study, other)]
    assert not any(table.missing or table.unreadable for table in tables)
    results = [table.runs.select(pl.exclude(*OF_THE_ATTEMPT)) for table in tables]
    assert results[0].equals(results[1])
