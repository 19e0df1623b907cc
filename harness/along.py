"""The study's own exponent along any axis, for error or for loss, with a floor or without.

Along compute that is the frontier's curve. Along parameters or data it is the joint surface where a floor is fitted;
without one, and where no surface can be fitted, the cells of ``harness.envelope``.
"""

from dataclasses import dataclass

import numpy as np

from harness.envelope import envelope, one_pass
from harness.errors import FitError
from harness.evidence import Evidence, joint_surface
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.gate import spread_too_wide
from harness.fits.surface import SurfaceFit

AXIS_NOUNS = {"training_flops": "training FLOPs", "examples": "different training examples", "params": "parameters"}
LEVEL = 0.05  # at which a power is held against another: by its 95 % interval, and by its 90 % one for being the same
_SURFACE_EXPONENTS = {"params": "params_exponent", "examples_seen": "examples_exponent"}
_MOST_BY = 2.0  # times the decades of compute


@dataclass(frozen=True)
class OwnExponent:
    """An exponent of the study: its value, its 95 % and 90 % intervals, and what it was measured on.

    ``gate`` says why the data carry no exponent; empty where they do. ``fit`` is the curve along the axis, None where
    the exponent comes from the joint surface.
    """

    value: float
    interval: tuple[float, float]
    narrow: tuple[float, float]
    n: int
    decades: float
    how: str
    gate: str
    fit: CurveFit | None


def measure(evidence: Evidence, axis: str, *, response: str, floor: bool) -> OwnExponent:
    """The exponent of ``response`` (error or loss) along ``axis``, in the words of ``harness.published.units``.

    Raises:
        FitError: the study does not vary the axis enough, or does not measure the response.
    """
    if response not in ("error", "loss"):
        raise FitError(f"the study measures error and loss, the curve is of {response.replace('_', ' ')}")
    if floor and axis in ("params", "examples_seen", "examples"):
        surface_axis = _surface_axis(evidence, axis)
        try:
            if surface_axis is not None:
                return _from_surface(_surface(evidence, response), surface_axis)
        except FitError:
            pass  # one of the two sizes does not vary: the envelope along the other is what there is
    return _from_envelope(evidence, axis, response=response, floor=floor)


def main_axis(evidence: Evidence) -> str:
    """What the study varies most: training FLOPs, unless its examples or its networks span twice as many decades.

    Nor is it training FLOPs where all cells are at the edge of the grid, since compute then only follows.
    """
    cells = evidence.cells
    if cells.is_empty():
        return "training_flops"
    columns = {"training_flops": "training_flops", "examples": "train_examples", "params": "params"}
    spans = {name: float(np.ptp(np.log10(cells[column].to_numpy()))) for name, column in columns.items()}
    if evidence.frontier.is_empty():
        spans["training_flops"] = 0.0
    others = [name for name in spans if spans[name] > _MOST_BY * spans["training_flops"]]
    return max(others, key=lambda name: spans[name], default="training_flops")


def _surface_axis(evidence: Evidence, axis: str) -> str | None:
    """The surface's exponent that belongs to the axis: unique examples are those seen only in a single pass."""
    if axis == "examples":
        return _SURFACE_EXPONENTS["examples_seen"] if one_pass(evidence) else None
    return _SURFACE_EXPONENTS[axis]


def _surface(evidence: Evidence, response: str) -> SurfaceFit:
    if response == "error":
        if evidence.surface is None:
            raise FitError(evidence.refused.get("surface", "no surface was fitted"))
        return evidence.surface
    return joint_surface(evidence.cells, evidence.runs, response="test_loss")


def _from_surface(fit: SurfaceFit, name: str) -> OwnExponent:
    ends = fit.interval(name)
    return OwnExponent(
        value=fit.value(name),
        interval=ends,
        narrow=fit.interval(name, level=0.90),
        n=fit.n,
        decades=fit.decades,
        how="joint surface with a floor",
        gate=fit.gate or spread_too_wide(ends, fit.decades, what=name.replace("_", " ")),
        fit=None,
    )


def _from_envelope(evidence: Evidence, axis: str, *, response: str, floor: bool) -> OwnExponent:
    form = "power_floor" if floor else "power"
    if axis == "training_flops" and response == "error" and form in evidence.curves:
        fit, where = evidence.curves[form], "the frontier"
    else:
        best = envelope(evidence, axis, response=response)
        fit = fit_curve(best.cells["size"], best.cells[f"test_{response}"], form=form, stderr=best.stderr)
        where = best.what if best.stderr is None else f"{best.what}, each weighted by the scatter of its replicates"
    return OwnExponent(
        value=fit.value("exponent"),
        interval=fit.interval("exponent"),
        narrow=fit.interval("exponent", level=0.90),
        n=fit.n,
        decades=fit.decades,
        how=f"power law {'with' if floor else 'without'} a floor on {where}",
        gate=fit.gate,
        fit=fit,
    )
