"""Public data sets that come as files: found on this machine or brought here, and checked whatever the way.

Their files are looked for in ``root``, in the folder of Debian's package if there is one, and in our cache; where they
are missing, torchvision downloads them, or Debian's package is downloaded and unpacked, without root, into the cache.
The unpacked bytes are checked before anything reads them, so no number depends on the source.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.data.download import debian_package, torchvision_download
from harness.data.files import Files, holds_all, our_cache, paths, read_verified
from harness.data.source import Examples, Shape, Source
from harness.errors import DataError
from harness.schema import from_dict


@dataclass(frozen=True)
class NoOptions:
    """A published set is what it is: there is nothing to choose."""


@dataclass(frozen=True)
class Torchvision:
    """torchvision's class for a set, and the folder ``below`` its root where it puts the files.

    ``splits`` are the values of its argument ``split``, a download each; none where one download brings all.
    """

    dataset: str
    below: str
    splits: tuple[str, ...] = ()


@dataclass(frozen=True)
class DebianPackage:
    """A package that holds the files, and the folder that it installs them in."""

    name: str
    folder: Path


@dataclass(frozen=True)
class PublicSet:
    """A published set: its shape, its files, where they can be had, and how their bytes by name become examples."""

    name: str
    shape: Shape
    files: Files
    megabytes: int
    torchvision: Torchvision
    parse: Callable[[Mapping[str, bytes]], Examples]
    debian: DebianPackage | None = None


def as_source(public: PublicSet) -> Source:
    """The set's line in the registry."""
    return Source(
        describe=partial(describe, public),
        load=partial(load, public),
        find=partial(find, public),
        get=partial(get, public),
    )


def describe(public: PublicSet, options: Mapping[str, object]) -> Shape:
    """The set's shape; no option is known."""
    from_dict(NoOptions, options, where="data.options")
    return public.shape


def load(public: PublicSet, options: Mapping[str, object], root: Path | None) -> Examples:
    """All its examples, from the first place that has them or after getting them.

    Raises:
        DataError: they can't be had, or a file isn't the expected one.
    """
    describe(public, options)
    return public.parse(read_verified(get(public, root), public.files))


def find(public: PublicSet, root: Path | None) -> Path | None:
    """The first folder that has all the files, or None; torchvision's sub-folder of ``root`` counts too."""
    given = (root.expanduser(), root.expanduser() / public.torchvision.below) if root else ()
    debian = (public.debian.folder,) if public.debian else ()
    return next((folder for folder in (*given, *debian, cache_folder(public)) if holds_all(folder, public.files)), None)


def get(public: PublicSet, root: Path | None) -> Path:
    """The folder that has the files, brought to our cache if no place has them; says on stderr what it tries.

    Raises:
        DataError: no way works; the message names them all.
    """
    if folder := find(public, root):
        return folder
    failures = []
    for way, fetch in _ways(public).items():
        said = f"{public.name} is not on this machine; trying {way} ({public.megabytes} MB)"
        print(said, file=sys.stderr, flush=True)
        try:
            return _keep(public, fetch)
        except (DataError, OSError) as error:
            failures.append(f"{way}: {error}")
            print(f"  failed: {error}", file=sys.stderr, flush=True)
    raise DataError(_no_way(public, failures))


def cache_folder(public: PublicSet) -> Path:
    """Where we keep what we got."""
    return our_cache() / public.name.replace("_", "-")


def _ways(public: PublicSet) -> dict[str, Callable[[Path], Path]]:
    """What to try, each under its name for a person; it brings the files below a given folder and says where to."""

    def from_torchvision(folder: Path) -> Path:
        wanted = public.torchvision
        torchvision_download(wanted.dataset, wanted.splits, folder=folder, megabytes=public.megabytes)
        return folder / wanted.below

    ways: dict[str, Callable[[Path], Path]] = {"torchvision's download": from_torchvision}
    if debian := public.debian:
        ways[f"Debian's package {debian.name}, unpacked without root"] = lambda folder: (
            debian_package(debian.name, folder=folder) / debian.folder.relative_to("/")
        )
    return ways


def _keep(public: PublicSet, fetch: Callable[[Path], Path]) -> Path:
    """The cache folder, filled with what ``fetch`` brings to a temporary folder beside it.

    Files are checked there and moved one by one, each in one step: whoever looks at the cache meanwhile, a worker on
    the same errand too, sees a whole file or none, and takes the folder only when it has them all.
    """
    cache = cache_folder(public)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="incoming-") as incoming:
        fetched = fetch(Path(incoming))
        read_verified(fetched, public.files)
        for path in paths(fetched, public.files):
            path.replace(cache / path.name)
    return cache


def _no_way(public: PublicSet, failures: list[str]) -> str:
    names = ", ".join(public.files.checksums)
    packed = f"; {public.files.archive} will do too" if public.files.archive else "; each may be a .gz"
    return "\n".join(
        (
            f"{public.name}: not on this machine and not to be had from here. Any one of these would do:",
            f"  data.root=FOLDER, a folder with {names}{packed}",
            *((f"  apt-get install {public.debian.name}",) if public.debian else ()),
            f"  these {len(public.files.checksums)} files in {cache_folder(public)}",
            f"  `harness data get {public.name}` with a network. Just now:",
            *(f"    {failure}" for failure in failures),
            "  data=teacher, a synthetic set that needs no files",
        )
    )
