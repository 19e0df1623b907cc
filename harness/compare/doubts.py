"""What stands against a power that the points identify: a bend that its form leaves over, sizes of which the law isn't
said, or points that were left out.

A straight line through a curve has a power and an interval; neither is of anything. And an answer that rests on whether
the cells near chance are in or out is no answer.
"""

from dataclasses import replace

import numpy as np
import polars as pl

from harness.along import OwnExponent
from harness.evidence import LEARNT_NOTHING, Evidence, average_cells
from harness.fits.curve import CurveFit
from harness.plots.numerals import interval, number
from harness.published import Curve

_BENT = 0.05  # p-value of the quadratic that is left over


def bent(fit: CurveFit | None) -> str:
    """Why no one power is true of all the points; empty where a quadratic in ln size explains no more than chance."""
    if fit is None:
        return ""
    bend = fit.diagnostics.bend
    if bend is None or bend >= _BENT:
        return ""
    found = f"a bend is left over (p = {bend:.1g})"
    if fit.form != "power":
        return f"{found}, so the form is not that of these points"
    first, last = _local_powers(fit)
    return f"{found}: the power changes from {number(first, 2)} over the first third to {number(last, 2)} over the last"


def beyond(curve: Curve, axis: str, fit: CurveFit) -> str:
    """Why a law decides nothing here: it is said of other sizes; empty for a measurement, of its own anyway."""
    span, factor = curve.axes[axis].range, curve.axis_factor(axis)
    if not curve.theory or span is None or factor is None:
        return ""
    (low, high), (first, last) = (end * factor for end in span), (fit.compute.min(), fit.compute.max())
    if low <= first and last <= high:
        return ""
    noun = axis.replace("_", " ")
    return f"the law was seen to hold of {noun} from {low:g} to {high:g}, and the study's go from {first:g} to {last:g}"


def _local_powers(fit: CurveFit) -> tuple[float, float]:
    """The mean powers over the first and the last third of ln size, of the parabola through the points."""
    size, error = np.log(fit.compute), np.log(fit.error)
    slope = np.polynomial.Polynomial.fit(size, error, 2).deriv()
    first, last = size.min() + np.ptp(size) / 6, size.max() - np.ptp(size) / 6
    return -float(slope(first)), -float(slope(last))


def with_left_out(evidence: Evidence) -> Evidence | None:
    """The evidence with the cells that were left out near chance; None where none were.

    They count along the sizes of the cells alone: it has the same frontier, and no surface.
    """
    near_chance = {run for run, reason in evidence.dropped if reason.startswith(LEARNT_NOTHING)}
    if not near_chance:
        return None
    others = [run for run, _ in evidence.dropped if run not in near_chance]
    cells = average_cells(evidence.runs.filter(~pl.col("run_id").is_in(others)))
    return replace(evidence, cells=cells, surface=None)


def shifted(measured: OwnExponent) -> str:
    """Why an answer that the cells left out would change decides nothing; ``measured`` has them in."""
    return (
        f"with the cells that were left out near chance it is {number(measured.value)} "
        f"[{interval(measured.interval)}], which would be answered otherwise"
    )
