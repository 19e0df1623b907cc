"""Claim: bringing ImageNet's error from 11.5 % to 5 % takes 10**5 times the compute, even by the optimistic model.

On a study's own frontier the same step: to 0.435 of the error fitted at the largest compute. The number is that of the
most optimistic form that the points leave standing, its interval the union over all that stand, so it may well be open.
Where the points contradict the power law, what even it asks for is moot: it is not the law, and the law's own number
is no optimist's.
"""

import numpy as np

from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.claims.law import either_way, falls_with_compute
from harness.claims.published import Published, Trend, frontier_trend, no_frontier, not_of_training
from harness.fits.comparison import plausible
from harness.fits.curve import CurveFit
from harness.fits.quantity import Quantity
from harness.forms import FORMS
from harness.forms.form import FloatArray, Params
from harness.hypotheses.exponent import reaches

_STEP = 0.05 / 0.115  # from the least error that the paper quotes to its first target
_DECADES = 5.0
_POWER = "power"  # the paper's polynomial, the more optimistic of its two models


def _judge(trend: Trend, terms: Terms) -> Ruling:
    if reason := falls_with_compute(trend):
        return undecided(reason)
    by_power, standing = _told(trend, _POWER, terms), plausible(trend.curves)
    factors = {name: trend.curves[name].value(decades_to(trend.curves[name], _STEP)) for name in standing}
    most_optimistic = min(factors, key=factors.__getitem__)
    value, ends = factors[most_optimistic], [_ends(trend, name, terms) for name in standing]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    fit = trend.curves[most_optimistic]
    rest = (
        f"each bound one-sided {terms.bound}, from {fit.n} {trend.noun} over {fit.decades:.1f} decades; standing: "
        f"{', '.join(FORMS[name].title for name in standing)}."
    )
    if _POWER not in standing:
        return undecided(
            f"moot: the points contradict the power law, which is the paper's more optimistic model and asks for "
            f"{by_power}; the most optimistic form that they leave standing asks for "
            f"{_told(trend, most_optimistic, terms)}; {rest}",
            value,
            (low, high),
        )
    others = "" if len(standing) == 1 else f", over all forms that stand {_span(low, high)}"
    reason = f"the power law asks for {by_power}{others}; {rest}"
    if fit.decades < terms.margins.decades_for_power:
        return undecided(
            f"compute spans less than {terms.margins.decades_for_power:g} decade: {reason}", value, (low, high)
        )
    bound = _DECADES - terms.margins.projection_decades
    return Ruling(value, (low, high), reaches((low, high), bound), reason)


def _ends(trend: Trend, name: str, terms: Terms) -> tuple[float, float]:
    """The interval of a form's factor; of the straight line, where compute is noisy, by the regressions both ways."""
    fit = trend.curves[name]
    low, high = fit.interval(decades_to(fit, _STEP), level=terms.confidence)
    if name != _POWER or not trend.noisy_compute:
        return low, high
    lowest, highest, _ = either_way(trend, terms)
    step = -float(np.log10(_STEP))
    return min(low, lowest * step), max(high, highest * step)


def _told(trend: Trend, name: str, terms: Terms) -> str:
    fit = trend.curves[name]
    return f"{_power(fit.value(decades_to(fit, _STEP)), 2)} times the compute ({_span(*_ends(trend, name, terms))})"


def _span(low: float, high: float) -> str:
    """``10^3.2 to 10^5.1``, ``10^3.2 to infinitely many``, or that alone where the lower end is under the floor."""
    return f"{_power(low, 1)} to {_power(high, 1)}" if np.isfinite(low) else _power(low, 1)


def _power(decades: float, digits: int) -> str:
    return f"10^{decades:.{digits}f}" if np.isfinite(decades) else "infinitely many"


def decades_to(fit: CurveFit, share: float) -> Quantity:
    """The quantity log10 of the factor of compute that brings the last fitted error to this share; inf if none does."""
    last = np.asarray(np.log(fit.compute.max()))

    def quantity(params: Params) -> FloatArray:
        form = FORMS[fit.form]
        target = share * form.error(last, params)
        return np.where(
            target > 0, (form.log_compute(np.where(target > 0, target, 1.0), params) - last) / np.log(10), np.inf
        )

    return quantity


def _lacks(points: Published) -> str:
    return not_of_training(points) if "ImageNet" in points.name else "the claim is about ImageNet"


CLAIM = Claim(
    name="target_factor",
    paper="P6",
    statement=(
        "Bringing the error to 0.43 of the best so far, as from 11.5 % to 5 % on ImageNet, takes about 10^5 times the "
        "compute or more, even by the more optimistic model."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (projections, ImageNet)",
    needs="a frontier over a decade of compute or more, or published ImageNet networks by training compute",
    statistic="log10 of the factor of compute, by the most optimistic form that the points leave standing",
    theirs="at least 5",
    study=lambda evidence, terms: _judge(frontier_trend(evidence), terms),
    lacks=no_frontier,
    published=lambda points, terms: _judge(points.trend, terms),
    published_lacks=_lacks,
)
