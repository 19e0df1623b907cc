import itertools
import json
from collections.abc import Sequence

import numpy as np
import pytest

from harness.budget import FEWEST_LEVELS, Budget, _gradients, _spread, buy, read_budget
from harness.choices import read_choice
from harness.errors import ConfigError
from harness.flops import StepCost
from harness.plan import PlannedRun
from harness.power import Assumptions, Truth, expected_error
from harness.study import load_study
from harness.timing import Prediction
from tests.command import harness
from tests.tiny import TEACHER

ASSUMED = read_choice(Assumptions, "power", "default")


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("5gpuh", Budget(5.0, "gpuh")),
        ("0.5 cpuh", Budget(0.5, "cpuh")),
        ("2USD", Budget(2.0, "usd")),
        ("1e15flop", Budget(1e15, "flop")),
    ],
)
def test_a_budget_is_an_amount_and_a_unit(text: str, budget: Budget) -> None:
    assert read_budget(text) == budget


@pytest.mark.parametrize("text", ["5", "gpuh", "-1usd", "0usd", "1.2.3usd", "5 euros"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="write 5gpuh, 5cpuh, 2usd or 1e15flop"):
        read_budget(text)


@pytest.mark.parametrize("truth", ASSUMED.truths, ids=lambda truth: truth.name)
@pytest.mark.parametrize(("n", "decades"), [(10, 4.0), (12, 2.5), (16, 3.0)])
def test_the_information_agrees_with_the_simulated_law_of_design(truth: Truth, n: int, decades: float) -> None:
    """The law was found by simulating fits, to some 15 %; the information matrix knows nothing of it."""
    gradients = np.array([_gradients(np.geomspace(1e9, 1e9 * 10**decades, n), truth)])
    sigma = float(np.hypot(ASSUMED.cell_sd, ASSUMED.seed_sd))
    law = expected_error(truth, sigma=sigma, n=n, decades=decades)
    assert _spread(np.ones(n, dtype=int), gradients, ASSUMED) == pytest.approx(law, rel=0.2)


def planned(compute: Sequence[float], *, seeds: int = 1, widths: int = 1) -> tuple[PlannedRun, ...]:
    flops = ",".join(f"{one:g}" for one in compute)
    wide = ",".join(str(8 * 2**width) for width in range(widths))
    study = load_study([f"budget.training_flops={flops}", f"model.width={wide}", f"seed=range(0,{seeds})"])
    return tuple(
        PlannedRun(
            name, run, StepCost(1, 1, 1), int(run.budget.training_flops or 0), Prediction(1.0, 0.1, None, "guess")
        )
        for name, run in study.runs.items()
    )


def flops_of(runs: Sequence[PlannedRun]) -> dict[str, float]:
    return {run.id: float(run.training_flops) for run in runs}


def test_what_is_bought_is_close_to_the_best_of_all_subsets_that_the_money_buys() -> None:
    compute = np.geomspace(1e9, 3e11, 9)
    runs = planned(compute)
    gradients = np.array([_gradients(compute, truth) for truth in ASSUMED.truths])
    for share in (0.1, 0.3, 0.6, 0.8):
        amount = share * float(compute.sum())
        bought = buy(runs, costs=flops_of(runs), amount=amount, assumed=ASSUMED)
        affordable = [
            _spread(np.array(kept), gradients, ASSUMED)
            for kept in itertools.product((0, 1), repeat=len(compute))
            if sum(kept) >= FEWEST_LEVELS and np.dot(kept, compute) <= amount
        ]
        assert bought.spent <= amount
        assert min(affordable) <= bought.exponent_sd * (1 + 1e-9)
        assert bought.exponent_sd <= 1.05 * min(affordable)


def test_the_span_comes_before_seeds_and_more_money_never_widens_the_interval() -> None:
    runs = planned(np.geomspace(1e9, 1e11, 8), seeds=3, widths=2)
    costs = flops_of(runs)
    whole = sum(costs.values())
    third = buy(runs, costs=costs, amount=whole / 4, assumed=ASSUMED)  # the largest budget's first seed is a sixth
    assert third.decades == pytest.approx(third.whole_decades)
    assert third.levels[-1] == (pytest.approx(1e11), 1)
    sds = [
        buy(runs, costs=costs, amount=share * whole, assumed=ASSUMED).exponent_sd for share in (0.1, 0.2, 0.4, 0.8, 1)
    ]
    assert sds == sorted(sds, reverse=True)
    everything = buy(runs, costs=costs, amount=whole, assumed=ASSUMED)
    assert set(everything.run_ids) == set(costs)
    assert everything.widening == pytest.approx(1.0)


def test_runs_that_are_done_cost_nothing_and_are_kept() -> None:
    runs = planned(np.geomspace(1e9, 1e11, 8))
    paid = {run.id: float(run.training_flops) for run in runs[5:]}
    kept = buy(runs, costs=paid, amount=1.0, assumed=ASSUMED)
    assert set(kept.run_ids) == {run.id for run in runs[:5]}
    assert kept.spent == 0.0


def test_too_little_money_or_too_few_budgets_are_refused_with_what_would_do() -> None:
    runs = planned(np.geomspace(1e9, 1e11, 8))
    with pytest.raises(ConfigError, match=r"1e\+09 does not buy 5 budgets, which a curve takes; 2.78e\+10 would"):
        buy(runs, costs=flops_of(runs), amount=1e9, assumed=ASSUMED)
    few = planned([1e9, 1e10])
    with pytest.raises(ConfigError, match="the plan has 2 budgets; 5 or more pin an exponent"):
        buy(few, costs=flops_of(few), amount=1e12, assumed=ASSUMED)


def test_plan_says_what_a_budget_buys_with_exit_code_3_and_trims_to_it() -> None:
    words = (*TEACHER, "budget.training_flops=1e7,2e7,4e7,8e7,1.6e8,3.2e8", "model.width=8,16", "seed=0,1")
    over = harness("plan", *words, "--budget", "2e9flop", "--json")
    assert over.returncode == 3, over.stderr
    tree = json.loads(over.stdout)
    assert len(tree["runs"]) == 24
    bought = tree["bought"]
    assert bought["spent"] <= 2e9 < bought["whole"]
    assert bought["widening"] > 1
    trimmed = harness("plan", *words, "--budget", "2e9flop", "--trim", "--json")
    assert trimmed.returncode == 0
    assert {run["id"] for run in json.loads(trimmed.stdout)["runs"]} == set(bought["run_ids"])
    launched = [command.removeprefix("harness launch ").split() for command in tree["commands"]]
    assert {name for command in launched for name in load_study(command).runs} == set(bought["run_ids"])
    enough = harness("plan", *words, "--budget", "1e12flop")
    assert enough.returncode == 0
    assert "and fits" in enough.stdout
    for text, message in (("5gpuh", "but the plan is for cpu; give cpuh"), ("lots", "'lots' is no budget")):
        refused = harness("plan", *words, "runtime.device=cpu", "--budget", text)
        assert refused.returncode == 2
        assert message in refused.stderr
