"""A run of a second or two that saves itself often."""

from pathlib import Path

from harness.plan import PlannedRun, plan_runs
from harness.study import Study, load_study
from tests.tiny import TEACHER

WORDS = (*TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "budget.steps=400",
         "runtime.heartbeat_seconds=0.01", "runtime.checkpoint_seconds=0.02")  # fmt: skip


class Killed(BaseException):
    """What nothing catches, as nothing catches kill -9."""


def planned(output: Path) -> tuple[Study, PlannedRun]:
    study = load_study((*WORDS, f"runtime.output={output}"))
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    return study, run
