"""What every model of the registry must do, so that a new one is tested for free."""

import dataclasses
import inspect
import math
from itertools import pairwise

import pytest
import torch

from harness.flops import StepCost, build_model, count_model, count_step
from models import MODELS
from tests.small_models import small


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_maps_images_to_logits_and_learns(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(small(name), image_shape=(3, 16, 16), num_classes=5)
    logits = model(torch.randn(7, 3, 16, 16))
    assert logits.shape == (7, 5)
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_is_a_function_of_the_seed(name: str) -> None:
    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        model = build_model(small(name, deeper=True), image_shape=(1, 8, 8), num_classes=3)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_takes_its_arguments_by_name_and_its_configuration_has_a_value_for_each_option(name: str) -> None:
    parameters = inspect.signature(MODELS[name]).parameters
    assert set(parameters) == {"width", "depth", "image_shape", "num_classes", *small(name).options}
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters.values())
    assert MODELS[name].__doc__


@pytest.mark.parametrize("name", sorted(MODELS))
def test_parameters_and_flops_grow_in_width_and_in_depth(name: str) -> None:
    def cost(*, width: int = 8, deeper: bool = False) -> StepCost:
        model = small(name, width=width, deeper=deeper)
        return count_step(model, image_shape=(1, 28, 28), num_classes=10, batch_size=4)

    least = cost()
    for greater in (cost(width=9), cost(deeper=True)):
        assert greater.params > least.params
        assert greater.forward_flops > least.forward_flops
        assert greater.step_flops > least.step_flops


@pytest.mark.parametrize("name", sorted(MODELS))
def test_each_further_depth_adds_the_same_parameters_and_flops(name: str) -> None:
    shallow, deep = small(name, width=8), small(name, width=8, deeper=True)
    between = deep.depth - shallow.depth
    costs = [
        count_step(
            dataclasses.replace(shallow, depth=shallow.depth + k * between),
            image_shape=(3, 32, 32), num_classes=10, batch_size=2,
        )
        for k in range(3)
    ]  # fmt: skip
    added = [(b.params - a.params, b.forward_flops - a.forward_flops) for a, b in pairwise(costs)]
    assert added[0] == added[1]


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"mlp"}))  # whose first layer is the most of it, see test_flops
def test_parameters_and_flops_grow_with_the_square_of_the_width(name: str) -> None:
    half, whole = (
        count_step(small(name, width=width), image_shape=(3, 16, 16), num_classes=10, batch_size=2)
        for width in (256, 512)
    )
    assert 1.9 < math.log2(whole.params / half.params) < 2.01
    assert 1.9 < math.log2(whole.forward_flops / half.forward_flops) < 2.01


@pytest.mark.parametrize("name", sorted(MODELS))
def test_training_over_forward_is_three_minus_the_first_layer_s_share(name: str) -> None:
    ledger = count_model(small(name, width=16), image_shape=(3, 32, 32), num_classes=10, batch_size=2)
    first, *others = [layer for layer in ledger.layers if layer.forward_flops]
    assert first.step_flops == 2 * 2 * first.forward_flops
    assert [layer.step_flops for layer in others] == [2 * 3 * layer.forward_flops for layer in others]
