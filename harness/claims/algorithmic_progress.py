"""Claim: three years of better algorithms are worth ten times the compute.

Between recipes of different years trained on the same data, each with its own tuning: the compute-equivalent gain from
each to the next, in decades for three years, pooled over the pairs. On published networks: the regression of
performance on compute and year; what the year is worth, in compute (interval by Fieller's theorem).
"""

from collections.abc import Mapping

import numpy as np
from scipy.stats import t as t_distribution

from harness.claims.claim import Arms, Claim, Ruling, Terms, undecided
from harness.claims.pooling import pool
from harness.claims.published import Published, frontier_trend, not_of_training
from harness.claims.shared_shape import fit_shifts
from harness.errors import FitError
from harness.forms.form import FloatArray
from harness.hypotheses.exponent import inside

_YEARS = 3.0
_FEWEST_PAIRS = 4  # of vintages, before a general sentence is allowed
_SHAPE_LEVEL = 0.05


def _of_arms(arms: Arms, terms: Terms) -> Ruling:
    years = {label: float(label) for label in arms.evidence if is_year(label)}
    ordered = sorted(years, key=lambda label: years[label])
    try:
        shifts = fit_shifts({label: frontier_trend(arms.evidence[label]) for label in ordered})
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    pairs = [(number, number + 1) for number in range(len(ordered) - 1)]
    spans = np.array([years[ordered[after]] - years[ordered[before]] for before, after in pairs])
    gains = np.array([shifts.gains[after] - shifts.gains[before] for before, after in pairs]) * _YEARS / spans
    stderrs = [
        float(np.sqrt(max(0.0, _variance_of_difference(shifts.covariance, after, before)))) * _YEARS / span
        for (before, after), span in zip(pairs, spans, strict=True)
    ]
    pooled = pool(gains.tolist(), stderrs)
    low, high = pooled.interval(level=terms.level)
    reason = (
        f"from {ordered[0]} to {ordered[-1]}, three years are worth {pooled.value:.2f} decades of compute (each bound "
        f"one-sided {terms.bound}: {low:.2f} to {high:.2f}; between pairs {pooled.between:.2f}), over "
        f"{len(pairs)} pairs of recipes and {shifts.n} points"
    )
    if shifts.p_value < _SHAPE_LEVEL:
        shape = f"the recipes' curves differ in more than a shift (p = {shifts.p_value:.2g})"
        return undecided(f"{shape}, so no one gain describes them: {reason}.", pooled.value, (low, high))
    answer = inside((low, high), terms.margins.progress_low, terms.margins.progress_high)
    if answer == "supported" and len(pairs) < _FEWEST_PAIRS:
        return undecided(
            f"{len(pairs)} pairs of recipes, {_FEWEST_PAIRS} would do: {reason}.", pooled.value, (low, high)
        )
    return Ruling(pooled.value, (low, high), answer, f"{reason}.")


def _variance_of_difference(covariance: FloatArray, one: int, other: int) -> float:
    return float(covariance[one, one] + covariance[other, other] - 2 * covariance[one, other])


def _of_published(points: Published, terms: Terms) -> Ruling:
    value, (low, high), n = worth_of_a_year(points, level=terms.level)
    value, low, high = (_YEARS * number for number in (value, low, high))
    answer = inside((low, high), terms.margins.progress_low, terms.margins.progress_high)
    reason = (
        f"three years are worth {value:.2f} decades of {points.measure}, a factor of {10**value:.3g} (each bound "
        f"one-sided {terms.bound}: {low:.2f} to {high:.2f}), over {n} networks; compute and year are "
        "correlated and only improvements get published, which biases the share of each."
    )
    return Ruling(value, (low, high), answer, reason)


def worth_of_a_year(points: Published, *, level: float) -> tuple[float, tuple[float, float], int]:
    """Decades of compute that a year is worth: the ratio of two coefficients, with Fieller's interval.

    ln(1/error) = a + b log10 C + g year; g / b. An end is infinite where the slope on compute may be zero.
    """
    design = np.column_stack([np.ones(len(points.error)), np.log10(points.compute), points.year - points.year.mean()])
    response = -np.log(points.error)
    covariance = np.linalg.inv(design.T @ design)
    coefficients = covariance @ design.T @ response
    freedom = len(response) - 3
    residuals = response - design @ coefficients
    covariance = covariance * float(residuals @ residuals) / freedom
    b, g = coefficients[1], coefficients[2]
    t = float(t_distribution.ppf(1 - level, freedom))
    # (g - theta b)**2 <= t**2 (Vgg - 2 theta Vgb + theta**2 Vbb), a quadratic in theta
    square = b**2 - t**2 * covariance[1, 1]
    half = b * g - t**2 * covariance[1, 2]
    constant = g**2 - t**2 * covariance[2, 2]
    if square <= 0:
        return float(g / b), (-np.inf, np.inf), len(response)
    reach = float(np.sqrt(max(0.0, half**2 - square * constant)))
    return float(g / b), (float(half - reach) / square, float(half + reach) / square), len(response)


def is_year(label: str) -> bool:
    """Whether an arm's label is a year."""
    return label.isdigit() and len(label) == 4


def _arms_lack(labels: Mapping[str, object]) -> str:
    years = [label for label in labels if is_year(label)]
    return "" if len(years) > 1 else "it has no two arms that are named by their years, such as arm: '2012'"


def lacks_years(points: Published) -> str:
    """Why published points can't speak of progress; empty where they can."""
    if "ImageNet" not in points.name:
        return "the claim is about ImageNet"
    if reason := not_of_training(points):
        return reason
    if len(points.year) != len(points.error) or np.ptp(points.year) < 2:
        return "their years are not known"
    return "" if len(points.error) >= 8 else f"{len(points.error)} networks; 8 or more would do"


CLAIM = Claim(
    name="algorithmic_progress",
    paper="G2",
    statement="About three years of algorithmic progress are worth ten times the compute.",
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (algorithmic improvement on ImageNet)",
    needs="a study with an arm for each recipe, named by its year; or published networks with years",
    statistic="decades of compute for three years",
    theirs="1",
    arms=_of_arms,
    arms_lack=_arms_lack,
    published=_of_published,
    published_lacks=lacks_years,
)
