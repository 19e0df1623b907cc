"""Which runs tune a study, the rule that they give, the certificate; and the verb on a real small study."""

import math
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from harness.certificate import (
    GAIN_LIMIT,
    Certificate,
    Certified,
    implied_gain,
    read_certificate,
    validation_error,
)
from harness.cli.context import caution_of, learning_rate_of
from harness.errors import ConfigError, FitError
from harness.fits.parabola import fit_parabola
from harness.plan import PlannedRun, plan_runs
from harness.records import finish, open_run
from harness.study import load_study
from harness.study_file import with_optim
from harness.tuning import (
    DOUBLINGS,
    Optimum,
    anchors,
    find_optimum,
    first_seeds,
    fit_rule,
    main_ladder,
    mean_error,
    through_width,
    widened,
)
from tests.command import harness
from tests.made import made_measured, made_record
from tests.tiny import HERE, TEACHER

LADDER = (*TEACHER, "study.name=ladder", "budget.training_flops=null", "budget.steps=20,40,80", "model.depth=1",
          "model.width=4,8,16,32,64", "seed=0,1")  # fmt: skip


def planned(*overrides: str) -> tuple[PlannedRun, ...]:
    study = load_study(overrides)
    return plan_runs(study.runs.values(), runtime=study.runtime)


def valley(best: float, *, curvature: float = 0.1) -> dict[int, float]:
    """Errors at the first grid's doublings, lowest at ``best`` doublings."""
    return {k: 0.2 * math.exp(curvature * ((k - best) * math.log(2)) ** 2) for k in DOUBLINGS}


def test_a_parabola_finds_its_own_lowest_point() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    found = fit_parabola(x, 3.0 + 0.5 * (x - 0.7) ** 2)
    assert (found.at, found.lowest, found.curvature) == pytest.approx((0.7, 3.0, 0.5))
    with pytest.raises(FitError, match="no lowest"):
        fit_parabola(x, -(x**2))


def test_three_sizes_are_tuned_the_smallest_the_middle_and_the_second_largest_on_one_seed() -> None:
    ladder = main_ladder(planned(*LADDER))
    chosen = anchors(ladder, horizons=1, most_flops=math.inf)
    assert [run.config.model.width for run in chosen] == [4, 16, 32]
    assert {(run.config.seed, run.steps) for run in chosen} == {(0, 40)}
    both = anchors(ladder, horizons=2, most_flops=math.inf)
    assert [(run.config.model.width, run.steps) for run in both] == [(w, t) for w in (4, 16, 32) for t in (20, 40)]


def test_rates_are_tried_with_the_lowest_seeds_of_the_study_and_the_mean_of_ln_error_counts() -> None:
    assert first_seeds(planned(*LADDER, "seed=7,5,6"), 2) == (5, 6)
    with pytest.raises(ConfigError, match="tune: --seeds 3, and the study has 2; a longer seed axis"):
        first_seeds(planned(*LADDER), 3)
    assert mean_error([0.1, 0.4]) == pytest.approx(0.2)
    assert mean_error([0.1, math.inf]) == math.inf


def test_horizons_are_shortened_until_tuning_takes_no_more_than_its_share() -> None:
    ladder = main_ladder(planned(*LADDER))
    assert {run.steps for run in anchors(ladder, horizons=1, most_flops=1.0)} == {20}


def test_the_main_ladder_leaves_other_depths_alone_and_needs_three_widths() -> None:
    ladder = main_ladder(planned(*LADDER, "model.depth=1,2", "model.width=4,8,16"))
    assert {run.config.model.depth for runs in ladder.values() for run in runs} == {1}
    with pytest.raises(ConfigError, match="longest ladder of widths has 2; a rule over sizes takes three"):
        main_ladder(planned(*LADDER, "model.width=4,8"))


@pytest.mark.parametrize(("best", "more"), [(0.3, ()), (-1.2, ()), (-3.0, (-3, -4)), (2.4, (3, 4))])
def test_a_grid_is_widened_where_its_best_is_at_an_end(best: float, more: tuple[int, ...]) -> None:
    assert widened(valley(best)) == more


def test_an_optimum_beyond_the_widest_grid_is_an_error_that_says_which_way_to_go() -> None:
    with pytest.raises(ConfigError, match=r"the highest of the widest grid, 2\*\*6 times .* start from a higher one"):
        widened({k: 1.0 / (k + 10) for k in range(-2, 7)})
    with pytest.raises(ConfigError, match="start from a lower one"):
        widened({k: float(k + 10) for k in range(-6, 3)})


@pytest.mark.parametrize("best", [-0.9, 0.0, 0.4])
def test_an_optimum_is_found_between_the_rates_of_the_grid_also_beside_a_diverged_one(best: float) -> None:
    (run, *_) = planned(*LADDER, "optim.width_exponent=0", "optim.learning_rate=0.01")
    errors = {**valley(best), 2: math.inf}
    assert find_optimum(run, errors).log_rate == pytest.approx(math.log(0.01) + best * math.log(2))


def optima(power: float, *, over_steps: float = 0.0) -> list[Optimum]:
    return [
        Optimum(width, width**2, steps, math.log(0.01) + power * math.log(width / 64) + over_steps * math.log(steps))
        for width in (4, 16, 32)
        for steps in ((20, 40) if over_steps else (40,))
    ]


def test_the_rule_over_sizes_and_steps_is_that_of_the_optima() -> None:
    rule = fit_rule(optima(-0.5, over_steps=-0.3))
    assert (rule.over_params, rule.over_steps) == pytest.approx((-0.25, -0.3))
    assert rule.over_params_interval == pytest.approx((-0.25, -0.25))
    assert fit_rule(optima(-0.5)).over_steps is None


def test_the_interval_of_the_power_of_n_holds_for_scatter_as_least_squares_has_it() -> None:
    scattered = [Optimum(1, params, 10, rate) for params, rate in zip((10, 100, 1000), (0.0, 1.0, 0.5), strict=True)]
    rule = fit_rule(scattered)
    x = np.log([10.0, 100.0, 1000.0])
    slope = 0.5 / (x[2] - x[0])
    residuals = np.array([0.0, 1.0, 0.5]) - 0.5 - slope * (x - x[1])
    half = 12.7062 * math.sqrt(float(residuals @ residuals) / float(np.square(x - x[1]).sum()))
    assert rule.over_params_interval == pytest.approx((slope - half, slope + half), rel=1e-4)


def test_the_rule_becomes_the_fields_of_a_run_and_says_by_how_much_they_are_off() -> None:
    found = optima(-0.5)
    fields = through_width(found, fit_rule(found), main_ladder(planned(*LADDER)))
    assert (fields.reference_width, fields.width_exponent) == (64, 0.5)
    assert fields.learning_rate == pytest.approx(0.01)
    assert 1.0 < fields.worst < 6.0  # N is not width**2 on this ladder


def test_under_mup_the_fields_are_one_rate() -> None:
    found = optima(0.0)
    ladder = main_ladder(planned(*LADDER, "optim=adamw_mup", "optim.batch_size=16"))
    fields = through_width(found, fit_rule(found), ladder)
    assert (fields.width_exponent, fields.learning_rate, fields.worst) == pytest.approx((0.0, 0.01, 1.0))


@pytest.mark.parametrize(
    ("errors", "gain"),
    [
        ((0.22, 0.20, 0.22), 0.0),
        ((0.20, 0.21, 0.2205), 1 - 0.20 / 0.21),
        ((0.22, 0.20, math.inf), 0.0),
        ((0.19, 0.20, math.inf), 0.05),
        ((0.20, math.inf, math.inf), math.inf),
    ],
)
def test_the_implied_gain_is_what_the_best_rate_would_take_off_the_error(
    errors: tuple[float, float, float], gain: float
) -> None:
    assert implied_gain(errors) == pytest.approx(gain, abs=3e-3)


def test_a_parabola_s_lowest_point_between_two_rates_counts() -> None:
    at = 0.35  # ln rate, a half doubling up
    errors = [0.2 * math.exp((x - at) ** 2) for x in (-math.log(2), 0.0, math.log(2))]
    assert implied_gain(errors) == pytest.approx(1 - math.exp(-(at**2)))


@pytest.mark.parametrize(("error", "known"), [(0.125, 0.125), (0.0, 0.5 / 5000), (None, math.inf)])
def test_a_rate_without_a_mistake_stands_at_half_a_mistake(tmp_path: Path, error: float | None, known: float) -> None:
    status = "diverged" if error is None else "finished"
    record = made_record("data.validation_examples=5000", status=status, validation_error=error)
    finish(open_run(record.config, tmp_path), record, made_measured())
    assert validation_error(record.run_id, runs_folder=tmp_path) == known


def test_a_certificate_holds_if_no_size_gains_more_than_the_limit() -> None:
    sizes = (Certified(4, 10, ()), Certified(8, 20, ()))
    assert Certificate(sizes, (0.0, GAIN_LIMIT)).holds
    assert not Certificate(sizes, (0.0, 2 * GAIN_LIMIT)).holds


@pytest.mark.parametrize(
    ("gains", "verdict", "warned"),
    [((0.0, 0.01), "certified: ", False), ((0, 0.011), "not certified: ", True), ((0.2, 0), "not certified: ", True)],
)  # fmt: skip
def test_a_gain_of_more_than_one_per_cent_at_either_end_warns_of_every_exponent(
    gains: tuple[float, float], verdict: str, warned: bool
) -> None:
    certificate = Certificate((Certified(4, 100, ()), Certified(64, 9000, ())), gains)
    told = learning_rate_of(certificate)
    assert told.startswith(verdict)
    assert f"{100 * gains[0]:.1f} % of the error at width 4 and {100 * gains[1]:.1f} % of the error at width 64" in told
    assert ("no exponent here can be taken at its word" in caution_of(certificate)) == warned
    assert bool(caution_of(certificate)) == warned


def test_without_a_certificate_the_report_says_so_and_warns_of_nothing() -> None:
    assert learning_rate_of(None).startswith("not certified: whether half or twice the rate does better")
    assert caution_of(None) == ""


VALUES = {"learning_rate": 0.0123, "reference_width": 64, "width_exponent": 0.4}


@pytest.mark.parametrize(
    "text",
    [
        "# Question\nstudy:\n  name: x\n",
        "optim:\n  batch_size: 16 # small\n  learning_rate: 4e-3\n\nstudy:\n  name: x\n",
        "optim: # the demo's\n  width_exponent: 0.25\nstudy:\n  name: x\n",
    ],
)
def test_tuned_values_are_written_into_a_study_and_nothing_else_changes(text: str) -> None:
    written = with_optim(text, VALUES)
    assert OmegaConf.create(written) == OmegaConf.merge(OmegaConf.create(text), {"optim": VALUES})
    assert all(comment in written for comment in ("# Question", "# small", "# the demo's") if comment in text)
    assert with_optim(written, VALUES) == written


def test_a_study_with_a_rate_of_its_own_on_an_axis_is_not_written_to() -> None:
    with pytest.raises(ConfigError, match=r"an axis sets optim.learning_rate"):
        with_optim("study:\n  blocks:\n    - axes:\n        optim.learning_rate: [1]\n", VALUES)


@pytest.mark.slow
def test_tune_and_its_certificate_on_a_real_study(tmp_path: Path) -> None:
    words = ("study=single", *LADDER, HERE, "seed=0", "model.width=4,8,16", "budget.steps=200,400")
    done = harness("tune", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Rule     ln rate = " in done.stdout
    assert "Use      optim.learning_rate=" in done.stdout
    one = len(list((tmp_path / "outputs" / "runs").iterdir()))
    done = harness("tune", "--seeds", "2", *words, "seed=0,1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "outputs" / "runs").iterdir())) >= 2 * one, "each rate with both seeds"
    assert (tmp_path / "outputs/tuned/ladder.json").exists()
    assert (tmp_path / "outputs/frozen/ladder.json").exists()  # the study's own: its tuning may train its first run
    certified = harness("tune", "--certificate", *words, cwd=tmp_path)
    assert certified.returncode in (0, 1), certified.stderr
    assert "the best rate would gain" in certified.stdout
    (path,) = (tmp_path / "outputs/tuned").glob("*.certificate.json")
    found = read_certificate(path, runs_folder=tmp_path / "outputs/runs")
    assert found is not None
    assert (found.holds, len(found.sizes)) == (certified.returncode == 0, 2)
