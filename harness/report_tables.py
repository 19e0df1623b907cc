"""The tables of the report as rows of text; those of runs are in ``harness.report_runs``."""

from dataclasses import dataclass

from harness.along import main_axis, measure
from harness.claims import Arms
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.curve import CurveFit
from harness.fits.surface import SOURCE, SurfaceFit
from harness.forms import FORMS
from harness.plots.numerals import interval, number
from harness.plots.style import fit_style

_SURFACE_FORMULA = "error = E + A * N**-a + B * D**-b"
# Where the gate says that the data carry no exponent, these are given as intervals only.
_GATED = ("exponent", "irreducible_error", "params_exponent", "examples_exponent", "compute_exponent",
          "optimal_params_exponent", "optimal_examples_exponent")  # fmt: skip
_NOT_SHOWN = ("scale", "log_scale", "chance_error")  # the scale has no meaning of its own; chance was not estimated
_SURFACE_QUANTITIES = (
    "params_exponent", "examples_exponent", "irreducible_error", "exponent", "compute_exponent",
    "optimal_params_exponent", "optimal_examples_exponent",
)  # fmt: skip
_QUANTITY_NAMES = {
    "irreducible_error": "irreducible error, E",
    "compute_exponent": "compute exponent, p",
    "params_exponent": "exponent of parameters, a",
    "examples_exponent": "exponent of examples, b",
    "optimal_params_exponent": "the best N grows as C to the",
    "optimal_examples_exponent": "the best D grows as C to the",
}


@dataclass(frozen=True)
class Quantity:
    """A number of a fit with its 95 % interval; the value is None where the data don't identify it."""

    name: str
    value: float | None
    bounds: tuple[float, float]


@dataclass(frozen=True)
class FitRow:
    """A fit as the report's table shows it."""

    label: str
    formula: str
    quantities: tuple[Quantity, ...]
    n: int
    decades: float
    r_squared: float
    aicc: float | None
    gate: str


@dataclass(frozen=True)
class FormRow:
    """A form that was tried."""

    label: str
    formula: str
    source: str


@dataclass(frozen=True)
class ArmRow:
    """An arm: its runs, what it reached, and the power of its error along what it varies, or why there is none."""

    label: str
    runs: int
    lowest: str
    power: str
    floored: str


def fit_rows(evidence: Evidence) -> tuple[FitRow, ...]:
    """A row a fit that succeeded, curves first."""
    rows = [_curve_row(name, fit) for name, fit in evidence.curves.items()]
    if evidence.surface is not None:
        rows.append(_surface_row(evidence.surface))
    return tuple(rows)


def _curve_row(name: str, fit: CurveFit) -> FitRow:
    form = FORMS[name]
    own = [parameter for parameter in form.parameters if parameter not in _NOT_SHOWN]
    return FitRow(
        label=fit_style(name).title,
        formula=form.formula,
        quantities=_quantities(fit, (*own, "compute_exponent")),
        n=fit.n,
        decades=fit.decades,
        r_squared=fit.r_squared,
        aicc=fit.aicc,
        gate=fit.gate,
    )


def _surface_row(fit: SurfaceFit) -> FitRow:
    return FitRow(
        label=fit_style("surface").title,
        formula=_SURFACE_FORMULA,
        quantities=_quantities(fit, _SURFACE_QUANTITIES),
        n=fit.n,
        decades=fit.decades,
        r_squared=fit.r_squared,
        aicc=None,
        gate=fit.gate,
    )


def _quantities(fit: CurveFit | SurfaceFit, names: tuple[str, ...]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(
            name=_QUANTITY_NAMES.get(name, name.replace("_", " ")),
            value=None if fit.gate and name in _GATED else fit.value(name),
            bounds=fit.interval(name),
        )
        for name in names
    )


def form_rows(evidence: Evidence) -> tuple[FormRow, ...]:
    """Every form that was fitted or refused, with its formula and where it comes from."""
    tried = [name for name in FORMS if name in evidence.curves or name in evidence.refused]
    rows = [FormRow(fit_style(name).title, FORMS[name].formula, FORMS[name].source) for name in tried]
    if evidence.surface is not None or "surface" in evidence.refused:
        rows.append(FormRow(fit_style("surface").title, _SURFACE_FORMULA, SOURCE))
    return tuple(rows)


def arm_rows(arms: Arms) -> tuple[ArmRow, ...]:
    """A row an arm that has a finished run."""
    return tuple(_arm_row(label, evidence) for label, evidence in arms.evidence.items())


def _arm_row(label: str, evidence: Evidence) -> ArmRow:
    axis = main_axis(evidence)
    return ArmRow(
        label=label,
        runs=len(evidence.runs),
        lowest=number(evidence.cells["test_error"].min() if len(evidence.cells) else None),  # type: ignore[arg-type]
        power=_power_along(evidence, axis, floor=False),
        floored=_power_along(evidence, axis, floor=True),
    )


def _power_along(evidence: Evidence, axis: str, *, floor: bool) -> str:
    try:
        found = measure(evidence, axis, response="error", floor=floor)
    except FitError as refusal:
        return str(refusal)
    value = (
        f"not identified ({interval(found.interval)})"
        if found.gate
        else (f"{number(found.value)} ({interval(found.interval)})")
    )
    return f"{value}, {found.n} cells, {number(found.decades, 2)} decades of {axis.replace('_', ' ')}"
