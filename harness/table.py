"""The table of a study's runs: one row a finished run, read from the records and from nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl

from harness.errors import ConfigError, RecordError
from harness.identity import run_text, trunk_id
from harness.records import Measured, Record, read_record
from harness.row_cache import WORTH_KEEPING, digest_of, is_written, keep_rows, note_written, read_rows, stamps

RUN_COLUMNS: dict[str, type[pl.DataType]] = {
    "run_id": pl.String,
    "cell": pl.String,
    "trunk": pl.String,
    "status": pl.String,
    "model": pl.String,
    "width": pl.Int64,
    "depth": pl.Int64,
    "dataset": pl.String,
    "train_examples": pl.Int64,
    "seed": pl.Int64,
    "batch_size": pl.Int64,
    "learning_rate": pl.Float64,
    "budget_flops": pl.Float64,
    "steps": pl.Int64,
    "examples_seen": pl.Int64,
    "epochs": pl.Float64,
    "params": pl.Int64,
    "forward_flops": pl.Int64,
    "training_flops": pl.Float64,  # a large run has more than 2**63; whole numbers are exact up to 2**53
    "train_loss": pl.Float64,
    "train_error": pl.Float64,
    "validation_loss": pl.Float64,
    "validation_error": pl.Float64,
    "test_loss": pl.Float64,
    "test_error": pl.Float64,
    "chance_error": pl.Float64,
    "irreducible_error": pl.Float64,
    "test_examples": pl.Int64,
    "wall_seconds": pl.Float64,
    "evaluation_seconds": pl.Float64,
    "setup_seconds": pl.Float64,
    "lost_seconds": pl.Float64,
    "attempts": pl.Int64,
    "peak_flops": pl.Float64,
    "hardware_burden": pl.Float64,
    "utilisation": pl.Float64,
    "energy_joules": pl.Float64,
    "peak_memory_bytes": pl.Int64,
    "device": pl.String,
    "device_name": pl.String,
    "math_mode": pl.String,
    "threads": pl.Int64,
    "host": pl.String,
    "torch_version": pl.String,
    "commit": pl.String,
    "data_digest": pl.String,
    "config": pl.String,
}


MOST_COLUMNS = 10_000  # of a table that is not ours: more can't be points, and would take minutes and gigabytes
LONGEST_HEADER = 1_000_000  # characters


@dataclass(frozen=True)
class Collected:
    """A study's finished runs, the ids that have no record yet, and the folders that can't be trusted.

    ``digest`` names the rows by the files that they were read from; empty while one of these may still be changing.
    """

    runs: pl.DataFrame
    missing: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    digest: str = ""


def collect(run_ids: Iterable[str], *, runs_folder: Path) -> Collected:
    """Read the records of the given runs, in the given order.

    A folder that can't be read is reported with its reason and is not a row; it is never passed over in silence.
    What was read before, and is the same file still, is not read again (see ``harness.row_cache``).
    """
    ids = tuple(run_ids)
    wanted = stamps(ids, runs_folder=runs_folder)
    kept = read_rows(runs_folder.parent, wanted=wanted, schema=RUN_COLUMNS)
    known = set(kept["run_id"])
    rows: list[tuple[Any, ...]] = []
    unreadable: list[tuple[str, str]] = []
    for run_id in wanted:
        if run_id in known:
            continue
        try:
            rows.append((wanted[run_id], *_row(*read_record(runs_folder / run_id), folder=runs_folder / run_id)))
        except RecordError as error:
            unreadable.append((run_id, str(error)))
    if rows:
        columns = dict(zip(("stamp", *_ROW), zip(*rows, strict=True), strict=True))
        fresh = pl.DataFrame({name: columns[name] for name in kept.columns}, schema=kept.schema)
        if len(rows) >= WORTH_KEEPING:
            keep_rows(runs_folder.parent, fresh.filter(pl.col("stamp") != ""))
        kept = pl.concat([kept, fresh])
    return Collected(
        runs=_in_order(kept, list(wanted)).select(*RUN_COLUMNS),
        missing=tuple(run_id for run_id in ids if run_id not in wanted),
        unreadable=tuple(unreadable),
        digest=digest_of(wanted),
    )


def _in_order(rows: pl.DataFrame, run_ids: Sequence[str]) -> pl.DataFrame:
    order = pl.DataFrame({"run_id": run_ids}, schema={"run_id": pl.String})
    if order["run_id"].equals(rows["run_id"]):  # as they were kept: a join would take half a second for 100,000
        return rows
    return order.join(rows, on="run_id", how="inner", maintain_order="left")


def of_other_data(runs: pl.DataFrame) -> str:
    """Which runs of one choice of data saw other bytes, in words with a remedy; empty where all saw the same."""
    if runs["data_digest"].n_unique() < 2:
        return ""
    data = pl.col("config").str.json_path_match("$.data").alias("data")
    seen = runs.select(data, "dataset", "data_digest", "run_id").drop_nulls("data")
    groups = seen.group_by("data", "dataset", "data_digest", maintain_order=True).agg(pl.len(), pl.first("run_id"))
    several = groups.filter(pl.len().over("data") > 1)
    if several.is_empty():
        return ""
    of_one = several.filter(pl.col("data") == several["data"][0])
    sides = (f"{row['len']} of digest {row['data_digest']} (first {row['run_id']})" for row in of_one.to_dicts())
    return (
        f"data {of_one['dataset'][0]}: changed between runs, {' and '.join(sides)}; remove the folders of one of them "
        "and launch again"
    )


def _row(record: Record, measured: Measured, *, folder: Path) -> tuple[Any, ...]:
    """What ``_ROW`` names.

    Raises:
        RecordError: a whole number that no column of whole numbers holds.
    """
    run = record.config
    own = (
        trunk_id(run),
        run.model.name,
        run.model.width,
        run.model.depth,
        run.data.name,
        run.data.train_examples,
        run.seed,
        run.optim.batch_size,
        run.budget.training_flops,
        record.examples_seen / run.data.train_examples,
        measured.versions["torch"],
        run_text(run),
    )
    row = (*own, *_of_record(record), *_of_measured(measured))
    for name, value in zip(_ROW, row, strict=True):
        if type(value) is int and abs(value) > _LARGEST and RUN_COLUMNS[name] is pl.Int64:
            raise RecordError(
                f"{folder}: {name} is {value}, and a table holds whole numbers up to {_LARGEST}; it has no row"
            )
    return row


_OWN = ("trunk", "model", "width", "depth", "dataset", "train_examples", "seed", "batch_size", "budget_flops", "epochs",
        "torch_version", "config")  # fmt: skip
_MEASURED = tuple(field.name for field in fields(Measured) if field.name in RUN_COLUMNS)
_RECORDED = tuple(name for name in RUN_COLUMNS if name not in (*_OWN, *_MEASURED))
_LARGEST = 2**63 - 1
_ROW = (*_OWN, *_RECORDED, *_MEASURED)
_of_record, _of_measured = attrgetter(*_RECORDED), attrgetter(*_MEASURED)


def refresh_table(collected: Collected, path: Path, *, output: Path) -> None:
    """As ``write_table``, but a file that is still what was written of the same rows is left as it is.

    Raises:
        ConfigError: as ``write_table``.
    """
    if is_written(path, collected.digest, output=output):
        return
    write_table(collected.runs, path)
    note_written(path, collected.digest, output=output)


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write CSV or Parquet, by the ending of ``path``.

    Raises:
        ConfigError: another ending, or a place that can't be written.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{path}: unknown kind of table '{path.suffix}'; name it .csv or .parquet")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.write_csv(path) if path.suffix == ".csv" else table.write_parquet(path)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written ({error.strerror}); choose another place") from error


def read_table(path: Path) -> pl.DataFrame:
    """Read CSV, TSV or Parquet, ours or anyone's: commas, semicolons or tabs; blanks around words and empty lines go.

    Raises:
        ConfigError: the file is missing or is no table.
    """
    if path.suffix not in (".csv", ".tsv", ".parquet"):
        raise ConfigError(f"{path}: unknown kind of table '{path.suffix}'; give a .csv, .tsv or .parquet file")
    try:
        is_file = path.is_file()
    except (OSError, ValueError) as error:  # a name that no file can have
        raise ConfigError(f"{str(path)[:100]}: can't name a file ({error.args[-1]}); give a file of points") from error
    if not is_file:
        raise ConfigError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; give a file of points")
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else _read_text(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ConfigError(f"{path}: can't be read as a table ({' '.join(str(error).split())[:200]})") from error


def _read_text(path: Path) -> pl.DataFrame:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline(LONGEST_HEADER)
    separator = max(",;\t", key=header.count)
    columns = 1 + header.count(separator)
    if columns > MOST_COLUMNS or len(header) == LONGEST_HEADER:
        raise ConfigError(
            f"{path}: {columns:,} columns or more in its first line; {MOST_COLUMNS:,} at the most, so keep those to fit"
        )
    words = pl.read_csv(path, separator=separator, infer_schema=False).rename(str.strip)
    tidy = words.select(pl.all().str.strip_chars().replace("", None))
    filled = tidy.filter(~pl.all_horizontal(pl.all().is_null()))
    return filled.select(_typed(filled[name]) for name in filled.columns)


def _typed(words: pl.Series) -> pl.Series:
    """The column as numbers where all its entries are numbers, else as it is."""
    for kind in (pl.Int64, pl.Float64):
        numbers = words.cast(kind, strict=False)
        if numbers.null_count() == words.null_count():
            return numbers
    return words
