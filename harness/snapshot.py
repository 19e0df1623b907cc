"""The code as launched: the packages copied beside the runs, so that jobs that wait run what there was at the launch.

What is copied is what Python imports here, a checkout with its edits or an installed package alike; the name is a hash
of the files, so that launches of the same code share a copy. ``commit.txt`` holds the commit, ``edits.diff`` what git
says was edited since.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("conf", "harness", "launch", "models")


def code_digest(root: Path = ROOT) -> str:
    """12 hex digits that name the code under ``root``: every file of the packages, byte for byte."""
    digest = hashlib.sha256()
    for path in _files(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def take_snapshot(folder: Path, *, commit: str, edits: bytes, root: Path = ROOT) -> Path:
    """The folder under ``folder`` that holds the code; copied there unless it is there already."""
    name = code_digest(root)
    snapshot = folder / name
    if snapshot.exists():
        return snapshot
    folder.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}-"))
    for path in _files(root):
        copy = half / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    (half / "commit.txt").write_text(commit + "\n")
    (half / "edits.diff").write_bytes(edits)
    half.chmod(0o755)
    try:
        half.rename(snapshot)
    except OSError:  # another launch was quicker
        shutil.rmtree(half)
    return snapshot


def _files(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
