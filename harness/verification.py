"""Does a report say what its runs say? Made again from the table beside it, and the table from the records.

What a page shows is compared word for word, without its scripts: the drawing library's version is no number of ours.
"""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import polars as pl

from harness.basis import Rebuilt, read_kept
from harness.errors import RecordError
from harness.records import Measured
from harness.table import Collected

Answer = Literal["same", "within seed noise", "different", "not checked"]

_UNSEEN = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SHOWN = 5  # differing places that a finding names


@dataclass(frozen=True)
class Finding:
    """One check: what was compared, its answer, and where it differs or why it was not made."""

    what: str
    answer: Answer
    detail: str = ""


def check_page(folder: Path, rebuilt: Rebuilt) -> Finding:
    """The page of the folder against the one made again from the table and ``report.json`` beside it.

    Raises:
        RecordError: the page is missing or damaged.
    """
    path = folder / "report.html"
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: can't be read ({error}); give a report or its folder") from error
    what, before, now = "the page, from its table of runs", shown_words(page), shown_words(rebuilt.page)
    if before == now:
        return Finding(what, "same", f"{len(now)} words and numbers")
    at = next(
        (i for i, (was, word) in enumerate(zip(before, now, strict=False)) if was != word), min(len(before), len(now))
    )
    around = slice(max(0, at - 3), at + 3)
    return Finding(what, "different", f"{' '.join(before[around])!r} is now {' '.join(now[around])!r}")


def shown_words(page: str) -> list[str]:
    """What a reader sees of a page, word by word."""
    return _TAG.sub(" ", _UNSEEN.sub(" ", page)).split()


def check_table(folder: Path, collected: Collected, *, elsewhere: bool = False) -> Finding:
    """The table of the folder, in the columns that it has, against the records as they are now.

    ``elsewhere``: the records are of the same runs trained anew, so what they took, and where, is left out.
    """
    kept = read_kept(folder)
    what = "the table, from the records"
    if elsewhere:
        what, kept = "what the runs gave, from other records", kept.drop(_MEASURED, strict=False)
    if collected.runs.is_empty():
        return Finding(what, "not checked", "no record of these runs is here; harness launch, then the study's words")
    present = set(collected.runs["run_id"])
    missing = [run_id for run_id in kept["run_id"] if run_id not in present]
    new = collected.runs.filter(~pl.col("run_id").is_in(kept["run_id"].to_list()))["run_id"].to_list()
    differing = [*_differing(kept, collected.runs), *(f"{one} has no record" for one in missing)]
    differing += [f"{one} is not in the table" for one in new]
    if not differing:
        return Finding(what, "same", f"{len(kept)} runs")
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    return Finding(what, "different", "; ".join(differing[:_SHOWN]) + more)


_MEASURED = (*(field.name for field in fields(Measured)), "torch_version")


def _differing(kept: pl.DataFrame, now: pl.DataFrame) -> list[str]:
    """``run: column`` for each number of a run that is another in the records."""
    both = kept.join(now, on="run_id", how="inner", suffix="_now", maintain_order="left")
    names = [name for name in kept.columns if name != "run_id"]
    return [
        f"{row['run_id']}: {name} {row[name]} is now {row[f'{name}_now']}"
        for row in both.iter_rows(named=True)
        for name in names
        if row[name] != row[f"{name}_now"]
    ]
