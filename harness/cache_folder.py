"""``cache/`` of the output folder: what can be worked out again. All of it can be deleted at any time.

A file's name has a digest of what its content follows from, the code that made it included, so what another version or
another question left there is never read.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from harness.run_files import temporary_of


def cache_file(output: Path, name: str, *, code: Iterable[str], of: str = "") -> Path:
    """Where it lies that ``name``, made by these files of ours, is kept of what ``of`` spells out."""
    digest = hashlib.sha256(b"".join(Path(__file__).with_name(file).read_bytes() for file in code))
    digest.update(of.encode())
    stem, _, ending = name.rpartition(".")
    return output / "cache" / f"{stem}-{digest.hexdigest()[:12]}.{ending}"


def stamp(status: os.stat_result) -> str:
    """The state of a file: its size, its inode and both its times; that of change can't be set back by hand."""
    return f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def keep(path: Path, write: Callable[[Path], object]) -> None:
    """Write the file under another name and rename it. Where that can't be done nothing is lost but time."""
    temporary = temporary_of(path)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)  # of a full disk
