"""Claim: error is a power of compute, and compute explains most of its variance.

R2 of ln error on ln compute over all points. Each end of its interval is a one-sided bound, from Fisher's interval of
the correlation. It measures the range of compute as much as the law: the same law over more decades has a higher R2, so
the range is part of the number.

What it can't measure is not judged: on several tasks at once R2 says how unlike the tasks are, and where only the size
varies, or only the number of examples, it is theirs and not that of compute. Recipes may differ, as between papers.
"""

import numpy as np
import polars as pl
from scipy.stats import norm

from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.claims.published import Published, all_points
from harness.claims.verdict import Answer
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.budgets import SAME_COMPUTE
from harness.forms.form import FloatArray

_FEWEST = 5


def _lacks(evidence: Evidence) -> str:
    if (tasks := _tasks(evidence.runs)) > 1:
        return f"its runs are of {tasks} tasks, and R2 over all of them would be of how these differ"
    flops = pl.col("training_flops").cast(float)
    sizes = evidence.cells.group_by("params").agg(ratio=flops.max() / flops.min())
    if len(sizes) == 1 and len(evidence.cells) > 1:
        return "its cells are of one size, so compute is another name for the examples that they saw"
    if (sizes["ratio"] <= 1 + SAME_COMPUTE).all():
        return "each size was trained at one compute, so compute is another name for size"
    return ""


def _tasks(runs: pl.DataFrame) -> int:
    """How many tasks there are: a data set with other options is another one; rows of old tables have no options."""
    options = runs.unique("cell")["config"].str.json_path_match("$.data.options")
    return options.drop_nulls().n_unique()


def _of_study(evidence: Evidence, terms: Terms) -> Ruling:
    cells = len(evidence.cells)
    if cells < _FEWEST:
        return undecided(f"not identified: {cells} cells, {_FEWEST} or more are needed.")
    try:
        compute, error = all_points(evidence)
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    return _judge(compute, error, terms, noun="cells")


def _judge(compute: FloatArray, error: FloatArray, terms: Terms, *, noun: str) -> Ruling:
    """Supported when R2's interval lies above the share and error falls with compute; contradicted when below."""
    if len(compute) < _FEWEST:
        return undecided(f"not identified: {len(compute)} {noun}, {_FEWEST} or more are needed.")
    log_compute, log_error = np.log10(compute), np.log(error)
    decades = float(np.ptp(log_compute))
    if decades < 1e-9 or np.ptp(log_error) < 1e-10:
        return undecided(f"not identified: compute or error is the same in all {len(compute)} {noun}.")
    explained, interval, falls = _explained(log_compute, log_error, level=terms.level)
    reason = (
        f"R2 is {explained:.2f} (each bound one-sided {terms.bound}: {interval[0]:.2f} to {interval[1]:.2f}) over "
        f"{len(compute)} {noun} and {decades:.1f} decades of compute; R2 grows with that range"
        f"{'' if falls else ', and error does not fall'}."
    )
    return Ruling(explained, interval, _answer(interval, terms.margins.explained_share, falls=falls), reason)


def _explained(
    log_compute: FloatArray, log_error: FloatArray, *, level: float
) -> tuple[float, tuple[float, float], bool]:
    """R2, a bound on each side, and whether error falls with compute (Fisher 1921: atanh r is nearly normal)."""
    correlation = float(np.corrcoef(log_compute, log_error)[0, 1])
    centre = np.arctanh(np.clip(-correlation, -1 + 1e-15, 1 - 1e-15))
    reach = norm.ppf(1 - level) / np.sqrt(len(log_error) - 3)
    low, high = (float(np.tanh(edge)) for edge in (centre - reach, centre + reach))
    ends = sorted((low**2, high**2))
    return correlation**2, (0.0 if low < 0 < high else ends[0], ends[1]), correlation < 0


def _answer(interval: tuple[float, float], share: float, *, falls: bool) -> Answer:
    if interval[0] > share:
        return "supported" if falls else "contradicted"
    return "contradicted" if interval[1] < share else "undecided"


def _of_published(points: Published, terms: Terms) -> Ruling:
    return _judge(points.compute, points.error, terms, noun="networks")


CLAIM = Claim(
    name="variance",
    paper="E1 to E22",
    statement="Differences in compute explain most of the differences in error between models.",
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (explained variance of the regressions)",
    needs="five cells of one task where compute varies at a size and sizes at a compute, or published networks",
    statistic="R2 of ln error on ln compute, all points",
    theirs="0.29 to 0.68",
    study=_of_study,
    lacks=_lacks,
    published=_of_published,
)
