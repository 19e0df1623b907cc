"""What a data set's own file must give: its shape before anything is loaded, and its examples or where they lie.

A data set is one file with two functions, ``describe`` and ``load``, and one line in ``DATASETS``. A set that needs
files on disk has ``find`` and ``get`` besides. None of them needs torch, so a plan is made without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shape:
    """What a plan must know of a data set: ``image_shape`` is (channels, height, width), the rest are counts.

    ``train_pool`` counts the examples that training and validation share; ``in_memory`` if they all fit there.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    train_pool: int
    test_examples: int
    in_memory: bool = True


@dataclass(frozen=True, eq=False)
class Examples:
    """A data set as it came: images (examples, channels, height, width) uint8 or float32, labels (examples,) int64.

    ``irreducible_error`` is the error of the best possible classifier where it is known, else None.
    """

    pool_images: NDArray[Any]
    pool_labels: NDArray[np.int64]
    test_images: NDArray[Any]
    test_labels: NDArray[np.int64]
    irreducible_error: float | None


@dataclass(frozen=True)
class View:
    """How an image file becomes a square of ``image_size`` pixels a side.

    To be scored, its shorter side is brought to ``resize`` and the middle is cut out. To be trained on, the same, or
    with ``train_crop`` random_resized a random part of ``smallest_area`` to all of its area is brought to size.
    """

    image_size: int
    resize: int
    train_crop: Literal["centre", "random_resized"]
    smallest_area: float


@dataclass(frozen=True, eq=False)
class Listing:
    """A data set too large for memory, as it lies on disk: paths below ``folder`` in bytes, and labels (examples,).

    ``fingerprint`` stands for the bytes of all the files: two listings that share it are taken for the same.
    """

    folder: Path
    pool_files: NDArray[np.bytes_]
    pool_labels: NDArray[np.int64]
    test_files: NDArray[np.bytes_]
    test_labels: NDArray[np.int64]
    fingerprint: str
    view: View
    irreducible_error: float | None = None


@dataclass(frozen=True)
class Source:
    """The functions of one data set, a line of the registry.

    ``describe(options)`` and ``load(options, root)`` each set has; ``find(root)`` gives the folder of its files or
    None, ``get(root)`` brings them here first. A set that is made from a seed has neither.
    """

    describe: Callable[[Mapping[str, object]], Shape]
    load: Callable[[Mapping[str, object], Path | None], Examples | Listing]
    find: Callable[[Path | None], Path | None] | None = None
    get: Callable[[Path | None], Path] | None = None
