"""Digests of files by their bytes, remembered as git's index does it: what nobody touched is not read again.

A file counts as not touched while its size, its inode and both its times, to the nanosecond, are what they were. The
time of its last change (ctime) is the system's own: whoever writes other bytes of the same length and sets the time of
writing back is noticed too. A file that was written less than ``SETTLED_SECONDS`` ago is not remembered, since a second
write in the same tick of the file system's clock would leave no trace. What is left is a clock that was set back, and
a disk that is written past its file system.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

READERS = 8  # at once: a disk across a network answers several questions in the time of one
SETTLED_SECONDS = 2.0  # the coarsest clock of a file system in use, FAT's

Stamp = tuple[int, int, int, int]


def digests(files: Sequence[os.DirEntry[str]], *, remembered: Path) -> list[str]:
    """The sha256 in hex of each of the files of one folder; what was read anew is added to ``remembered``."""
    now = time.time()
    stamps = {file.name: _stamp(file.stat()) for file in files}
    known = {name: digest for name, (digest, *stamp) in _recall(remembered).items() if stamps.get(name) == tuple(stamp)}
    changed = [file for file in files if file.name not in known]
    with ThreadPoolExecutor(READERS) as readers:
        known.update(zip((file.name for file in changed), readers.map(_digest, changed), strict=True))
    if changed:
        settled = {name: stamp for name, stamp in stamps.items() if max(stamp[2:]) < (now - SETTLED_SECONDS) * 1e9}
        _remember({name: (known[name], *stamp) for name, stamp in settled.items()}, remembered)
    return [known[file.name] for file in files]


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _digest(path: os.DirEntry[str]) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recall(remembered: Path) -> dict[str, tuple[str, int, int, int, int]]:
    try:
        found: dict[str, tuple[str, int, int, int, int]] = json.loads(remembered.read_bytes())
    except (OSError, ValueError):  # nothing yet, or damaged: every file is read
        return {}
    return found


def _remember(seen: Mapping[str, tuple[str, int, int, int, int]], remembered: Path) -> None:
    """In one step, since others may read it; where it can't be written, the files are read again next time."""
    if not seen:
        return
    with suppress(OSError):
        remembered.parent.mkdir(parents=True, exist_ok=True)
        incoming = remembered.with_name(f"{remembered.name}.{os.getpid()}")
        incoming.write_text(json.dumps(seen))
        incoming.replace(remembered)
