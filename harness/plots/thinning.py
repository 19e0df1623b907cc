"""Fewer marks where many cells lie on one spot of a figure: the picture stays, and so does a page that can be used.

Only what is drawn is thinned. Fits, verdicts and every number rest on all cells.
"""

import polars as pl

MOST_DRAWN = 1000  # cells of a figure: of more, most lie on each other, and the page grows by a kilobyte for each
_FINEST = 256  # spots along either axis: 3.4 pixels of a figure in print, half a mark


def thinned(cells: pl.DataFrame, *axes: str, most: int = MOST_DRAWN) -> pl.DataFrame:
    """The cells, or of more than ``most`` the first of every spot that has one, spots as fine as that allows.

    ``axes`` are the columns that place and colour a cell, positive numbers on log axes. No part of the picture goes
    empty, so an outlier stays; the same cells give the same choice.
    """
    kept, spots = cells, _FINEST
    while len(kept) > most:
        kept = cells.filter(pl.struct(_spot(cells[axis], spots) for axis in axes).is_first_distinct())
        spots //= 2
    return kept


def thinning_note(drawn: pl.DataFrame, *, of: pl.DataFrame) -> str:
    """What a caption says of cells that are not drawn, with a space before it; empty where all are."""
    if len(drawn) == len(of):
        return ""
    return (
        f" {len(of):,} cells are too many for the eye: {len(drawn):,} are drawn, the first of every spot that has any; "
        "fits and verdicts rest on all of them."
    )


def _spot(values: pl.Series, spots: int) -> pl.Series:
    """Which of so many equal steps of its logarithm each value lies in."""
    logs = values.cast(pl.Float64).log()
    steps: pl.Series = logs - logs.min()
    widest = steps.max()
    assert isinstance(widest, float)
    spot: pl.Series = (steps * (spots / max(widest, 1e-12))).floor()
    return spot
