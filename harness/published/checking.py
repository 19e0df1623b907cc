"""What a published curve must be to be meant: units that convert, powers that fall, shares that are shares."""

import numpy as np

from harness.errors import ConfigError
from harness.published.curve import Axis, Curve
from harness.published.laws import LAWS
from harness.published.units import require_unit
from harness.schema import unknown

# Responses whose values are shares of one: a number above it is percent that lost its unit.
_SHARES = ("error",)


def check(curve: Curve, *, where: str) -> None:
    """Refuse what can't be meant.

    Raises:
        ConfigError: an unknown unit or law, a number that can't be, or keys that don't belong together.
    """
    for name, axis in curve.axes.items():
        require_unit(name, axis.unit, where=f"{where}.axes.{name}")
        _check_axis(axis, where=f"{where}.axes.{name}")
    require_unit(curve.response.quantity, curve.response.unit, where=f"{where}.response")
    _check_exponents(curve, where=where)
    if curve.law is not None:
        _check_law(curve, where=where)
    _check_values(curve, where=where)
    if (curve.response.quantity == "exponent") != (curve.power_of is not None):
        raise ConfigError(f"{where}.power_of: goes with response.quantity: exponent, and with it alone")
    if not (curve.exponents or curve.law or curve.points or curve.levels):
        raise ConfigError(f"{where}: says nothing; exponents, a law, points or levels would do")


def _check_axis(axis: Axis, *, where: str) -> None:
    if axis.range is not None and not (len(axis.range) == 2 and 0 < axis.range[0] < axis.range[1]):
        raise ConfigError(f"{where}.range: {list(axis.range)}; two numbers above zero, the smaller first, would do")
    for key in ("reference", "tokens_per_example"):
        number = getattr(axis, key)
        if number is not None and number <= 0:
            raise ConfigError(f"{where}.{key}: {number}; a number above zero would do")


def _check_exponents(curve: Curve, *, where: str) -> None:
    for name, exponent in curve.exponents.items():
        place = f"{where}.exponents.{name}"
        if name not in curve.axes:
            raise ConfigError(f"{place}: is no axis of the curve; add axes.{name} with its unit")
        if exponent.value is None and (exponent.low is None or exponent.high is None):
            raise ConfigError(f"{place}: has no value; value, or low and high, would do")
        low, high = exponent.interval
        if not 0 < exponent.centre < 10 or low > high:
            raise ConfigError(
                f"{place}: {exponent.centre:g} [{low:g}, {high:g}]; a power between 0 and 10, positive where the "
                "response falls, inside its interval, would do"
            )


def _check_law(curve: Curve, *, where: str) -> None:
    assert curve.law is not None
    if curve.law not in LAWS:
        raise ConfigError(f"{where}.law: {unknown('law', curve.law, LAWS)}")
    law = LAWS[curve.law]
    if set(curve.scales) != set(law.scales):
        raise ConfigError(
            f"{where}.scales: {', '.join(curve.scales) or 'none'}; {curve.law} takes {', '.join(law.scales) or 'none'}"
        )
    if len(curve.axes) != law.axes or (law.axes == 2 and "params" not in curve.axes):
        needs = "params and one of examples, examples_seen" if law.axes == 2 else "one axis"
        raise ConfigError(f"{where}.axes: {', '.join(curve.axes)}; {curve.law} is a function of {needs}")
    has_exponents = curve.law not in ("inverse", "identity", "saturating")
    if has_exponents and set(curve.exponents) != set(curve.axes):
        raise ConfigError(f"{where}.exponents: {', '.join(curve.exponents) or 'none'}; one an axis would do")
    for name, axis in curve.axes.items():
        if axis.range is None:
            raise ConfigError(f"{where}.axes.{name}.range: missing; a law says where it holds")
        if law.relative and axis.reference is None:
            raise ConfigError(f"{where}.axes.{name}.reference: missing; {curve.law} takes sizes as shares of it")


def _check_values(curve: Curve, *, where: str) -> None:
    """Refuse responses that can't be: above one where they are shares, or not above zero."""
    given = [(f"points[{number}].y", point.y) for number, point in enumerate(curve.points)]
    given += [(f"levels.{name}", level) for name, level in curve.levels.items()]
    if curve.law is not None:
        ends = {name: np.array(axis.range, dtype=float) for name, axis in curve.axes.items()}
        given += [
            (f"law at the {end} end", float(y)) for end, y in zip(("lower", "upper"), curve.value(ends), strict=True)
        ]
    share = curve.response.quantity in _SHARES and curve.response.unit == "fraction"
    for place, value in given:
        if not np.isfinite(value) or value <= 0:
            raise ConfigError(f"{where}.{place}: is {value:g}; a {curve.response.quantity} above zero would do")
        if share and value > 1:
            raise ConfigError(
                f"{where}.{place}: is {value:g}; a fraction between 0 and 1 would do, or response.unit: percent"
            )
    for number, point in enumerate(curve.points):
        if not np.isfinite(point.x) or point.x <= 0:
            raise ConfigError(f"{where}.points[{number}].x: is {point.x:g}; a size above zero would do")
    if curve.points and len(curve.axes) != 1:
        raise ConfigError(f"{where}.points: the curve has {len(curve.axes)} axes; points take exactly one")
