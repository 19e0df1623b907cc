"""Rows of the table that need not be read from their records again. See ``harness.cache_folder``; no torch.

A row counts as long as the files that it was read from are the same, by their sizes, their inodes and both their
times to the nanosecond: the time of change can't be set back by hand. Files that changed a moment ago are not kept
(see ``harness.file_clock``).
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import polars as pl

from harness.cache_folder import cache_file, keep, stamp
from harness.file_clock import settled_before

WORTH_KEEPING = 500  # rows that were read anew: some tenths of a second
# What a row depends on besides its files.
READERS = ("table.py", "records.py", "run_files.py", "events.py", "config.py", "identity.py", "parts.py", "schema.py",
           "json_text.py")  # fmt: skip


def stamps(run_ids: Iterable[str], *, runs_folder: Path) -> dict[str, str]:
    """What says whether a run's result is still the same file; of those that have one, in the given order."""
    folder, found = str(runs_folder), {}
    settled = settled_before(runs_folder)
    for run_id in run_ids:
        try:
            record = os.stat(f"{folder}/{run_id}/record.json")
            found[run_id] = ""  # finished, and never cached as long as it stands so
            took = os.stat(f"{folder}/{run_id}/measured.json")
        except (FileNotFoundError, NotADirectoryError):
            continue
        if record.st_ctime_ns < settled and took.st_ctime_ns < settled:
            found[run_id] = f"{stamp(record)} {stamp(took)}"
    return found


def digest_of(stamped: Mapping[str, str]) -> str:
    """Names the runs and the state of their files; empty where the files of one may still be changing."""
    if "" in stamped.values():
        return ""
    return hashlib.sha256("\n".join(f"{run_id} {state}" for run_id, state in stamped.items()).encode()).hexdigest()


def is_written(path: Path, digest: str, *, output: Path) -> bool:
    """Whether the file is still what was written of the rows that the digest names."""
    try:
        return digest != "" and _note(path, output).read_text() == f"{digest} {stamp(os.stat(path))}"
    except (OSError, ValueError):
        return False


def note_written(path: Path, digest: str, *, output: Path) -> None:
    """Remember that the file holds the rows that the digest names, as it lies there now."""
    if digest and output.is_dir():
        text = f"{digest} {stamp(os.stat(path))}"
        keep(_note(path, output), lambda file: file.write_text(text))


def _note(path: Path, output: Path) -> Path:
    return cache_file(output, "written.txt", code=READERS, of=str(path.absolute()))


def read_rows(output: Path, *, wanted: Mapping[str, str], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """The rows, with their ``stamp``, that are still true of ``wanted`` (run id to stamp); none without a cache."""
    columns: dict[str, type[pl.DataType]] = {**schema, "stamp": pl.String}
    try:
        rows = pl.read_parquet(_file(output)).select(*columns)
    except (OSError, pl.exceptions.PolarsError):
        return pl.DataFrame(schema=columns)
    text = {"run_id": pl.String, "stamp": pl.String}
    now = pl.DataFrame({"run_id": list(wanted), "stamp": list(wanted.values())}, schema=text)
    return rows.join(now.filter(pl.col("stamp") != ""), on=["run_id", "stamp"], how="semi")


def keep_rows(output: Path, rows: pl.DataFrame) -> None:
    """Add rows with their stamps to what is kept. Where that can't be written nothing is lost but time."""
    path = _file(output)
    with suppress(OSError, pl.exceptions.PolarsError):  # none yet, or a damaged one, which is replaced
        before = pl.read_parquet(path).select(rows.columns).join(rows, on="run_id", how="anti")
        rows = pl.concat([before, rows])
    keep(path, rows.write_parquet)


def _file(output: Path) -> Path:
    return cache_file(output, "runs.parquet", code=READERS)
