"""Any folder of photographs, of ImageNet's size too: ``train/<class>/<image>`` to train on, ``val/<class>/<image>``
to test on.

A plan must know the sizes without reading the folder, and a run's identity must say which images it saw. So the
options state the counts and a fingerprint of every image's bytes; the folder is held against them when it is loaded,
and what to write is said where they do not fit. The first time reads every image once; after that, what was touched
(see ``contents``). Validation is split off the train folder as for every other set.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.data.contents import digests
from harness.data.files import our_cache
from harness.data.source import Listing, Shape, View
from harness.errors import ConfigError, DataError
from harness.schema import from_dict

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LAYOUT = "train/<class>/<image> and val/<class>/<image>"
MANY = 100_000  # images that take more than a moment to read


@dataclass(frozen=True)
class Options:
    """What the folder holds (``pool`` counts the train folder's images) and how its images are looked at."""

    num_classes: int
    pool: int
    test_examples: int
    fingerprint: str
    image_size: int
    resize: int
    train_crop: Literal["centre", "random_resized"]
    smallest_area: float


@dataclass(frozen=True, eq=False)
class Images:
    """The images of one folder: paths below the root, labels (examples,), and the digest of each file's bytes."""

    files: NDArray[np.bytes_]
    labels: NDArray[np.int64]
    digests: NDArray[np.bytes_]


def describe(options: Mapping[str, object]) -> Shape:
    """The shape that the options state; images are (3, image_size, image_size)."""
    chosen = _checked(options)
    shape = (3, chosen.image_size, chosen.image_size)
    return Shape(shape, chosen.num_classes, chosen.pool, chosen.test_examples, in_memory=False)


def load(options: Mapping[str, object], root: Path | None) -> Listing:
    """The files and labels under ``root``; images that are known by their stamps are not read.

    Raises:
        DataError: no such folder, classes that differ between train and val, or not what the options state.
    """
    chosen = _checked(options)
    folder = get(root)
    if chosen.pool + chosen.test_examples >= MANY and not _memory(folder).is_dir():
        print(
            f"image_folder: reads every image under {folder} once, for their fingerprint", file=sys.stderr, flush=True
        )
    classes = _names_of_folders(folder / "train")
    if (others := _names_of_folders(folder / "val")) != classes:
        odd = sorted(set(classes) ^ set(others))
        raise DataError(
            f"{folder}: train and val must have the same classes; only one of them has {', '.join(odd[:5])}"
        )
    pool, test = (_list_images(folder, name, classes) for name in ("train", "val"))
    found = {
        "num_classes": len(classes),
        "pool": len(pool.labels),
        "test_examples": len(test.labels),
        "fingerprint": fingerprint(pool, test),
    }
    wrong = [key for key, value in found.items() if value != getattr(chosen, key)]
    if wrong:
        stated = " ".join(f"{key}={getattr(chosen, key)}" for key in wrong)
        to_say = " ".join(f"data.options.{key}={found[key]}" for key in wrong)
        raise DataError(
            f"{folder}: the options do not describe this folder, they state {stated}; bring back the images that they "
            f"describe or, for runs of their own on these, say {to_say}"
        )
    view = View(chosen.image_size, chosen.resize, chosen.train_crop, chosen.smallest_area)
    return Listing(folder, pool.files, pool.labels, test.files, test.labels, chosen.fingerprint, view)


def find(root: Path | None) -> Path | None:
    """``root``, if it has the two folders; there is nowhere else to look."""
    folder = root.expanduser() if root else None
    return folder if folder and all((folder / name).is_dir() for name in ("train", "val")) else None


def get(root: Path | None) -> Path:
    """``root``, if it has the two folders.

    Raises:
        DataError: it has not; nobody but the user can bring them.
    """
    if folder := find(root):
        return folder
    given = f"{root} has not" if root else "none is given"
    raise DataError(f"image_folder: needs data.root=FOLDER with {LAYOUT}; {given}")


def fingerprint(pool: Images, test: Images) -> str:
    """Stands for the images: a digest of the paths and bytes of all files."""
    seen = hashlib.sha256()
    for images in (pool, test):
        seen.update(f"{len(images.labels)} {images.files.dtype.str}".encode())
        seen.update(images.files.tobytes())
        seen.update(images.digests.tobytes())
    return f"sha256:{seen.hexdigest()[:16]}"


def _list_images(folder: Path, name: str, classes: list[str]) -> Images:
    files: list[bytes] = []
    labels: list[int] = []
    seen: list[str] = []
    for label, kind in enumerate(classes):
        images = _image_files(folder / name / kind)
        files += (os.fsencode(f"{name}/{kind}/{image.name}") for image in images)
        labels += [label] * len(images)
        seen += digests(images, remembered=_memory(folder) / f"{_short_digest(f'{name}/{kind}')}.json")
    if not files:
        raise DataError(f"{folder / name}: no image in it; put them into one folder a class")
    # An array of fixed-width bytes: worker processes share its memory, which a list of a million objects defeats.
    return Images(np.array(files, dtype=np.bytes_), np.array(labels, dtype=np.int64), np.array(seen, dtype=np.bytes_))


def _memory(folder: Path) -> Path:
    """Where the digests of the folder's images are remembered, a file a class: an interruption loses one at most."""
    return our_cache() / "image_folder" / _short_digest(str(folder.resolve()))


def _short_digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def _image_files(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if entry.name.lower().endswith(SUFFIXES)), key=lambda one: one.name)


def _names_of_folders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())


def _checked(options: Mapping[str, object]) -> Options:
    chosen = from_dict(Options, options, where="data.options")
    for key, least in (("num_classes", 2), ("pool", 1), ("test_examples", 1), ("image_size", 1), ("resize", 1)):
        if getattr(chosen, key) < least:
            raise ConfigError(f"data.options.{key}: {getattr(chosen, key)}; {least} at least")
    if chosen.resize < chosen.image_size:
        raise ConfigError(
            f"data.options.resize: {chosen.resize} is less than image_size={chosen.image_size}: the middle would have "
            f"a black border; {chosen.image_size} at least"
        )
    if not 0 < chosen.smallest_area <= 1:
        raise ConfigError(
            f"data.options.smallest_area: {chosen.smallest_area} is not a share of the area; above 0 to 1"
        )
    return chosen
