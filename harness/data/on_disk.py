"""A part of a data set that does not fit into memory: worker processes decode images while the device computes.

Which part of an image a worker cuts out is a function of seed, step and place in the batch, so neither the number of
workers nor an interruption changes what a run sees. Images travel as bytes and become numbers on the device.
"""

import dataclasses
import hashlib
import os
import signal
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from harness.data.source import View
from harness.errors import DataError

# ImageNet's, whatever the folder: what recipes for photographs assume. Source: torchvision, reference training scripts.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

PREFETCH = 4  # batches each worker is ahead, so that one slow file does not stop the device
GRACE_SECONDS = 20  # that a worker outlives a SIGTERM, as long as a run has to save itself

Item = tuple[int, int | None]  # a row, and the seed of its random crop or None to be scored


@dataclass(frozen=True, eq=False)
class OnDisk:
    """A part whose images lie under ``folder`` in ``files`` (examples,), in this order; a ``Part``."""

    folder: str
    files: NDArray[np.bytes_]
    labels: Tensor
    view: View
    device: torch.device
    workers: int
    floats: torch.dtype

    def first(self, count: int) -> "OnDisk":
        """The first ``count`` files."""
        return self.between(0, count)

    def between(self, start: int, end: int) -> "OnDisk":
        """The files from ``start`` to before ``end``."""
        return dataclasses.replace(self, files=self.files[start:end], labels=self.labels[start:end])

    def on(self, device: torch.device, *, workers: int, floats: torch.dtype) -> "OnDisk":
        """The same files, decoded by ``workers`` processes (0: by this one) and given out on ``device``."""
        return dataclasses.replace(self, labels=self.labels.to(device), device=device, workers=workers, floats=floats)

    def dealt(
        self, rows: Iterable[Tensor], *, seed: int, first_step: int, first_place: int = 0
    ) -> Generator[tuple[Tensor, Tensor], None, None]:
        """Images, randomly cropped if the view says so, and labels."""
        batches = (
            _seeded(chosen, seed=seed, step=step, first_place=first_place)
            for step, chosen in enumerate(rows, start=first_step)
        )
        for images, chosen in self._decoded(batches):
            yield images, self.labels.index_select(0, chosen)

    def in_order(self, size: int) -> Generator[Tensor, None, None]:
        """Images, the middle of each."""
        rows = torch.arange(len(self.files)).split(size)  # type: ignore[no-untyped-call]
        for images, _ in self._decoded([(row, None) for row in chosen.tolist()] for chosen in rows):
            yield images

    def _decoded(self, batches: Iterable[list[Item]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Normalised images and their rows, on the device."""
        loader = DataLoader(
            Decoder(self.folder, self.files, self.view),
            batch_sampler=batches,
            num_workers=self.workers,
            prefetch_factor=PREFETCH if self.workers else None,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=_outlive_signals,
            generator=torch.Generator(),  # its own: the run's random state is not to depend on how often we start
        )
        mean = torch.tensor(MEAN, device=self.device, dtype=self.floats).reshape(3, 1, 1)
        std = torch.tensor(STD, device=self.device, dtype=self.floats).reshape(3, 1, 1)
        loading = iter(loader)
        try:
            for pixels, rows in loading:
                images = pixels.to(self.device, non_blocking=True).to(self.floats).div_(255).sub_(mean).div_(std)
                yield images, rows.to(self.device, non_blocking=True)
        finally:
            if self.workers:  # now: left to Python, they may outlive an error and disturb the next loader's workers
                loading._shutdown_workers()  # type: ignore[attr-defined]


class Decoder(Dataset[tuple[Tensor, int]]):
    """What a worker has: an item in, pixels (3, side, side) uint8 and the row out."""

    def __init__(self, folder: str, files: NDArray[np.bytes_], view: View) -> None:
        self.folder, self.files = folder, files
        self.middle = v2.Compose([v2.Resize(view.resize, antialias=True), v2.CenterCrop(view.image_size)])
        self.trained = self.middle
        if view.train_crop == "random_resized":
            self.trained = v2.RandomResizedCrop(view.image_size, scale=(view.smallest_area, 1.0), antialias=True)

    def __getitem__(self, item: Item) -> tuple[Tensor, int]:
        row, seed = item
        path = os.path.join(self.folder, os.fsdecode(self.files[row]))
        try:
            with Image.open(path) as file:
                image = functional.pil_to_tensor(file.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow says of files that are damaged or no images
            raise DataError(f"{path}: can't be decoded ({error}); replace the file") from error
        if seed is None:
            return self.middle(image), row
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.trained(image), row


def _seeded(rows: Tensor, *, seed: int, step: int, first_place: int) -> list[Item]:
    digest = hashlib.sha256(f"crops of step {step} under seed {seed}".encode()).digest()
    first = int.from_bytes(digest[:8], "big") >> 2  # room to count the places of a batch without overflow
    return [(row, first + place) for place, row in enumerate(rows.tolist(), start=first_place)]


def _outlive_signals(_worker: int) -> None:
    """A cluster signals every process of a job. The run must then save itself, and must not lose its workers before.

    SIGINT and SIGUSR2 mean nothing here. After a SIGTERM, which is also how Python ends its children when it exits,
    the worker ends by itself a little later.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE_SECONDS))


def part(folder: str, files: NDArray[np.bytes_], labels: NDArray[np.int64], *, view: View) -> OnDisk:
    """The part of these files, on the CPU and without workers until ``on`` says otherwise."""
    cpu = torch.device("cpu")
    return OnDisk(folder, files, torch.from_numpy(labels), view, device=cpu, workers=0, floats=torch.float32)
