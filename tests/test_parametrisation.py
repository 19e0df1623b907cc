"""The factors of single parameters, against the table of arXiv 2203.03466."""

import dataclasses

import pytest
import torch
from torch import nn

from harness.config import ModelConfig, OptimConfig
from harness.errors import ConfigError
from harness.flops import build_model
from harness.parametrisation import parametrise
from harness.study import load_study

SHAPE = {"image_shape": (3, 8, 8), "num_classes": 10}


def configured(*overrides: str) -> tuple[ModelConfig, OptimConfig]:
    (run,) = load_study(["optim.parametrisation=mup", "optim.width_exponent=0", *overrides]).runs.values()
    return run.model, run.optim


def built(model: ModelConfig) -> nn.Module:
    torch.manual_seed(0)
    return build_model(model, **SHAPE)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("adamw", {"1.weight": 1, "1.bias": 1, "3.weight": 1 / 4, "3.bias": 1, "5.weight": 1 / 4, "5.bias": 1}),
        ("sgd", {"1.weight": 4, "1.bias": 4, "3.weight": 1, "3.bias": 4, "5.weight": 1 / 4, "5.bias": 1}),
    ],
)
def test_learning_rates_are_those_of_table_3(optimizer: str, expected: dict[str, float]) -> None:
    model, optim = configured(f"optim={optimizer}", "model.width=256", "model.depth=2", "optim.reference_width=64")
    assert parametrise(built(model), model, optim, **SHAPE) == expected


@pytest.mark.parametrize(("width", "growth"), [(256, 4.0), (16, 0.25)])
def test_initial_values_of_the_output_shrink_and_biases_keep_the_size_that_they_have_at_the_reference_width(
    width: int, growth: float
) -> None:
    model, optim = configured(f"model.width={width}", "model.depth=2", "optim.reference_width=64")
    module, plain = built(model), built(model)
    parametrise(module, model, optim, **SHAPE)
    ratio = {
        name: float((p / q).detach().mean())
        for (name, p), q in zip(module.named_parameters(), plain.parameters(), strict=True)
    }
    assert ratio == pytest.approx(
        {
            "1.weight": 1,
            "1.bias": 1,
            "3.weight": 1,
            "3.bias": growth**0.5,
            "5.weight": growth**-0.5,
            "5.bias": growth**0.5,
        }
    )


def test_tokens_and_positions_count_as_inputs_and_normalisation_as_a_bias() -> None:
    model, optim = configured("model=vit", "optim=sgd", "model.width=128", "optim.reference_width=32")
    factors = parametrise(built(model), model, optim, **SHAPE)
    inputs = {"0.positions", "0.class_token", "0.patches.weight", "0.patches.bias", "1.mlp.0.weight", "1.mlp.0.bias"}
    assert {factors[name] for name in inputs} == {4.0}
    assert factors["1.attention.1.qkv.weight"] == 1.0


def test_attention_is_divided_by_the_width_of_a_head() -> None:
    model, optim = configured("model=vit", "model.width=64", "optim.reference_width=16", "model.options.head_width=64")
    module = built(model)
    parametrise(module, model, optim, **SHAPE)
    assert module.get_submodule("1.attention.1").attention_scale == pytest.approx(16**0.5 / 64)


def test_attention_of_heads_that_do_not_grow_is_as_ever() -> None:
    model, optim = configured("model=vit", "model.width=64", "optim.reference_width=16")
    module = built(model)
    parametrise(module, model, optim, **SHAPE)
    assert module.get_submodule("1.attention.1").attention_scale == 16**-0.5


def test_the_standard_parametrisation_changes_nothing() -> None:
    model, optim = configured("model.width=256")
    module, plain = built(model), built(model)
    assert parametrise(module, model, dataclasses.replace(optim, parametrisation="standard"), **SHAPE) == {}
    assert all(torch.equal(p, q) for p, q in zip(module.parameters(), plain.parameters(), strict=True))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("model=wide_resnet", "model.width=32", "optim.reference_width=16"),
            "at this width the network has no layer '1.",
        ),
        (
            ("model=vit", "model.width=32", "optim.reference_width=24"),
            "optim.reference_width: model vit: width: 24 is no",
        ),
    ],
)
def test_a_reference_width_that_can_t_serve_is_refused(overrides: tuple[str, ...], message: str) -> None:
    model, optim = configured(*overrides)
    with pytest.raises(ConfigError, match=message):
        parametrise(built(model), model, optim, **SHAPE)


def test_a_width_exponent_beside_mup_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"optim.width_exponent: 0.25 would scale the learning rate .* set it to 0"):
        load_study(["optim.parametrisation=mup"])
