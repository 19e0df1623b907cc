"""What went wrong in a study's runs: failures that are one failure put together, and what to do about each.

Two tracebacks are one failure when their exception and the functions they came through are the same; line numbers,
paths and the values in the message are not looked at, so that a thousand runs that fail alike are one row.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.events import read_events
from harness.states import TAIL_BYTES, RunState

Kind = Literal["out of memory", "time-out", "data", "disk", "configuration", "diverged", "killed", "unreadable", "bug"]

REMEDIES: Mapping[Kind, str] = {
    "out of memory": "fewer runs at once (launcher.workers), a smaller runtime.evaluation_batch, or more memory a job",
    "time-out": "launch again, it goes on from its checkpoint; a longer time limit (`harness plan`) prevents it",
    "data": "`harness data list` says what is missing; mend or fetch the files, then launch again",
    "disk": "make room or choose another place with runtime.output=FOLDER, then launch again",
    "configuration": "change what the reason names; the run then has another id",
    "diverged": "a result and not a fault, listed in the report; a lower optim.learning_rate would train on",
    "killed": "launch again: it goes on from its checkpoint; if it recurs on one host leave that host out, "
    "if it recurs anywhere give more memory",
    "unreadable": "the reason says which file; remove that run's folder and launch again",
    "bug": "`harness logs ID` has the whole traceback; mend the code, then launch again",
}

# The first that matches names the kind: an out-of-memory error is a RuntimeError too.
_SIGNS: tuple[tuple[Kind, str], ...] = (
    ("out of memory", r"out of memory|OutOfMemory|OUT_OF_ME|\bMemoryError|an't allocate|Cannot allocate|oom-kill"),
    ("time-out", r"\bTIMEOUT\b|\bDEADLINE\b|DUE TO TIME LIMIT"),
    ("disk", r"No space left|Disk quota exceeded|Read-only file system|can't be written"),
    ("data", r"\bDataError|UnidentifiedImageError|DataLoader worker|image file is truncated|digest"),
    ("killed", r"killed by signal|exited with status|\b(NODE_FAIL|PREEMPTED|CANCELLED|BOOT_FAIL)\b|without a word"),
    ("configuration", r"\bConfigError"),
)  # fmt: skip
_FRAME = re.compile(r'^\s*File "([^"]+)", line \d+, in (\S+)', flags=re.MULTILINE)
_VALUE = re.compile(r"0x[0-9a-f]+|\d[\d.,e+-]*|'[^']*'|\"[^\"]*\"|/\S+")


@dataclass(frozen=True)
class Failure:
    """Runs that went wrong in the same way: ``count`` of them, one in full, and what would do.

    ``fingerprint`` is the failure's name; it stays the same from study to study. ``hosts`` are where it happened.
    """

    fingerprint: str
    kind: Kind
    count: int
    reason: str
    remedy: str
    example: str
    traceback: str
    hosts: tuple[str, ...]
    run_ids: tuple[str, ...]


def group_failures(states: Mapping[str, RunState], *, runs_folder: Path) -> tuple[Failure, ...]:
    """The failures among the runs, the commonest first. Runs that are done, on their way or to come are none."""
    found: dict[str, list[tuple[str, Kind, str, str]]] = {}
    for run_id, state in states.items():
        if state.state not in ("failed", "lost", "diverged", "unreadable"):
            continue
        traceback = _last_traceback(runs_folder / run_id) if state.state == "failed" else ""
        kind = _kind(state, traceback)
        found.setdefault(fingerprint(kind, state.reason, traceback), []).append(
            (run_id, kind, state.reason or kind, traceback)
        )
    failures = (_failure(name, runs, states) for name, runs in found.items())
    return tuple(sorted(failures, key=lambda one: -one.count))


def classify(text: str) -> Kind:
    """The kind of a failure from its reason and its traceback's last line; a bug where no sign is known."""
    return next((kind for kind, sign in _SIGNS if re.search(sign, text)), "bug")


def fingerprint(kind: Kind, reason: str, traceback: str) -> str:
    """Eight digits that two failures share if they are one."""
    frames = [f"{Path(file).name}:{function}" for file, function in _FRAME.findall(traceback)]
    said = _exception(traceback) if frames else _VALUE.sub("*", reason)
    return hashlib.sha256("\n".join([kind, *frames, said]).encode()).hexdigest()[:8]


def _exception(traceback: str) -> str:
    """The type of the exception at the end of a traceback, with its module."""
    last = [line for line in traceback.splitlines() if line and not line.startswith((" ", "\t"))]
    return last[-1].partition(":")[0] if last else ""


def _kind(state: RunState, traceback: str) -> Kind:
    if state.state == "diverged" or state.state == "unreadable":
        return state.state
    return classify(f"{_exception(traceback)}: {state.reason}")


def _last_traceback(folder: Path) -> str:
    failures = [event for event in read_events(folder, last_bytes=TAIL_BYTES) if event["event"] == "failure"]
    return str(failures[-1].get("traceback", "")) if failures else ""


def _failure(name: str, runs: Iterable[tuple[str, Kind, str, str]], states: Mapping[str, RunState]) -> Failure:
    ids, kinds, reasons, tracebacks = zip(*runs, strict=True)
    return Failure(
        fingerprint=name,
        kind=kinds[0],
        count=len(ids),
        reason=reasons[0],
        remedy=REMEDIES[kinds[0]],
        example=ids[0],
        traceback=tracebacks[0],
        hosts=tuple(sorted({states[run_id].host for run_id in ids} - {""})),
        run_ids=ids,
    )
