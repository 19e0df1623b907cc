"""A set's files in a folder: whether all are there, and their bytes, unpacked and checked."""

import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError


@dataclass(frozen=True)
class Files:
    """``checksums`` maps each file's name to ``md5:`` or ``sha256:`` and the digest of its unpacked bytes in hex.

    A file may be gzipped, with ``.gz`` at the end of its name. ``archive`` names a tar file that holds them all, or is
    None where there is none.
    """

    checksums: Mapping[str, str]
    archive: str | None = None


def our_cache() -> Path:
    """Where we keep what we got, and what we know, of data: under $XDG_CACHE_HOME, or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "compute-limits"


def holds_all(folder: Path, files: Files) -> bool:
    """Whether the folder has every file, or the archive; does not look into them."""
    return all(path.is_file() for path in paths(folder, files)) or _archive(folder, files) is not None


def paths(folder: Path, files: Files) -> tuple[Path, ...]:
    """Where each file lies if it is there: gzipped if that exists, else plain."""
    packed = [(folder / f"{name}.gz", folder / name) for name in files.checksums]
    return tuple(gzipped if gzipped.exists() else plain for gzipped, plain in packed)


def read_verified(folder: Path, files: Files) -> dict[str, bytes]:
    """The unpacked bytes by file name; from the archive where the files do not all lie beside it.

    Raises:
        DataError: a file can't be read or unpacked, or has other bytes than expected; the message names it.
    """
    beside = paths(folder, files)
    archive = _archive(folder, files)
    if archive and not all(path.is_file() for path in beside):
        contents = _members(archive, files)
        places = [f"{archive}: {name}" for name in files.checksums]
    else:
        contents = [_unpacked(path) for path in beside]
        places = [str(path) for path in beside]
    for content, checksum, place in zip(contents, files.checksums.values(), places, strict=True):
        check(content, checksum, where=place)
    return dict(zip(files.checksums, contents, strict=True))


def check(content: bytes, checksum: str, *, where: str) -> None:
    """Raises DataError, and names ``where``, if the bytes have another checksum (``md5:...`` or ``sha256:...``)."""
    kind, _, expected = checksum.partition(":")
    found = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise DataError(
            f"{where}: not the expected bytes ({kind} {found} of {len(content)} bytes unpacked, expected {expected}); "
            "remove the file and get it again"
        )


def _archive(folder: Path, files: Files) -> Path | None:
    path = folder / files.archive if files.archive else None
    return path if path and path.is_file() else None


def _unpacked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def _members(archive: Path, files: Files) -> list[bytes]:
    """The bytes of each file, whatever folder of the archive it is in; one pass, since going back means unpacking."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                name = Path(member.name).name
                file = opened.extractfile(member) if name in files.checksums else None
                if file:
                    found[name] = file.read()
        return [found[name] for name in files.checksums]
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise _unreadable(archive, error) from error
    except KeyError as missing:
        raise _unreadable(archive, f"it has no {missing.args[0]}") from missing


def _unreadable(path: Path, reason: object) -> DataError:
    return DataError(f"{path}: can't be read ({reason}); remove the file and get it again")
