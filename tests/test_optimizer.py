"""The optimizers are torch's own, number for number; and a run that compiles nothing imports no compiler."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.optimizer import Optimizer
from tests.tiny import TEACHER

SETTINGS: dict[str, dict[str, Any]] = {
    "adamw": {"betas": (0.9, 0.99), "eps": 1e-8},
    "sgd": {"momentum": 0.9, "nesterov": True},
    "plain sgd": {"momentum": 0.0, "nesterov": False},
}


def network(dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 9, 4), nn.Linear(4, 2)).to(dtype)
    return model.to(memory_format=torch.channels_last)


def groups_of(model: nn.Module, name: str) -> list[dict[str, Any]]:
    rates = {True: (0.01, 0.1), False: (0.02, 0.0)}
    return [
        {
            "params": [one for one in model.parameters() if (one.ndim > 1) == wide],
            "lr": rate,
            "weight_decay": decay,
            **SETTINGS[name],
        }
        for wide, (rate, decay) in rates.items()
    ]


def ours(model: nn.Module, name: str) -> Optimizer:
    return Optimizer("adamw" if name == "adamw" else "sgd", groups_of(model, name))


def torch_s(model: nn.Module, name: str) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.SGD
    return kind(groups_of(model, name), fused=True)  # type: ignore[no-any-return]


def step(model: nn.Module, optimizer: Any, seed: int, *, frozen: bool = False) -> None:
    dtype = next(model.parameters()).dtype
    images = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(seed)).to(dtype)
    optimizer.zero_grad()
    model(images).square().sum().backward()
    if frozen:
        model[-1].weight.grad = None
    optimizer.step()


def same(ours: Any, theirs: Any) -> None:
    """Equal to the last bit, in values and in layout."""
    assert torch.equal(ours, theirs)
    assert ours.dtype == theirs.dtype
    assert ours.stride() == theirs.stride()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_steps_and_state_are_those_of_torch_to_the_last_bit(name: str, dtype: torch.dtype) -> None:
    model, other = network(dtype), network(dtype)
    own, theirs = ours(model, name), torch_s(other, name)
    for seed in range(5):
        step(model, own, seed, frozen=seed == 3)  # a parameter without a gradient stays where it is
        step(other, theirs, seed, frozen=seed == 3)
    for one, another in zip(model.parameters(), other.parameters(), strict=True):
        same(one, another)
    saved, expected = own.state_dict(), theirs.state_dict()
    assert [group["params"] for group in saved["param_groups"]] == [g["params"] for g in expected["param_groups"]]
    kept = {number: values for number, values in expected["state"].items() if None not in values.values()}
    assert saved["state"].keys() == kept.keys()
    for number, values in saved["state"].items():
        assert values.keys() == kept[number].keys()
        for key, value in values.items():
            same(value, kept[number][key])


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_what_torch_saved_can_be_gone_on_from(name: str) -> None:
    other = network(torch.float32)
    theirs = torch_s(other, name)
    step(other, theirs, 0)
    model = copy.deepcopy(other)
    own = ours(model, name)
    own.load_state_dict(theirs.state_dict())
    step(other, theirs, 1)
    step(model, own, 1)
    for one, another in zip(model.parameters(), other.parameters(), strict=True):
        same(one, another)


def test_what_was_put_back_is_a_copy() -> None:
    model = network(torch.float32)
    first, second = ours(model, "adamw"), ours(model, "adamw")
    step(model, first, 0)
    second.load_state_dict(first.state_dict())
    before = {number: kept["exp_avg"].clone() for number, kept in first.state_dict()["state"].items()}
    step(model, second, 1)
    for number, kept in first.state_dict()["state"].items():
        assert torch.equal(kept["exp_avg"], before[number])


PROGRAM = """
import sys
from harness.cli import main
try:
    main()
finally:
    print("torch._dynamo" in sys.modules, "scipy" in sys.modules)
"""


@pytest.mark.slow
def test_a_run_that_compiles_and_fits_nothing_imports_neither_the_compiler_nor_scipy(tmp_path: Path) -> None:
    words = ("run", *TEACHER, "model=mlp", "model.width=4", "budget.training_flops=null", "budget.steps=20")
    command = [sys.executable, "-c", PROGRAM, *words]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "False False"
