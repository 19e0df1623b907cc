"""``events.jsonl`` of a run's folder: what happened to it, append-only. No torch."""

import json
import os
import time
from pathlib import Path
from typing import Any

from harness.secrets import redact


def append_event(folder: Path, kind: str, **details: Any) -> None:
    """Add a line to the run's events, without secrets. A line that a crash left half written is ended first."""
    details = {name: redact(value) if isinstance(value, str) else value for name, value in details.items()}
    line = json.dumps({"event": kind, "time": round(time.time(), 3), **details}, sort_keys=True)
    with (folder / "events.jsonl").open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write(line.encode() + b"\n")


def read_events(folder: Path, *, last_bytes: int | None = None) -> list[dict[str, Any]]:
    """The run's events, oldest first; lines that a crash cut short are left out.

    With ``last_bytes`` only the end of the file is read: a day of heartbeats is some 10 MB.
    """
    try:
        with (folder / "events.jsonl").open("rb") as file:
            if last_bytes is not None:
                file.seek(max(0, file.seek(0, os.SEEK_END) - last_bytes))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event and "time" in event:
            events.append(event)
    return events
