"""The linear world: what is drawn is what the closed forms say, and the lasso is the lasso."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness.errors import ConfigError
from harness.simulation import (
    METHODS,
    Point,
    Setting,
    SimulationConfig,
    closed_form,
    definitions,
    draw_point,
    measured_exponents,
    read_simulation,
    tasks,
)  # fmt: skip
from harness.simulation.answers import findings
from harness.simulation.closed_forms import least_squares
from harness.simulation.estimators import fit_least_squares
from harness.simulation.lasso import Floats, Integers, fit_lasso
from harness.simulation.setting import LassoConfig
from harness.simulation.sweep import Task, in_order
from harness.simulation_page import write_simulation
from tests.command import harness

WORLD = Setting(features=100, relevant=10, left_out=1, noise=1.0)
LASSO = LassoConfig(folds=5, penalties=40, smallest=0.02, patience=1.03)
TINY = {
    "name": "tiny",
    "question": "?",
    "setting": {"features": 80, "relevant": 5, "left_out": 1, "noise": 1.0},
    "sizes": [10, 70, 80, 200, 1600],
    "draws": {"oracle": 60, "expert": 60, "flexible": 40, "regularised": 16},
    "lasso": {"folds": 5, "penalties": 30, "smallest": 0.02, "patience": 1.03},
    "growth": {
        "fixed": {"sizes": [400, 1265, 4000], "draws": 30, "method": "flexible", "features": 20,
                  "features_per_example": None},
        "interpolating": {"sizes": [50, 100, 200], "draws": 40, "method": "flexible", "features": None,
                          "features_per_example": 0.5},
    },
    "seed": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def config() -> SimulationConfig:
    return read_simulation(TINY)


@pytest.fixture(scope="module")
def points(config: SimulationConfig) -> list[Point]:
    return in_order([draw_point(task) for task in tasks(config)])


@pytest.mark.parametrize("examples", [30, 60, 200, 400, 800])
@pytest.mark.parametrize("method", ["oracle", "expert", "flexible"])
def test_what_is_drawn_is_the_closed_form_within_three_standard_errors(method: str, examples: int) -> None:
    point = draw_point(Task("main", method, WORLD, examples, 400, LASSO, seed=1))  # type: ignore[arg-type]
    assert np.isfinite(point.closed_form)
    assert abs(point.risk - point.closed_form) < 3 * point.stderr
    assert point.stderr < 0.06 * point.risk


def test_the_closed_forms_are_those_of_random_matrices() -> None:
    assert least_squares(10, examples=21, signal=10.0, noise=1.0) == 1.0
    assert least_squares(100, examples=50, signal=10.0, noise=2.0) == pytest.approx(5 + 2 * 50 / 49)
    assert closed_form("expert", WORLD, examples=1009) == pytest.approx(1 + 2 * 9 / 999)
    assert [closed_form("flexible", WORLD, examples=n) for n in (99, 100, 101)] == [np.inf] * 3
    assert np.isnan(closed_form("regularised", WORLD, examples=50))


def test_least_squares_solves_its_normal_equations_and_takes_the_least_norm() -> None:
    generator = np.random.default_rng(0)
    for examples, features in ((30, 7), (7, 30)):
        inputs, targets = generator.standard_normal((examples, features)), generator.standard_normal(examples)
        expected = np.linalg.lstsq(inputs, targets, rcond=None)[0]
        assert np.allclose(fit_least_squares(inputs, targets).coefficients, expected)


@pytest.mark.parametrize(("examples", "features"), [(60, 20), (40, 120)])
def test_the_lasso_meets_its_optimality_conditions(examples: int, features: int) -> None:
    """Stationarity: the gradient is the penalty times the sign where a feature is in, and no larger where it is out."""
    generator = np.random.default_rng(1)
    inputs = generator.standard_normal((examples, features))
    targets = inputs[:, :4] @ [3.0, -2.0, 1.0, 0.5] + generator.standard_normal(examples)
    fitted = fit_lasso(inputs, targets, config=LASSO)
    gradient = inputs.T @ (targets - inputs @ fitted.coefficients) / examples
    inside = fitted.coefficients != 0
    assert 3 <= inside.sum() < examples
    assert np.allclose(gradient[inside], fitted.penalty * np.sign(fitted.coefficients[inside]), atol=1e-9)
    assert np.abs(gradient[~inside]).max() <= fitted.penalty * (1 + 1e-6)


def test_the_lasso_of_orthogonal_features_is_soft_thresholding() -> None:
    generator = np.random.default_rng(2)
    inputs = np.linalg.qr(generator.standard_normal((64, 8)))[0] * 8  # X'X / n = 1
    targets = inputs @ np.array([2.0, -1.0, 0, 0, 0, 0, 0, 0]) + generator.standard_normal(64)
    fitted = fit_lasso(inputs, targets, config=LASSO)
    free = inputs.T @ targets / 64
    assert np.allclose(fitted.coefficients, np.sign(free) * np.maximum(np.abs(free) - fitted.penalty, 0))


@pytest.mark.slow
def test_the_lasso_s_penalty_is_the_one_that_predicts_what_was_left_out() -> None:
    """Against a plain cross-validation that fits every fold by itself, at the same penalties."""
    generator = np.random.default_rng(3)
    inputs = generator.standard_normal((50, 30))
    targets = inputs[:, :3].sum(axis=1) + generator.standard_normal(50)
    whole = LassoConfig(folds=5, penalties=12, smallest=0.05, patience=np.inf)
    chosen = fit_lasso(inputs, targets, config=whole).penalty
    penalties = np.abs(inputs.T @ targets).max() / 50 * np.geomspace(1, 0.05, 12)
    folds = [np.arange(10 * fold, 10 * fold + 10) for fold in range(5)]
    errors = [sum(_left_out_error(inputs, targets, fold, penalty) for fold in folds) for penalty in penalties]
    assert chosen == pytest.approx(penalties[int(np.argmin(errors))])


def _left_out_error(inputs: Floats, targets: Floats, fold: Integers, penalty: float) -> float:
    kept = np.delete(np.arange(len(targets)), fold)
    predicted = inputs[fold] @ _proximal_lasso(inputs[kept], targets[kept], penalty)
    return float(np.square(targets[fold] - predicted).sum())


def _proximal_lasso(inputs: Floats, targets: Floats, penalty: float) -> Floats:
    """The lasso by proximal gradient: another way than the one under test."""
    coefficients, count = np.zeros(inputs.shape[1]), len(targets)
    step = count / np.linalg.norm(inputs, 2) ** 2
    for _ in range(3000):
        moved = coefficients + step * inputs.T @ (targets - inputs @ coefficients) / count
        coefficients = np.sign(moved) * np.maximum(np.abs(moved) - step * penalty, 0)
    return coefficients


def test_a_point_depends_on_its_place_alone(config: SimulationConfig) -> None:
    one, *_, last = tasks(config)
    assert draw_point(last) == draw_point(last)
    assert draw_point(last).risk != draw_point(Task(**{**vars(last), "seed": 1})).risk
    assert one.examples * one.draws > last.examples * 2, "the most expensive comes first"


def test_a_tiny_world_finds_what_the_paper_s_figure_shows(points: list[Point], config: SimulationConfig) -> None:
    found = findings(points, config.setting)
    assert len(found) == 8
    assert [one.statement for one in found if not one.holds] == []
    assert "worst where examples and features are equal" in found[3].statement
    assert "the largest error is at 80 examples, with 80 features" in found[3].numbers


def test_findings_fail_when_the_points_say_otherwise(points: list[Point], config: SimulationConfig) -> None:
    def changed(point: Point) -> Point:
        return Point(**{**vars(point), "risk": 0.5 * point.risk}) if point.method == "flexible" else point

    found = findings([changed(point) for point in points], config.setting)
    assert not found[0].holds
    swapped = [Point(**{**vars(point), "method": "oracle"}) if point.method == "regularised" else
               Point(**{**vars(point), "method": "regularised"}) if point.method == "oracle" else point
               for point in points]  # fmt: skip
    assert not findings(swapped, config.setting)[5].holds


def test_the_powers_follow_from_the_definitions() -> None:
    powers = {(one.sweep, one.performance): one.exponent for one in definitions()}
    assert 1.9 < powers["fixed", "1/RMSE"] < 2.1
    assert 0.95 < powers["fixed", "1/MSE"] < 1.05
    assert 4.0 < powers["sparse", "1/RMSE"] < 4.6
    assert powers["sparse", "1/RMSE"] == pytest.approx(2 * powers["sparse", "1/MSE"])
    assert powers["interpolating", "1/RMSE"] == np.inf


def test_drawn_powers_equal_the_closed_forms_where_there_is_one(points: list[Point]) -> None:
    measured = {(one.definition.sweep, one.definition.performance): one for one in measured_exponents(points)}
    assert set(measured) == {("fixed", "1/RMSE"), ("fixed", "1/MSE"), ("interpolating", "1/RMSE")}
    assert {one.answer for one in measured.values()} == {"supported"}
    assert measured["fixed", "1/RMSE"].value == pytest.approx(1.97, abs=0.1)
    low, high = measured["fixed", "1/RMSE"].interval
    assert low < measured["fixed", "1/RMSE"].value < high


def test_a_wrong_power_is_told_from_the_right_one(points: list[Point]) -> None:
    steeper = [Point(**{**vars(point), "risk": point.risk**1.5, "stderr": point.stderr * point.risk**0.5})
               for point in points]  # fmt: skip
    measured = {one.definition.sweep: one for one in measured_exponents(steeper)}
    assert measured["fixed"].answer == "contradicted"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": [3, 100]}, "simulation.sizes: 3 examples; 5 folds need as many"),
        ({"draws": {"oracle": 5}}, "simulation.draws: has oracle; exactly oracle, expert, flexible, regularised"),
        ({"setting": {**TINY["setting"], "left_out": 5}}, "0 < left_out < relevant < features would do"),  # type: ignore[dict-item]
        ({"setting": {**TINY["setting"], "noise": 0.0}}, "simulation.setting.noise: 0.0; a standard deviation above"),  # type: ignore[dict-item]
        ({"drwas": {}}, "unknown key 'drwas'; did you mean 'draws'?"),
    ],
)  # fmt: skip
def test_a_world_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_simulation(TINY | change)
    assert message in str(caught.value)


def test_every_method_is_drawn_at_every_size(points: list[Point], config: SimulationConfig) -> None:
    main = [(point.method, point.examples) for point in points if point.sweep == "main"]
    assert main == [(method, size) for method in METHODS for size in config.sizes]


@pytest.mark.slow
def test_the_pages_of_two_makings_are_the_same_bytes(
    points: list[Point], config: SimulationConfig, tmp_path: Path
) -> None:
    found, exponents = findings(points, config.setting), measured_exponents(points)
    pages = [
        write_simulation(config, points, found, exponents, command="harness simulate", folder=tmp_path / name)
        for name in ("one", "two")
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    text = pages[0].read_text()
    assert "1 of 8" not in text
    assert "Of 8 statements about 80 features of which 5 matter, 8 hold." in text
    figures = sorted(path.name for path in (tmp_path / "one/figures").iterdir())
    assert figures == ["computation_against_examples.png", "computation_against_examples.svg",
                       "error_against_examples.png", "error_against_examples.svg"]  # fmt: skip


@pytest.mark.slow
def test_the_verb_draws_and_says_where_the_page_is(tmp_path: Path) -> None:
    few = [
        "simulation.sizes=[12,30,100,110,400,1600]",
        "simulation.draws.regularised=3",
        "simulation.growth.sparse.draws=2",
    ]
    done = harness("simulate", "simulation=small", *few, "--json", "--workers", "1")
    assert done.returncode in (0, 1), done.stderr
    said = json.loads(done.stdout)
    assert len(said["findings"]) == 8
    assert (tmp_path / said["page"]).exists()
    assert len((tmp_path / said["table"]).read_text().splitlines()) == 1 + 4 * 6 + 11, (
        "a heading, the main sweep, and the growth sweeps"
    )


def test_the_verb_refuses_a_key_that_is_not_there() -> None:
    done = harness("simulate", "simulation.setting.fetures=3")
    assert done.returncode == 2
    assert "unknown key 'simulation.setting.fetures'; did you mean 'simulation.setting.features'?" in done.stderr


@pytest.mark.stats
@pytest.mark.slow(200)
def test_at_full_size_everything_holds_and_the_peak_is_at_a_thousand(tmp_path: Path) -> None:
    done = harness("simulate", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [one["statement"] for one in said["findings"] if not one["holds"]] == []
    assert said["findings"][3]["numbers"] == "the largest error is at 1,000 examples, with 1,000 features"
    fixed, _, sparse, *_, none = said["exponents"]
    assert 1.9 < fixed["value"] < 2.1
    assert sparse["interval"][0] < 4.6
    assert sparse["interval"][1] > 4.0
    assert none["answer"] == "supported"
