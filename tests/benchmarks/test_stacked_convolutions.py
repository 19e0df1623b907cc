"""Whether stacks of convolutional networks would pay: one by one, as grouped convolutions, and by ``torch.func.vmap``.

``pytest -s -m benchmark`` on this file. Seconds of the processor for a step of one of ``MEMBERS`` networks, forward,
backward and fused AdamW; the three in turn, the best of each kept. Only the first way is in the harness: where
grouped convolutions win, their gradients have other last bits than a lone network's, and a run's record would depend on
who shared its stack.
"""

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from models.cnn import build

pytestmark = pytest.mark.benchmark

MEMBERS, BATCH, SHAPE = 4, 64, (1, 28, 28)
ROUNDS, STEPS = 3, 3
NARROW = 8  # below, both kinds of stack are known to win


def networks(width: int) -> list[nn.Module]:
    return [build(width=width, depth=1, image_shape=SHAPE, num_classes=10) for _ in range(MEMBERS)]


def grouped(width: int) -> nn.Module:
    """One network whose channels are those of all members, in a group a member."""
    model = build(width=width, depth=1, image_shape=SHAPE, num_classes=10)
    for name, layer in list(model.named_modules()):
        parent = model.get_submodule(name.rpartition(".")[0])
        if isinstance(layer, nn.Conv2d):
            wider = nn.Conv2d(
                MEMBERS * layer.in_channels, MEMBERS * layer.out_channels, layer.kernel_size[0],
                stride=layer.stride[0], padding=int(layer.padding[0]), groups=MEMBERS, bias=False,
            )  # fmt: skip
            setattr(parent, name.rpartition(".")[2], wider)
        elif isinstance(layer, nn.BatchNorm2d):
            setattr(parent, name.rpartition(".")[2], nn.BatchNorm2d(MEMBERS * layer.num_features))
    assert isinstance(model, nn.Sequential)
    head = nn.Conv2d(MEMBERS * 4 * width, MEMBERS * 10, 1, groups=MEMBERS)
    return nn.Sequential(*list(model)[:-2], head, nn.Flatten())


def one_by_one(width: int, images: Tensor, labels: Tensor) -> Callable[[], None]:
    models = [model.to(memory_format=torch.channels_last) for model in networks(width)]
    optimizers = [torch.optim.AdamW(model.parameters(), fused=True) for model in models]

    def step() -> None:
        for model, optimizer in zip(models, optimizers, strict=True):
            optimizer.zero_grad()
            functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return step


def as_groups(width: int, images: Tensor, labels: Tensor) -> Callable[[], None]:
    model = grouped(width).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    repeated = images.repeat(1, MEMBERS, 1, 1).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        optimizer.zero_grad()
        logits = model(repeated).view(BATCH * MEMBERS, 10)
        loss = functional.cross_entropy(logits, labels.repeat_interleave(MEMBERS), reduction="sum") / BATCH
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def by_vmap(width: int, images: Tensor, labels: Tensor) -> Callable[[], None]:
    models = networks(width)
    for layer in (layer for model in models for layer in model.modules()):
        if isinstance(layer, nn.BatchNorm2d):  # vmap refuses buffers that are written in place
            layer.track_running_stats, layer.running_mean, layer.running_var = False, None, None
            layer.num_batches_tracked = None
    parameters, buffers = stack_module_state(models)
    skeleton = models[0]
    optimizer = torch.optim.AdamW(parameters.values(), fused=True)

    def logits(own: dict[str, Tensor], kept: dict[str, Tensor]) -> Tensor:
        return functional_call(skeleton, (own, kept), (images,))  # type: ignore[no-any-return]

    def step() -> None:
        optimizer.zero_grad()
        scores = vmap(logits)(parameters, buffers)
        loss = functional.cross_entropy(scores.flatten(0, 1), labels.repeat(MEMBERS), reduction="sum") / BATCH
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def seconds(step: Callable[[], None]) -> float:
    began = time.process_time()
    for _ in range(STEPS):
        step()
    return (time.process_time() - began) / STEPS / MEMBERS


@pytest.mark.parametrize("width", [2, 8, 32])
def test_convolutional_networks_one_by_one_and_together(width: int) -> None:
    torch.set_num_threads(1)
    images, labels = torch.randn(BATCH, *SHAPE), torch.randint(10, (BATCH,))
    ways = {"one by one": one_by_one, "grouped": as_groups, "vmap": by_vmap}
    steps = {name: make(width, images, labels) for name, make in ways.items()}
    best = dict.fromkeys(ways, float("inf"))
    for step in steps.values():
        step()
    for _ in range(ROUNDS):
        for name, step in steps.items():
            best[name] = min(best[name], seconds(step))
    alone = best["one by one"]
    for name, took in best.items():
        print(f" width {width}, {name}: {1e3 * took:.2f} ms a network and step, {alone / took:.2f} x")
    if width >= NARROW:
        assert min(best["grouped"], best["vmap"]) > 0.8 * alone
