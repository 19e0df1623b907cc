"""One training step after another: of a run alone under autograd, or of several as one batched network.

Both are endless generators that take a step each time they are asked, so that whoever asks decides what is due
between two steps. What a step sees is a function of each run's seed and step.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice

import torch
from torch import Tensor

from harness.augment import NONE, augment
from harness.batched import backward, batch
from harness.batches import batches
from harness.data.part import InMemory
from harness.distributed import reduced_at_last
from harness.fused import step_together
from harness.loss import training_loss
from harness.optim import peak_learning_rate, schedule, set_rate
from harness.session import Session
from harness.stacking import can_be_stacked

Steps = Generator[None, None, None]


def steps_of(sessions: Sequence[Session]) -> Steps:
    """The steps of these runs, all of them at each. An MLP goes the batched way alone too, where it is faster."""
    in_parts = sessions[0].world.size > 1 or sessions[0].runtime.accumulation > 1
    if not in_parts and all(
        can_be_stacked(session.planned.config, session.model, in_memory=isinstance(session.data.train, InMemory))
        for session in sessions
    ):
        return _together(sessions)
    (session,) = sessions
    return _alone(session)


def _alone(session: Session) -> Steps:
    run, data, progress = session.planned.config, session.data, session.progress
    optimizer = session.optimizer
    session.model.train()
    first, end = session.world.share(run.optim.batch_size)
    rows = batches(len(data.train.labels), batch_size=run.optim.batch_size, seed=run.seed, first_step=progress.step)
    rows_to_come = (row[first:end] for row in islice(rows, session.planned.steps - progress.step))
    coming = data.train.dealt(rows_to_come, seed=run.seed, first_step=progress.step, first_place=first)
    with closing(coming) as dealt:
        for images, labels in dealt:
            set_rate(optimizer, _rate(session))
            optimizer.zero_grad()
            loss = _backward(session, images, labels, first=first)
            optimizer.step()
            progress.loss_sum += loss
            progress.step += 1
            yield


def _backward(session: Session, images: Tensor, labels: Tensor, *, first: int) -> Tensor:
    """The loss of this process's share of the batch, from place ``first`` on; its gradients are left in the model.

    The share is computed in ``runtime.accumulation`` equal parts, and gradients are averaged with the last of them.
    """
    run, parts = session.planned.config, session.runtime.accumulation
    size, losses = len(labels) // parts, []
    for start in range(0, len(labels), size):
        part = slice(start, start + size)
        with reduced_at_last(session.parallel, last=start + size == len(labels)):
            loss = training_loss(
                session.parallel,
                images[part],
                labels[part],
                run=run,
                step=session.progress.step,
                first=first + start,
                of=run.optim.batch_size,
            )
            (loss / parts if parts > 1 else loss).backward()  # type: ignore[no-untyped-call]
        losses.append(loss.detach())
    return losses[0] if parts == 1 else torch.stack(losses).mean()


def _together(sessions: Sequence[Session]) -> Steps:
    layers = batch([session.model for session in sessions])
    loss_sums = torch.stack([session.progress.loss_sum for session in sessions])
    for session, loss_sum in zip(sessions, loss_sums, strict=True):
        session.progress.loss_sum = loss_sum  # a view, as the parameters are
    alike: dict[object, list[Session]] = defaultdict(list)
    for session in sessions:
        alike[session.planned.config.optim, session.planned.steps, session.progress.step].append(session)
    takers = [(same, step_together([session.optimizer for session in same])) for same in alike.values()]
    label_smoothing = sessions[0].planned.config.optim.label_smoothing
    for images, labels in _dealt_to_all(sessions):
        loss_sums += backward(layers, images, labels, label_smoothing=label_smoothing)
        for same, take in takers:
            rate = _rate(same[0])
            for session in same:
                set_rate(session.optimizer, rate)
                session.progress.step += 1
            take()
        yield


def _rate(session: Session) -> float:
    run = session.planned.config
    factor = schedule(run.optim, step=session.progress.step, steps=session.planned.steps)
    return peak_learning_rate(run.optim, width=run.model.width) * factor


def _dealt_to_all(sessions: Sequence[Session]) -> Iterator[tuple[Tensor, Tensor]]:
    """Images (members, batch, pixels) and labels (members, batch); one batch, expanded, where all would see the same.

    Training sets of different sizes are the first examples of one order, so the largest holds all of them.
    """
    source = max((session.data.train for session in sessions), key=lambda part: len(part.labels))
    assert isinstance(source, InMemory)
    config, size = sessions[0].planned.config.augment, sessions[0].planned.config.optim.batch_size
    streams = _streams(sessions)
    orders = [batches(count, batch_size=size, seed=seed, first_step=step) for seed, count, step in streams]
    steps = [step for _, _, step in streams]
    shape = (len(sessions), size, -1)
    place = source.images.new_empty(len(streams) * size, *source.images.shape[1:])  # anew, it would cost as much again
    while True:
        rows = torch.cat([next(order) for order in orders]).to(source.images.device, non_blocking=True)
        images, labels = torch.index_select(source.images, 0, rows, out=place), source.labels.index_select(0, rows)
        if config != NONE:
            parts = zip(images.view(-1, size, *images.shape[1:]), streams, steps, strict=True)
            images = torch.cat(
                [augment(part, config=config, seed=seed, step=step) for part, (seed, _, _), step in parts]
            )
        steps = [step + 1 for step in steps]
        yield images.view(len(streams), size, -1).expand(shape), labels.view(len(streams), size).expand(shape[:2])


def _streams(sessions: Sequence[Session]) -> list[tuple[int, int, int]]:
    """Seed, examples and step of each member; or only the first's, where all are the same."""
    each = [
        (session.planned.config.seed, len(session.data.train.labels), session.progress.step) for session in sessions
    ]
    return each[:1] if len(set(each)) == 1 else each
