"""The data sets, and the one way to load them.

To add a set: write ``harness/data/<name>.py`` with ``describe`` and ``load``, or with a ``PublicSet`` where it comes as
files of known bytes; add its line to ``DATASETS`` and its values as ``conf/data/<name>.yaml``. Torch is imported when
data is loaded, not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.data import image_folder, mnist1d, sparse_parity, teacher
from harness.data.cifar import CIFAR10, CIFAR100
from harness.data.dataset import Dataset, Place, Split, check_sizes, digest_of, placed, split, subset
from harness.data.fashion_mnist import FASHION_MNIST
from harness.data.mnist import MNIST
from harness.data.part import Part
from harness.data.public import as_source
from harness.data.source import Examples, Listing, Shape, Source
from harness.data.svhn import SVHN
from harness.errors import ConfigError
from harness.schema import unknown

__all__ = [
    "DATASETS", "Dataset", "Part", "Place", "Shape", "Status", "check_sizes", "describe", "digest_of", "get", "load",
    "load_dataset", "status",
]  # fmt: skip

DATASETS: dict[str, Source] = {
    "cifar10": as_source(CIFAR10),
    "cifar100": as_source(CIFAR100),
    "fashion_mnist": as_source(FASHION_MNIST),
    "image_folder": Source(image_folder.describe, image_folder.load, image_folder.find, image_folder.get),
    "mnist": as_source(MNIST),
    "mnist1d": Source(mnist1d.describe, mnist1d.load, mnist1d.find, mnist1d.get),
    "sparse_parity": Source(sparse_parity.describe, sparse_parity.load),
    "svhn": as_source(SVHN),
    "teacher": Source(teacher.describe, teacher.load),
}


@dataclass(frozen=True)
class Status:
    """Whether a data set can be loaded now without a network, and the ``folder`` of its files if it has any."""

    name: str
    ready: bool
    folder: Path | None
    note: str


def describe(name: str, options: Mapping[str, object]) -> Shape:
    """The shape and sizes of a data set, without loading it and without torch.

    Raises:
        ConfigError: an unknown name, or an option that is unknown, missing or out of range.
    """
    return _source(name).describe(options)


def load_dataset(
    name: str,
    *,
    train_examples: int,
    validation_examples: int,
    split_seed: int,
    options: Mapping[str, object],
    root: Path | None = None,
    place: Place | None = None,
) -> Dataset:
    """The data set ``name`` with ``train_examples`` to train on, stratified and nested over sizes.

    The last split stays in memory, so that a worker pays for reading and normalising once. ``root`` is the folder to
    look in first for the set's files; it can't change a number, since the bytes are checked. Without a ``place`` the
    images stay where they were loaded.

    Raises:
        ConfigError: a name, an option or a size that can't be.
        DataError: the files can't be had or aren't the right ones.
    """
    check_sizes(describe(name, options), train_examples=train_examples, validation_examples=validation_examples)
    prepared = _prepare(name, tuple(sorted(options.items())), validation_examples, split_seed, root)
    return subset(placed(prepared, place) if place else prepared, train_examples)


def load(name: str, *, options: Mapping[str, object], root: Path | None) -> Examples | Listing:
    """The set's examples as they came, or where they lie; what ``digest_of`` takes.

    Raises:
        ConfigError: as :func:`describe`.
        DataError: as :func:`load_dataset`.
    """
    return _source(name).load(options, root)


def get(name: str, root: Path | None = None) -> Path | None:
    """The folder of the set's files, brought to this machine if missing; None for a set that needs no files.

    Raises:
        ConfigError: an unknown name.
        DataError: no way works; the message names them all.
    """
    source = _source(name)
    return source.get(root) if source.get else None


def status(name: str, root: Path | None = None) -> Status:
    """Whether the set's files are here and where; asks no network."""
    source = _source(name)
    if source.find is None:
        return Status(name, ready=True, folder=None, note="made from a seed, needs no files")
    folder = source.find(root)
    note = f"in {folder}" if folder else f"missing; `harness data get {name}` gets it or says how"
    return Status(name, ready=folder is not None, folder=folder, note=note)


def _source(name: str) -> Source:
    if name not in DATASETS:
        raise ConfigError(f"data.name: {unknown('data set', name, DATASETS)}")
    return DATASETS[name]


@lru_cache(maxsize=1)
def _prepare(
    name: str, options: tuple[tuple[str, object], ...], validation_examples: int, split_seed: int, root: Path | None
) -> Split:
    source, chosen = _source(name), dict(options)
    return split(
        source.load(chosen, root),
        source.describe(chosen),
        validation_examples=validation_examples,
        split_seed=split_seed,
    )
