"""Many parities of a few bits each, rare ones rarer by a power law: the set behind the quantization model of scaling.

An example names its task with one bit of ``tasks`` and carries ``bits`` random bits; its label is the parity of the
``parity_bits`` of them that belong to that task. Tasks come with probability proportional to rank**-(1 +
``zipf_excess``), so a network that has learnt the commonest of them still errs on half of the rest. No label is noisy:
the irreducible error is zero.

Source: Michaud, Liu, Girit and Tegmark (2023), arXiv 2303.13506, section 3 (multitask sparse parity).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data.source import Examples, Shape
from harness.errors import ConfigError
from harness.schema import from_dict


@dataclass(frozen=True)
class Options:
    """``pool`` counts the examples that training and validation share."""

    tasks: int
    bits: int
    parity_bits: int
    zipf_excess: float
    task_seed: int
    pool: int
    test_examples: int


def describe(options: Mapping[str, object]) -> Shape:
    """The shape that the options give: an image is one row of ``tasks`` + ``bits`` pixels; two classes."""
    chosen = _checked(options)
    return Shape((1, 1, chosen.tasks + chosen.bits), 2, chosen.pool, chosen.test_examples)


def load(options: Mapping[str, object], root: Path | None) -> Examples:
    """The examples that the options give; ``root`` is not looked at.

    The tasks' bits, the pool and the test set come of separate random streams: a larger pool begins with the smaller
    one and has the same test set.
    """
    chosen = _checked(options)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(chosen.task_seed).spawn(3)]
    members = draw_members(chosen, streams[0])
    pool_images, pool_labels = _draw(chosen, members, count=chosen.pool, generator=streams[1])
    test_images, test_labels = _draw(chosen, members, count=chosen.test_examples, generator=streams[2])
    return Examples(pool_images, pool_labels, test_images, test_labels, irreducible_error=0.0)


def draw_members(options: Options, generator: np.random.Generator) -> NDArray[np.int64]:
    """The bits of which each task is the parity (tasks, parity_bits), no bit twice in a task."""
    order = generator.permuted(np.tile(np.arange(options.bits), (options.tasks, 1)), axis=1)
    return order[:, : options.parity_bits]


def shares(options: Options) -> NDArray[np.float64]:
    """How often each task comes (tasks,), the commonest first; they add up to 1."""
    weights = np.arange(1, options.tasks + 1, dtype=np.float64) ** -(1 + options.zipf_excess)
    return np.asarray(weights / weights.sum())


def _draw(
    options: Options, members: NDArray[np.int64], *, count: int, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    lots = generator.random((count, 1 + options.bits))  # a row an example, so that a larger count begins the same
    task = np.minimum(np.searchsorted(shares(options).cumsum(), lots[:, 0], side="right"), options.tasks - 1)
    bits = lots[:, 1:] < 0.5
    labels = np.take_along_axis(bits, members[task], axis=1).sum(axis=1) % 2
    images = np.zeros((count, 1, 1, options.tasks + options.bits), dtype=np.float32)
    images[np.arange(count), 0, 0, task] = 1.0
    images[:, 0, 0, options.tasks :] = bits
    return images, labels.astype(np.int64)


def _checked(options: Mapping[str, object]) -> Options:
    chosen = from_dict(Options, options, where="data.options")
    for key in ("tasks", "bits", "parity_bits", "pool", "test_examples"):
        if getattr(chosen, key) < 1:
            raise ConfigError(f"data.options.{key}: {getattr(chosen, key)}; 1 at least")
    if chosen.task_seed < 0:
        raise ConfigError(f"data.options.task_seed: {chosen.task_seed}; 0 at least")
    if chosen.zipf_excess <= 0:
        raise ConfigError(f"data.options.zipf_excess: {chosen.zipf_excess}; more than 0, else rare tasks are not rare")
    if chosen.parity_bits > chosen.bits:
        raise ConfigError(
            f"data.options.parity_bits: a parity of {chosen.parity_bits} does not fit in bits={chosen.bits}; "
            f"{chosen.bits} at most"
        )
    return chosen
