"""A device tested by the parts of the harness that use it: what ``harness doctor`` runs on a machine we can't.

Each check does one thing on the device that was done on the CPU in float64, or that has an exact answer, and says by
how much they differ. A check that can't run says why; none stops the others.
"""

import dataclasses
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from harness.checkpoint import Progress, restore, save
from harness.config import NumericsConfig, Precision, RunConfig
from harness.device import has_tf32, measure_peak
from harness.errors import HarnessError
from harness.flops import build_model, count_model, count_module
from harness.loss import training_loss
from harness.numerics import compile_model, set_up_numerics, weight_type
from harness.optim import build_optimizer
from harness.optimizer import Optimizer
from harness.study import load_study

IMAGE_SHAPE, CLASSES, STEPS = (3, 32, 32), 10, 5
NETWORK = ("model=cnn", "model.width=8", "augment=standard", "augment.mixup=0.2", "optim.batch_size=32")

# How far a product and a loss may be from those in float64, relative: a few roundings of the precision's own, of which
# float32 keeps 24 bits, TF32 11 and bfloat16 8; in float32 a hundred, since devices add in other orders.
TOLERANCES: dict[Precision, float] = {"float64": 1e-10, "float32": 1e-5, "tf32": 2e-3, "bfloat16": 1e-2}


@dataclass(frozen=True)
class DeviceFinding:
    """What one check said; ``absent`` is a part that the device or the machine does not have."""

    check: str
    answer: Literal["passed", "failed", "absent"]
    detail: str


def check_device(device: torch.device, *, with_compile: bool = True) -> tuple[DeviceFinding, ...]:
    """Every check, in order of what rests on what; compiling takes up to a minute. Leaves the process in float32."""
    precisions: tuple[Precision, ...] = get_args(Precision)
    checks: list[tuple[str, Callable[[], str]]] = []
    for precision in precisions:
        checks += [
            (f"{precision} products", partial(_products, device, precision)),
            (f"{precision} training", partial(_training, device, precision)),
        ]
    checks += [
        ("channels-last", partial(_channels_last, device)),
        ("random numbers", partial(_random_numbers, device)),
        ("checkpoint", partial(_checkpoint, device)),
        ("FLOP count", partial(_flop_count, device)),
        ("pinned copies", partial(_pinned_copies, device)),
    ]
    if with_compile:
        checks.append(("compile", partial(_compile, device)))
    findings = tuple(_find(name, check) for name, check in checks)
    set_up_numerics(_numerics("float32"), device)
    return findings


class Absent(Exception):
    """The device has no such part."""


def _find(name: str, check: Callable[[], str]) -> DeviceFinding:
    try:
        return DeviceFinding(name, "passed", check())
    except Absent as missing:
        return DeviceFinding(name, "absent", str(missing))
    except Exception as error:  # whatever torch or a driver says is the finding
        reason = str(error) if isinstance(error, HarnessError | AssertionError) else f"{type(error).__name__}: {error}"
        return DeviceFinding(name, "failed", reason)


def _numerics(precision: Precision) -> NumericsConfig:
    return NumericsConfig(precision=precision, compile=False)


def _prepare(device: torch.device, precision: Precision) -> None:
    if precision == "tf32" and not has_tf32(device):
        raise Absent("TF32 is a mode of NVIDIA GPUs from Ampere on")
    set_up_numerics(_numerics(precision), device)


def _require_close(what: str, ours: Tensor, exact: Tensor, *, tolerance: float) -> str:
    ours, exact = ours.detach().cpu().double(), exact.detach().cpu().double()
    off = float((ours - exact).norm() / exact.norm())
    said = f"{what} {off:.1e} off, relative; {tolerance:.0e} allowed"
    assert off <= tolerance, said  # not a number is not close either
    return said


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _products(device: torch.device, precision: Precision) -> str:
    _prepare(device, precision)
    kind = torch.bfloat16 if precision == "bfloat16" else weight_type(_numerics(precision))
    left, right = _normal(512, 512), _normal(512, 512).T
    ours = left.to(device, kind) @ right.to(device, kind)
    said = _require_close("a product is", ours, left @ right, tolerance=TOLERANCES[precision])
    return f"{said}; peak {measure_peak(device, precision).flops:.2e} FLOP/s"


def _network() -> RunConfig:
    (run,) = load_study(NETWORK).runs.values()
    return run


def _built(run: RunConfig, device: torch.device, floats: torch.dtype) -> tuple[nn.Module, Optimizer]:
    torch.manual_seed(0)
    model = build_model(run.model, image_shape=IMAGE_SHAPE, num_classes=CLASSES).to(device, floats)
    return model, build_optimizer(run.optim, model, width=run.model.width, factors={})


def _steps(model: nn.Module, optimizer: Optimizer, run: RunConfig, *, first: int, last: int) -> Tensor:
    """The losses (steps,) of some steps on images of noise, as a run takes them."""
    weight = next(model.parameters())
    images = _normal(run.optim.batch_size, *IMAGE_SHAPE).to(weight)
    labels = (torch.arange(run.optim.batch_size) % CLASSES).to(weight.device)
    losses = []
    for step in range(first, last):
        loss = training_loss(model, images, labels, run=run, step=step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def _training(device: torch.device, precision: Precision) -> str:
    _prepare(device, precision)
    run = dataclasses.replace(_network(), numerics=_numerics(precision))
    exact = dataclasses.replace(run, numerics=_numerics("float64"))
    ours = _steps(*_built(run, device, weight_type(run.numerics)), run, first=0, last=STEPS)
    reference = _steps(*_built(exact, torch.device("cpu"), torch.float64), exact, first=0, last=STEPS)
    return _require_close(f"the losses of {STEPS} steps are", ours, reference, tolerance=TOLERANCES[precision])


def _channels_last(device: torch.device) -> str:
    _prepare(device, "float32")
    model, _ = _built(_network(), device, torch.float32)
    images = _normal(8, *IMAGE_SHAPE).to(device, torch.float32)
    plain = model(images)
    other = model.to(memory_format=torch.channels_last)(images.contiguous(memory_format=torch.channels_last))
    return _require_close("logits in another memory format are", other, plain, tolerance=TOLERANCES["float32"])


def _random_numbers(device: torch.device) -> str:
    torch.manual_seed(1)
    first = torch.rand(1000, device=device)
    torch.manual_seed(1)
    again, more = torch.rand(1000, device=device), torch.rand(1000, device=device)
    assert torch.equal(first, again), "the same seed gives other numbers"
    assert not torch.equal(again, more), "the numbers repeat"
    return "the same seed gives the same numbers"


def _checkpoint(device: torch.device) -> str:
    _prepare(device, "float32")
    run, half = _network(), STEPS // 2
    model, optimizer = _built(run, device, torch.float32)
    _steps(model, optimizer, run, first=0, last=half)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pt"
        progress = Progress(step=half, loss_sum=torch.zeros((), device=device))
        save(path, run_id="check", model=model, optimizer=optimizer, progress=progress)
        undisturbed = _steps(model, optimizer, run, first=half, last=STEPS)
        model, optimizer = _built(run, device, torch.float32)
        assert restore(path, run_id="check", model=model, optimizer=optimizer, device=device).step == half
    resumed = _steps(model, optimizer, run, first=half, last=STEPS)
    return _require_close("losses after going on are", resumed, undisturbed, tolerance=TOLERANCES["float32"])


def _flop_count(device: torch.device) -> str:
    run, size = _network(), 4
    planned = count_model(run.model, image_shape=IMAGE_SHAPE, num_classes=CLASSES, batch_size=size)
    model, _ = _built(run, device, torch.float32)
    images, labels = _normal(size, *IMAGE_SHAPE).to(device, torch.float32), torch.arange(size, device=device)
    ran = count_module(model, images, labels)
    assert not ran.unknown, f"unknown operators: {ran.unknown}"
    assert (ran.forward_flops, ran.step_flops) == (planned.forward_flops, planned.step_flops), (
        f"a step ran {ran.step_flops} FLOPs, the plan says {planned.step_flops}"
    )
    return f"a step runs the {planned.step_flops:.3e} FLOPs of the plan"


def _pinned_copies(device: torch.device) -> str:
    if device.type != "cuda":
        raise Absent("only copies to a GPU are pinned")
    numbers = _normal(1000, 1000)
    there = numbers.pin_memory().to(device, non_blocking=True)
    assert torch.equal(there.cpu(), numbers), "what arrived is not what was sent"
    return "what arrives is what was sent"


def _compile(device: torch.device) -> str:
    _prepare(device, "float32")
    model, _ = _built(_network(), device, torch.float32)
    images = _normal(8, *IMAGE_SHAPE).to(device, torch.float32)
    plain = model.eval()(images)
    try:
        compile_model(model, device)
    except HarnessError as error:
        raise Absent(str(error)) from error
    return _require_close("logits of the compiled network are", model(images), plain, tolerance=TOLERANCES["float32"])
