"""What a step of a run does is what the plan counted, with all that a configuration can add to it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.config import ModelConfig
from harness.flops import build_model, count_step
from harness.flops.attribution import Layers
from harness.flops.counter import OperatorCounter
from harness.loss import training_loss
from harness.study import load_study
from models import MODELS
from tests.small_models import small

IMAGE, CLASSES, BATCH = (1, 16, 16), 5, 8
ALL_AT_ONCE = ("augment=standard", "augment.cutout=4", "augment.mixup=0.5", "optim.label_smoothing=0.1")


def built(model: ModelConfig) -> tuple[int, nn.Module]:
    """The step's FLOPs as planned, and the module in training mode."""
    torch.manual_seed(0)
    planned = count_step(model, image_shape=IMAGE, num_classes=CLASSES, batch_size=BATCH)
    return planned.step_flops, build_model(model, image_shape=IMAGE, num_classes=CLASSES).train()


def loss_of(model: nn.Module, *, name: str, precision: str) -> Tensor:
    (run,) = load_study([f"model={name}", *ALL_AT_ONCE, f"numerics={precision}"]).runs.values()
    return training_loss(model, torch.rand(BATCH, *IMAGE), torch.arange(BATCH) % CLASSES, run=run, step=3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_augmentation_mixup_smoothing_and_autocast_multiply_nothing_more(name: str, precision: str) -> None:
    planned, model = built(small(name))
    with Layers(model) as layers, OperatorCounter(layers) as ran:
        loss = loss_of(model, name=name, precision=precision)
        ran.go_back()
        loss.backward()  # type: ignore[no-untyped-call]
    assert sum(ran.flops.values()) == planned
    assert not ran.unknown


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_v2", "vit"])
def test_a_compiled_step_multiplies_what_the_plan_counted(name: str) -> None:
    """Counted in the graphs that the compiler is given, with what it would compute twice to save memory."""
    from functorch.compile import make_boxed_func, min_cut_rematerialization_partition
    from torch._dynamo.backends.common import aot_autograd

    counted: list[OperatorCounter] = []

    def compiler(graph: nn.Module, _inputs: Any) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            with Layers(nn.Identity()) as layers, OperatorCounter(layers) as ran:
                result = graph(*arguments)
            counted.append(ran)
            return result

        return make_boxed_func(run)

    planned, model = built(small(name))
    model.compile(
        backend=aot_autograd(
            fw_compiler=compiler, bw_compiler=compiler, partition_fn=min_cut_rematerialization_partition
        )
    )
    loss_of(model, name=name, precision="bfloat16").backward()  # type: ignore[no-untyped-call]
    torch._dynamo.reset()
    assert len(counted) == 2  # forward and backward
    assert sum(flops for ran in counted for flops in ran.flops.values()) == planned
    assert not any(ran.unknown for ran in counted)
