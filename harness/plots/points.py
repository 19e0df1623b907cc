"""A cell as a point of a figure: its numbers for the axes, its words for the tooltip."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl
from altair.utils.schemapi import debug_mode

from harness.plots.numerals import count, listed, number, percent, scientific

_MOST_RUN_IDS = 6
# What a mark is placed and coloured by, or a tooltip says, as it is: all else would only make the page larger.
_FIELDS = ("cell", "model", "width", "depth", "seeds", "params", "budget_flops", "training_flops", "test_error",
           "wall_seconds", "utilisation", "size")  # fmt: skip

TOOLTIP = [
    alt.Tooltip(f"{field}:N", title=title)
    for field, title in (
        ("model", "model"),
        ("width", "width"),
        ("depth", "depth"),
        ("params_text", "parameters"),
        ("train_examples_text", "training examples"),
        ("flops_text", "training FLOPs"),
        ("error_text", "test error"),
        ("utilisation_text", "utilisation"),
        ("seeds", "seeds"),
        ("run_ids_text", "runs"),
    )
]


def points(cells: pl.DataFrame) -> list[dict[str, Any]]:
    """A row a cell, in the order of the frame, without the NaN and infinities that JSON can't hold."""
    return [
        {name: _finite(value) for name, value in ({name: row[name] for name in _FIELDS if name in row} | words).items()}
        for row, words in ((row, _words(row)) for row in cells.to_dicts())
    ]


def _words(row: dict[str, Any]) -> dict[str, Any]:
    sd = _finite(row["test_error_sd"]) or 0.0
    spread = f" ± {number(sd, 2)} (sd of seeds)" if sd else ""
    return {
        "width_text": str(row["width"]),
        "params_text": count(row["params"]),
        "train_examples_text": count(row["train_examples"]),
        "flops_text": scientific(row["training_flops"]),
        "error_text": number(row["test_error"]) + spread,
        "error_low": row["test_error"] - sd,
        "error_high": row["test_error"] + sd,
        "utilisation_text": percent(row["utilisation"]),
        "run_ids_text": listed(row["run_ids"], _MOST_RUN_IDS),
    }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def drawable(cells: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The cells whose ``columns`` all hold a positive finite number: those that log axes can show."""
    numbers = [pl.col(name).cast(pl.Float64) for name in columns]
    return cells.filter(pl.all_horizontal(value.is_finite() & (value > 0) for value in numbers))


def inline(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Rows as they stand in the specification: no file beside it, and no limit of 5,000 rows."""
    with debug_mode(False):  # else every value is held against the grammar's schema, milliseconds a row
        return alt.InlineData(values=list(rows))


def width_labels(cells: pl.DataFrame) -> list[str]:
    """The widths of all cells as text, smallest first."""
    return [str(width) for width in sorted(set(cells["width"].to_list()))]
