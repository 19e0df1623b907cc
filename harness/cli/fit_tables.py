"""Fits as plain numbers for JSON, and as tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from harness.cli.fitting import finite
from harness.fits.comparison import plausible, union_interval
from harness.fits.curve import CurveFit
from harness.fits.frontier import Frontier
from harness.fits.isoflop_minima import IsoflopFit
from harness.fits.surface import SurfaceFit

_EXPONENTS = ("exponent", "optimal_params_exponent", "optimal_examples_exponent", "compute_exponent")
# Where the gate says that the points carry no exponent, these are given as intervals only.
_GATED = ("irreducible_error", "params_exponent", "examples_exponent", *_EXPONENTS)
_NOT_SHOWN = ("scale", "chance_error")  # the first is the exponential of its logarithm; chance was not estimated
_WHICHEVER = "whichever"


def curves_as_numbers(fits: Mapping[str, CurveFit], *, at: Sequence[float], level: float) -> dict[str, dict[str, Any]]:
    """The fits for JSON, and under ``whichever`` the intervals that hold whichever plausible form is true.

    An infinite end of an interval is None, and so is a number that the points don't identify. ``at`` are computes to
    predict the error at.
    """
    plain = {name: _curve(fit, at, level) for name, fit in fits.items()}
    comparable = {fit.form: fit for fit in fits.values() if np.isfinite(fit.aicc)}
    if len(comparable) > 1:
        union = {"compute_exponent": union_interval(comparable, "compute_exponent", level=level)}
        if any("exponent" in comparable[name].params for name in plausible(comparable)):
            union["exponent"] = union_interval(comparable, "exponent", level=level)
        plain[_WHICHEVER] = {"forms": plausible(comparable), "intervals": finite(union), "level": level}
    return plain


def _curve(fit: CurveFit, at: Sequence[float], level: float) -> dict[str, Any]:
    return {
        "form": fit.form,
        "params": _stated(fit, fit.params),
        **_stated(fit, {"compute_exponent": fit.value("compute_exponent")}),
        "intervals": finite({name: fit.interval(name, level=level) for name in (*fit.params, "compute_exponent")}),
        **_quality(fit, level),
        "aicc": finite(fit.aicc),
        "calibration": None if fit.calibration is None else finite(asdict(fit.calibration)),
        "predictions": _plain(fit.predict(at, level=level)) if at else None,
        "diagnostics": _plain(fit.diagnostics),
    }


def surfaces_as_numbers(
    fits: Mapping[str, Frontier], *, at: Sequence[float], level: float
) -> dict[str, dict[str, Any]]:
    """The surfaces for JSON, with the best allocation at the computes ``at`` and the check by IsoFLOP minima."""
    return {name: _surface(found, at, level) for name, found in fits.items()}


def _surface(found: Frontier, at: Sequence[float], level: float) -> dict[str, Any]:
    surface = found.surface
    names = (*surface.params, *_EXPONENTS)
    return {
        "form": surface.form,
        "params": _stated(surface, surface.params),
        "exponents": _stated(surface, {name: surface.value(name) for name in _EXPONENTS}),
        "intervals": finite({name: surface.interval(name, level=level) for name in names}),
        **_quality(surface, level),
        "flops_per_param_example": found.flops_per_param_example,
        "isoflop_check": found.unchecked if found.check is None else _minima(found.check, level),
        "predictions": _plain(found.predict(at, level=level)) if at else None,
        "diagnostics": _plain(found.diagnostics),
    }


def _minima(check: IsoflopFit, level: float) -> dict[str, Any]:
    intervals = {name: check.interval(name, level=level) for name in check.params}
    plain: dict[str, Any] = finite({"n": check.n, "params": check.params, "intervals": intervals, "gate": check.gate})
    return plain


def _quality(fit: CurveFit | SurfaceFit, level: float) -> dict[str, Any]:
    names = ("objective", "delta", "n", "decades", "r_squared", "sigma", "identified", "gate")
    plain: dict[str, Any] = finite({name: getattr(fit, name) for name in names})
    return plain | {"level": level}


def _stated(fit: CurveFit | SurfaceFit, values: Mapping[str, float]) -> dict[str, float | None]:
    """The values that the points identify, None in place of the others."""
    stated: dict[str, float | None] = finite(
        {name: None if fit.gate and name in _GATED else value for name, value in values.items()}
    )
    return stated


def _plain(record: Any) -> dict[str, Any]:
    """A data class of numbers and arrays."""
    return {name: finite(value.tolist() if hasattr(value, "tolist") else value) for name, value in vars(record).items()}


def curves_table(plain: Mapping[str, Any], refused: Mapping[str, str], *, title: str, level: float) -> Table:
    """A row a form: exponent and floor with intervals, and how well it fits."""
    fits = {name: one for name, one in plain.items() if name != _WHICHEVER}
    best = min((one["aicc"] for one in fits.values() if one["aicc"] is not None), default=0.0)
    caption = "dAICc: against the best form, on one scale; under 4 the forms can't be told apart"
    if _WHICHEVER in plain:
        caption = f"{_union(plain[_WHICHEVER])}\n{caption}"
    table = Table(title=title, caption=caption)
    compute_exponent = "compute exponent at the largest compute"
    for name in ("form", f"parameters [{100 * level:g} % interval]", compute_exponent, "R2", "dAICc"):
        table.add_column(name, overflow="fold")
    for name, one in fits.items():
        exponent = _with_interval("", one["compute_exponent"], one["intervals"]["compute_exponent"])
        delta = "" if one["aicc"] is None else f"{one['aicc'] - best:.1f}"
        lines = [*_lines(one, "params"), *_predicted(one)]
        table.add_row(
            _named(name, one), "\n".join(lines), _with_doubt(exponent, one), _fraction(one["r_squared"]), delta
        )
    for name, reason in refused.items():
        table.add_row(name, Text(reason, style="yellow"), "", "", "")
    return table


def _fraction(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def surfaces_table(plain: Mapping[str, Any], refused: Mapping[str, str], *, title: str, level: float) -> Table:
    """A row a surface: its parameters, and the exponents of its compute-optimal frontier."""
    table = Table(title=title)
    for name in ("form", f"parameters [{100 * level:g} % interval]", "on the compute-optimal frontier", "R2"):
        table.add_column(name, overflow="fold")
    for name, one in plain.items():
        frontier = "\n".join([*_lines(one, "exponents"), *_predicted(one), _check(one)])
        lines = "\n".join(_lines(one, "params"))
        table.add_row(_named(name, one), lines, _with_doubt(frontier, one), f"{one['r_squared']:.3f}")
    for name, reason in refused.items():
        table.add_row(name, Text(reason, style="yellow"), "", "")
    return table


def _union(one: Mapping[str, Any]) -> str:
    ends = (_interval(name, one["intervals"][name]) for name in sorted(one["intervals"]))
    return f"whichever of {', '.join(one['forms'])} holds: {', '.join(ends)}"


def _named(asked: str, one: Mapping[str, Any]) -> str:
    return asked if asked == one["form"] else f"{asked}: {one['form']}"


def _lines(one: Mapping[str, Any], group: str) -> list[str]:
    shown = {name: value for name, value in one[group].items() if name not in _NOT_SHOWN}
    return [_with_interval(name, value, one["intervals"][name]) for name, value in shown.items()]


def _predicted(one: Mapping[str, Any]) -> list[str]:
    at = one["predictions"]
    if at is None:
        return []
    rows = zip(at["compute"], at["error"], at["low"], at["high"], strict=True)
    return [_with_interval(f"at {compute:.3g}:", error, (low, high)) for compute, error, low, high in rows]


def _check(one: Mapping[str, Any]) -> str:
    check = one["isoflop_check"]
    if isinstance(check, str):
        return f"unchecked: {check}"
    name = "optimal_params_exponent"
    return _with_interval(f"by IsoFLOP minima: {name}", check["params"][name], check["intervals"][name])


def _with_doubt(words: str, one: Mapping[str, Any]) -> Text:
    return Text.assemble(words, ("" if one["identified"] else f"\nnot identified: {one['gate']}", "yellow"))


def _with_interval(name: str, value: float | None, ends: Sequence[float | None]) -> str:
    """``exponent 0.25 [0.21, 0.3]``; without the number where there is none to state."""
    return f"{name} {'' if value is None else format(value, '.4g') + ' '}{_interval('', ends)}".strip()


def _interval(name: str, ends: Sequence[float | None]) -> str:
    low, high = ("unbounded" if end is None else f"{end:.4g}" for end in ends)
    return f"{name} [{low}, {high}]".strip()
