"""Digests of files by their bytes, remembered as git's index does it: what nobody touched is not read again.

A file counts as not touched while its size, its inode and both its times, to the nanosecond, are what they were. The
time of its last change (ctime) is the system's own: whoever writes other bytes of the same length and sets the time of
writing back is noticed too. A file that changed a moment ago is not remembered (see ``harness.file_clock``). What is
left is a clock that was set back, and a disk that is written past its file system.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.cache_folder import keep, stamp
from harness.file_clock import settled_before

READERS = 8  # at once: a disk across a network answers several questions in the time of one


def digests(files: Sequence[os.DirEntry[str]], *, remembered: Path) -> list[str]:
    """The sha256 in hex of each of the files of one folder; what was read anew is added to ``remembered``."""
    if not files:
        return []
    folder = Path(files[0].path).parent
    settled = settled_before(folder)
    states = {file.name: file.stat() for file in files}
    known = {
        name: digest
        for name, (digest, stamped) in _recall(remembered).items()
        if name in states and stamp(states[name]) == stamped
    }
    changed = [file for file in files if file.name not in known]
    with ThreadPoolExecutor(READERS) as readers:
        known.update(zip((file.name for file in changed), readers.map(_digest, changed), strict=True))
    seen = {name: (known[name], stamp(state)) for name, state in states.items() if state.st_ctime_ns < settled}
    if changed and seen:  # in one step, since others may read it
        keep(remembered, lambda file: file.write_text(json.dumps(seen)))
    return [known[file.name] for file in files]


def _digest(path: os.DirEntry[str]) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recall(remembered: Path) -> dict[str, tuple[str, str]]:
    try:
        found: dict[str, tuple[str, str]] = json.loads(remembered.read_bytes())
    except (OSError, ValueError):  # nothing yet, or damaged: every file is read
        return {}
    return found
