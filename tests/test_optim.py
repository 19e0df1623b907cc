"""Learning rates step by step, and parameter by parameter."""

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from harness.config import OptimConfig
from harness.errors import ConfigError
from harness.optim import build_optimizer, check_schedule, cooldown_start, schedule, set_rate
from harness.study import load_study


def optim(**changed: object) -> OptimConfig:
    (run,) = load_study([]).runs.values()
    return dataclasses.replace(run.optim, **changed)  # type: ignore[arg-type]


STABLE = optim(schedule="warmup_stable_decay", warmup_steps=10, cooldown_fraction=0.2)


def rates(config: OptimConfig, *, steps: int) -> list[float]:
    return [schedule(config, step=step, steps=steps) for step in range(steps)]


@pytest.mark.parametrize("kind", ["constant", "cosine", "warmup_stable_decay"])
def test_a_schedule_rises_to_one_over_its_warm_up(kind: str) -> None:
    found = rates(optim(schedule=kind, warmup_steps=4), steps=100)
    assert found[:4] == [0.25, 0.5, 0.75, 1.0]
    assert max(found) == 1.0


@pytest.mark.parametrize(("config", "warmup"), [({"warmup_fraction": 0.1}, 10), ({"warmup_steps": 3}, 3)])
def test_warm_up_takes_a_share_of_the_steps_or_the_steps_that_are_given(config: dict[str, float], warmup: int) -> None:
    found = rates(optim(schedule="constant", **config), steps=100)
    assert found.index(1.0) == warmup - 1


def test_a_warm_up_stable_decay_stays_up_and_falls_as_one_minus_the_root_over_its_last_fifth() -> None:
    found = rates(STABLE, steps=100)
    assert cooldown_start(STABLE, steps=100) == 80
    assert found[9:81] == [1.0] * 72
    assert found[85] == pytest.approx(1 - (5 / 20) ** 0.5)
    assert found[99] == pytest.approx(1 - (19 / 20) ** 0.5)
    assert all(later < earlier for earlier, later in itertools.pairwise(found[80:]))


def test_up_to_its_cooldown_a_short_budget_has_the_rates_of_a_long_one() -> None:
    assert rates(STABLE, steps=100)[:80] == rates(STABLE, steps=1000)[:80]


def test_a_cosine_ends_at_nothing() -> None:
    found = rates(optim(schedule="cosine", warmup_steps=1), steps=1000)
    assert found[500] == pytest.approx(0.5, abs=1e-2)
    assert 0 < found[-1] < 1e-5


@pytest.mark.parametrize(
    ("kind", "steps", "message"),
    [
        (
            "warmup_stable_decay",
            12,
            "of 12 steps, 10 are warm-up, which does not end before step 10, where the cooldown",
        ),
        ("cosine", 10, "of 10 steps, 10 are warm-up, which does not end before step 10, where the run ends"),
    ],
)
def test_a_budget_that_its_warm_up_eats_is_refused(kind: str, steps: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_schedule(dataclasses.replace(STABLE, schedule=kind), steps=steps)  # type: ignore[arg-type]
    check_schedule(dataclasses.replace(STABLE, schedule=kind), steps=steps + 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_a_factor_scales_the_learning_rate_and_leaves_what_a_step_decays(name: str) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    config = optim(name=name, learning_rate=0.1, width_exponent=0.0, weight_decay=0.01, beta1=0.0)
    built = build_optimizer(config, model, width=64, factors={"1.weight": 0.25})
    groups = {id(parameter): group for group in built.param_groups for parameter in group["params"]}
    plain, scaled = groups[id(model[0].weight)], groups[id(model[1].weight)]
    assert (plain["lr"], scaled["lr"]) == (0.1, pytest.approx(0.025))
    assert plain["lr"] * plain["weight_decay"] == pytest.approx(scaled["lr"] * scaled["weight_decay"])
    assert groups[id(model[0].bias)]["weight_decay"] == 0.0
    before = model[1].weight.detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    built.step()
    set_rate(built, 0.5)
    assert (plain["lr"], scaled["lr"]) == (0.5, 0.125)
    assert torch.allclose(model[1].weight, before * (1 - 0.1 * 0.01))


def test_the_rate_drops_tenfold_at_half_and_at_three_quarters() -> None:
    (run,) = load_study(["optim.schedule=step", "optim.warmup_fraction=0"]).runs.values()
    factors = [schedule(run.optim, step=step, steps=64) for step in range(64)]
    assert factors[1:32] == [1.0] * 31
    assert factors[32:48] == [0.1] * 16
    assert all(abs(factor - 0.01) < 1e-15 for factor in factors[48:])
