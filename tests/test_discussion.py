"""What a report says around its verdicts is what the evidence says."""

import re

import numpy as np
import polars as pl
import pytest

from harness.discussion import halving, what_would_change
from harness.evidence import reduce_runs
from harness.fits.comparison import plausible
from harness.rules import Exclusions
from harness.table import Collected
from tests.synthetic import evidence_of, synthetic_evidence, synthetic_runs
from tests.test_claims import law

DECADES = tuple(10.0**power for power in np.arange(9, 13.01, 0.5))


def steep(params: float, examples: float) -> float:
    """A law without a floor whose best allocation has error = 0.3 (C / 1e9)**-0.25, four decades long."""
    return 0.15 * (params / 2e3) ** -0.5 + 0.15 * (examples / 8e4) ** -0.5


WIDTHS = (4, 8, 16, 32, 64, 128, 256, 512)


def test_halving_is_two_to_the_power_that_the_best_standing_form_has() -> None:
    evidence = synthetic_evidence(law=steep)
    best = min((evidence.curves[name] for name in plausible(evidence.curves)), key=lambda fit: fit.aicc)
    assert best.form == "power"
    told = re.match(
        r"To halve the error fitted at the largest compute, the best form that stands \(power law\) asks for ([\d.,]+) "
        r"times the compute \(95 %: ([\d.]+) to ([\d.]+)\)",
        halving(evidence),
    )
    assert told is not None, halving(evidence)
    assert float(told[1]) == pytest.approx(2 ** (1 / best.params["exponent"]), rel=0.05), "two digits are shown"
    assert float(told[2]) < float(told[1]) < float(told[3])
    assert halving(evidence).endswith("the paper's theory asks for 16 times or more, the popular ninth power for 512.")


def test_where_the_floor_is_above_half_the_error_halving_has_no_end() -> None:
    evidence = synthetic_evidence(budgets=DECADES, widths=WIDTHS, noise=0.002)
    assert evidence.curves["power_floor"].params["irreducible_error"] > 0.07
    assert re.search(r"the best form that stands \(power law .*\) asks for what no compute can buy", halving(evidence))
    assert "power" not in plausible(evidence.curves)
    assert "(power law)" not in halving(evidence), "a form that the page rules out is not asked"


def test_a_standing_form_that_says_never_is_named_beside_the_best() -> None:
    told = halving(law(0.3, 0.18, decades=2, n=9))
    assert "the best form that stands (1/error linear in log C) asks for 7,000 times the compute (95 %:" in told
    assert ", another that stands (power law with floor) for what no compute can buy; the paper's theory" in told


def test_without_a_fit_it_says_that_it_can_not_say() -> None:
    assert halving(synthetic_evidence(budgets=(1e9, 3e9))) == (
        "The runs don't say how much compute half that error would take."
    )


def test_one_decade_more_is_worth_what_the_design_law_says() -> None:
    evidence = synthetic_evidence(budgets=(1e9, 1e10, 1e11))
    told = dict(what_would_change(evidence))
    decades = float(np.log10(evidence.frontier["training_flops"][-1] / evidence.frontier["training_flops"][0]))
    assert f"leave {100 * (decades / (decades + 1)) ** 2:.0f} %" in told["Range"]


def test_test_errors_above_validation_errors_are_told_as_such() -> None:
    runs = synthetic_runs()
    higher = evidence_of(runs.with_columns(test_error=runs["validation_error"] * 1.1))
    assert "where its errors are 10 % (±" in dict(what_would_change(higher))["Choice on validation"]
    lower = evidence_of(runs.with_columns(test_error=runs["validation_error"] * 0.9))
    assert "lower." in dict(what_would_change(lower))["Choice on validation"]


def test_a_cell_without_a_mistake_has_no_ratio_and_is_left_out_of_the_choice() -> None:
    runs = synthetic_runs()
    last = runs["cell"] == evidence_of(runs).frontier["cell"][-1]
    none = evidence_of(runs.with_columns(test_error=pl.when(last).then(0.0).otherwise(runs["validation_error"] * 1.1)))
    assert none.frontier["test_error"][-1] == 0
    assert "where its errors are 10 % (±" in dict(what_would_change(none))["Choice on validation"]


def test_the_noise_of_the_test_set_is_the_binomial_one() -> None:
    evidence = synthetic_evidence()
    error = evidence.frontier["test_error"][-1]
    noise = 100 * np.sqrt((1 - error) / error / 10_000)
    assert f"uncertain by {noise:.1f} %" in dict(what_would_change(evidence))["Test examples"]


def test_foresight_counts_the_cells_of_the_last_decade() -> None:
    evidence = synthetic_evidence(budgets=DECADES, widths=(4, 8, 16, 32, 64, 128, 256, 512))
    last = evidence.frontier["training_flops"].to_numpy()
    hidden = int((last > last.max() / 10).sum())
    assert f"of its {hidden} cells" in dict(what_would_change(evidence))["Foresight"]


def test_a_single_cell_has_nothing_to_discuss() -> None:
    assert what_would_change(synthetic_evidence(budgets=(1e9,), widths=(8,))) == ()


def test_the_reach_names_every_family_that_was_trained() -> None:
    runs = synthetic_runs()
    assert "one family, mlp: a general" in dict(what_would_change(evidence_of(runs)))["Reach"]
    other = runs.with_columns(pl.when(pl.col("width") > 32).then(pl.lit("cnn")).otherwise("model").alias("model"))
    both = reduce_runs("two", Collected(other, (), ()), exclusions=Exclusions(at_chance=0.9, runs={}))
    assert "2 families, cnn, mlp: a general" in dict(what_would_change(both))["Reach"]


def test_a_study_without_a_frontier_says_so_and_what_would_have_one() -> None:
    evidence = synthetic_evidence(widths=(8, 16), budget_flops=None)
    [(name, said)] = what_would_change(evidence)
    assert name == "Frontier"
    assert said.startswith("These runs have none")
