"""From a trained model to the run's record, and to what the run took."""

import base64
from typing import Any, Literal

import numpy as np
import torch

from harness import device as machine
from harness import provenance
from harness.energy import joules_since
from harness.events import read_events
from harness.flops import FLOPS_CONVENTION
from harness.identity import TRAINING_VERSION, cell_id
from harness.numerics import math_mode
from harness.optim import peak_learning_rate
from harness.records import MEASURED_VERSION, SCHEMA_VERSION, Measured, Record
from harness.session import Session, score
from harness.timing import SCORED_TRAIN_EXAMPLES


def make_record(session: Session, *, status: Literal["finished", "diverged"]) -> Record:
    """The result. The test set is scored here and nowhere else, once; validation was, at the last step."""
    planned, data, progress = session.planned, session.data, session.progress
    train = validation = test = None
    if status == "finished":
        train = score(session, data.train.first(SCORED_TRAIN_EXAMPLES))
        validation = progress.curve[-1]
        test = score(session, data.test)
    return Record(
        schema_version=SCHEMA_VERSION,
        training_version=TRAINING_VERSION,
        run_id=planned.id,
        cell=cell_id(planned.config),
        status=status,
        config=planned.config,
        flops_convention=FLOPS_CONVENTION,
        params=planned.cost.params,
        forward_flops=planned.cost.forward_flops,
        step_flops=planned.cost.step_flops,
        training_flops=progress.step * planned.cost.step_flops,
        steps=progress.step,
        examples_seen=progress.step * planned.config.optim.batch_size,
        learning_rate=peak_learning_rate(planned.config.optim, width=planned.config.model.width),
        data_digest=data.digest,
        num_classes=data.num_classes,
        test_examples=len(data.test.labels),
        irreducible_error=data.irreducible_error,
        train_loss=train.loss if train else None,
        train_error=train.error if train else None,
        validation_loss=validation.validation_loss if validation else None,
        validation_error=validation.validation_error if validation else None,
        test_loss=test.loss if test else None,
        test_error=test.error if test else None,
        correct=base64.b64encode(np.packbits(test.correct.numpy()).tobytes()).decode() if test else None,
        curve=tuple(progress.curve),
    )


def make_measured(session: Session) -> Measured:
    """What the run took, over all its attempts."""
    progress = session.progress
    attempts = [event for event in read_events(session.folder) if event["event"] == "attempt"]
    numerics = session.planned.config.numerics
    peak = machine.measure_peak(session.device, numerics.precision)
    training_flops = progress.step * session.planned.cost.step_flops
    whole = len(attempts) == progress.stacked == session.world.size == 1 and not progress.inherited_steps
    burden = session.world.size * peak.flops * progress.wall_seconds
    return Measured(
        schema_version=MEASURED_VERSION,
        wall_seconds=progress.wall_seconds,
        evaluation_seconds=progress.evaluation_seconds,
        setup_seconds=session.setup_seconds,
        lost_seconds=_lost_seconds(read_events(session.folder)),
        curve_seconds=tuple(progress.curve_seconds),
        attempts=len(attempts),
        processors=session.world.size,
        peak_flops=peak.flops,
        peak_source=peak.source,
        hardware_burden=burden,
        utilisation=training_flops / burden,
        energy_joules=joules_since(progress.metered) if whole else None,
        peak_memory_bytes=machine.peak_memory_bytes(session.device),
        device=session.device.type,
        device_name=machine.device_name(session.device),
        math_mode=math_mode(numerics, session.device),
        threads=torch.get_num_threads(),
        host=machine.host_name(),
        versions=provenance.versions(),
        commit=provenance.commit(),
        slurm=provenance.slurm(),
        inherited_flops=progress.inherited_steps * session.planned.cost.step_flops,
        stacked=progress.stacked,
    )


def _lost_seconds(events: list[dict[str, Any]]) -> float:
    """Training seconds that were done again, because an attempt ended after its last checkpoint."""
    lost = reached = 0.0
    for event in events:
        if event["event"] == "attempt":
            lost += max(0.0, reached - float(event["wall_seconds"]))
            reached = float(event["wall_seconds"])
        reached = max(reached, float(event.get("wall_seconds", 0.0)))
    return lost
