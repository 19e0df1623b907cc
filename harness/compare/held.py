"""Each exponent of a published curve beside the study's, arm by arm where it has arms.

Arms differ in what they train, so that one envelope over several is a curve of none. A power is then held against the
curve of its own kind: with a floor where the paper subtracts one, without where it does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from harness.along import OwnExponent, measure
from harness.claims import Arms
from harness.compare.comparison import Comparison, incomparable, judge
from harness.compare.doubts import bent, beyond, shifted, with_left_out
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.curve import fit_curve
from harness.published import Curve, Exponent, ImpliedExponent, implied_exponents

_COMPUTE = "compute exponent"


def compare_with(
    curves: Sequence[Curve], evidence: Evidence, *, factor: float, arms: Arms | None = None
) -> tuple[Comparison, ...]:
    """A row an exponent of every curve, and one for the compute exponent that parameters and data imply.

    With arms these are rows an arm. A curve of powers against a property of the data is held against the arms that are
    named by that property.
    """
    rows: list[Comparison] = []
    for curve in curves:
        if arms is None:
            rows += _compare_curve(curve, evidence, factor=factor)
        elif curve.power_of is not None and _numbers(arms):
            rows += [
                replace(_compare_arm(curve, size, one, factor=factor), at=size) for size, one in _numbers(arms).items()
            ]
        else:
            for label, one in arms.evidence.items():
                rows += [replace(row, arm=label) for row in _compare_curve(curve, one, factor=factor)]
            rows += [
                replace(incomparable(curve, next(iter(curve.axes)), None, refusal), arm=label)
                for label, refusal in arms.refused.items()
            ]
    return tuple(rows)


def _compare_curve(curve: Curve, evidence: Evidence, *, factor: float) -> list[Comparison]:
    exponents = dict(curve.exponents) or _from_points(curve)
    if not exponents:
        what = "levels" if curve.levels else "powers against something else" if curve.law else "no power"
        return [incomparable(curve, next(iter(curve.axes)), None, f"it gives {what}")]
    return [
        *(_compare(curve, axis, exponent, evidence, factor=factor) for axis, exponent in exponents.items()),
        *(
            _compare_compute(curve, implied, evidence, factor=factor)
            for implied in implied_exponents(curve)
            if len(implied.axes) > 1
        ),
    ]


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
    measuring = partial(measure, axis=axis, response=curve.response.quantity, floor=curve.floor == "fitted")
    row = _beside(curve, axis, published, evidence, measuring=measuring, factor=factor)
    if row.measured is None or row.measured.fit is None or row.doubt:
        return row
    doubt = beyond(curve, axis, row.measured.fit)
    return judge(curve, axis, published, row.measured, factor=factor, doubt=doubt) if doubt else row


def _beside(
    curve: Curve,
    of: str,
    published: Exponent,
    evidence: Evidence,
    *,
    measuring: Callable[[Evidence], OwnExponent],
    factor: float,
) -> Comparison:
    """The published power beside the study's; undecided where a bend, or cells that were left out, stand against it."""
    try:
        measured = measuring(evidence)
    except FitError as refusal:
        return incomparable(curve, of, published, str(refusal))
    row = judge(curve, of, published, measured, factor=factor, doubt=bent(measured.fit))
    every = with_left_out(evidence)
    if row.answer == "undecided" or measured.fit is None or every is None:
        return row
    found = measuring(every)
    if judge(curve, of, published, found, factor=factor, doubt=bent(found.fit)).answer == row.answer:
        return row
    return judge(curve, of, published, measured, factor=factor, doubt=shifted(found))


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
            return incomparable(curve, of, None, "it gives points, none of them here")
        published = Exponent(value=at_size[0])
    else:
        published = Exponent(value=float(curve.value({name: np.array([size])})[0]))
    if axis.range is not None and not axis.range[0] <= size <= axis.range[1]:
        return incomparable(curve, of, published, f"it holds from {axis.range[0]:g} to {axis.range[1]:g}")
    measuring = partial(measure, axis=curve.power_of.axis, response=curve.power_of.response, floor=False)
    return _beside(curve, of, published, evidence, measuring=measuring, factor=factor)


def _compare_compute(curve: Curve, implied: ImpliedExponent, evidence: Evidence, *, factor: float) -> Comparison:
    ends = implied.interval if any(curve.exponents[axis].uncertain for axis in implied.axes) else (None, None)
    published = Exponent(value=implied.value, low=ends[0], high=ends[1])
    try:
        along = measure(evidence, "training_flops", response=curve.response.quantity, floor=curve.floor == "fitted")
    except FitError as refusal:
        return incomparable(curve, _COMPUTE, published, str(refusal))
    inverted = replace(
        along,
        value=_inverse(along.value),
        interval=(_inverse(along.interval[1]), _inverse(along.interval[0])),
        narrow=(_inverse(along.narrow[1]), _inverse(along.narrow[0])),
        how=f"one over the power of compute: {along.how}",
    )
    return judge(curve, _COMPUTE, published, inverted, factor=factor, doubt=bent(along.fit))


def _inverse(power: float) -> float:
    return 1 / power if power > 0 else float("inf")
