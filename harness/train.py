"""One run, from its configuration to its record.

The protocol. The run's folder gets an owner, its configuration is written, its model built from the seed; then the last
checkpoint, if there is one, is put back. The order of the examples, and what is random about them, is a function of
seed and step, so the step number is all that is needed to go on. A checkpoint is saved every ``checkpoint_seconds``
and when SIGTERM or SIGUSR2 comes; on a signal the run then returns, and the next attempt goes on from there. Whatever
ends an attempt, the next one looks at the disk and never asks who called. The record is written last.
"""

import math
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal

from harness import device as machine
from harness import provenance, trunks
from harness.batches import batches
from harness.checkpoint import Progress, restore, save
from harness.config import RuntimeConfig
from harness.errors import HarnessError
from harness.loss import training_loss
from harness.optim import peak_learning_rate, schedule, set_rate
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
from harness.tracking import follow

Ending = Literal["finished", "diverged", "interrupted", "superseded"]
Outcome = Ending | Literal["owned elsewhere"]


def run_one(planned: PlannedRun, *, runtime: RuntimeConfig) -> Outcome:
    """Train one run to its record, or as far as the signals let it.

    Raises:
        HarnessError: the run can't be started as configured, or its folder can't be used.
    """
    folder = open_run(planned.config, Path(runtime.output) / "runs")
    with ownership(folder) as owner, stop_on_signals() as stop:
        if owner is None:
            return "owned elsewhere"
        if is_finished(folder):
            return "finished"
        try:
            return _attempt(planned, runtime=runtime, owner=owner, stop=stop)
        except Exception as error:
            if not is_current(owner):
                return "superseded"
            # Written down before it is passed on: whoever called may be gone by now.
            reason = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
            append_event(folder, "failure", reason=reason, traceback=traceback.format_exc())
            raise


def _attempt(planned: PlannedRun, *, runtime: RuntimeConfig, owner: Owner, stop: threading.Event) -> Outcome:
    began = time.perf_counter()
    folder = owner.folder
    session = set_up(planned, runtime=runtime, owner=owner, stop=stop)
    progress = restore(
        folder / "checkpoint.pt",
        run_id=planned.id,
        model=session.model,
        optimizer=session.optimizer,
        device=session.device,
    )
    if progress.step == 0:
        kept = trunks.start(
            planned, runtime=runtime, model=session.model, optimizer=session.optimizer, device=session.device
        )
        progress = kept or progress
    setup_seconds = time.perf_counter() - began
    append_event(
        folder,
        "attempt",
        step=progress.step,
        wall_seconds=progress.wall_seconds,
        host=machine.host_name(),
        slurm=provenance.slurm(),
    )
    follow(folder, runtime.tracking)
    status = _train(session, progress)
    if status == "interrupted":
        append_event(folder, "signal", step=progress.step)
        return status
    if status == "superseded":
        return status
    record = make_record(session, progress, status=status)
    if not is_current(owner):
        return "superseded"
    finish(folder, record, make_measured(session, progress, setup_seconds=setup_seconds))
    return status


def _train(session: Session, progress: Progress) -> Ending:
    """The loop. Between steps, what is due: evaluations by step; heartbeats, checkpoints and signals by clock."""
    run, steps, data = session.planned.config, session.planned.steps, session.data
    evaluation_steps, trunk_steps = session.planned.evaluation_steps, session.planned.trunk_steps
    peak_rate = peak_learning_rate(run.optim, width=run.model.width)
    model, optimizer = session.model.train(), session.optimizer
    rows = batches(len(data.train.labels), batch_size=run.optim.batch_size, seed=run.seed, first_step=progress.step)
    rows_to_come = islice(rows, steps - progress.step)
    resumed = time.perf_counter()
    with closing(data.train.dealt(rows_to_come, seed=run.seed, first_step=progress.step)) as dealt:
        for images, labels in dealt:
            set_rate(optimizer, peak_rate * schedule(run.optim, step=progress.step, steps=steps))
            loss = training_loss(model, images, labels, run=run, step=progress.step)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            progress.loss_sum += loss.detach()
            progress.step += 1

            evaluation_due = progress.step in evaluation_steps
            trunk_due = progress.step == trunk_steps
            beat_due = time.perf_counter() - resumed > session.runtime.heartbeat_seconds
            if evaluation_due or trunk_due or beat_due or session.stop.is_set():
                machine.wait_for(session.device)
                progress.wall_seconds += time.perf_counter() - resumed
                if evaluation_due and not _evaluate(session, progress):
                    return "diverged"
                if trunk_due:
                    trunks.keep(
                        session.planned, runtime=session.runtime, model=model, optimizer=optimizer, progress=progress
                    )
                ending = _beat(session, progress)
                if ending != "go on":
                    return ending
                resumed = time.perf_counter()
    return "finished"


def _evaluate(session: Session, progress: Progress) -> bool:
    """Add a point to the learning curve; False if the losses since the last one were not all finite."""
    began = time.perf_counter()
    run, cost = session.planned.config, session.planned.cost
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


def _beat(session: Session, progress: Progress) -> Literal["go on", "interrupted", "superseded"]:
    """Say that the run is alive; save it when that is due or when a signal asks for it. A newer owner ends it here."""
    if not is_current(session.owner):
        return "superseded"
    append_event(
        session.folder,
        "heartbeat",
        step=progress.step,
        training_flops=progress.step * session.planned.cost.step_flops,
        wall_seconds=progress.wall_seconds,
    )
    stopping = session.stop.is_set()
    if stopping or time.monotonic() - progress.saved_at > session.runtime.checkpoint_seconds:
        save(
            session.folder / "checkpoint.pt",
            run_id=session.planned.id,
            model=session.model,
            optimizer=session.optimizer,
            progress=progress,
        )
        progress.saved_at = time.monotonic()
    return "interrupted" if stopping else "go on"


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
