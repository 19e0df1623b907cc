"""Claims on evidence with a known truth: right where it can be told, undecided where it can't, never an exception."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr

from harness.claims import CLAIMS, Terms, Verdict
from harness.evidence import Evidence
from harness.fits.comparison import fit_each
from harness.forms import FORMS
from harness.forms.form import FloatArray
from harness.judging import judge_study
from tests.made import made_rules


def evidence(compute: FloatArray, error: FloatArray) -> Evidence:
    """Evidence whose frontier is the given points, each with a second cell 10 % above it."""
    cells = pl.DataFrame(
        {
            "training_flops": np.concatenate([compute, compute]),
            "budget_flops": np.concatenate([compute, compute]),
            "params": np.repeat([1000, 2000], len(compute)),
            "examples_seen": np.concatenate([compute, compute / 2]) / 6000,
            "validation_error": np.concatenate([error, error * 1.1]),
            "test_error": np.concatenate([error, error * 1.1]),
            "train_examples": np.full(2 * len(compute), 55_000),
            "seeds": np.full(2 * len(compute), 2),
            "cell": [f"{number:08x}" for number in range(2 * len(compute))],
            "config": pl.Series([None] * 2 * len(compute), dtype=pl.String),
        }
    )
    frontier = cells.head(len(compute))
    curves, refused = fit_each(compute, error, forms=FORMS) if len(compute) else ({}, {})
    return Evidence(
        study="synthetic",
        chance_error=0.9,
        runs=cells,
        cells=cells,
        frontier=frontier,
        edge=cells.clear(),
        curves=curves,
        surface=None,
        isoflop=(),
        refused=refused,
        dropped=(),
    )


def law(exponent: float, floor: float, *, decades: float, n: int = 16, sigma: float = 0.01, seed: int = 0) -> Evidence:
    compute = np.geomspace(1e12 / 10**decades, 1e12, n)
    error = floor + 0.1 * (compute / 1e12) ** -exponent
    return evidence(compute, error * np.exp(sigma * np.random.default_rng(seed).standard_normal(n)))


RULES = made_rules()
TERMS = Terms(RULES.margins, RULES.level)


def judged(name: str, given: Evidence) -> Verdict:
    claim = CLAIMS[name]
    assert claim.study is not None
    return claim.verdict(claim.study(given, TERMS), level=TERMS.level)


def test_a_fit_that_ends_where_its_search_does_decides_nothing() -> None:
    steep = law(3.3, 0.05, decades=2)
    standing = {name: replace(steep.curves[name], own_aicc=0.0) for name in ("power", "power_floor")}
    verdict = judged("fourth_power", replace(steep, curves=standing))
    assert (verdict.answer, verdict.value) == ("undecided", None)
    assert verdict.reason == "not identified: the fit ends at the edge of its search (log exponent 1.1)."


def judge_all(given: Evidence) -> tuple[Verdict, ...]:
    return judge_study(given, RULES)


def test_every_claim_says_what_it_is() -> None:
    for verdict in judge_all(law(0.25, 0.0, decades=3)):
        claim = CLAIMS[verdict.claim]
        assert (verdict.statement, verdict.source) == (claim.statement, claim.source)
        assert "Thompson" in verdict.source
        assert verdict.statement.endswith(".")
        assert verdict.reason.endswith(".")
        assert "decades" in verdict.reason


@pytest.mark.parametrize("floor", [0.0, 0.05])
def test_a_power_of_compute_is_told_from_an_exponential(floor: float) -> None:
    verdict = judged("power_law", law(0.25, floor, decades=3))
    assert verdict.answer == "supported"
    assert verdict.value is not None
    assert verdict.value > 4


def test_an_exponential_is_told_from_a_power_of_compute() -> None:
    compute = np.geomspace(1e8, 1e12, 30)
    error = 0.9 - 0.2 * np.log10(compute / 1e8)
    noise = 1 + 0.005 * np.random.default_rng(0).standard_normal(30)
    assert judged("power_law", evidence(compute, error * noise)).answer == "contradicted"


def test_two_decades_are_needed_to_tell_them_apart() -> None:
    verdict = judged("power_law", law(0.25, 0.05, decades=1.9))
    assert verdict.answer == "undecided"
    assert verdict.reason == "compute spans 1.9 decades; telling a power from an exponential takes 2."


def test_a_shallow_power_law_over_two_decades_is_mostly_undecided() -> None:
    answers = [
        judged("power_law", law(1 / 9, 0.0, decades=2, n=10, sigma=0.02, seed=seed)).answer for seed in range(20)
    ]
    assert answers.count("undecided") >= 12
    assert answers.count("contradicted") <= 2


@pytest.mark.parametrize(
    ("exponent", "fourth", "ninth"),
    [(1 / 2, "contradicted", "contradicted"), (1 / 6, "supported", "contradicted"), (1 / 14, "supported", "supported")],
)
def test_the_powers_are_held_against_four_and_nine(exponent: float, fourth: str, ninth: str) -> None:
    given = law(exponent, 0.0, decades=4, n=24)
    assert judged("fourth_power", given).answer == fourth
    assert judged("ninth_power", given).answer == ninth


def test_a_power_on_the_bound_is_undecided_and_its_interval_holds_it() -> None:
    verdict = judged("fourth_power", law(1 / 4, 0.0, decades=3, n=12, sigma=0.03))
    assert verdict.answer == "undecided"
    assert verdict.interval is not None
    assert verdict.interval[0] < 4 < verdict.interval[1]


def test_nine_is_judged_over_the_range_and_at_its_end_and_both_must_answer_alike() -> None:
    given = law(1 / 5, 0.09, decades=4, n=24, sigma=0.003)
    verdict, end = judged("ninth_power", given), judged("fourth_power", given)
    assert verdict.value is not None
    assert end.interval is not None
    assert verdict.value < 9 < end.interval[0], "the curve bends: less than 9 over the range, more at its end"
    assert verdict.answer == "undecided"
    assert verdict.reason.startswith("range and end must answer alike: over the range measured, C grows as the")
    assert ", contradicted; at its end supported: at the largest compute, C grows as the" in verdict.reason


def test_the_number_held_against_nine_is_the_mean_over_the_range() -> None:
    given = law(1 / 5, 0.09, decades=4, n=24, sigma=0.003)
    assert judged("ninth_power", given).value == judged("above_bound", given).value


def test_less_than_a_decade_decides_no_power() -> None:
    verdict = judged("fourth_power", law(1 / 12, 0.0, decades=0.9, n=40, sigma=0.001))
    assert verdict.answer == "undecided"
    assert "spans less than 1 decade" in verdict.reason


def test_the_variance_claim_prints_the_range_that_it_measures() -> None:
    verdict = judged("variance", law(0.25, 0.0, decades=3))
    assert verdict.answer == "supported"
    assert verdict.interval is not None
    assert verdict.value is not None
    assert 0.5 < verdict.interval[0] < verdict.value < verdict.interval[1] <= 1
    assert "32 cells and 3.0 decades" in verdict.reason


def test_each_end_of_the_interval_of_r2_is_a_one_sided_bound() -> None:
    given = law(0.25, 0.0, decades=3, sigma=0.3)
    verdict = judged("variance", given)
    correlated = pearsonr(np.log(given.cells["training_flops"]), -np.log(given.cells["test_error"]))
    assert verdict.interval == pytest.approx(np.square(correlated.confidence_interval(1 - 2 * verdict.level)))
    assert "(each bound one-sided 95 %: " in verdict.reason


def test_compute_that_explains_little_contradicts_the_variance_claim() -> None:
    random = np.random.default_rng(0)
    given = evidence(np.geomspace(1e9, 1e12, 40), np.exp(0.3 * random.standard_normal(40)))
    assert judged("variance", given).answer == "contradicted"


def test_error_that_rises_with_compute_does_not_support_the_variance_claim() -> None:
    compute = np.geomspace(1e9, 1e12, 20)
    verdict = judged("variance", evidence(compute, 0.1 * (compute / 1e9) ** 0.1))
    assert verdict.answer == "contradicted"
    assert "error does not fall" in verdict.reason


def test_variance_is_not_judged_over_tasks_nor_where_compute_is_another_name_for_size_or_data() -> None:
    lacks, given = CLAIMS["variance"].lacks, law(0.25, 0.0, decades=3)
    assert lacks(given) == ""
    options = pl.Series("config", [f'{{"data": {{"options": {{"zipf_excess": 0.{one % 4}}}}}}}' for one in range(32)])
    assert lacks(replace(given, runs=given.runs.with_columns(options))).startswith("its runs are of 4 tasks")
    one_size = given.cells.with_columns(params=1000)
    assert "another name for the examples" in lacks(replace(given, cells=one_size))
    tied = given.cells.with_columns(params=pl.col("training_flops") / 1e6)
    assert "another name for size" in lacks(replace(given, cells=tied))


def test_pure_noise_decides_no_law() -> None:
    random = np.random.default_rng(0)
    for _ in range(10):
        given = evidence(np.geomspace(1e9, 1e12, 12), 0.1 * np.exp(0.2 * random.standard_normal(12)))
        for name in ("power_law", "fourth_power", "ninth_power"):
            verdict = judged(name, given)
            if verdict.value is None:
                assert verdict.answer == "undecided"
                assert verdict.reason.startswith("not identified: ")


@pytest.mark.parametrize(
    ("late", "answer", "told"), [(0.2, "supported", "the same answer."), (0.26, "undecided", "another answer; ")]
)
def test_where_no_form_describes_the_points_those_without_the_smallest_computes_must_answer_alike(
    late: float, answer: str, told: str
) -> None:
    """Error falls as the 0.3 power at first and as the ``late`` one from there on: compute as its 5.0 or 3.8 power."""
    spent = np.linspace(0, np.log(1e4), 24)
    early = 0.3 * spent[-1]
    log_error = -0.3 * np.minimum(spent, early) - late * np.maximum(spent - early, 0)
    noise = 0.001 * np.random.default_rng(0).standard_normal(24)
    verdict = judged("fourth_power", evidence(1e9 * np.exp(spent), 0.5 * np.exp(log_error + noise)))
    assert verdict.answer == answer
    assert "none of these forms describes the points" in verdict.reason
    assert told in verdict.reason


@pytest.mark.parametrize(
    ("compute", "error"),
    [
        ([], []),
        ([1e9], [0.5]),
        ([1e9, 1e10], [0.5, 0.4]),
        ([1e9, 1e10, 1e11], [0.5, 0.4, 0.3]),
        ([1e9, 1e10, 1e11, 1e12], [0.5, 0.4, 0.3, 0.29]),
        ([1e9, 1e10, 1e11, 1e12, 1e13, 1e14], [0.1] * 6),
        ([1e9] * 6, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
        ([1e9, 1e10, 1e11, 1e12, 1e13, 1e14], [0.5, 0.4, 0.3, 0.2, 0.1, 0.0]),
    ],
    ids=["none", "one", "two", "three", "four", "constant", "one compute", "zero error"],
)
def test_poor_evidence_is_undecided_with_a_reason(compute: list[float], error: list[float]) -> None:
    for verdict in judge_all(evidence(np.array(compute), np.array(error))):
        assert verdict.answer == "undecided" or verdict.claim in ("variance", "above_bound")
        assert verdict.reason
