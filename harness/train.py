"""Runs, from their configurations to their records: one, or a stack that is trained as one batched network.

The protocol. A run's folder gets an owner, its configuration is written, its model built from the seed; then the last
checkpoint, if there is one, is put back. The order of the examples, and what is random about them, is a function of
seed and step, so the step number is all that is needed to go on. A checkpoint is saved every ``checkpoint_seconds``
and when SIGTERM or SIGUSR2 comes; on a signal the run then stops, and the next attempt goes on from there. Whatever
ends an attempt, the next one looks at the disk and never asks who called. The record is written last.

Each run of a stack keeps this protocol by itself: it has its own folder, step, checkpoint and end. So the members of
a stack need not be equally far, one that finishes or diverges leaves the others, and what was interrupted may go on
alone or in another stack. Seconds are shared out evenly among the runs that took a step together.

A run on several processes (``harness.distributed``) is in no stack. All of them go through the same lines; what
depends on a clock, a signal or the disk is agreed on, and only the one that leads writes.
"""

import signal
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from harness import device as machine
from harness import provenance
from harness.attending import Outcome, attend, note
from harness.config import RuntimeConfig
from harness.distributed import (
    World,
    any_of,
    first_failure,
    is_one_of_several,
    joined,
    of_leader,
)
from harness.events import append_event
from harness.ownership import Owner, is_current, ownership
from harness.plan import PlannedRun
from harness.processes import on_processes
from harness.records import is_finished, open_run
from harness.session import Session, set_up
from harness.stepping import Steps, steps_of
from harness.tracking import follow


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
    if runtime.processes > 1 and not is_one_of_several():
        (planned,) = stack
        with stop_on_signals() as stop:
            return (on_processes(partial(run_one, planned, runtime=runtime), runtime.processes, stop=stop),)
    outcomes: dict[str, Outcome] = {}
    sessions: list[Session] = []
    problems: list[Exception] = []
    with joined(runtime.device) as world, ExitStack() as owners, stop_on_signals() as stop:
        for planned in stack:
            try:
                started = _start(planned, runtime=runtime, owners=owners, world=world)
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
        with _failures_written([session.owner for session in sessions], world=world):
            outcomes |= _train(sessions, runtime=runtime, stop=stop)
    return tuple(outcomes[planned.id] for planned in stack)


def _start(planned: PlannedRun, *, runtime: RuntimeConfig, owners: ExitStack, world: World) -> Session | Outcome:
    owner = of_leader(world, partial(_claim, planned, runtime=runtime, owners=owners))
    if not isinstance(owner, Owner):
        return owner
    with _failures_written([owner], world=world):
        return set_up(planned, runtime=runtime, owner=owner, world=world)


def _claim(planned: PlannedRun, *, runtime: RuntimeConfig, owners: ExitStack) -> Owner | Outcome:
    folder = open_run(planned.config, Path(runtime.output) / "runs")
    if is_finished(folder):  # and maybe in an archive where nothing can be claimed
        return "finished"
    owner = owners.enter_context(ownership(folder))
    if owner is None:
        return "owned elsewhere"
    return "finished" if is_finished(folder) else owner  # by another, between our look and our claim


@contextmanager
def _failures_written(owners: Iterable[Owner], *, world: World) -> Iterator[None]:
    """Write a failure into the events of the runs that have no record, then pass it on: the caller may be gone."""
    try:
        yield
    except Exception as error:
        reason = first_failure(world, error)
        for owner in owners if world.leads else ():
            if is_current(owner) and not is_finished(owner.folder):
                append_event(owner.folder, "failure", reason=reason, traceback=traceback.format_exc())
        raise


def _train(sessions: Sequence[Session], *, runtime: RuntimeConfig, stop: threading.Event) -> dict[str, Outcome]:
    """Train all of them until each has ended."""
    for session in sessions:
        progress = session.progress
        progress.stacked = max(progress.stacked, len(sessions))
        note(
            session,
            "attempt",
            step=progress.step,
            wall_seconds=progress.wall_seconds,
            host=machine.host_name(),
            slurm=provenance.slurm(),
            stacked=len(sessions),
        )
        if session.world.leads:
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
    world = sessions[0].world
    due_after = [(session.progress, _steps_with_something_due(session.planned)) for session in sessions]
    resumed = time.perf_counter()
    for _ in steps:
        step_due = any(progress.step in due for progress, due in due_after)
        beat_due = time.perf_counter() - resumed > runtime.heartbeat_seconds
        beat_due, stopping = any_of(world, beat_due, stop.is_set())
        if not (step_due or beat_due or stopping):
            continue
        machine.wait_for(sessions[0].device)
        share = (time.perf_counter() - resumed) / len(sessions)
        ended = {session.planned.id: attend(session, share, stopping=stopping) for session in sessions}
        if any(ended.values()):
            return {run_id: outcome for run_id, outcome in ended.items() if outcome}
        resumed = time.perf_counter()
    raise AssertionError("a run's last step is one to evaluate at, and ends it")


def _steps_with_something_due(planned: PlannedRun) -> frozenset[int]:
    return planned.evaluation_steps | {planned.trunk_steps}


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGUSR2 set, so that the loop can save and return. Only the main thread may ask.

    What came is handed on at the end to a handler that was there before: a launch in this process is to stop as well.
    """
    stop = threading.Event()
    asked: list[signal.Signals] = []

    def note(number: int, _: FrameType | None) -> None:
        asked.append(signal.Signals(number))
        stop.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGUSR2)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for came in asked:
            if callable(before[came]):
                signal.raise_signal(came)
