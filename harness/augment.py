"""Random crops, mirror images, holes and mixtures for a whole batch at once, on the device that the batch is on.

What a step draws is a function of the run's seed and the step alone, so that a resumed run sees the same; and it is
drawn on the CPU, so that every device sees the same. Each example has its own five lots, of which each kind of
augmentation uses its own: switching one on or off changes nothing about the others.
"""

import hashlib

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from harness.config import AugmentConfig

NONE = AugmentConfig(crop_padding=0, flip=False, cutout=0, mixup=0.0)


def augment(
    images: Tensor, *, config: AugmentConfig, seed: int, step: int, first: int = 0, of: int | None = None
) -> Tensor:
    """The images (batch, channels, height, width) as step ``step`` sees them; the given ones are not changed.

    They are places ``first`` and on of a batch of ``of``, if not the whole batch. Filled in is 0, which is the mean of
    normalised images. Mixing is not done here, since it also concerns the labels.
    """
    if not (config.crop_padding or config.flip or config.cutout):
        return images
    lots = _lots(of or len(images), seed=seed, step=step)[first : first + len(images)]
    if config.crop_padding:
        images = _crop(images, lots[:, 0:2], padding=config.crop_padding)
    if config.flip:
        images = _flip(images, lots[:, 2])
    if config.cutout:
        images = _cutout(images, lots[:, 3:5], size=config.cutout)
    return images


def mixing_share(config: AugmentConfig, *, seed: int, step: int) -> float:
    """How much of an image is its own in step ``step``, in [0, 1]; the rest is its neighbour's. 1 without mixup.

    One draw a step from Beta(mixup, mixup), as in the authors' code (arXiv 1710.09412, figure 1). It is made by NumPy's
    frozen generator, whose numbers no version will change.
    """
    if not config.mixup:
        return 1.0
    number = _seed(f"mixture of step {step} under seed {seed}") % 2**32
    return float(np.random.RandomState(number).beta(config.mixup, config.mixup))


def neighbours(batch: Tensor) -> Tensor:
    """The other example of each pair: places 0 and 1, 2 and 3, ... change; an odd last one stays where it is.

    Batches are dealt in random order, so neighbours are pairs at random.
    """
    even = len(batch) // 2 * 2
    swapped = batch[:even].reshape(-1, 2, *batch.shape[1:]).flip(1).reshape(even, *batch.shape[1:])
    return swapped if even == len(batch) else torch.cat([swapped, batch[even:]])


def _seed(purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "big") >> 1


def _lots(count: int, *, seed: int, step: int) -> Tensor:
    """Uniform numbers (count, 5) in [0, 1), in float64 so that one times n is less than n."""
    generator = torch.Generator().manual_seed(_seed(f"augmentation of step {step} under seed {seed}"))
    return torch.rand(count, 5, generator=generator, dtype=torch.float64)


def _crop(images: Tensor, lots: Tensor, *, padding: int) -> Tensor:
    """A window of the old size, at a random place of the image with ``padding`` zeros around it.

    A row of a window is a run of pixels that starts anywhere in the padded batch laid out flat: copying such runs is
    twice as fast as indexing.
    """
    batch, channels, height, width = images.shape
    padded = functional.pad(images, 4 * (padding,))
    full_height, full_width = padded.shape[2:]
    down, right = (lots * (2 * padding + 1)).long().T
    rows_of_windows = (down * full_width + right)[:, None] + full_width * torch.arange(height)
    planes = full_height * full_width * torch.arange(batch * channels).reshape(batch, channels, 1)
    starts = (planes + rows_of_windows[:, None, :]).ravel().to(images.device)
    windows: Tensor = padded.ravel().unfold(0, width, 1).index_select(0, starts).reshape(images.shape)
    return windows


def _flip(images: Tensor, lots: Tensor) -> Tensor:
    """Every other image, by lot, left to right."""
    mirrored = (lots < 0.5).nonzero().ravel().to(images.device)
    return images.index_copy(0, mirrored, images.index_select(0, mirrored).flip(3))


def _cutout(images: Tensor, lots: Tensor, *, size: int) -> Tensor:
    """Zeros in a square of ``size`` pixels a side around a random pixel; what lies outside the image is lost.

    Source: DeVries and Taylor (2017), arXiv 1708.04552, section 3.2.
    """
    height, width = images.shape[2:]
    centres = (lots * torch.tensor((height, width))).long()
    top, left = (centres - size // 2).T[:, :, None]
    rows, columns = torch.arange(height), torch.arange(width)
    rows_kept = (rows < top) | (rows >= top + size)
    columns_kept = (columns < left) | (columns >= left + size)
    kept: Tensor = rows_kept[:, :, None] | columns_kept[:, None, :]
    return images * kept[:, None].to(images)
