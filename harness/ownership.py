"""Who may write to a run's folder, on one machine and across a cluster. No torch.

An attempt at a run is a file, ``attempt-<n>.json``, made where no file of that name was (``O_EXCL``, which is atomic on
every file system that is shared): of two that start together one has it. The highest number owns the run.

*Liveness.* An owner keeps its file locked while it lives, and the kernel drops the lock of a process however it dies.
Across nodes a lock may not hold, so there a silent owner is taken for dead: one that has written no event, no heartbeat
either, for ``SILENT_SECONDS`` by the clock of the file system, so that a node whose own is wrong takes no run from the
living and leaves none to the dead. Slurm starts a job again only when it has given up the attempt before, so a requeued
job takes its own runs back at once.

*Fencing.* Given up is not dead: a node that lost its network computes on. So an owner looks for a higher number before
each thing it writes, and if there is one, writes nothing any more. Should it be stopped by the clock between the look
and the write, it writes what the newer owner would have written, for a run is a function of its configuration: an
older checkpoint costs time, and the record is the same bytes.
"""

import fcntl
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from harness.errors import ConfigError
from harness.file_clock import file_clock
from harness.schema import from_dict, to_dict

SILENT_SECONDS = 60.0  # a run that has said nothing for so long, and has not ended, is taken for interrupted
_NAME = re.compile(r"attempt-[0-9]+\.json")


@dataclass(frozen=True)
class Attempt:
    """Who made the ``number``-th attempt at a run; ``slurm_job`` and ``slurm_restart`` are empty and 0 off Slurm."""

    number: int
    host: str
    pid: int
    slurm_job: str
    slurm_restart: int
    began: float
    ended: float | None


@dataclass(frozen=True)
class Owner:
    """The right to write to a run's folder, until a higher attempt takes it."""

    folder: Path
    attempt: int


@contextmanager
def ownership(folder: Path) -> Iterator[Owner | None]:
    """The right to write to the run; None where another attempt has it and is alive."""
    path, last = _last(folder)
    if path is not None and not _may_follow(path, last):
        yield None
        return
    number = _number(path.name) + 1 if path is not None else 1
    try:
        file = _path(folder, number).open("xb+")
    except FileExistsError:  # another was quicker
        yield None
        return
    with file:
        with suppress(OSError):  # a file system without locks: then only silence tells the dead
            fcntl.flock(file, fcntl.LOCK_EX)
        job, restart = os.environ.get("SLURM_JOB_ID", ""), int(os.environ.get("SLURM_RESTART_COUNT", "0"))
        attempt = Attempt(number, socket.gethostname(), os.getpid(), job, restart, began=time.time(), ended=None)
        _write(file, attempt)  # after the lock: a reader that sees whose it is sees the lock too
        try:
            yield Owner(folder, number)
        finally:
            _write(file, Attempt(**{**to_dict(attempt), "ended": time.time()}))


def is_current(owner: Owner) -> bool:
    """Whether no newer attempt has the run."""
    return not _path(owner.folder, owner.attempt + 1).exists()


def is_owned(folder: Path) -> bool:
    """Whether the last attempt at the run is alive, as far as this machine can tell."""
    path, last = _last(folder)
    return path is not None and last is not None and _is_alive(path, last, clock=lambda _: time.time())


def read_attempts(folder: Path) -> tuple[Attempt, ...]:
    """The attempts at the run, oldest first; one that a crash left without its words is left out."""
    read = map(_read, _attempts(folder))
    return tuple(attempt for attempt in read if attempt is not None)


def _last(folder: Path) -> tuple[Path | None, Attempt | None]:
    path = next(reversed(_attempts(folder)), None)
    return path, _read(path) if path is not None else None


def _attempts(folder: Path) -> list[Path]:
    """The attempts' files by number; a copy that someone made of one is none."""
    found = (path for path in folder.glob("attempt-*.json") if _NAME.fullmatch(path.name))
    return sorted(found, key=lambda path: _number(path.name))


def _may_follow(path: Path, last: Attempt | None) -> bool:
    """Whether the attempt at ``path`` has ended, is dead, or is an earlier start of the very job that asks."""
    if last is None:  # just being made, or cut short
        return _silence(path, now=file_clock(path.parent)) > SILENT_SECONDS
    if last.slurm_job and last.slurm_job == os.environ.get("SLURM_JOB_ID"):
        return int(os.environ.get("SLURM_RESTART_COUNT", "0")) > last.slurm_restart or not _is_alive(
            path, last, clock=file_clock
        )
    return not _is_alive(path, last, clock=file_clock)


def _is_alive(path: Path, attempt: Attempt, *, clock: Callable[[Path], float]) -> bool:
    """Whether the attempt lives, where only silence tells by the ``clock`` of its folder."""
    if attempt.ended is not None:
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look are not each other's owner
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            pass
        else:
            if attempt.host == socket.gethostname():
                return False
    return _silence(path, now=clock(path.parent)) <= SILENT_SECONDS


def _silence(path: Path, *, now: float) -> float:
    """Seconds since the attempt was made, and since the run's last event."""
    written = [path.stat().st_mtime]
    events = path.with_name("events.jsonl")
    if events.exists():
        written.append(events.stat().st_mtime)
    return now - max(written)


def _write(file: BufferedRandom, attempt: Attempt) -> None:
    file.seek(0)
    file.write(json.dumps(to_dict(attempt), sort_keys=True).encode() + b"\n")
    file.truncate()
    file.flush()


def _read(path: Path) -> Attempt | None:
    try:
        return from_dict(Attempt, json.loads(path.read_bytes()), where=str(path))
    except (ValueError, ConfigError):
        return None


def _path(folder: Path, number: int) -> Path:
    return folder / f"attempt-{number}.json"


def _number(name: str) -> int:
    return int(name.removeprefix("attempt-").removesuffix(".json"))
