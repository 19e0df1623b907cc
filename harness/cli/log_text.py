"""What a run said, as text: its events line by line, and what its Slurm jobs wrote."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.cli.tables import short
from harness.events import read_events
from harness.launches import log_files, read_launches
from harness.records import is_finished
from harness.states import read_state

LOOK_SECONDS = 1.0  # between two looks at a file that grows
_LAST_BYTES = 1 << 16  # of a job's output: one job does many runs


def event_line(event: dict[str, Any]) -> str:
    """``2026-11-25 21:00:12  evaluation  step 500, ...``, and a failure's traceback below it."""
    when = datetime.fromtimestamp(float(event["time"])).strftime("%Y-%m-%d %H:%M:%S")
    said = [_words(name, value) for name, value in event.items() if name not in ("event", "time", "traceback")]
    trace = f"\n{event['traceback'].rstrip()}" if event.get("traceback") else ""
    return f"{when}  {event['event']:<10}  {', '.join(word for word in said if word)}{trace}".rstrip()


def _words(name: str, value: Any) -> str:
    if value in ("", None, {}):
        return ""
    if name == "training_flops":
        return f"{short(value)} FLOPs"
    shown = f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    return f"{name.replace('_', ' ')} {shown}"


def follow_events(folder: Path) -> Iterator[dict[str, Any]]:
    """The run's events, and those to come, until it has ended."""
    told = 0
    while True:
        ended = is_finished(folder) or read_state(folder, now=time.time()).state in ("failed", "interrupted", "lost")
        events = read_events(folder)
        yield from events[told:]
        told = len(events)
        if ended:
            return
        time.sleep(LOOK_SECONDS)


def job_outputs(folder: Path, output: Path) -> Iterator[tuple[Path, str]]:
    """The end of what each of the run's Slurm jobs wrote to its out and err files below ``output``."""
    for launch in read_launches(output):
        for pack in launch.packs:
            for path in log_files(launch, pack.job, output) if folder.name in pack.runs else ():
                with path.open("rb") as file:
                    file.seek(max(0, file.seek(0, 2) - _LAST_BYTES))
                    yield path, file.read().decode(errors="replace")
