"""From examples as they came to the tensors of a run: split, put in order, normalised, subset, fingerprinted.

The pool is split once, by ``split_seed``, into validation and train; the train part is put in one stratified order and
a training set of n examples is its first n. So training sets are nested, and validation is the same for every n. All
images are normalised by the mean and standard deviation of the whole train part (not of the n examples: then the
inputs of validation and test do not change with n either), a number a channel.
"""

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.data.part import InMemory, Part
from harness.data.source import Examples, Listing, Shape
from harness.data.stratified import Indices, stratified_order
from harness.errors import ConfigError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three parts to train on, to choose by and to report on; images are ``image_shape`` = (channels, height, width).

    ``digest`` is the sha256 in hex of every byte, label and index that a run can see. ``irreducible_error`` is the
    known floor of the error, or None.
    """

    train: Part
    validation: Part
    test: Part
    image_shape: tuple[int, int, int]
    num_classes: int
    digest: str
    irreducible_error: float | None


@dataclass(frozen=True, eq=False)
class Split:
    """A data set split and normalised, with the whole train part in its stratified order: ready for any subset."""

    whole: Dataset
    train_order: Indices


def check_sizes(shape: Shape, *, train_examples: int, validation_examples: int) -> None:
    """Raises ConfigError where the pool can't give this many examples; needs no data."""
    for key, value in (("train_examples", train_examples), ("validation_examples", validation_examples)):
        if value < 1:
            raise ConfigError(f"data.{key}: {value} examples; 1 at least")
    most = shape.train_pool - validation_examples
    if most < 1:
        raise ConfigError(
            f"data.validation_examples: {validation_examples} of a pool of {shape.train_pool} leave none to train on; "
            f"{shape.train_pool - 1} at most"
        )
    if train_examples > most:
        raise ConfigError(
            f"data.train_examples: {train_examples} asked for, {most} at most "
            f"(a pool of {shape.train_pool} less {validation_examples} for validation)"
        )


def split(examples: Examples | Listing, shape: Shape, *, validation_examples: int, split_seed: int) -> Split:
    """``examples`` split by ``split_seed``, normalised and in order. The digest leaves out the size of the subset."""
    train, validation = _orders(examples, validation_examples=validation_examples, split_seed=split_seed)
    if isinstance(examples, Examples):
        parts = _parts_in_memory(examples, train, validation)
    else:
        parts = _parts_on_disk(examples, train, validation)
    whole = Dataset(
        *parts,
        image_shape=shape.image_shape,
        num_classes=shape.num_classes,
        digest=_digest(examples, validation),
        irreducible_error=examples.irreducible_error,
    )
    return Split(whole=whole, train_order=train)


def _orders(examples: Examples | Listing, *, validation_examples: int, split_seed: int) -> tuple[Indices, Indices]:
    generator = np.random.default_rng(split_seed)
    pool_order = stratified_order(examples.pool_labels, generator)
    validation, rest = np.split(pool_order, [validation_examples])
    return rest[stratified_order(examples.pool_labels[rest], generator)], validation


def digest_of(examples: Examples | Listing, *, train_examples: int, validation_examples: int, split_seed: int) -> str:
    """The digest of the data set that these would become, without making it: no torch, and no image is normalised."""
    train, validation = _orders(examples, validation_examples=validation_examples, split_seed=split_seed)
    return _of_subset(_digest(examples, validation), train[:train_examples])


def _parts_in_memory(examples: Examples, train: Indices, validation: Indices) -> tuple[Part, Part, Part]:
    import torch

    mean, std = channel_statistics(examples.pool_images[train])

    def part(images: NDArray[Any], labels: Indices) -> Part:
        normalised = images.astype(np.float32)
        normalised -= mean
        normalised /= std
        return InMemory(torch.from_numpy(normalised), torch.from_numpy(labels))

    return (
        part(examples.pool_images[train], examples.pool_labels[train]),
        part(examples.pool_images[validation], examples.pool_labels[validation]),
        part(examples.test_images, examples.test_labels),
    )


def _parts_on_disk(listing: Listing, train: Indices, validation: Indices) -> tuple[Part, Part, Part]:
    from harness.data import on_disk

    folder, view = str(listing.folder), listing.view
    return (
        on_disk.part(folder, listing.pool_files[train], listing.pool_labels[train], view=view),
        on_disk.part(folder, listing.pool_files[validation], listing.pool_labels[validation], view=view),
        on_disk.part(folder, listing.test_files, listing.test_labels, view=view),
    )


def channel_statistics(images: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel of ``images``, each (channels, 1, 1), summed in float64."""
    pixels_a_channel = images.size // images.shape[1]
    mean = images.sum(axis=(0, 2, 3), dtype=np.float64) / pixels_a_channel
    mean_square = np.einsum("nchw,nchw->c", images, images, dtype=np.float64) / pixels_a_channel
    std = np.sqrt(mean_square - mean**2)
    assert (std > 0).all(), "a channel that never changes can't be normalised"
    return mean.astype(np.float32).reshape(-1, 1, 1), std.astype(np.float32).reshape(-1, 1, 1)


def subset(prepared: Split, train_examples: int) -> Dataset:
    """The data set with the first ``train_examples`` of the train part; nothing is copied."""
    whole = prepared.whole
    digest = _of_subset(whole.digest, prepared.train_order[:train_examples])
    return dataclasses.replace(whole, train=whole.train.first(train_examples), digest=digest)


def _of_subset(digest: str, train: Indices) -> str:
    return hashlib.sha256(digest.encode() + train.tobytes()).hexdigest()


@dataclass(frozen=True)
class Place:
    """Where images are given out and as what; ``workers`` processes decode them where they must be decoded."""

    device: "torch.device"
    workers: int
    floats: "torch.dtype"


@lru_cache(maxsize=1)
def placed(prepared: Split, place: Place) -> Split:
    """All of it at ``place``, once for however many runs use it."""
    whole = prepared.whole
    parts = (whole.train, whole.validation, whole.test)
    train, validation, test = (part.on(place.device, workers=place.workers, floats=place.floats) for part in parts)
    return dataclasses.replace(
        prepared, whole=dataclasses.replace(whole, train=train, validation=validation, test=test)
    )


def _digest(examples: Examples | Listing, validation: Indices) -> str:
    """The sha256 in hex of the bytes as they came, whatever the source, and of the choice of validation examples.

    Of a listing, its fingerprint and how its images are looked at stand for the bytes.
    """
    seen = hashlib.sha256()
    arrays: tuple[NDArray[Any], ...]
    if isinstance(examples, Examples):
        arrays = (examples.pool_images, examples.pool_labels, examples.test_images, examples.test_labels, validation)
    else:
        seen.update(f"{examples.fingerprint} {examples.view}".encode())
        arrays = (examples.pool_labels, examples.test_labels, validation)
    for array in arrays:
        seen.update(f"{array.dtype.str} {array.shape}".encode())
        seen.update(np.ascontiguousarray(array).data)
    return seen.hexdigest()
