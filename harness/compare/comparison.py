"""One power of the study beside a published one: the difference with its interval, and whether they agree.

Supported: the study's power is the published one within a factor (both one-sided tests at 5 %). Contradicted: it isn't,
and the 95 % interval of the difference excludes zero. Else undecided. What the study does not identify, or what stands
in doubt, decides neither. A paper without an uncertainty is taken as exact, which the row says.
"""

from dataclasses import dataclass

import numpy as np

from harness.along import OwnExponent
from harness.claims import Answer
from harness.published import Curve, Exponent

# A law that is said of any data can be contradicted by other data; a power that was measured on some is only another.
_SAID_OF_A_LAW: dict[Answer, str] = {"supported": "supported", "contradicted": "contradicted", "undecided": "undecided"}
_SAID_OF_A_MEASUREMENT: dict[Answer, str] = {
    "supported": "the same here",
    "contradicted": "different here",
    "undecided": "undecided",
}


@dataclass(frozen=True)
class Comparison:
    """One exponent of one curve beside the study's.

    ``axis`` is what the exponent is of, ``floor`` whether one was subtracted on both sides. ``difference`` is study
    minus published, with its 95 % interval; these and ``measured`` are None where nothing could be compared, and
    ``reason`` then says why. ``published`` is None where the curve gives no power. ``doubt`` says why a power that the
    study identifies decides nothing all the same. ``arm`` is the arm that was compared, and ``at`` the property of the
    data that names it.
    """

    curve: Curve
    axis: str
    floor: bool
    published: Exponent | None
    measured: OwnExponent | None
    difference: float | None
    interval: tuple[float, float] | None
    answer: Answer
    reason: str
    doubt: str = ""
    arm: str = ""
    at: float | None = None

    @property
    def said(self) -> str:
        """The answer in a reader's words, which are weaker where the published power is of other data."""
        return (_SAID_OF_A_LAW if self.curve.theory else _SAID_OF_A_MEASUREMENT)[self.answer]

    @property
    def decisive(self) -> bool:
        """Whether the row is a test that could have decided."""
        return self.measured is not None and not self.measured.gate and not self.doubt


def judge(
    curve: Curve, axis: str, published: Exponent, measured: OwnExponent, *, factor: float, doubt: str = ""
) -> Comparison:
    """The row of a power that was measured."""
    low, high = published.interval
    if published.value is None:  # a range: every power in it is theirs
        difference = measured.value - float(np.clip(measured.value, low, high))
        interval = (measured.interval[0] - high, measured.interval[1] - low)
    else:
        difference = measured.value - published.centre
        interval = (
            difference - float(np.hypot(measured.value - measured.interval[0], high - published.centre)),
            difference + float(np.hypot(measured.interval[1] - measured.value, published.centre - low)),
        )
    answer: Answer = "undecided"
    if not measured.gate and not doubt:
        answer = _answer(curve, published, measured, interval, factor=factor)
    return Comparison(
        curve=curve,
        axis=axis,
        floor=curve.floor == "fitted",
        published=published,
        measured=measured,
        difference=difference,
        interval=interval,
        answer=answer,
        reason=_reason(curve, published, measured, answer, doubt, factor=factor),
        doubt=doubt,
    )


def _answer(
    curve: Curve, published: Exponent, measured: OwnExponent, interval: tuple[float, float], *, factor: float
) -> Answer:
    low, high = published.interval
    nearest, farthest = (low, high) if published.value is None else (published.centre, published.centre)
    same = farthest * factor >= measured.narrow[1] and measured.narrow[0] >= nearest / factor
    apart = interval[0] > 0 or interval[1] < 0
    if curve.at_least:
        same, apart = measured.narrow[0] >= nearest, interval[1] < 0
    return "supported" if same else "contradicted" if apart else "undecided"


def _reason(
    curve: Curve, published: Exponent, measured: OwnExponent, answer: Answer, doubt: str, *, factor: float
) -> str:
    said = {
        "supported": f"the same within a factor of {factor:g}",
        "contradicted": "different beyond both uncertainties",
        "undecided": f"shown neither to be the same within a factor of {factor:g} nor to differ",
    }[answer]
    if curve.at_least:
        said = "a lower bound"
    if measured.gate:
        said = f"the study alone does not identify a power: {measured.gate}"
    elif doubt:
        said = doubt
    exact = "" if published.uncertain or curve.theory else "; no published uncertainty, taken as exact"
    return f"{said}; {measured.n} points over {measured.decades:.1f} decades, {measured.how}{exact}."


def incomparable(curve: Curve, axis: str, published: Exponent | None, reason: str) -> Comparison:
    """The row of a power that has no counterpart in the study."""
    return Comparison(
        curve=curve,
        axis=axis,
        floor=curve.floor == "fitted",
        published=published,
        measured=None,
        difference=None,
        interval=None,
        answer="undecided",
        reason=f"not comparable: {reason}.",
    )
