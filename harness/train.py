"""Runs, from their configurations to their records: one, or a stack that is trained as one batched network.

The protocol. A run's folder gets an owner, its configuration is written, its model built from the seed; then the last
checkpoint, if there is one, is put back. The order of the examples, and what is random about them, is a function of
seed and step, so the step number is all that is needed to go on. A checkpoint is saved every ``checkpoint_seconds``
and when SIGTERM or SIGUSR2 comes; on a signal the run then stops, and the next attempt goes on from there. Whatever
ends an attempt, the next one looks at the disk and never asks who called. The record is written last.

Each run of a stack keeps this protocol by itself: it has its own folder, step, checkpoint and end. So the members of
a stack need not be equally far, one that finishes or diverges leaves the others, and what was interrupted may go on
alone or in another stack. Seconds are shared out evenly among the runs that took a step together.
"""

import math
import signal
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Literal

from harness import device as machine
from harness import provenance, trunks
from harness.checkpoint import save
from harness.config import RuntimeConfig
from harness.errors import HarnessError
from harness.ownership import Owner, is_current, ownership
from harness.plan import PlannedRun
from harness.records import (
    Evaluation,
    append_event,
    finish,
    is_finished,
    open_run,
)
from harness.result import make_measured, make_record
from harness.schema import to_dict
from harness.session import Session, score, set_up
from harness.stepping import Steps, steps_of
from harness.tracking import follow

Outcome = Literal["finished", "diverged", "interrupted", "superseded", "owned elsewhere", "failed"]


def run_one(planned: PlannedRun, *, runtime: RuntimeConfig) -> Outcome:
    """Train one run to its record, or as far as the signals let it.

    Raises:
        HarnessError: the run can't be started as configured, or its folder can't be used.
    """
    (outcome,) = run_stack((planned,), runtime=runtime)
    return outcome


def run_stack(stack: Sequence[PlannedRun], *, runtime: RuntimeConfig) -> tuple[Outcome, ...]:
    """Train runs of one shape together, each to its record; what became of each, in the given order.

    A run that can't be started has failed, says why in its events, and leaves the others alone.

    Raises:
        HarnessError: none could be started; or something went wrong on the way, which is then in all their events.
    """
    outcomes: dict[str, Outcome] = {}
    sessions: list[Session] = []
    problems: list[Exception] = []
    with ExitStack() as owners, stop_on_signals() as stop:
        for planned in stack:
            try:
                started = _start(planned, runtime=runtime, owners=owners)
            except Exception as error:
                problems.append(error)
                outcomes[planned.id] = "failed"
            else:
                if isinstance(started, Session):
                    sessions.append(started)
                else:
                    outcomes[planned.id] = started
        if len(problems) == len(stack):
            raise problems[0]
        with _failures_written([session.owner for session in sessions]):
            outcomes |= _train(sessions, runtime=runtime, stop=stop)
    return tuple(outcomes[planned.id] for planned in stack)


def _start(planned: PlannedRun, *, runtime: RuntimeConfig, owners: ExitStack) -> Session | Outcome:
    folder = open_run(planned.config, Path(runtime.output) / "runs")
    owner = owners.enter_context(ownership(folder))
    if owner is None:
        return "owned elsewhere"
    if is_finished(folder):
        return "finished"
    with _failures_written([owner]):
        return set_up(planned, runtime=runtime, owner=owner)


@contextmanager
def _failures_written(owners: Iterable[Owner]) -> Iterator[None]:
    """Write a failure into the events of the runs that have no record, then pass it on: the caller may be gone."""
    try:
        yield
    except Exception as error:
        reason = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
        for owner in owners:
            if is_current(owner) and not is_finished(owner.folder):
                append_event(owner.folder, "failure", reason=reason, traceback=traceback.format_exc())
        raise


def _train(sessions: Sequence[Session], *, runtime: RuntimeConfig, stop: threading.Event) -> dict[str, Outcome]:
    """Train all of them until each has ended."""
    for session in sessions:
        progress = session.progress
        progress.stacked = max(progress.stacked, len(sessions))
        append_event(
            session.folder,
            "attempt",
            step=progress.step,
            wall_seconds=progress.wall_seconds,
            host=machine.host_name(),
            slurm=provenance.slurm(),
            stacked=len(sessions),
        )
        follow(session.folder, runtime.tracking)
    ended: dict[str, Outcome] = {}
    going = list(sessions)
    while going:
        with closing(steps_of(going)) as steps:
            ended |= _until_some_end(going, steps, runtime=runtime, stop=stop)
        going = [session for session in going if session.planned.id not in ended]
    return ended


def _until_some_end(
    sessions: Sequence[Session], steps: Steps, *, runtime: RuntimeConfig, stop: threading.Event
) -> dict[str, Outcome]:
    """The loop. Between steps, what is due: evaluations by step; heartbeats, checkpoints and signals by clock."""
    due_after = [(session.progress, _steps_with_something_due(session.planned)) for session in sessions]
    resumed = time.perf_counter()
    for _ in steps:
        step_due = any(progress.step in due for progress, due in due_after)
        beat_due = time.perf_counter() - resumed > runtime.heartbeat_seconds
        stopping = stop.is_set()
        if not (step_due or beat_due or stopping):
            continue
        machine.wait_for(sessions[0].device)
        share = (time.perf_counter() - resumed) / len(sessions)
        ended = {session.planned.id: _attend(session, share, stopping=stopping) for session in sessions}
        if any(ended.values()):
            return {run_id: outcome for run_id, outcome in ended.items() if outcome}
        resumed = time.perf_counter()
    raise AssertionError("a run's last step is one to evaluate at, and ends it")


def _steps_with_something_due(planned: PlannedRun) -> frozenset[int]:
    return planned.evaluation_steps | {planned.trunk_steps}


def _attend(session: Session, seconds: float, *, stopping: bool) -> Outcome | None:
    """See to one run between two steps, after ``seconds`` of training since the last time; how it ended, if it did."""
    planned, progress = session.planned, session.progress
    progress.wall_seconds += seconds
    if not is_current(session.owner):
        return "superseded"
    if progress.step in planned.evaluation_steps and not _evaluate(session):
        return _finish(session, "diverged")
    if progress.step == planned.steps:
        return _finish(session, "finished")
    if progress.step == planned.trunk_steps:
        trunks.keep(
            planned, runtime=session.runtime, model=session.model, optimizer=session.optimizer, progress=progress
        )
    _beat(session, stopping=stopping)
    return "interrupted" if stopping else None


def _finish(session: Session, status: Literal["finished", "diverged"]) -> Outcome:
    record = make_record(session, status=status)
    if not is_current(session.owner):
        return "superseded"
    finish(session.folder, record, make_measured(session))
    return status


def _evaluate(session: Session) -> bool:
    """Add a point to the learning curve; False if the losses since the last one were not all finite."""
    began = time.perf_counter()
    run, cost, progress = session.planned.config, session.planned.cost, session.progress
    steps_since = progress.step - (progress.curve[-1].step if progress.curve else 0)
    train_loss = float(progress.loss_sum) / steps_since
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
    append_event(session.folder, "evaluation", wall_seconds=progress.wall_seconds, **to_dict(point))
    return True


def _beat(session: Session, *, stopping: bool) -> None:
    """Say that the run is alive; save it when that is due or when it is about to stop."""
    progress = session.progress
    append_event(
        session.folder,
        "heartbeat",
        step=progress.step,
        training_flops=progress.step * session.planned.cost.step_flops,
        wall_seconds=progress.wall_seconds,
    )
    if stopping or time.monotonic() - progress.saved_at > session.runtime.checkpoint_seconds:
        save(
            session.folder / "checkpoint.pt",
            run_id=session.planned.id,
            model=session.model,
            optimizer=session.optimizer,
            progress=progress,
        )
        progress.saved_at = time.monotonic()
    if stopping:
        append_event(session.folder, "signal", step=progress.step)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGUSR2 set, so that the loop can save and return. Only the main thread may ask."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGUSR2)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
