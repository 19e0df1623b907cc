"""A study beside published curves: conversions, differences with their intervals, verdicts, and the overlay."""

import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from harness.along import measure
from harness.claims import CLAIMS, Arms
from harness.compare import Comparison
from harness.compare import compare_with as compare_within
from harness.compare.figure import overlays
from harness.compare.page import comparison_rows, write_comparison
from harness.compare.powers import powers
from harness.errors import FitError
from harness.evidence import Evidence
from harness.published import Curve, Exponent, choose, find
from harness.study import load_study, study_names
from tests.command import harness
from tests.synthetic import evidence_of, synthetic_evidence, synthetic_runs
from tests.tiny import HERE, STUDY


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return synthetic_evidence()


def compare_with(curves: tuple[Curve, ...], evidence: Evidence) -> tuple[Comparison, ...]:
    return compare_within(curves, evidence, factor=1.25)


def by_axis(curves: tuple[Curve, ...], evidence: Evidence) -> dict[str, Any]:
    return {row.axis: row for row in compare_with(curves, evidence)}


def changed(name: str, axis: str, **exponent: float) -> tuple[Curve, ...]:
    (one,) = find(name)
    return (replace(one, exponents={axis: Exponent(**exponent)}),)


def test_the_study_s_own_powers_are_those_of_the_law_that_made_it(evidence: Evidence) -> None:
    """tests.synthetic: E + 14 N**-0.66 + 4.3 D**-0.41."""
    params = measure(evidence, "params", response="error", floor=True)
    data = measure(evidence, "examples_seen", response="error", floor=True)
    assert params.interval[0] < 0.66 < params.interval[1]
    assert data.interval[0] < 0.41 < data.interval[1]
    assert params.narrow[0] > params.interval[0]
    compute = measure(evidence, "training_flops", response="error", floor=True)
    assert compute.interval[0] < 0.66 * 0.41 / (0.66 + 0.41) < compute.interval[1]
    assert measure(evidence, "training_flops", response="error", floor=False).value < compute.value, (
        "a floor hides slope"
    )


def test_a_published_power_like_ours_is_the_same_and_another_differs(evidence: Evidence) -> None:
    like, unlike = (
        changed("besiroglu2024/replication", "examples_seen", value=value, stderr=0.005) for value in (0.41, 0.2)
    )
    (same,) = compare_with(like, evidence)
    assert same.answer == "supported"
    assert same.interval[0] < 0 < same.interval[1]  # type: ignore[index]
    (other,) = compare_with(unlike, evidence)
    assert other.answer == "contradicted"
    assert other.difference == pytest.approx(0.21, abs=0.03)
    assert other.interval[0] > 0.15  # type: ignore[index]


def test_the_difference_s_interval_has_both_uncertainties(evidence: Evidence) -> None:
    (exact,) = compare_with(changed("besiroglu2024/replication", "examples_seen", value=0.41), evidence)
    (vague,) = compare_with(changed("besiroglu2024/replication", "examples_seen", value=0.41, stderr=0.1), evidence)
    assert exact.interval is not None
    assert vague.interval is not None
    ours = measure(evidence, "examples_seen", response="error", floor=True)
    assert exact.interval[1] == pytest.approx(ours.interval[1] - 0.41)
    assert vague.interval[1] == pytest.approx(
        ours.value - 0.41 + math.hypot(ours.interval[1] - ours.value, 0.196), abs=1e-3
    )
    assert "no published uncertainty, taken as exact" in exact.reason
    assert "taken as exact" not in vague.reason


def test_a_range_of_powers_is_met_inside_and_missed_outside(evidence: Evidence) -> None:
    def answer(low: float, high: float) -> str:
        return compare_with(changed("besiroglu2024/replication", "examples_seen", low=low, high=high), evidence)[
            0
        ].answer

    assert answer(0.3, 0.5) == "supported"
    assert answer(0.05, 0.2) == "contradicted"


def test_parameters_and_data_imply_a_compute_exponent_that_is_compared_too(evidence: Evidence) -> None:
    rows = by_axis(find("hoffmann2022/parametric"), evidence)
    assert set(rows) == {"params", "examples_seen", "compute exponent"}
    implied = rows["compute exponent"]
    assert implied.published.value == pytest.approx(1 / 0.34 + 1 / 0.28)
    assert not implied.published.uncertain
    assert implied.measured.value == pytest.approx(
        1 / measure(evidence, "training_flops", response="loss", floor=True).value
    )


def test_a_curve_of_points_alone_gets_its_power_by_a_fit(evidence: Evidence) -> None:
    (row,) = compare_with(find("bachmann2023/cifar10"), evidence)
    assert row.axis == "params"
    assert row.published is not None
    assert row.published.value == pytest.approx(0.383, abs=0.01)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hestness2017/range", "along examples the study has 1 size; 3 or more would do"),
        ("vigl2026/parametric", "the study measures error and loss, the curve is of squared error"),
        ("bahri2021/resolution", "it gives powers against something else"),
        ("mnist1d/models", "it gives levels"),
        ("hernandez2020/alexnet_level", "it gives no power"),
    ],
)
def test_what_can_t_be_compared_says_why(name: str, reason: str, evidence: Evidence) -> None:
    rows = compare_with(find(name), evidence)
    assert rows
    assert all(row.measured is None and row.answer == "undecided" for row in rows)
    assert all(row.reason == f"not comparable: {reason}." for row in rows)


def test_in_a_single_pass_examples_seen_are_examples(evidence: Evidence) -> None:
    once = evidence_of(synthetic_runs().with_columns(pl.lit(10**9).alias("train_examples")))
    seen = measure(once, "examples", response="error", floor=True)
    assert seen.value == pytest.approx(measure(evidence, "examples_seen", response="error", floor=True).value)
    with pytest.raises(FitError, match="along examples the study has 1 size"):
        measure(evidence, "examples", response="error", floor=True)


def test_a_study_of_subsets_has_a_data_axis() -> None:
    runs = synthetic_runs()
    sizes = [1000 * 2 ** (row % 5) for row in range(len(runs))]
    rng = np.random.default_rng(0)
    error = [2.0 * n**-0.35 * np.exp(0.01 * rng.standard_normal()) for n in sizes]
    subsets = evidence_of(runs.with_columns(
        pl.Series("train_examples", sizes), pl.Series("test_error", error), pl.Series("validation_error", error),
        pl.Series("cell", [f"c{row}" for row in range(len(runs))]),
    ))  # fmt: skip
    data = measure(subsets, "examples", response="error", floor=False)
    assert data.interval[0] < 0.35 < data.interval[1]
    (row,) = compare_with(find("auf_mnist/data"), subsets)
    assert row.measured is not None
    assert row.answer == "supported"


def test_a_pure_noise_study_states_no_power() -> None:
    rng = np.random.default_rng(3)
    runs = synthetic_runs()
    noise = evidence_of(runs.with_columns(pl.Series("test_error", 0.2 * np.exp(0.1 * rng.standard_normal(len(runs))))))
    for row, text in zip(
        rows := compare_with(choose(["kaplan2020", "cherti2022"]), noise), comparison_rows(rows), strict=True
    ):
        assert row.measured is None or not row.measured.gate or text[4].startswith("not identified [")


def test_curves_are_drawn_in_our_units_on_our_axes(evidence: Evidence) -> None:
    drawn = {
        figure.name: figure for figure in overlays(choose(["kaplan2020/compute", "bachmann2023/cifar10"]), evidence)
    }
    assert set(drawn) == {"overlay_training_flops_loss", "overlay_params_error"}
    compute = _rows(drawn["overlay_training_flops_loss"])
    solid = [row for row in compute if row.get("inside")]
    assert solid[0]["x"] == pytest.approx(2.0e-10 * 8.64e19)
    assert solid[-1]["x"] == pytest.approx(0.4 * 8.64e19)
    assert solid[-1]["y"] == pytest.approx((3.1e8 / 0.4) ** 0.05)
    continued = [row for row in compute if row.get("inside") is False]
    assert min(row["x"] for row in continued) <= evidence.cells["training_flops"].min()
    shaded = [row for row in compute if "low" in row]
    assert shaded == [{"low": 2.0e-10 * 8.64e19, "high": 0.4 * 8.64e19, "curve": "kaplan2020/compute"}]
    points = [
        row for row in _rows(drawn["overlay_params_error"]) if row.get("curve") == "bachmann2023/cifar10" and "y" in row
    ]
    assert [(row["x"], row["y"]) for row in points] == [
        (pytest.approx(24e6), pytest.approx(0.115)), (pytest.approx(37e6), pytest.approx(0.086)),
        (pytest.approx(74e6), pytest.approx(0.075)), (pytest.approx(124e6), pytest.approx(0.058)),
    ]  # fmt: skip


def test_the_paper_s_own_networks_are_drawn_where_the_project_has_them(evidence: Evidence) -> None:
    (figure,) = overlays(choose(["thompson2022/imagenet_operations"]), evidence)
    diamonds = [row for row in _rows(figure) if "text" in row and row.get("curve")]
    assert len(diamonds) == 77
    assert all(0 < row["y"] < 1 for row in diamonds)


def test_an_axis_that_the_study_lacks_is_said_in_place_of_the_picture(evidence: Evidence) -> None:
    (figure,) = overlays(choose(["auf_mnist/data"]), evidence)
    assert figure.chart is None
    assert "Not drawn: along examples the study has 1 size" in figure.caption


def _rows(figure: Any) -> list[dict[str, Any]]:
    specification = figure.chart.to_dict()
    data = [layer["data"] for layer in specification["layer"]]
    values = [one["values"] if "values" in one else specification["datasets"][one["name"]] for one in data]
    return [row for rows in values for row in rows]


def test_the_page_has_the_answer_the_table_and_the_yardstick_and_is_the_same_twice(
    evidence: Evidence, tmp_path: Path
) -> None:
    curves = choose(["kaplan2020", "thompson2020"])
    rows = compare_with(curves, evidence)
    pages = [
        write_comparison(rows, curves, evidence, command="harness compare", folder=tmp_path / name) for name in "ab"
    ]
    text = pages[0].read_text()
    assert pages[1].read_text() == text
    assert f"Study {evidence.study} beside published curves" in text
    assert "as popularly quoted" in text
    assert f"this study, {evidence.study}" in text
    assert "exponents that can be compared" in text


@pytest.mark.slow
def test_the_verb_compares_a_trained_study_by_its_name(tmp_path: Path) -> None:
    assert harness("launch", *STUDY, HERE).returncode == 0
    done = harness(
        "compare", "single", *STUDY, "--with", "kaplan2020/compute,hestness2017", "--with", "tiny2026", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outputs/studies/tiny/compare.html").exists()
    assert "kaplan2020/compute" in done.stdout


@pytest.mark.slow
def test_a_mistake_in_the_names_is_one_line() -> None:
    for words, message in (
        (("--with", "kaplan"), "error: published: unknown paper 'kaplan'; did you mean 'kaplan2020'?"),
        (("--with", "kaplan2020", "dmeo"), "error: study: unknown choice 'dmeo'; did you mean 'demo'?"),
    ):
        done = harness("compare", *words)
        assert done.returncode == 2
        assert message in done.stderr


def test_a_law_of_powers_is_compared_arm_by_arm(evidence: Evidence) -> None:
    def arm(power: float) -> Evidence:
        runs = synthetic_runs()
        error = 3.0 * runs["params"].to_numpy().astype(float) ** -power
        loss = pl.Series("test_loss", error), pl.Series("validation_loss", error)
        return evidence_of(runs.with_columns(*loss))

    arms = Arms("made", {"4": arm(1.0), "8": arm(1.0), "50": arm(1.0), "up": arm(1.0)}, {})
    rows = compare_within(find("sharma2020/intrinsic_dimension"), evidence, factor=1.25, arms=arms)
    answers = {row.axis: row.answer for row in rows}
    assert answers == {
        "power of params at intrinsic_dim 4": "supported",  # 4 / 4
        "power of params at intrinsic_dim 8": "contradicted",  # 4 / 8
        "power of params at intrinsic_dim 50": "undecided",
    }
    assert rows[-1].reason == "not comparable: it holds from 2 to 20."
    bound = compare_within(find("bahri2021/resolution_bound"), evidence, factor=1.25, arms=arms)
    assert [row.answer for row in bound if row.measured] == ["supported", "supported"], "1 is at least 1/4 and 1/8"


def test_powers_that_were_measured_are_compared_where_an_arm_has_their_size(evidence: Evidence) -> None:
    examples = np.geomspace(1e3, 1e5, 30)
    error = pl.Series(examples**-0.38)
    runs = (
        synthetic_runs()
        .head(30)
        .with_columns(
            pl.Series("train_examples", examples.astype(int)),
            test_loss=error,
            validation_loss=error,
            cell=pl.Series([f"n{number}" for number in range(30)]),
        )
    )
    arm = evidence_of(runs)
    arms = Arms("made", {"0.4": arm, "0.8": arm, "0.83": arm}, {})
    rows = compare_within(find("michaud2023/params"), evidence, factor=1.25, arms=arms)
    assert [row.published and row.published.value for row in rows] == [0.38, 0.61, None]
    assert rows[-1].reason == "not comparable: it gives points, none of them here."
    data = compare_within(find("michaud2023/data"), evidence, factor=1.25, arms=Arms("made", {"0.8": arm}, {}))
    assert [(row.published and row.published.value, row.answer) for row in data] == [(0.404, "supported")]


@pytest.mark.parametrize("name", [name for name in study_names() if name != "single"])
def test_every_study_is_whole_and_says_what_it_asks_and_how_it_is_run(name: str) -> None:
    study = load_study([f"study={name}"])
    text = (files("conf") / "study" / f"{name}.yaml").read_text()
    assert study.question.endswith("?")
    assert len(study.runs) >= 3
    assert "# Question " in text
    assert "# Command " in text
    assert set(study.rules.confirmatory) <= set(CLAIMS)


def test_the_theory_s_studies_vary_what_their_curves_and_claims_need() -> None:
    grid = load_study(["study=teacher_theory"])
    assert len({run.data.train_examples for run in grid.runs.values()}) >= 6
    assert len({run.model.width for run in grid.runs.values()}) >= 10
    assert set(grid.rules.confirmatory) >= {"square_of_data", "implied_power"}
    dimensions = load_study(["study=intrinsic_dimension"])
    for arm, ids in dimensions.arms.items():
        assert {dimensions.runs[one].data.options["intrinsic_dim"] for one in ids} == {int(arm)}
    assert len({run.model.width for run in load_study(["study=width_law"]).runs.values()}) >= 5
    assert len({run.data.train_examples for run in load_study(["study=data_law"]).runs.values()}) >= 5
    assert set(load_study(["study=tuned_up_or_down"]).arms) == {"down", "up", "each"}


def test_powers_of_arms_are_drawn_with_their_intervals_beside_the_law(evidence: Evidence) -> None:
    arms = Arms("made", {"4": evidence, "8": evidence}, {})
    rows = compare_within(find("sharma2020/intrinsic_dimension"), evidence, factor=1.25, arms=arms)
    (figure,) = powers(rows)
    assert figure.name == "powers_intrinsic_dim_params"
    assert figure.chart is not None
    layers = [layer.data.values for layer in figure.chart.layer]
    law, dots, rules, circles = layers
    assert {(round(row["x"] * row["y"], 9)) for row in law} == {4.0}
    assert dots == []
    assert [row["x"] for row in circles] == [4.0, 8.0]
    assert all(row["low"] < row["y"] < row["high"] for row in rules)
    assert powers(compare_within(find("kaplan2020"), evidence, factor=1.25)) == ()
