"""A run of less than a second that says a word and saves itself at every step, so that nothing depends on the clock."""

from pathlib import Path

from harness.plan import PlannedRun, plan_runs
from harness.study import Study, load_study
from tests.tiny import TEACHER

WORDS = (*TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "budget.steps=60",
         "runtime.heartbeat_seconds=0", "runtime.checkpoint_seconds=0")  # fmt: skip


class Killed(BaseException):
    """What nothing catches, as nothing catches kill -9."""


def planned(output: Path) -> tuple[Study, PlannedRun]:
    study = load_study((*WORDS, f"runtime.output={output}"))
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    return study, run
