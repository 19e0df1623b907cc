"""The study's own exponent along any axis, for error or for loss, with a floor or without.

Along compute that is the frontier's curve. Along parameters or data it is the joint surface where a floor is fitted;
without one, and where no surface can be fitted, the envelope: the best cell at each size, chosen on validation.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.evidence import Evidence, joint_surface
from harness.fits.budgets import SAME_COMPUTE
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.surface import SurfaceFit
from harness.fits.undominated import undominated

AXIS_NOUNS = {"training_flops": "training FLOPs", "examples": "different training examples", "params": "parameters"}
_SURFACE_EXPONENTS = {"params": "params_exponent", "examples_seen": "examples_exponent"}
_FEWEST_SIZES = 3
_MOST_BY = 2.0  # times the decades of compute
_ONE_PASS = 1.0  # epochs: up to here an example seen is a new example


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


def axis_values(evidence: Evidence, axis: str) -> pl.Series:
    """Each cell's size along the axis, in our units.

    Raises:
        FitError: the study has no such size, or does not vary it.
    """
    cells = evidence.cells
    if axis == "hardware_burden":
        burden = evidence.runs.group_by("cell").agg(pl.col("hardware_burden").mean())
        sizes = cells.select("cell").join(burden, on="cell", how="left", maintain_order="left")["hardware_burden"]
    elif axis == "examples":
        sizes = cells["train_examples"]
        if sizes.n_unique() < _FEWEST_SIZES and _one_pass(evidence):
            sizes = cells["examples_seen"]
    elif axis in ("training_flops", "forward_flops", "params", "examples_seen", "width"):
        sizes = cells[axis]
    else:
        raise FitError(f"a study has no axis {axis.replace('_', ' ')}; it is a property of its data")
    if sizes.null_count() or sizes.n_unique() < _FEWEST_SIZES:
        found, noun = sizes.n_unique(), axis.replace("_", " ")
        raise FitError(f"along {noun} the study has {found} size{'s'[: found != 1]}; {_FEWEST_SIZES} or more would do")
    return sizes.cast(pl.Float64)


def _one_pass(evidence: Evidence) -> bool:
    cells = evidence.cells
    return bool((cells["examples_seen"] <= _ONE_PASS * cells["train_examples"]).all())


def _surface_axis(evidence: Evidence, axis: str) -> str | None:
    """The surface's exponent that belongs to the axis: unique examples are those seen only in a single pass."""
    if axis == "examples":
        return _SURFACE_EXPONENTS["examples_seen"] if _one_pass(evidence) else None
    return _SURFACE_EXPONENTS[axis]


def _surface(evidence: Evidence, response: str) -> SurfaceFit:
    if response == "error":
        if evidence.surface is None:
            raise FitError(evidence.refused.get("surface", "no surface was fitted"))
        return evidence.surface
    return joint_surface(evidence.cells, evidence.runs, response="test_loss")


def _from_surface(fit: SurfaceFit, name: str) -> OwnExponent:
    return OwnExponent(
        value=fit.value(name),
        interval=fit.interval(name),
        narrow=fit.interval(name, level=0.90),
        n=fit.n,
        decades=fit.decades,
        how="joint surface with a floor",
        gate=fit.gate,
        fit=None,
    )


def _from_envelope(evidence: Evidence, axis: str, *, response: str, floor: bool) -> OwnExponent:
    form = "power_floor" if floor else "power"
    if axis == "training_flops" and response == "error" and form in evidence.curves:
        fit = evidence.curves[form]
    else:
        best = envelope(evidence, axis, response=response)
        fit = fit_curve(best["size"], best[f"test_{response}"], form=form)
    where = "the frontier" if axis == "training_flops" else "the best cell at each size"
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


def envelope(evidence: Evidence, axis: str, *, response: str) -> pl.DataFrame:
    """The cells that none of the same or a smaller size beats on validation, with their ``size``.

    Raises:
        FitError: the study does not vary the axis.
    """
    sizes = axis_values(evidence, axis)
    cells = evidence.cells.with_columns(sizes.alias("size")).filter(pl.col(f"validation_{response}").is_not_null())
    chosen = undominated(cells["size"], np.maximum(cells[f"validation_{response}"], 1e-12), tolerance=SAME_COMPUTE)
    best: pl.DataFrame = cells[chosen.tolist()]
    return best
