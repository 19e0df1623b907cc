"""Functions for the launcher's tests to run in real workers: importable by name, and without torch."""

import json
import os
import signal
import time
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def process_id(_: int) -> int:
    return os.getpid()


def environment(name: str) -> str | None:
    return os.environ.get(name)


def slot_gpu_after(seconds: float) -> str | None:
    time.sleep(seconds)
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def fail_on_odd(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def end_on_odd(number: int) -> int:
    if number % 2:
        os._exit(7)
    return number


def kill_self_on_odd(number: int) -> int:
    if number % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_at_the_first(runs: tuple[str, ...], *, folder: Path) -> str:
    """As a pack's worker that the system kills while it is at its imports."""
    if runs[0] == json.loads((folder / "pack.json").read_bytes())["items"][0][0]["id"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return "finished"


def unpicklable(_: int) -> object:
    return lambda: None


def sleep_after_writing_pid(folder: Path) -> None:
    """Runs until killed."""
    (folder / f"{os.getpid()}.pid").touch()
    time.sleep(60)


def checkpoint_on_sigterm(folder: Path) -> None:
    """Runs until SIGTERM, then leaves a file and returns."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    (folder / f"{os.getpid()}.pid").touch()
    while not asked:
        time.sleep(0.02)
    (folder / f"{os.getpid()}.checkpoint").touch()


def deaf_to_sigterm(folder: Path) -> None:
    """Runs until killed by a signal that can't be ignored."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / f"{os.getpid()}.pid").touch()
    time.sleep(60)


def pids(folder: Path) -> list[int]:
    """Of the workers that have written theirs to ``folder``."""
    return [int(path.stem) for path in folder.glob("*.pid")]
