"""A part of a data set, to train or to be scored on: in memory here, on disk in ``harness.data.on_disk``."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Part(Protocol):
    """Labels (examples,) int64 at once; images as they are asked for.

    Images are (batch, channels, height, width), normalised.
    Generators are to be closed by whoever stops early (``contextlib.closing``): processes may work behind them.
    """

    @property
    def labels(self) -> "Tensor":
        """The labels, on the device."""

    def first(self, count: int) -> "Part":
        """Its first ``count`` examples."""

    def between(self, start: int, end: int) -> "Part":
        """Its examples from ``start`` to before ``end``."""

    def on(self, device: "torch.device", *, workers: int, floats: "torch.dtype") -> "Part":
        """The same examples, given out on ``device`` as ``floats``; ``workers`` processes decode them if need be."""

    def dealt(
        self, rows: "Iterable[Tensor]", *, seed: int, first_step: int, first_place: int = 0
    ) -> "Generator[tuple[Tensor, Tensor], None, None]":
        """Images and labels to train on, a batch for each of ``rows``, the first of them for step ``first_step``.

        What is random about them is a function of seed, step and place in the step's batch alone, where the first of
        a row has ``first_place``.
        """

    def in_order(self, size: int) -> "Generator[Tensor, None, None]":
        """All images to be scored, ``size`` at once."""


@dataclass(frozen=True, eq=False)
class InMemory:
    """A part whose ``images`` are all on the device; its tensors are shared between calls and never written to."""

    images: "Tensor"
    labels: "Tensor"

    def first(self, count: int) -> "InMemory":
        """Views of the first ``count`` examples: nothing is copied."""
        return self.between(0, count)

    def between(self, start: int, end: int) -> "InMemory":
        """Views too."""
        return InMemory(self.images[start:end], self.labels[start:end])

    def on(self, device: "torch.device", *, workers: int, floats: "torch.dtype") -> "InMemory":
        """All of it on the device; no process is needed."""
        return InMemory(self.images.to(device, floats), self.labels.to(device))

    def dealt(
        self, rows: "Iterable[Tensor]", *, seed: int, first_step: int, first_place: int = 0
    ) -> "Generator[tuple[Tensor, Tensor], None, None]":
        """Nothing about them is random."""
        for chosen in rows:
            chosen = chosen.to(self.images.device, non_blocking=True)
            yield self.images.index_select(0, chosen), self.labels.index_select(0, chosen)

    def in_order(self, size: int) -> "Generator[Tensor, None, None]":
        """Views, ``size`` images each."""
        yield from self.images.split(size)  # type: ignore[no-untyped-call]
