"""Power or exponential, over designs that can tell and designs that can't (bars V12 and V13).

A right verdict supports a power where there is one and contradicts it where there is none; the wrong one is the
opposite; what is left is undecided.
"""

from functools import cache

import numpy as np
import pytest

from harness.fits.comparison import fit_each
from harness.forms.form import FloatArray
from harness.hypotheses import power_or_exponential
from tests.stats.simulated import Design, Truth, draw

pytestmark = [pytest.mark.stats, pytest.mark.slow(2)]

DRAWS = 300
FORMS = ("power", "power_floor", "exponential_error", "exponential_performance")
SHALLOW, FLOORED = Truth(1 / 9, 0.0), Truth(0.25, 0.3)
SHORT = (Design(10, 0.02, 2), Design(20, 0.02, 2))
LONG = (Design(10, 0.02, 3), Design(20, 0.02, 3), Design(20, 0.01, 3), Design(40, 0.02, 4), Design(20, 0.05, 3))


def exponential(kind: str, design: Design, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Error, or 1/error, linear in log10 compute from 0.3 to 0.1, with noise."""
    share = np.linspace(0, 1, design.n)
    error = 0.3 - 0.2 * share if kind == "error" else 1 / (1 / 0.3 + (1 / 0.1 - 1 / 0.3) * share)
    return design.compute, error * np.exp(generator.normal(0.0, design.sigma, design.n))


@cache
def shares(truth: Truth | str, design: Design) -> dict[str, float]:
    """How often each answer is given."""
    generator, answers = np.random.default_rng(12), []
    for _ in range(DRAWS):
        points = draw(truth, design, generator) if isinstance(truth, Truth) else exponential(truth, design, generator)
        answers.append(power_or_exponential(fit_each(*points, forms=FORMS)[0]).answer)
    return {answer: answers.count(answer) / DRAWS for answer in ("supported", "contradicted", "undecided")}


@pytest.mark.parametrize("design", [*SHORT, *LONG], ids=str)
@pytest.mark.parametrize("truth", [SHALLOW, FLOORED, "error", "performance"], ids=str)
def test_a_wrong_verdict_is_rare(truth: Truth | str, design: Design) -> None:
    wrong = shares(truth, design)["contradicted" if isinstance(truth, Truth) else "supported"]
    assert wrong <= (0.05 if design.decades >= 3 else 0.12)


def test_a_law_with_a_floor_is_recognised_over_three_decades() -> None:
    assert shares(FLOORED, Design(20, 0.02, 3))["supported"] >= 0.95


def test_a_shallow_power_is_recognised_over_three_decades() -> None:
    assert shares(SHALLOW, Design(20, 0.02, 3))["supported"] >= 0.90


def test_a_shallow_power_over_two_decades_stays_undecided() -> None:
    assert shares(SHALLOW, Design(10, 0.02, 2))["undecided"] >= 0.60
