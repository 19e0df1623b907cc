"""The runs of a study as the report lists them: each by its name, or, where they are too many to read, cell by cell.

``runs.csv`` beside the page has a row for every run, whatever their number.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from harness.evidence import Evidence
from harness.plots.numerals import ABSENT, count, duration, number, percent, scientific

MOST_LISTED = 1000  # rows of a table: more make a page that opens slowly, and nobody reads them
MOST_NAMED = 24  # runs of one cell


@dataclass(frozen=True)
class Column:
    """A column of the table of runs; a numeric one sorts by value and stands to the right."""

    heading: str
    numeric: bool


@dataclass(frozen=True)
class TableCell:
    """A cell of the table of runs: what is shown, and the number to sort by (empty where there is none)."""

    text: str
    value: str
    numeric: bool


@dataclass(frozen=True)
class RunTable:
    """What they share stated once, and a column for everything in which they differ.

    ``title`` says what a row is, ``note`` what is not listed; empty where all is.
    """

    title: str
    note: str
    shared: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[TableCell, ...], ...]


@dataclass(frozen=True)
class Shown:
    """The first of many, and what is to be said of the others; empty where there are none."""

    first: tuple[Any, ...]
    more: str


def _text(value: Any) -> str:
    return ABSENT if value is None else str(value)


_Columns = Mapping[str, tuple[str, Callable[[Any], str]]]
_OF_RUN: _Columns = {
    "run_id": ("run", _text),
    "status": ("status", _text),
    "model": ("model", _text),
    "width": ("width", _text),
    "depth": ("depth", _text),
    "dataset": ("data set", _text),
    "train_examples": ("training examples", count),
    "seed": ("seed", _text),
    "budget_flops": ("budget, FLOPs", scientific),
    "training_flops": ("training FLOPs", scientific),
    "params": ("parameters", count),
    "steps": ("steps", count),
    "epochs": ("epochs", number),
    "batch_size": ("batch", count),
    "learning_rate": ("learning rate", number),
    "train_error": ("train error", number),
    "validation_error": ("validation error", number),
    "test_error": ("test error", number),
    "test_loss": ("test loss", number),
    "wall_seconds": ("wall time", duration),
    "utilisation": ("utilisation", percent),
    "energy_joules": ("energy, J", number),
    "peak_memory_bytes": ("peak memory, bytes", scientific),
    "attempts": ("attempts", _text),
    "device": ("device", _text),
    "device_name": ("processor", _text),
    "threads": ("threads", _text),
    "host": ("host", _text),
    "torch_version": ("torch", _text),
    "commit": ("commit", _text),
    "data_digest": ("data digest", _text),
}
_OF_CELL: _Columns = {
    "cell": ("cell", _text),
    **{name: column for name, column in _OF_RUN.items() if name not in ("run_id", "status", "seed")},
    "seeds": ("seeds", count),
    "test_error_sd": ("sd of test error", number),
}
_ALWAYS_SHOWN = ("run_id", "cell", "width", "seed", "seeds", "training_flops", "test_error")


def listed_runs(evidence: Evidence) -> RunTable:
    """A row a run; where these are more than ``MOST_LISTED`` a row a cell, of so many at most."""
    runs, cells = evidence.runs, evidence.cells
    if len(runs) <= MOST_LISTED:
        return _table(runs, _OF_RUN, title=f"All {len(runs)} finished runs", note="")
    every, columns = (runs, _OF_RUN) if cells.is_empty() else (cells, _OF_CELL)
    what = "finished runs" if cells.is_empty() else f"cells, of {len(runs):,} finished runs"
    chosen = every.gather(_spread(len(every)))
    if len(chosen) == len(every):
        which, left_out = "All", ""
    else:
        which, left_out = f"{len(chosen):,} of", " Those listed are evenly spread over all."
    means = "" if cells.is_empty() else " A row is the mean over the runs of a cell, by rising training FLOPs."
    note = (
        f"{means}{left_out} runs.csv beside this page has a row for every run; fits and verdicts rest on all of them."
    )
    return _table(chosen, columns, title=f"{which} {len(every):,} {what}", note=note.strip())


def _spread(rows: int) -> list[int]:
    """So many row numbers at most, the first and the last among them."""
    listed = min(rows, MOST_LISTED)
    return [at * (rows - 1) // max(1, listed - 1) for at in range(listed)]


def shown_dropped(evidence: Evidence) -> Shown:
    """The runs in no cell, (run id, reason) each; of very many the first, and how many there are of each kind."""
    dropped = evidence.dropped
    if len(dropped) <= MOST_LISTED:
        return Shown(dropped, "")
    kinds = Counter(reason.partition(":")[0] for _, reason in dropped).most_common(MOST_NAMED)
    told = ", ".join(f"{times:,} {kind}" for kind, times in kinds)
    return Shown(dropped[:MOST_LISTED], f"The first {MOST_LISTED:,} are listed. Of all {len(dropped):,}: {told}.")


def shown_ids(run_ids: Sequence[str], most: int = MOST_LISTED) -> Shown:
    """The first run ids, and how many more there are."""
    more = len(run_ids) - most
    return Shown(tuple(run_ids[:most]), f"and {more:,} more" if more > 0 else "")


def _table(rows: pl.DataFrame, columns: _Columns, *, title: str, note: str) -> RunTable:
    known = [name for name in columns if name in rows.columns]
    shown = [name for name in known if name in _ALWAYS_SHOWN or rows[name].n_unique() > 1]
    alike = [name for name in known if name not in shown and len(rows) and rows[name][0] is not None]
    numeric = {name: rows[name].dtype.is_numeric() for name in shown}
    return RunTable(
        title=title,
        note=note,
        shared=tuple((columns[name][0], columns[name][1](rows[name][0])) for name in alike),
        columns=tuple(Column(columns[name][0], numeric[name]) for name in shown),
        rows=tuple(
            tuple(TableCell(columns[name][1](row[name]), _sorted_by(row[name]), numeric[name]) for name in shown)
            for row in rows.select(shown).iter_rows(named=True)
        ),
    )


def _sorted_by(value: Any) -> str:
    return "" if value is None else repr(value)
