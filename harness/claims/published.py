"""Published networks as evidence, and what a study and they have in common: points with every form fitted to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.points import columns
from harness.fits.surface import SurfaceFit
from harness.forms import FORMS
from harness.forms.form import FloatArray


@dataclass(frozen=True, eq=False)
class Published:
    """Networks as their papers report them, arrays of shape (networks,): compute in FLOP, error in (0, 1).

    ``measure`` says what compute is, ``of_training`` whether it is what training took: a forward pass is not.
    ``year`` and ``family`` are empty where they are not known.
    """

    name: str
    source: str
    measure: str
    compute: FloatArray
    error: FloatArray
    year: FloatArray = field(default_factory=lambda: np.zeros(0))
    family: tuple[str, ...] = ()
    of_training: bool = True

    @cached_property
    def trend(self) -> "Trend":
        """Every form fitted to the networks; two that share their figures are two, so each is its own group."""
        curves: dict[str, CurveFit] = {}
        refused: dict[str, str] = {}
        for form in FORMS:
            try:
                curves[form] = fit_curve(self.compute, self.error, form=form, groups=range(len(self.error)))
            except FitError as reason:
                refused[form] = str(reason)
        return Trend("networks", self.compute, self.error, curves, refused, noisy_compute=True)


@dataclass(frozen=True, eq=False)
class Trend:
    """Points of error against compute, and the fits of every form; ``noun`` is what a point is called.

    ``surface`` is the other road to the same frontier, where there is one. ``cells`` are compute and error of all that
    the points were chosen from, shape (2, cells), where they were chosen. ``noisy_compute`` is whether compute is known
    no better than error, as in papers: a regression of error on it is then one of two.
    """

    noun: str
    compute: FloatArray
    error: FloatArray
    curves: Mapping[str, CurveFit]
    refused: Mapping[str, str]
    surface: SurfaceFit | None = None
    cells: FloatArray | None = None
    noisy_compute: bool = False


def frontier_trend(evidence: Evidence) -> Trend:
    """A study's frontier."""
    frontier = evidence.frontier
    compute = frontier["training_flops"].cast(float).to_numpy()
    error = frontier["test_error"].to_numpy()
    cells = evidence.cells.select(pl.col("training_flops", "test_error").cast(float)).filter(pl.col("test_error") > 0)
    return Trend(
        "frontier points", compute, error, evidence.curves, evidence.refused, evidence.surface, cells.to_numpy().T
    )


def not_of_training(points: Published) -> str:
    """What a claim about the cost of training lacks in networks of which only another cost is known."""
    return "" if points.of_training else f"its compute is {points.measure}, and the claim is about training"


def no_frontier(evidence: Evidence) -> str:
    """What a claim about compute-optimal error lacks in a study all of whose best cells are at the edge of its grid."""
    if evidence.edge.is_empty() or not evidence.frontier.is_empty():
        return ""
    return "no cell's compute could be spent on both more and fewer parameters, so no frontier is known"


def all_points(evidence: Evidence) -> tuple[FloatArray, FloatArray]:
    """Compute and error of every cell.

    Raises:
        FitError: an error that has no logarithm.
    """
    compute, error = columns(training_flops=evidence.cells["training_flops"], test_error=evidence.cells["test_error"])
    if not len(compute):
        raise FitError("no cell; one or more would do")
    return compute, error
