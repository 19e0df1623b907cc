"""Files of a run's folder: written whole or not at all, read whole or refused with what would do. No torch."""

import json
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from harness.errors import RecordError

ANOTHER_PLACE = "choose another place with runtime.output=FOLDER"
CHUNK = 1 << 16  # bytes


def write_json(path: Path, tree: Any) -> None:
    """Write and rename (see ``replacing``)."""
    text = json.dumps(tree, sort_keys=True, indent=1, allow_nan=False)
    with replacing(path) as file:
        file.write(text.encode() + b"\n")


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` at the end: a reader sees the whole or none, also after a power cut.

    Where it can't be written whole, since the disk is full, nothing of it stays.
    """
    temporary = temporary_of(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def temporary_of(path: Path) -> Path:
    """A name beside ``path`` to write under before renaming; no other process has it, on no other node either."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def half_written(folder: Path) -> Iterator[Path]:
    """The files under such names: what a kill left. Other hidden ones are someone else's."""
    return folder.glob(".*." + 8 * "[0-9a-f]")


def require_writable(folder: Path) -> None:
    """Make the folder and write in it once.

    Raises:
        RecordError: that can't be done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RecordError(f"{folder}: can't be written ({error.strerror}); {ANOTHER_PLACE}") from error


def read_json(path: Path | str) -> dict[str, Any]:
    """The mapping in a file of a run's folder.

    Raises:
        RecordError: it is missing, cut short, or no mapping.
    """
    try:
        tree = json.loads(read_bytes(path).decode())
    except FileNotFoundError as error:
        raise RecordError(f"{path}: is missing; remove {os.path.dirname(path)} and run again") from error
    except (ValueError, OSError, RecursionError) as error:
        raise RecordError(f"{path}: can't be read ({error}); remove {os.path.dirname(path)} and run again") from error
    if not isinstance(tree, dict):
        raise RecordError(f"{path}: holds no mapping; remove {os.path.dirname(path)} and run again")
    return tree


def read_bytes(path: Path | str) -> bytes:
    """As ``Path.read_bytes``, in half its time: a hundred thousand small files are read at once."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = []
        while chunk := os.read(file, CHUNK):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(file)
