"""What says that something is in W&B already: a small file beside what was uploaded, with a hash of its bytes."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.errors import RecordError
from harness.run_files import read_json, write_json
from harness.tracking.shape import Destination

_NAME = "wandb.json"
_RUN_FILES = ("record.json", "measured.json")


def mark(folder: Path, where: Destination, *, server: str, url: str | None, files: Iterable[str] = _RUN_FILES) -> None:
    """Say that these files of ``folder`` are at ``url`` now."""
    content = {"content": _digest(folder, files), "server": server, "project": where.project, "url": url}
    write_json(folder / _NAME, content)


def is_marked(folder: Path, where: Destination, *, server: str, files: Iterable[str] = _RUN_FILES) -> bool:
    """Whether these very bytes were uploaded to this project of this server."""
    try:
        said = read_json(folder / _NAME)
    except RecordError:
        return False
    expected = {"content": _digest(folder, files), "server": server, "project": where.project}
    return {name: said.get(name) for name in expected} == expected


def _digest(folder: Path, files: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in files:
        digest.update(name.encode() + b"\0" + hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()
