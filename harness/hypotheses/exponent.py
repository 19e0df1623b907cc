"""Is a measured exponent the published one, at least it, or within a factor of it?

Not being able to tell from a number is no evidence for it, so equality alone is contradicted or undecided; evidence for
it is being inside a margin (two one-sided tests; Schuirmann 1987): an interval of level 1 - 2 alpha that lies within
the margin rejects both sides at alpha. All tests are read off the interval that is reported.

Where the truth has no floor, the two ends of one form's interval err unequally often: a 90 % interval of the form with
a floor errs on one side in 11 of 100 studies and hardly ever on the other. The union with the form without a floor
(``whichever``) keeps each side at its level.
"""

import numpy as np

from harness.errors import FitError
from harness.fits.quantity import Quantity
from harness.hypotheses.finding import Answer, Finding
from harness.hypotheses.fitted import Fitted, both_sides, one_sided, p_value


def equals(
    fitted: Fitted, published: float, *, quantity: Quantity = "compute_exponent", level: float = 0.95
) -> Finding:
    """Contradicted where the interval excludes ``published``; undecided otherwise. The null hypothesis is equality."""
    _require_positive("published", published)
    low, high = fitted.interval(quantity, level=level)
    answer: Answer = "contradicted" if published < low or published > high else "undecided"
    return _finding(
        fitted, f"{_name(quantity)} = {published:g}", answer, quantity, (low, high), level,
        p_value(fitted, quantity, published), f"{level:.0%} interval",
    )  # fmt: skip


def at_least(fitted: Fitted, bound: float, *, quantity: Quantity = "compute_exponent", level: float = 0.95) -> Finding:
    """Supported where the one-sided lower bound reaches ``bound``, contradicted where the upper one stays below it.

    The null hypothesis of the p-value is that the quantity is below ``bound``.
    """
    _require_positive("bound", bound)
    interval = fitted.interval(quantity, level=both_sides(level))
    p = one_sided(p_value(fitted, quantity, bound), beyond=fitted.value(quantity) > bound)
    return _finding(
        fitted, f"{_name(quantity)} >= {bound:g}", reaches(interval, bound), quantity, interval, both_sides(level), p,
        f"each bound one-sided {level:.0%}",
    )  # fmt: skip


def reaches(interval: tuple[float, float], bound: float) -> Answer:
    """Does what the interval holds reach the bound?"""
    return "supported" if interval[0] >= bound else "contradicted" if interval[1] < bound else "undecided"


def within_factor(
    fitted: Fitted,
    published: float,
    *,
    factor: float,
    quantity: Quantity = "compute_exponent",
    level: float = 0.95,
) -> Finding:
    """Supported where the interval lies within ``factor`` of ``published``, contradicted where it lies outside.

    The null hypothesis of the p-value is that the quantity is outside the margin.

    Raises:
        FitError: a factor that leaves no margin.
    """
    _require_positive("published", published)
    if not factor > 1:
        raise FitError(f"factor: is {factor:g}; a number above 1, such as 1.25, would do")
    lowest, highest = published / factor, published * factor
    interval = fitted.interval(quantity, level=both_sides(level))
    within = lowest < fitted.value(quantity) < highest
    p = max(one_sided(p_value(fitted, quantity, edge), beyond=within) for edge in (lowest, highest))
    return _finding(
        fitted, f"{_name(quantity)} within a factor {factor:g} of {published:g}", inside(interval, lowest, highest),
        quantity, interval, both_sides(level), p,
        f"each bound one-sided {level:.0%}, margin {lowest:.3g} to {highest:.3g}",
    )  # fmt: skip


def inside(interval: tuple[float, float], lowest: float, highest: float) -> Answer:
    """Does what the interval holds lie between ``lowest`` and ``highest``?"""
    if lowest <= interval[0] and interval[1] <= highest:
        return "supported"
    return "contradicted" if interval[1] < lowest or interval[0] > highest else "undecided"


def _finding(
    fitted: Fitted,
    hypothesis: str,
    answer: Answer,
    quantity: Quantity,
    interval: tuple[float, float],
    level: float,
    p: float,
    how: str,
) -> Finding:
    value, name = fitted.value(quantity), _name(quantity)
    reason = (
        f"the {name} is {_number(value)} ({how}: {_number(interval[0])} to {_number(interval[1])}, form: "
        f"{fitted.form}), over {fitted.n} points and {fitted.decades:.1f} decades."
    )
    return Finding(hypothesis, answer, name, value, interval, level, p, reason)


def _name(quantity: Quantity) -> str:
    return quantity.replace("_", " ") if isinstance(quantity, str) else "quantity"


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "infinite"


def _require_positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise FitError(f"{name}: is {value:g}; a finite number above zero would do")
