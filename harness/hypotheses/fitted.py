"""What a test needs of a fit: a value and an interval of any quantity. One fit has them, and so have several forms.

``whichever(fits)`` is the fit to test where the form is not known: its interval is the union over the forms that the
points leave standing, so that what is decided holds whichever of them is true.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.errors import FitError
from harness.fits.comparison import plausible, union_interval
from harness.fits.curve import CurveFit
from harness.fits.quantity import Quantity
from harness.forms import FORMS

SMALLEST_P = 1e-6  # beyond it normal noise is more in doubt than the hypothesis
_HALVINGS = 12  # of the six decades of p: to half a per cent of its logarithm


class Fitted(Protocol):
    """A curve fit, a surface fit, or several forms of which one is true."""

    @property
    def form(self) -> str:
        """What was fitted, in a word or a few."""

    @property
    def n(self) -> int:
        """How many cells were fitted."""

    @property
    def decades(self) -> float:
        """The range of compute."""

    def value(self, quantity: Quantity) -> float:
        """The quantity at the optimum."""

    def interval(self, quantity: Quantity, *, level: float) -> tuple[float, float]:
        """The quantity's interval."""


@dataclass(frozen=True, eq=False)
class Whichever:
    """The forms that the points leave standing: values are the best form's, intervals hold whichever is true."""

    fits: Mapping[str, CurveFit]

    @property
    def best(self) -> CurveFit:
        """The fit of lowest AICc."""
        return min(self.fits.values(), key=lambda fit: fit.aicc)

    @property
    def form(self) -> str:
        """The forms' titles."""
        return " or ".join(FORMS[name].title for name in self.fits)

    @property
    def n(self) -> int:
        """How many cells were fitted."""
        return self.best.n

    @property
    def decades(self) -> float:
        """The range of compute."""
        return self.best.decades

    def value(self, quantity: Quantity) -> float:
        """The best form's value."""
        return self.best.value(quantity)

    def interval(self, quantity: Quantity, *, level: float) -> tuple[float, float]:
        """The union of the forms' intervals."""
        return union_interval(self.fits, quantity, level=level)


def whichever(fits: Mapping[str, CurveFit], *, having: str | None = None) -> Whichever:
    """The plausible ones of ``fits`` to the same points; only those with a parameter ``having``, where it is named.

    Raises:
        FitError: there is none.
    """
    members = {name: fit for name, fit in fits.items() if having is None or having in fit.params}
    standing = plausible(members)
    if not standing:
        what = "no form was fitted" if having is None else f"no form with the parameter {having} was fitted"
        raise FitError(f"forms: {what}; one or more would do")
    return Whichever({name: members[name] for name in standing})


def p_value(fitted: Fitted, quantity: Quantity, value: float) -> float:
    """The two-sided p-value of ``quantity`` being ``value``: one minus the level at which its interval lets go of it.

    Found by bisection of ln p, so that it is the very interval that is reported; no less than ``SMALLEST_P``, which
    stands for anything below.
    """

    def excluded(p: float) -> bool:
        low, high = fitted.interval(quantity, level=1 - p)
        return value < low or value > high

    held, let_go = SMALLEST_P, 1 - 1e-9
    if excluded(held):
        return SMALLEST_P
    for _ in range(_HALVINGS):
        middle = float((held * let_go) ** 0.5)
        if excluded(middle):
            let_go = middle
        else:
            held = middle
    return 1.0 if let_go == 1 - 1e-9 else let_go


def one_sided(two_sided: float, *, beyond: bool) -> float:
    """The p-value of one direction; ``beyond`` says that the estimate lies on the alternative's side."""
    return two_sided / 2 if beyond else 1 - two_sided / 2


def both_sides(level: float) -> float:
    """The level of the interval whose two ends are one-sided bounds at ``level``: 0.9 for 0.95."""
    return round(2 * level - 1, 12)
