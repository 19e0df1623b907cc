"""Uploading from the records: finished runs, and a study's report, at any time after; what is there already is skipped.

An upload that was cut short is no loss: the marker is written last, and the next one goes on where the server says
that it is. Each wait is bounded; the first server that does not answer ends the whole.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import ConfigError, HarnessError
from harness.records import is_finished, read_record
from harness.tracking import window
from harness.tracking.marker import is_marked, mark
from harness.tracking.shape import Destination, record_rows, summary

REPORT = "report.html"
_REPORT_FILES = (REPORT, "runs.csv", "figures/*")

Kind = Literal["run", "report"]


@dataclass(frozen=True)
class Waiting:
    """A finished run, or a study's report, that is not in W&B yet."""

    kind: Kind
    folder: Path


def waiting(
    runs: Iterable[Path], reports: Iterable[Path], where: Destination, *, server: str
) -> tuple[tuple[Waiting, ...], int]:
    """What is to be uploaded, runs first, and how many things are there already."""
    things = [Waiting("run", folder) for folder in runs if is_finished(folder)]
    things += [Waiting("report", folder) for folder in reports if (folder / REPORT).is_file()]
    left = tuple(thing for thing in things if not is_marked(thing.folder, where, server=server, files=_files(thing)))
    return left, len(things) - len(left)


def _files(thing: Waiting) -> tuple[str, ...]:
    if thing.kind == "run":
        return ("record.json", "measured.json")
    found = [path for pattern in _REPORT_FILES for path in thing.folder.glob(pattern) if path.is_file()]
    return tuple(sorted(str(path.relative_to(thing.folder)) for path in found))


def require_server(address: str) -> None:
    """Raise ConfigError where nothing could be uploaded to."""
    if not window.has_key(address):
        raise ConfigError(f"{address}: there is no key for it; say `wandb login`, or set WANDB_API_KEY")
    if not window.answers(address):
        raise ConfigError(
            f"{address}: does not answer within {window.PROBE_SECONDS:g} s; nothing is lost, the same command uploads "
            "it later (WANDB_BASE_URL names another server)"
        )


def upload(thing: Waiting, where: Destination, *, server: str, seconds: float) -> str | None:
    """Bring one thing there and mark it; the reason in words if the server had not taken it in so many seconds."""
    try:
        with tempfile.TemporaryDirectory(prefix="harness-sync-", ignore_cleanup_errors=True) as place:
            bring = _bring_run if thing.kind == "run" else _bring_report
            url = bring(thing, where, Path(place), seconds)
        mark(thing.folder, where, server=server, url=url, files=_files(thing))
    except HarnessError as error:
        return str(error)
    except Exception as error:  # wandb raises many things
        window.end_session()
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None


def _bring_run(thing: Waiting, where: Destination, place: Path, seconds: float) -> str | None:
    record, measured = read_record(thing.folder)
    run = window.open_run(record.config, where, mode="online", folder=place, finish_seconds=seconds)
    try:
        there = int(run.step) - 1 if run.resumed else 0  # W&B's step is the one after the last that it has
        for row in record_rows(record, measured):
            if row["step"] > there:
                run.log(row, step=row["step"])
        run.summary.update(summary(record, measured))
    finally:
        run.finish(exit_code=0)
    return _address(run)


def _bring_report(thing: Waiting, where: Destination, place: Path, seconds: float) -> str | None:
    name = f"report-{thing.folder.name}"
    run = window.open_any(
        where, mode="online", folder=place, finish_seconds=seconds, id=name, name=name, job_type="report"
    )
    try:
        run.log_artifact(window.artifact(name, thing.folder, files=_files(thing)))
    finally:
        run.finish(exit_code=0)
    return _address(run)


def _address(run: Any) -> str | None:
    return str(run.url) if run.url else None
