"""What a run needs between two steps: its evaluation, its heartbeat, its checkpoint, its end.

Of a run on several processes all come here, after the same step. Only the leading one writes.
"""

import math
import time
from functools import partial
from typing import Any, Literal

from harness import trunks
from harness.checkpoint import save
from harness.distributed import any_of, mean_over, of_leader
from harness.events import append_event
from harness.ownership import is_current
from harness.records import Evaluation, finish
from harness.result import make_measured, make_record
from harness.schema import to_dict
from harness.session import Session, score

Outcome = Literal["finished", "diverged", "interrupted", "superseded", "owned elsewhere", "failed"]


def attend(session: Session, seconds: float, *, stopping: bool) -> Outcome | None:
    """See to one run between two steps, after ``seconds`` of training since the last time; how it ended, if it did."""
    planned, progress = session.planned, session.progress
    progress.wall_seconds += seconds
    if not _is_ours(session):
        return "superseded"
    if progress.step in planned.evaluation_steps and not _evaluate(session):
        return _finish(session, "diverged")
    if progress.step == planned.steps:
        return _finish(session, "finished")
    if progress.step == planned.trunk_steps:
        trunks.keep(
            planned,
            runtime=session.runtime,
            model=session.model,
            optimizer=session.optimizer,
            progress=progress,
            world=session.world,
        )
    _beat(session, stopping=stopping)
    return "interrupted" if stopping else None


def _finish(session: Session, status: Literal["finished", "diverged"]) -> Outcome:
    record = make_record(session, status=status)
    if not _is_ours(session):
        return "superseded"
    if session.world.leads:
        finish(session.folder, record, make_measured(session))
    return status


def _is_ours(session: Session) -> bool:
    return of_leader(session.world, partial(is_current, session.owner))


def note(session: Session, kind: str, **details: Any) -> None:
    """Add to the run's events; of several processes the leading one does."""
    if session.world.leads:
        append_event(session.folder, kind, **details)


def _evaluate(session: Session) -> bool:
    """Add a point to the learning curve; False if the losses since the last one were not all finite."""
    began = time.perf_counter()
    run, cost, progress = session.planned.config, session.planned.cost, session.progress
    steps_since = progress.step - (progress.curve[-1].step if progress.curve else 0)
    train_loss = float(mean_over(session.world, progress.loss_sum)) / steps_since
    scores = score(session, session.data.validation)
    if not (math.isfinite(train_loss) and math.isfinite(scores.loss)):
        return False
    point = Evaluation(
        step=progress.step,
        examples_seen=progress.step * run.optim.batch_size,
        training_flops=progress.step * cost.step_flops,
        train_loss=train_loss,
        validation_loss=scores.loss,
        validation_error=scores.error,
    )
    progress.curve.append(point)
    progress.curve_seconds.append(progress.wall_seconds)
    progress.loss_sum.zero_()
    progress.evaluation_seconds += time.perf_counter() - began
    note(session, "evaluation", wall_seconds=progress.wall_seconds, **to_dict(point))
    return True


def _beat(session: Session, *, stopping: bool) -> None:
    """Say that the run is alive; save it when that is due or when it is about to stop."""
    progress = session.progress
    note(
        session,
        "heartbeat",
        step=progress.step,
        training_flops=progress.step * session.planned.cost.step_flops,
        wall_seconds=progress.wall_seconds,
    )
    save_due = time.monotonic() - progress.saved_at > session.runtime.checkpoint_seconds
    if stopping or any_of(session.world, save_due)[0]:
        save(
            session.folder / "checkpoint.pt",
            run_id=session.planned.id,
            model=session.model,
            optimizer=session.optimizer,
            progress=progress,
            world=session.world,
        )
        progress.saved_at = time.monotonic()
    if stopping:
        note(session, "signal", step=progress.step)
