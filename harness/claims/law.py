"""What the claims about the law itself share: is there a law at all, and how fast does compute grow along it."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import linregress

from harness.claims.claim import Ruling, Terms, undecided
from harness.claims.published import Trend
from harness.errors import FitError
from harness.fits.comparison import compare_cells, plausible, union_interval
from harness.fits.curve import CurveFit
from harness.fits.direction import regression_directions
from harness.fits.quantity import Quantity
from harness.forms import FORMS
from harness.forms.form import FloatArray, Params
from harness.hypotheses.exponent import reaches

AT_THE_END, OVER_THE_RANGE = "at the largest compute", "over the range measured"
_ONE_SIDED = 0.025  # of the slope over all cells; that of the points is held to an interval at 95 %
_MISFIT = 0.01  # p of a bend, or of residuals against the scatter of seeds, below which a form is not the curve
_ANY_FLOOR = "power_floor"  # a straight line is no evidence on growth where a bent one could not be tried


def falls_with_compute(trend: Trend) -> str:
    """Why the points show no law, as a sentence; empty where error clearly falls with compute.

    A frontier is the record lows of its cells and falls whatever they are, so all cells together must fall too.
    """
    if "power" not in trend.curves:
        reason = trend.refused.get("power", "no curve was fitted")
        return f"not identified: {reason}."
    fit = trend.curves["power"]
    low, high = fit.interval("exponent")
    if low > 0:
        return _without_choice(trend)
    if not np.isfinite((low, high)).any():
        return f"not identified: {fit.gate}."
    return (
        f"not identified: the {fit.n} {trend.noun} over {fit.decades:.1f} decades don't show that error falls with "
        f"compute (its power of compute is anything from {-high:.3g} to {-low:.3g})."
    )


def _without_choice(trend: Trend) -> str:
    """Why the fall of the points may be that of choosing the lowest; empty where all the cells fall too."""
    if trend.cells is None:
        return ""
    line = linregress(*np.log(trend.cells), alternative="less")
    if line.pvalue < _ONE_SIDED:
        return ""
    return (
        f"not identified: of all {trend.cells.shape[1]} cells the error isn't shown to fall with compute "
        f"(one-sided p {line.pvalue:.2g}), and the lowest of any cells fall."
    )


def judge_growth(trend: Trend, bound: float, terms: Terms, *, where: str = AT_THE_END) -> Ruling:
    """Does compute grow at least as the ``bound``-th power of performance?

    The number is the local compute exponent at the largest compute, or the mean one over the range of the points; it
    needs no assumption about what an irreducible error does further on. Its interval is the union over the forms that
    the points leave standing; where compute is as noisy as error, also over the straight lines that the regressions
    both ways give. At the largest compute the joint surface, which all cells went into, must answer alike; and where
    none of those forms describes the points, so must fits without the smallest computes.
    """
    if reason := falls_with_compute(trend):
        return undecided(reason)
    if _ANY_FLOOR not in trend.curves:
        reason = trend.refused.get(_ANY_FLOOR, "it was not fitted")
        return undecided(f"not identified: whether error levels off can't be told ({reason}).")
    standing = plausible(trend.curves)
    if edge := next((trend.curves[name].edge for name in standing if trend.curves[name].edge), ""):
        return undecided(f"not identified: {edge}.")
    best = trend.curves[min(standing, key=lambda name: trend.curves[name].aicc)]
    quantity: Quantity = "compute_exponent"
    if where != AT_THE_END:
        value, (low, high) = _mean_exponent(trend, best, terms)
    else:
        value = best.value(quantity)
        low, high = union_interval(trend.curves, quantity, level=terms.confidence)
    titles = " or ".join(FORMS[name].title for name in standing)
    if trend.noisy_compute:
        lowest, highest, ways = either_way(trend, terms)
        low, high, titles = min(low, lowest), max(high, highest), f"{titles}, or {ways}"
    rest = (
        f"{where}, C grows as the {power_text(value)} power of 1/error (each bound one-sided {terms.bound}: "
        f"{power_text(low)} to {power_text(high)}, whichever holds: {titles}), "
        f"over {best.n} {trend.noun} and {best.decades:.1f} decades."
    )
    if best.decades < terms.margins.decades_for_power:
        return undecided(
            f"compute spans less than {terms.margins.decades_for_power:g} decade: {rest}", value, (low, high)
        )
    answer = reaches((low, high), bound)
    if answer == "undecided":
        return undecided(f"the interval holds {bound:g}: {rest}", value, (low, high))
    if trend.surface is not None and trend.surface.identified and where == AT_THE_END:
        ends = trend.surface.interval("compute_exponent", level=terms.confidence)
        if reaches(ends, bound) != answer:
            other = f"the joint surface of all cells says {power_text(ends[0])} to {power_text(ends[1])}"
            return undecided(f"the two roads disagree, and both must agree: {other}; {rest}", value, (low, high))
    if where == AT_THE_END and (amiss := _amiss(trend, standing)):
        ends = _without_the_smallest(trend, best, terms)
        told = f"{amiss}; without the lowest third of the decades {power_text(ends[0])} to {power_text(ends[1])}"
        if reaches(ends, bound) != answer:
            return undecided(f"{told}: another answer; {rest}", value, (low, high))
        rest = f"{rest} But {told}: the same answer."
    return Ruling(value, (low, high), answer, rest)


def _amiss(trend: Trend, standing: Sequence[str]) -> str:
    """What the standing forms all leave in the points; empty where one of them describes these."""
    best = 0.0
    for name in standing:
        found = trend.curves[name].diagnostics
        best = max(best, min(p for p in (found.bend, found.lack_of_fit, 1.0) if p is not None))
    return f"none of these forms describes the points (p {best:.2g} or less)" if best < _MISFIT else ""


def _without_the_smallest(trend: Trend, best: CurveFit, terms: Terms) -> tuple[float, float]:
    """The interval of the local exponent by fits to the upper two thirds of the decades; open where there are none."""
    log_compute = np.log(best.compute)
    upper = log_compute >= log_compute.min() + np.ptp(log_compute) / 3
    try:
        fits = compare_cells(best.cells.where(upper), forms=tuple(trend.curves), chance_error=best.chance_error)
        return fits.interval("compute_exponent", level=terms.confidence)
    except FitError:
        return -np.inf, np.inf


def either_way(trend: Trend, terms: Terms) -> tuple[float, float, str]:
    """The lowest and the highest compute exponent by regression of error on compute and the reverse, and both told."""
    ways = regression_directions(trend.compute, trend.error, level=terms.confidence)
    forward, reverse = (
        f"{power_text(way.value)} ({power_text(way.interval[0])} to {power_text(way.interval[1])})"
        for way in (ways.forward, ways.reverse)
    )
    told = (
        f"a straight line, {forward} by regression of error on compute and {reverse} by the reverse, as both are noisy"
    )
    return ways.reverse.interval[0], ways.forward.interval[1], told


def _mean_exponent(trend: Trend, best: CurveFit, terms: Terms) -> tuple[float, tuple[float, float]]:
    """Decades of compute for each e-fold of performance over the whole range of the points, and its interval."""
    names = plausible(trend.curves)
    ends = [trend.curves[name].interval(mean_exponent(trend.curves[name]), level=terms.confidence) for name in names]
    return best.value(mean_exponent(best)), (min(low for low, _ in ends), max(high for _, high in ends))


def mean_exponent(fit: CurveFit) -> Quantity:
    """The quantity ln(C_last / C_first) / ln(error_first / error_last) along the fitted curve."""
    first, last = float(np.log(fit.compute.min())), float(np.log(fit.compute.max()))

    def quantity(params: Params) -> FloatArray:
        form = FORMS[fit.form]
        start, end = form.error(np.asarray(first), params), form.error(np.asarray(last), params)
        fall = np.log(np.where((start > 0) & (end > 0), start / np.where(end > 0, end, 1.0), 1.0))
        return np.where(fall > 0, (last - first) / np.where(fall > 0, fall, 1.0), np.inf)

    return quantity


def power_text(exponent: float) -> str:
    """``5.6``, or ``infinite``."""
    return f"{exponent:.1f}" if np.isfinite(exponent) else "infinite"
