"""A study of arms: side by side on its page, also where they are of models that no one curve fits."""

from dataclasses import replace

import polars as pl
import pytest

from harness.along import main_axis
from harness.basis import Conclusion, conclude
from harness.errors import FitError
from harness.plots.numerals import number
from harness.report import render
from harness.table import Collected
from tests.made import made_rules
from tests.synthetic import additive, synthetic_evidence, synthetic_runs
from tests.test_report import CONTEXT, Page

RULES = made_rules()


def two_models() -> tuple[pl.DataFrame, dict[str, tuple[str, ...]]]:
    """Runs of perceptrons, and of convolutional networks with two thirds of their errors; and the arms' ids."""
    mlp = synthetic_runs()
    cnn = synthetic_runs(law=lambda params, examples: additive(params, examples) / 1.5).with_columns(
        model=pl.lit("cnn"), run_id="c" + pl.col("run_id"), cell="c" + pl.col("cell")
    )
    arms = {"mlp": tuple(mlp["run_id"]), "cnn": tuple(cnn["run_id"])}
    return pl.concat([mlp, cnn]), arms


@pytest.fixture(scope="module")
def concluded() -> Conclusion:
    runs, arms = two_models()
    collected = Collected(runs=runs, missing=(), unreadable=())
    return conclude(collected, study="two", rules=RULES, frozen="not frozen", arms=arms)


def test_arms_of_two_models_are_fitted_arm_by_arm_and_not_together(concluded: Conclusion) -> None:
    assert concluded.evidence.curves == {}
    assert concluded.evidence.frontier["model"].unique().to_list() == ["cnn"]
    assert concluded.arms is not None
    assert all("power" in evidence.curves for evidence in concluded.arms.evidence.values())
    assert {verdict.claim for verdict in concluded.verdicts} == {"families"}


def test_without_arms_two_models_are_refused() -> None:
    collected = Collected(runs=two_models()[0], missing=(), unreadable=())
    with pytest.raises(FitError, match=r"more than one model \(cnn, mlp\)"):
        conclude(collected, study="two", rules=RULES, frozen="not frozen", arms={})


def test_the_page_has_a_row_an_arm_with_its_power(concluded: Conclusion) -> None:
    page = Page(render(concluded.evidence, concluded.verdicts, CONTEXT, arms=concluded.arms))
    assert "The arms, side by side" in page.text
    assert concluded.arms is not None
    for label, evidence in concluded.arms.evidence.items():
        low, _ = evidence.curves["power"].interval("exponent")
        lowest = evidence.cells["test_error"].min()
        words = " ".join(page.text.split())
        assert f"{label} {len(evidence.runs)} {number(lowest)} not identified ({number(low)} to" in words


def test_an_arm_without_a_finished_run_is_named() -> None:
    runs, arms = two_models()
    mlp = runs.filter(pl.col("model") == "mlp")
    collected = Collected(runs=mlp, missing=arms["cnn"], unreadable=())
    drawn = conclude(collected, study="two", rules=RULES, frozen="not frozen", arms=arms)
    page = Page(render(drawn.evidence, drawn.verdicts, CONTEXT, arms=drawn.arms))
    assert "Arm cnn: study two, arm cnn: no run has a record yet" in page.text


def test_what_a_study_varies_most_is_its_axis() -> None:
    assert main_axis(synthetic_evidence()) == "training_flops"
    runs = synthetic_evidence(budgets=(1e10,), widths=(16,)).cells
    varied = pl.concat([runs.with_columns(train_examples=pl.lit(n, dtype=pl.Int64)) for n in (500, 5000, 50_000)])
    assert main_axis(replace(synthetic_evidence(), cells=varied)) == "examples"
