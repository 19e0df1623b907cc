"""L1 to L7: what articles quote. Where sources disagree, both numbers stand."""

import math
from datetime import date

import numpy as np

from harness.paper.data import Efficiency, efficiencies
from harness.paper.regression import fit_line
from harness.paper.row import Number, Row, claim_of, quoted, row, theirs

_DAYS_A_MONTH = 365.25 / 12
_YEARS_QUOTED = 7


def rows() -> tuple[Row, ...]:
    """A row a claim."""
    dollars = claim_of("L4").theirs
    apart = float(dollars["dollars in the press"]) / float(dollars["dollars in other accounts"])
    return (
        halving(),
        transformer(),
        quoted("L3"),
        quoted("L4", note=f"The accounts are {apart:.1f} times apart; both stand."),
        quoted("L5"),
        cars(),
        quoted("L7"),
    )


def reaching(target: str) -> tuple[Efficiency, ...]:
    """The models that reached a target, by date."""
    return tuple(
        sorted((one for one in efficiencies().rows if one.target.startswith(target)), key=lambda one: one.date)
    )


def months_to_halve(first: Efficiency, last: Efficiency) -> float:
    """From the two ends alone."""
    days = (date.fromisoformat(last.date) - date.fromisoformat(first.date)).days
    return days / _DAYS_A_MONTH / math.log2(first.compute / last.compute)


def halving() -> Row:
    """L1: AlexNet's error, 2012 to 2019."""
    known = reaching("alexnet")
    first, last = known[0], known[-1]
    months = np.array([date.fromisoformat(one.date).toordinal() / _DAYS_A_MONTH for one in known])
    line = fit_line(np.log2([one.compute for one in known]), months)
    gain, ends = first.compute / last.compute, months_to_halve(first, last)
    numbers = [
        Number("gain", theirs("L1", "gain", None).theirs, gain, down=True),
        theirs("L1", "months to halve", -1 / line.slope),
        theirs("L1", "months to halve, 44-fold in seven years", 12 * _YEARS_QUOTED / math.log2(math.floor(gain))),
        Number("months to halve, from the two dates", ours=ends),
        Number("gain in three years, at that rate", ours=2 ** (36 / ends)),
    ]
    return row(
        "L1",
        numbers,
        note="The 44 is the table's quotient rounded down. A line through all six models gives a slower halving than "
        "the two ends do; 16 months rounds the line's.",
    )


def transformer() -> Row:
    """L2: one pair of models, three numbers."""
    first, last = reaching("seq2seq")
    ours = first.compute / last.compute
    numbers = [theirs("L2", "in the press", ours), theirs("L2", "at OpenAI", None)]
    return row(
        "L2",
        numbers,
        verdict="differs",
        note=f"OpenAI's table, whose entries are rounded, gives {ours:.0f}; its page says 61 and the press 64. "
        "All three "
        "stand.",
    )


def cars() -> Row:
    """L6: pounds as cars."""
    pounds = claim_of("L6").theirs
    ratio = float(pounds["pounds"]) / float(pounds["pounds a car"])
    numbers = [theirs("L6", name, ratio if name == "cars" else None) for name in pounds]
    return row(
        "L6",
        numbers,
        verdict="quoted",
        note=f"The division holds ({ratio:.2f} cars); the pounds themselves moved between versions of the source.",
    )
