"""What a reader should know before believing a fit: the report's tables of diagnostics, of checks, and of burden."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.evidence import Evidence, budgets, trunks_of
from harness.fits.burden import utilisation_drift
from harness.fits.clustered import ClusteredFit
from harness.fits.curve import CurveFit
from harness.fits.direction import Power, regression_directions
from harness.fits.frontier import Minima, raw_minima
from harness.fits.isoflop_minima import through_minima
from harness.fits.surface import SurfaceFit
from harness.forms import FORMS
from harness.plots.numerals import ABSENT, interval, number, percent, scientific
from harness.plots.style import fit_style

_ENOUGH_AGREE = 1e-6  # two optimisers' objectives, relative
_BY_TRUNKS = "power_floor"


@dataclass(frozen=True)
class CheckRow:
    """A fit's diagnostics as text, in the order of ``CHECKS``."""

    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Burden:
    """The straight line through the frontier by axis and direction: (axis, regression, power, interval) as text.

    ``drift`` says what utilisation does; ``absent`` why there is no table, empty where there is one.
    """

    rows: tuple[tuple[str, str, str, str], ...]
    drift: str
    absent: str


CHECKS = (
    "Starts that agree",
    "Second optimiser",
    "At a bound",
    "Curvature",
    "Bend left over, p",
    "Lack of fit, p",
    "Most influential cell (Cook's distance)",
)


def check_rows(evidence: Evidence) -> tuple[CheckRow, ...]:
    """A row a fit, curves first."""
    fits: dict[str, CurveFit | SurfaceFit] = dict(evidence.curves)
    if evidence.surface is not None:
        fits["surface"] = evidence.surface
    return tuple(CheckRow(fit_style(name).title, _texts(fit)) for name, fit in fits.items())


def _texts(fit: CurveFit | SurfaceFit) -> tuple[str, ...]:
    found = fit.diagnostics
    most = int(np.argmax(found.influence))
    agrees = "agrees" if found.disagreement < _ENOUGH_AGREE else f"off by {number(found.disagreement, 2)}"
    return (
        percent(found.agreeing_starts),
        agrees,
        ", ".join(found.at_bound).replace("_", " ") or "none",
        number(found.curvature, 2),
        _p_value(getattr(found, "bend", None)),
        _p_value(found.lack_of_fit),
        f"{_place(fit, most)} ({number(float(found.influence[most]), 2)})",
    )


def _p_value(p: float | None) -> str:
    return ABSENT if p is None else number(p, 2)


def _place(fit: CurveFit | SurfaceFit, cell: int) -> str:
    if isinstance(fit, CurveFit):
        return f"{scientific(float(fit.compute[cell]))} FLOPs"
    params, examples = fit.points[:, cell]
    return f"{scientific(float(params))} parameters, {scientific(float(examples))} examples"


def growth_of_size(evidence: Evidence) -> str:
    """How the best size grows by the joint surface, and by the IsoFLOP minima that check it, as a sentence."""
    if evidence.surface is None:
        return ""
    name = "optimal_params_exponent"
    by_surface = f"{interval(evidence.surface.interval(name))} by the joint surface"
    try:
        minima = through_minima(evidence.isoflop)
        check = f"and {interval(minima.interval(name))} by {minima.n} IsoFLOP minima"
    except FitError as reason:
        check = f"unchecked by IsoFLOP minima ({reason})"
    return f"The best number of parameters grows as a power of compute: {by_surface}, {check}."


def winners_curse(evidence: Evidence) -> str:
    """What picking the lowest test error of each budget would have taken off, as a sentence; empty if not known."""
    if evidence.surface is None or evidence.surface.sigma == 0:
        return ""
    minima: Minima = raw_minima(evidence.surface, budgets(evidence.cells))
    off = 1 - minima.error / minima.corrected
    return (
        f"Picking the lowest test error of each budget would flatter it by {percent(float(off.min()))} to "
        f"{percent(float(off.max()))} (winner's curse, by the surface and its noise of "
        f"{percent(evidence.surface.sigma)}); the frontier is chosen on validation error instead."
    )


def shared_trunks(evidence: Evidence) -> str:
    """On how many independent trunks the frontier rests, and what that does to its intervals; empty if one a cell."""
    labels = trunks_of(evidence.frontier)
    count = len(set(labels))
    if count == len(labels):
        return ""
    said = (
        f"The frontier's {len(labels)} cells rest on {count} independent trunk{'s' if count > 1 else ''}, and cells of "
        "a trunk share its noise, so intervals of a curve's quantities hold with trunks as clusters too"
    )
    fit = evidence.curves.get(_BY_TRUNKS)
    if not isinstance(fit, ClusteredFit):
        return said
    ends = fit.interval("exponent")
    if not np.isfinite(ends).any():
        return f"{said}: {count} trunks with these errors can't tell how sure an exponent is, and decide nothing"
    return (
        f"{said}: the exponent of the {FORMS[_BY_TRUNKS].title} lies in {interval(ends)}, with cells taken for "
        f"independent in {interval(fit.apart.interval('exponent'))} (wild cluster bootstrap, wide where trunks are few)"
    )


def burden(evidence: Evidence) -> Burden:
    """The law in hardware burden, by each direction of regression since both axes are noisy, beside that in FLOPs."""
    devices = evidence.runs["device_name"].n_unique()
    if devices > 1:
        return Burden((), "", f"The runs are of {devices} kinds of processor, whose burdens are not of one kind.")
    try:
        return _burden(evidence)
    except FitError as reason:
        return Burden((), "", f"No law in hardware burden: {reason}.")


def _burden(evidence: Evidence) -> Burden:
    means = evidence.runs.group_by("cell").agg(pl.col("hardware_burden").mean())
    cells = evidence.frontier.join(means, on="cell", how="left", maintain_order="left")
    flops, spent, error = (
        cells[name].cast(pl.Float64).to_numpy() for name in ("training_flops", "hardware_burden", "test_error")
    )
    drift = utilisation_drift(flops, spent)
    by_flops, by_burden = regression_directions(flops, error), regression_directions(spent, error)
    powers: list[tuple[str, str, Power]] = [
        ("training FLOPs", "error on compute", by_flops.forward),
        ("hardware burden", "error on burden (forward)", by_burden.forward),
        ("hardware burden", "burden on error (reverse)", by_burden.reverse),
        ("hardware burden", "reduced major axis", by_burden.reduced_major_axis),
    ]
    steady = f"utilisation is not seen to drift with compute (as C**γ, γ in {interval(drift.interval)})"
    return Burden(
        tuple((axis, how, _power(power), interval(power.interval)) for axis, how, power in powers),
        drift.warning or steady,
        "",
    )


def _power(power: Power) -> str:
    return number(power.value) if np.isfinite(power.value) else "infinite"
