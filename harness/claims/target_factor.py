"""Claim: bringing ImageNet's error from 11.5 % to 5 % takes 10**5 times the compute, even by the optimistic model.

On a study's own frontier the same step: to 0.435 of the error fitted at the largest compute. Its interval is the union
over the forms that the points leave standing, so it may well be open.
"""

import numpy as np

from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.claims.law import falls_with_compute
from harness.claims.published import Published, Trend, frontier_trend, no_frontier
from harness.fits.comparison import plausible
from harness.fits.curve import CurveFit
from harness.fits.quantity import Quantity
from harness.forms import FORMS
from harness.forms.form import FloatArray, Params
from harness.hypotheses.exponent import reaches

_STEP = 0.05 / 0.115  # from the least error that the paper quotes to its first target
_DECADES = 5.0


def _judge(trend: Trend, terms: Terms) -> Ruling:
    if reason := falls_with_compute(trend):
        return undecided(reason)
    optimistic = trend.curves["power"]
    standing = plausible(trend.curves)
    chosen = (
        optimistic if "power" in standing else trend.curves[min(standing, key=lambda name: trend.curves[name].aicc)]
    )
    value = chosen.value(decades_to(chosen, _STEP))
    fits = [trend.curves[name] for name in standing]
    ends = [fit.interval(decades_to(fit, _STEP), level=terms.confidence) for fit in fits]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    by_power = f"10^{optimistic.value(decades_to(optimistic, _STEP)):.2f} times the compute"
    titles = " or ".join(FORMS[name].title for name in standing)
    contradicted = "" if "power" in standing else ", but the points contradict it"
    reason = (
        f"the power law asks for {by_power}{contradicted} (each bound one-sided {terms.bound}: "
        f"{_span(low, high)}, whichever holds: {titles}), from {optimistic.n} {trend.noun} over "
        f"{optimistic.decades:.1f} decades."
    )
    if optimistic.decades < terms.margins.decades_for_power:
        return undecided(
            f"compute spans less than {terms.margins.decades_for_power:g} decade: {reason}", value, (low, high)
        )
    bound = _DECADES - terms.margins.projection_decades
    return Ruling(value, (low, high), reaches((low, high), bound), reason)


def _span(low: float, high: float) -> str:
    """``10^3.2 to 10^5.1``, ``10^3.2 to never``, or ``never``, where even the lower end lies under the floor."""
    if not np.isfinite(low):
        return "never"
    return f"10^{low:.1f} to {f'10^{high:.1f}' if np.isfinite(high) else 'never'}"


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


def _of_published(points: Published, terms: Terms) -> Ruling:
    return _judge(points.trend, terms)


CLAIM = Claim(
    name="target_factor",
    paper="P6",
    statement=(
        "Bringing the error to 0.43 of the best so far, as from 11.5 % to 5 % on ImageNet, takes about 10^5 times the "
        "compute or more, even by the more optimistic model."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558 (projections, ImageNet)",
    needs="a frontier over a decade of compute or more, or published ImageNet networks",
    statistic="log10 of the factor of compute (by the power law, where the points leave it standing)",
    theirs="at least 5",
    study=lambda evidence, terms: _judge(frontier_trend(evidence), terms),
    lacks=no_frontier,
    published=_of_published,
    published_lacks=lambda points: "" if "ImageNet" in points.name else "the claim is about ImageNet",
)
