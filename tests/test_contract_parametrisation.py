"""The coordinate check: under ``mup`` every model's layers keep their size, and learn at one speed, at every width.

Sizes are root mean squares over a batch. How they go with the width is the slope of their logarithm against that of
the width over a sixteen-fold range: 0 is flat. A new model of the registry is checked for free.
"""

import dataclasses
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.config import ModelConfig, OptimConfig
from harness.flops import build_model
from harness.optim import build_optimizer
from harness.parametrisation import parametrise
from harness.study import load_study
from models import MODELS
from tests.small_models import small

FOLD = 16  # from the narrowest width to the widest
NARROWEST = {"mlp": 32, "vit": 16}
CONVOLUTIONAL = 4  # the narrowest of the others
FLAT = 0.2  # a sixteen-fold width moves it by less than a factor 1.75 ...
STEEP = 0.4  # ... and here by more than 3
SEEDS = 2
STEPS = 5
IMAGE, CLASSES, BATCH = (3, 8, 8), 10, 32
LEARNING_RATES = {"adamw": 4e-3, "sgd": 5e-2}

Slopes = dict[tuple[str, int, str], float]


@cache  # composing takes longer than the steps
def as_conf_has_it(optimizer: str) -> OptimConfig:
    (run,) = load_study([f"optim={optimizer}"]).runs.values()
    return run.optim


def configured(name: str, *, optimizer: str, parametrisation: str, width: int) -> tuple[ModelConfig, OptimConfig]:
    optim = dataclasses.replace(
        as_conf_has_it(optimizer), parametrisation=parametrisation, reference_width=NARROWEST.get(name, CONVOLUTIONAL),
        width_exponent=0.0, learning_rate=LEARNING_RATES[optimizer], weight_decay=0.0,
    )  # fmt: skip
    return small(name, width=width, deeper=name in ("mlp", "vit")), optim


def layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


def sizes(model: ModelConfig, optim: OptimConfig, *, seed: int) -> Iterator[tuple[str, int, str, float]]:
    """Of every layer's output before each step, and of its change since the first: (kind, step, layer, size)."""
    fixed = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, *IMAGE, generator=fixed)
    labels = torch.randint(0, CLASSES, (BATCH,), generator=fixed)
    torch.manual_seed(seed)
    module = build_model(model, image_shape=IMAGE, num_classes=CLASSES)
    factors = parametrise(module, model, optim, image_shape=IMAGE, num_classes=CLASSES)
    optimizer = build_optimizer(optim, module, width=model.width, factors=factors)
    outputs: dict[str, Tensor] = {}
    first: dict[str, Tensor] = {}
    for name, layer in layers(module):
        layer.register_forward_hook(lambda _, __, output, name=name: outputs.__setitem__(name, output.detach()))
    for step in range(STEPS + 1):
        loss = functional.cross_entropy(module(images), labels)
        if step == 0:
            first.update(outputs)
        for name, output in outputs.items():
            yield "activation", step, name, float(output.square().mean().sqrt())
            if step:
                yield "update", step, name, float((output - first[name]).square().mean().sqrt())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def slopes(name: str, *, optimizer: str, parametrisation: str) -> Slopes:
    narrowest = NARROWEST.get(name, CONVOLUTIONAL)
    found: dict[tuple[str, int, str], dict[int, list[float]]] = {}
    for width in (narrowest, 4 * narrowest, FOLD * narrowest):
        for seed in range(SEEDS):
            model, optim = configured(name, optimizer=optimizer, parametrisation=parametrisation, width=width)
            for kind, step, layer, size in sizes(model, optim, seed=seed):
                found.setdefault((kind, step, layer), {}).setdefault(width, []).append(size)
    return {
        key: float(np.polyfit(np.log(list(at)), np.log([np.mean(sizes) for sizes in at.values()]), 1)[0])
        for key, at in found.items()
    }


def head(found: Slopes) -> str:
    """The layer that makes the logits, the last to run."""
    return list(found)[-1][2]


def is_stem(name: str, layer: str) -> bool:
    """Whether the layer is, or reads, the wide residual network's stem, which keeps 16 channels at every width."""
    return name == "wide_resnet" and (layer == "0" or layer.startswith("1."))


CASES = [
    pytest.param(name, optimizer, id=f"{name}-{optimizer}") for name in sorted(MODELS) for optimizer in LEARNING_RATES
]


@pytest.mark.slow(1)
@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_under_mup_activations_and_updates_are_flat_over_a_sixteen_fold_width(name: str, optimizer: str) -> None:
    found = slopes(name, optimizer=optimizer, parametrisation="mup")
    for (kind, step, layer), slope in found.items():
        if kind == "activation" and layer == head(found):
            assert slope < FLAT, (kind, step, layer)  # logits begin at nothing in the limit, and never blow up
        elif not (optimizer == "sgd" and kind == "update" and is_stem(name, layer)):
            assert abs(slope) < FLAT, (kind, step, layer)


@pytest.mark.slow(1)
@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_under_the_standard_parametrisation_they_are_not(name: str, optimizer: str) -> None:
    found = slopes(name, optimizer=optimizer, parametrisation="standard")
    steep = [key for key, slope in found.items() if key[0] == "update" and abs(slope) > STEEP]
    assert {step for _, step, _ in steep} == set(range(1, STEPS + 1))


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("optimizer", sorted(LEARNING_RATES))
def test_at_the_reference_width_the_parametrisations_are_one(name: str, optimizer: str) -> None:
    width = NARROWEST.get(name, CONVOLUTIONAL)
    model, optim = configured(name, optimizer=optimizer, parametrisation="mup", width=width)
    torch.manual_seed(0)
    module = build_model(model, image_shape=IMAGE, num_classes=CLASSES)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    factors = parametrise(module, model, optim, image_shape=IMAGE, num_classes=CLASSES)
    assert factors == {key: 1.0 for key, _ in module.named_parameters()}
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
