"""Two one-sided tests on pairs: Student's own numbers, the level at the margin's edge, and what is refused."""

import numpy as np
import pytest

from harness.errors import FitError
from harness.hypotheses import same_error

# Hours of sleep gained by ten patients under either drug ("Student" 1908, Biometrika 6, page 20). R 4's
# t.test(group1, group2, paired = TRUE): mean difference 1.58, 95 % interval 0.7001142 to 2.4598858.
FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def drawn(mean: float, *, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose ln errors share most of their noise and differ by ``mean``, with an sd of 2 %."""
    random = np.random.default_rng(seed)
    first = 0.1 * np.exp(0.05 * random.standard_normal(pairs))
    return first, first * np.exp(mean + 0.02 * random.standard_normal(pairs))


def test_the_interval_of_student_s_pairs_is_r_s() -> None:
    found = same_error(np.exp(FIRST), np.exp(SECOND), factor=1.02, level=0.975)
    assert found.value is not None
    assert found.interval is not None
    assert np.log(found.value) == pytest.approx(1.58)
    assert np.log(found.interval) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert found.answer == "contradicted"
    assert same_error(np.exp(FIRST), np.exp(SECOND), factor=np.exp(2.46), level=0.975).answer == "supported"
    assert same_error(np.exp(FIRST), np.exp(SECOND), factor=np.exp(2.45), level=0.975).answer == "undecided"


def test_it_is_the_same_whichever_recipe_comes_first() -> None:
    first, second = drawn(0.01, pairs=12, seed=0)
    there, back = same_error(first, second, factor=1.02), same_error(second, first, factor=1.02)
    assert there.value == pytest.approx(1 / back.value)
    assert there.interval == pytest.approx([1 / end for end in reversed(back.interval)])
    assert there.p_value == pytest.approx(back.p_value)


@pytest.mark.parametrize("mean", [-0.03, -0.01, 0.0, 0.015, 0.019, 0.025])
def test_the_p_value_is_below_the_level_where_equality_is_supported(mean: float) -> None:
    for seed in range(20):
        found = same_error(*drawn(mean, pairs=10, seed=seed), factor=1.02)
        assert (found.p_value <= 0.05) == (found.answer == "supported")


def test_at_the_edge_of_the_margin_equality_is_supported_and_contradicted_at_the_level_each() -> None:
    answers = [same_error(*drawn(np.log(1.02), pairs=8, seed=seed), factor=1.02).answer for seed in range(3000)]
    for answer in ("supported", "contradicted"):
        assert answers.count(answer) / 3000 == pytest.approx(0.05, abs=0.012)  # three standard errors


@pytest.mark.parametrize(
    ("first", "second", "factor", "message"),
    [
        ([0.1, 0.2], [0.1, 0.2], 1.0, "factor: is 1; a number above 1"),
        ([0.1], [0.1], 1.02, "pairs: 1; 2 or more"),
        ([0.1, 0.2], [0.1], 1.02, "first: 2 rows, second: 1 rows"),
        ([0.1, 0.2], [0.1, 0.0], 1.02, "second: row 1 is 0.0"),
    ],
)
def test_what_makes_no_pairs_is_refused(first: list[float], second: list[float], factor: float, message: str) -> None:
    with pytest.raises(FitError) as caught:
        same_error(first, second, factor=factor)
    assert message in str(caught.value)


def test_recipes_that_do_the_same_to_the_last_bit_are_the_same() -> None:
    found = same_error([0.1, 0.2], [0.1, 0.2], factor=1.02)
    assert (found.answer, found.interval, found.p_value) == ("supported", (1.0, 1.0), 0.0)
