"""Where a run comes from: the code's commit and edits, the versions under it, the Slurm job that it ran in."""

import functools
import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_CODE = ("harness", "models", "launch", "conf")  # an edit elsewhere, to a page of docs say, changes no result
_PACKAGES = ("compute-limits", "hydra-core", "numpy", "omegaconf", "pillow", "torch", "torchvision")

_SLURM = {
    "job": "SLURM_JOB_ID",
    "array_job": "SLURM_ARRAY_JOB_ID",
    "array_task": "SLURM_ARRAY_TASK_ID",
    "restarts": "SLURM_RESTART_COUNT",
    "cluster": "SLURM_CLUSTER_NAME",
    "partition": "SLURM_JOB_PARTITION",
    "nodes": "SLURM_JOB_NODELIST",
}


def versions() -> dict[str, str]:
    """The versions that a result may depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a tree that was copied and not installed
            found[name] = ""
    return found


def slurm() -> dict[str, str]:
    """The Slurm job that this process is part of: its ids, restarts and place. Empty outside Slurm."""
    if "SLURM_JOB_ID" not in os.environ:
        return {}
    found = {name: os.environ[variable] for name, variable in _SLURM.items() if variable in os.environ}
    return {"restarts": "0", **found}  # Slurm sets the count from the first restart on


@functools.cache
def commit(root: Path = _ROOT) -> str:
    """The git commit of the running code, then ``+`` and a hash of the edits since, if there are any.

    Untracked files of the packages are edits too. A snapshot of a launch (``harness.snapshot``) knows what it was taken
    from. Empty elsewhere.
    """
    if not (root / ".git").exists():
        recorded = root / "commit.txt"
        return recorded.read_text().strip() if recorded.exists() else ""
    changed = edits(root)
    head = _git(root, "rev-parse", "HEAD").decode().strip()
    return f"{head}+{hashlib.sha256(changed).hexdigest()[:12]}" if changed else head


def edits(root: Path = _ROOT) -> bytes:
    """What was edited in the packages since the commit, untracked files too, as git tells it; nothing elsewhere."""
    if not (root / ".git").exists():
        return b""
    changed = _git(root, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--", *_CODE)
    for name in sorted(_git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *_CODE).split(b"\0")):
        if name:
            changed += name + b"\0" + (root / os.fsdecode(name)).read_bytes()
    return changed


def _git(root: Path, *arguments: str) -> bytes:
    """What git says, nothing if it can't; it takes no lock, so that it disturbs no one who works in the checkout."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        return b""
    return done.stdout
