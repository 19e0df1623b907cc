"""The process that shows runs in W&B while they train: it reads their events and logs their evaluations.

It is told of runs by lines on its standard input. The end of that input means that the trainer is gone, however it
ended: what is left is logged, every run is closed, and ``LAST_SECONDS`` later at the latest the process is over, also
where wandb hangs. It has the lowest priority, so that it computes when nothing else does. Each process logs a run's
whole curve anew, since an offline run can't be continued; of an online one the server knows how far it came. What goes
wrong is a line in ``tracking.log`` beside the runs' folder, and nothing else.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.config import RunConfig, TrackingConfig
from harness.records import read_record
from harness.run_files import read_json
from harness.schema import from_dict
from harness.secrets import redact
from harness.tracking import window
from harness.tracking.marker import mark
from harness.tracking.shape import Destination, destination, row, summary

LOOK_SECONDS = 1.0
LAST_SECONDS = 15.0
FINISH_SECONDS = 10.0
LOWEST_PRIORITY = 19
CRASHED = 1  # W&B's exit code of a run that has no record yet

# "offline" once a server failed this process: each further try would cost the start's whole time-out
_forced: list[Literal["offline"]] = []


@dataclass
class Followed:
    """A run under way: how far its events are read, and W&B's run if there is one."""

    folder: Path
    where: Destination
    opened: Any
    online: bool
    read_bytes: int = 0
    last_step: int = 0


def main() -> None:
    """Follow the runs that standard input names, until it ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are for the trainer, whose events say what came of them
    os.nice(LOWEST_PRIORITY)
    inbox: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    open_runs: dict[Path, Followed] = {}
    while (line := _next(inbox)) is not None:
        for followed in list(open_runs.values()):
            if _guarded(_advance, followed) is not False:  # closed, or given up
                del open_runs[followed.folder]
        if line:
            _guarded(_start, line, open_runs)
    for followed in open_runs.values():
        if _guarded(_advance, followed) is False:
            _guarded(_close, followed, CRASHED)
    os._exit(0)  # wandb's own way out may wait


def _listen(inbox: "queue.Queue[str | None]") -> None:
    with suppress(OSError, ValueError):
        for line in sys.stdin:
            inbox.put(line)
    inbox.put(None)
    time.sleep(LAST_SECONDS)
    os._exit(1)


def _next(inbox: "queue.Queue[str | None]") -> str | None:
    try:
        return inbox.get(timeout=LOOK_SECONDS)
    except queue.Empty:
        return ""


def _guarded(step: Any, *arguments: Any) -> Any:
    """What ``step`` returns; None, and a line in the log, if it raises: wandb raises many things."""
    try:
        return step(*arguments)
    except Exception as error:
        folder = next((one.folder for one in arguments if isinstance(one, Followed)), None)
        _note(folder or Path(json.loads(arguments[0])["folder"]), f"{type(error).__name__}: {error}")
        return None


def _note(folder: Path, problem: str) -> None:
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {folder.name} {redact(' '.join(problem.split()))}\n"
    with suppress(OSError), (folder.parent.parent / "tracking.log").open("a") as file:
        file.write(line)


def _start(line: str, open_runs: dict[Path, Followed]) -> None:
    told = json.loads(line)
    folder = Path(told["folder"])
    where = destination(from_dict(TrackingConfig, told["tracking"], where="tracking"))
    run = from_dict(RunConfig, read_json(folder / "config.json"), where=str(folder))
    mode = _choose_mode(where, folder)
    if mode == "disabled":
        return
    place = where.folder / folder.name if where.folder else folder  # its own: two runs in one get in each other's way
    try:
        opened = window.open_run(run, where, mode=mode, folder=place, finish_seconds=FINISH_SECONDS)
    except Exception as error:
        if mode == "offline":
            raise
        _note(folder, f"{type(error).__name__}: {error}; offline from here on, `harness sync` uploads later")
        _forced.append("offline")
        window.end_session()
        mode = "offline"
        opened = window.open_run(run, where, mode=mode, folder=place, finish_seconds=FINISH_SECONDS)
    last_step = int(opened.step) - 1 if mode == "online" and opened.resumed else 0
    open_runs[folder] = Followed(folder, where, opened, online=mode == "online", last_step=last_step)


def _choose_mode(where: Destination, folder: Path) -> Literal["online", "offline", "disabled"]:
    """Online needs a key and a server that answers."""
    if where.mode in ("offline", "disabled") or _forced:
        return "disabled" if where.mode == "disabled" else "offline"
    address = window.server()
    if not window.has_key(address):
        if where.mode == "online":
            _note(folder, f"no key for {address}; offline; `wandb login` or WANDB_API_KEY would do")
        return "offline"
    if not window.answers(address):
        _note(folder, f"{address} does not answer; offline from here on, `harness sync` uploads later")
        _forced.append("offline")
        return "offline"
    return "online"


def _advance(followed: Followed) -> bool:
    """Log what is new; True if that closed the run."""
    for event in _new_events(followed):
        kind = event["event"]
        if kind == "evaluation" and event["step"] > followed.last_step:
            followed.opened.log(row(event), step=event["step"])
            followed.last_step = event["step"]
        elif kind == "signal":
            followed.opened.mark_preempting()
            _close(followed, CRASHED)
            return True
        elif kind == "failure":
            _close(followed, CRASHED)
            return True
        elif kind == "end":
            followed.opened.summary.update(summary(*read_record(followed.folder)))
            _close(followed, 0)
            if followed.online:
                mark(followed.folder, followed.where, server=window.server(), url=followed.opened.url)
            return True
    return False


def _new_events(followed: Followed) -> Iterator[dict[str, Any]]:
    """The events of whole lines that were appended since; at first, of earlier attempts, only the evaluations."""
    first = followed.read_bytes == 0
    with (followed.folder / "events.jsonl").open("rb") as file:
        file.seek(followed.read_bytes)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    followed.read_bytes += len(whole)
    events = []
    for line in whole.splitlines():
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and "event" in event:
                events.append(event)
    last_attempt = max((i for i, event in enumerate(events) if event["event"] == "attempt"), default=0)
    for i, event in enumerate(events):
        if event["event"] == "evaluation" or i >= last_attempt or not first:
            yield event


def _close(followed: Followed, exit_code: int) -> None:
    followed.opened.finish(exit_code=exit_code)


if __name__ == "__main__":
    main()
