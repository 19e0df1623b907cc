"""The training side: one line into a pipe, without waiting, and nothing that can raise."""

import atexit
import functools
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from harness.config import TrackingConfig
from harness.schema import to_dict

PATIENCE_SECONDS = 5.0  # at the end of a process, for the follower to close its last run


def follow(folder: Path, config: TrackingConfig) -> None:
    """Have the run in ``folder`` shown in W&B from now on, by a process of its own."""
    if config.name == "none" or os.environ.get("WANDB_MODE") == "disabled":
        return
    line = json.dumps({"folder": str(folder.resolve()), "tracking": to_dict(config)}) + "\n"
    with suppress(OSError):  # no process to be had, it has died, or it hangs and its pipe is full: the run goes on
        pipe = _follower().stdin
        assert pipe is not None
        os.write(pipe.fileno(), line.encode())


@functools.cache  # one for all runs of this process
def _follower() -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.tracking.follower"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the runs; the follower ends when this process does
        env={**os.environ, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"},
    )
    assert process.stdin is not None
    os.set_blocking(process.stdin.fileno(), False)
    atexit.register(_dismiss, process)
    return process


def _dismiss(process: "subprocess.Popen[bytes]") -> None:
    """Say that no more will come, and give the follower a moment; it ends by itself soon after, whatever happens."""
    assert process.stdin is not None
    process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS)
