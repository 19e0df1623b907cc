"""Each exponent of a published curve beside the study's: the difference with its interval, and whether they agree.

Supported: the study's exponent is the published one within a factor (both one-sided tests at 5 %). Contradicted: it
isn't, and the 95 % interval of the difference excludes zero. Else undecided, and a power that the study does not
identify supports nothing. A paper without an uncertainty is taken as exact, which the row says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.along import OwnExponent, measure
from harness.claims import Answer, Arms
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.curve import fit_curve
from harness.published import Curve, Exponent, ImpliedExponent, implied_exponents

_COMPUTE = "compute exponent"


@dataclass(frozen=True)
class Comparison:
    """One exponent of one curve beside the study's.

    ``axis`` is what the exponent is of, ``floor`` whether one was subtracted on both sides. ``difference`` is study
    minus published, with its 95 % interval; these and ``measured`` are None where nothing could be compared, and
    ``reason`` then says why. ``published`` is None where the curve gives no power. ``at`` is the property of the data
    that names the arm, where it was an arm that was compared.
    """

    curve: Curve
    axis: str
    floor: bool
    published: Exponent | None
    measured: OwnExponent | None
    difference: float | None
    interval: tuple[float, float] | None
    answer: Answer
    reason: str
    at: float | None = None


def compare_with(
    curves: Sequence[Curve], evidence: Evidence, *, factor: float, arms: Arms | None = None
) -> tuple[Comparison, ...]:
    """A row an exponent of every curve, and one for the compute exponent that parameters and data imply.

    A curve of powers against a property of the data is compared arm by arm, where arms are named by that property.
    """
    rows: list[Comparison] = []
    for curve in curves:
        if curve.power_of is not None and arms is not None and _numbers(arms):
            rows += [
                replace(_compare_arm(curve, size, one, factor=factor), at=size) for size, one in _numbers(arms).items()
            ]
            continue
        exponents = dict(curve.exponents) or _from_points(curve)
        if not exponents:
            what = "levels" if curve.levels else "powers against something else" if curve.law else "no power"
            rows.append(_incomparable(curve, next(iter(curve.axes)), None, f"it gives {what}"))
        rows += [_compare(curve, axis, exponent, evidence, factor=factor) for axis, exponent in exponents.items()]
        rows += [
            _compare_compute(curve, implied, evidence, factor=factor)
            for implied in implied_exponents(curve)
            if len(implied.axes) > 1
        ]
    return tuple(rows)


def _from_points(curve: Curve) -> dict[str, Exponent]:
    """A power fitted here to the points of a curve that gives none."""
    if curve.response.quantity not in ("error", "loss"):
        return {}
    try:
        fit = fit_curve([point.x for point in curve.points], [point.y for point in curve.points], form="power")
    except FitError:
        return {}
    low, high = fit.interval("exponent")
    (axis,) = curve.axes  # a curve of points has exactly one
    return {axis: Exponent(value=fit.value("exponent"), low=low, high=high)}


def _compare(curve: Curve, axis: str, published: Exponent, evidence: Evidence, *, factor: float) -> Comparison:
    try:
        measured = measure(evidence, axis, response=curve.response.quantity, floor=curve.floor == "fitted")
    except FitError as refusal:
        return _incomparable(curve, axis, published, str(refusal))
    return _judge(curve, axis, published, measured, factor=factor)


def _numbers(arms: Arms) -> dict[float, Evidence]:
    """The arms that are named by numbers."""
    return {float(label): one for label, one in arms.evidence.items() if label.replace(".", "", 1).isdigit()}


def _compare_arm(curve: Curve, size: float, evidence: Evidence, *, factor: float) -> Comparison:
    """The power that the curve gives at this size beside the one that the arm has."""
    assert curve.power_of is not None
    ((name, axis),) = curve.axes.items()
    of = f"power of {curve.power_of.axis} at {name} {size:g}"
    if curve.law is None:
        at_size = [point.y for point in curve.points if np.isclose(point.x, size)]
        if not at_size:
            return _incomparable(curve, of, None, "it gives points, none of them here")
        published = Exponent(value=at_size[0])
    else:
        published = Exponent(value=float(curve.value({name: np.array([size])})[0]))
    if axis.range is not None and not axis.range[0] <= size <= axis.range[1]:
        return _incomparable(curve, of, published, f"it holds from {axis.range[0]:g} to {axis.range[1]:g}")
    try:
        measured = measure(evidence, curve.power_of.axis, response=curve.power_of.response, floor=False)
    except FitError as refusal:
        return _incomparable(curve, of, published, str(refusal))
    return _judge(curve, of, published, measured, factor=factor)


def _compare_compute(curve: Curve, implied: ImpliedExponent, evidence: Evidence, *, factor: float) -> Comparison:
    ends = implied.interval if any(curve.exponents[axis].uncertain for axis in implied.axes) else (None, None)
    published = Exponent(value=implied.value, low=ends[0], high=ends[1])
    try:
        along = measure(evidence, "training_flops", response=curve.response.quantity, floor=curve.floor == "fitted")
    except FitError as refusal:
        return _incomparable(curve, _COMPUTE, published, str(refusal))
    inverted = replace(
        along,
        value=_inverse(along.value),
        interval=(_inverse(along.interval[1]), _inverse(along.interval[0])),
        narrow=(_inverse(along.narrow[1]), _inverse(along.narrow[0])),
        how=f"one over the power of compute: {along.how}",
        fit=None,
    )
    return _judge(curve, _COMPUTE, published, inverted, factor=factor)


def _judge(curve: Curve, axis: str, published: Exponent, measured: OwnExponent, *, factor: float) -> Comparison:
    low, high = published.interval
    if published.value is None:  # a range: every power in it is theirs
        difference = measured.value - float(np.clip(measured.value, low, high))
        interval = (measured.interval[0] - high, measured.interval[1] - low)
    else:
        difference = measured.value - published.centre
        interval = (
            difference - float(np.hypot(measured.value - measured.interval[0], high - published.centre)),
            difference + float(np.hypot(measured.interval[1] - measured.value, published.centre - low)),
        )
    nearest, farthest = (low, high) if published.value is None else (published.centre, published.centre)
    same = farthest * factor >= measured.narrow[1] and measured.narrow[0] >= nearest / factor
    apart = interval[0] > 0 or interval[1] < 0
    if curve.at_least:
        same, apart = measured.narrow[0] >= nearest, interval[1] < 0
    answer: Answer = "supported" if same and not measured.gate else "contradicted" if apart else "undecided"
    return Comparison(
        curve=curve,
        axis=axis,
        floor=curve.floor == "fitted",
        published=published,
        measured=measured,
        difference=difference,
        interval=interval,
        answer=answer,
        reason=_reason(curve, published, measured, answer, factor=factor),
    )


def _reason(curve: Curve, published: Exponent, measured: OwnExponent, answer: Answer, *, factor: float) -> str:
    if curve.at_least:
        return f"a lower bound; {measured.n} points over {measured.decades:.1f} decades, {measured.how}."
    said = {
        "supported": f"the same within a factor of {factor:g}",
        "contradicted": "different beyond both uncertainties",
        "undecided": f"shown neither to be the same within a factor of {factor:g} nor to differ",
    }[answer]
    exact = "" if published.uncertain else "; no published uncertainty, taken as exact"
    gate = "; the study alone does not identify a power" if measured.gate else ""
    return f"{said}; {measured.n} points over {measured.decades:.1f} decades, {measured.how}{exact}{gate}."


def _incomparable(curve: Curve, axis: str, published: Exponent | None, reason: str) -> Comparison:
    return Comparison(
        curve=curve,
        axis=axis,
        floor=curve.floor == "fitted",
        published=published,
        measured=None,
        difference=None,
        interval=None,
        answer="undecided",
        reason=f"not comparable: {reason}.",
    )


def _inverse(power: float) -> float:
    return 1 / power if power > 0 else float("inf")
