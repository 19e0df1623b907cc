"""Claim: scaling down from a tuned model exaggerates how fast error falls, against scaling up from a small one.

Three arms of one study with the same sizes and budgets: hyper-parameters tuned at the largest size and reused below
(``down``), tuned at the smallest and reused above (``up``), and tuned at each (``each``, to hold both against). What is
held against each other are mean slopes over the range, as the paper's of families are: curves that bend may have their
asymptotic exponents in the reverse order.
"""

from collections.abc import Mapping

import numpy as np

from harness.claims.claim import Arms, Claim, Ruling, Terms, undecided
from harness.hypotheses.exponent import reaches

_DOWN, _UP, _EACH = "down", "up", "each"
_FORM = "power"  # the straight line that the comparison of families is about


def _judge(arms: Arms, terms: Terms) -> Ruling:
    fits = {}
    for label in (_DOWN, _UP):
        curves = arms.evidence[label].curves
        if _FORM not in curves:
            reason = arms.evidence[label].refused.get(_FORM, "no curve was fitted")
            return undecided(f"not identified: arm {label}: {reason}.")
        fits[label] = curves[_FORM]
    value = {label: fit.value("exponent") for label, fit in fits.items()}
    ends = {label: fit.interval("exponent", level=terms.confidence) for label, fit in fits.items()}
    difference = value[_DOWN] - value[_UP]
    low = difference - float(np.hypot(value[_DOWN] - ends[_DOWN][0], ends[_UP][1] - value[_UP]))
    high = difference + float(np.hypot(ends[_DOWN][1] - value[_DOWN], value[_UP] - ends[_UP][0]))
    each = arms.evidence[_EACH].curves.get(_FORM) if _EACH in arms.evidence else None
    between = f", {each.value('exponent'):.3f} tuned at each" if each else ""
    reason = (
        f"the mean slope over the range, ln error on ln compute and no asymptotic exponent, is {value[_DOWN]:.3f} when "
        f"tuned at the largest size, {value[_UP]:.3f} when tuned at the smallest{between}: a difference of "
        f"{difference:+.3f} (each bound one-sided {terms.bound}: {low:+.3f} to {high:+.3f}), over {fits[_DOWN].n} and "
        f"{fits[_UP].n} frontier points and {fits[_DOWN].decades:.1f} decades."
    )
    return Ruling(difference, (low, high), reaches((low, high), 0.0), reason)


def _lack(labels: Mapping[str, object]) -> str:
    missing = [label for label in (_DOWN, _UP) if label not in labels]
    return f"it has no arm named {' and none named '.join(missing)}" if missing else ""


CLAIM = Claim(
    name="tuning_direction",
    paper="G5",
    statement=(
        "Scaling down from a tuned large model makes error seem to fall faster with compute than scaling up from a "
        "tuned small one does."
    ),
    source="Thompson, Greenewald, Lee & Manso 2022, arXiv 2007.05558v2, page 12",
    needs="a study with arms named down (tuned at the largest size) and up (tuned at the smallest)",
    statistic="mean slope over the range scaling down minus scaling up",
    theirs="more than 0",
    arms=_judge,
    arms_lack=_lack,
)
