"""Numerics that a run asks for, and what is recorded of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from harness import device as machine
from harness.config import NumericsConfig, Precision
from harness.errors import ConfigError
from harness.flops import build_model
from harness.numerics import autocast, math_mode, set_up_numerics, weight_type
from harness.plan import plan_runs
from harness.records import Measured, Record, read_record
from harness.study import load_study
from harness.train import run_one
from tests.small_models import small
from tests.tiny import TEACHER

CPU = torch.device("cpu")
SHORT = (*TEACHER, "model.width=16", "model.depth=1", "budget.training_flops=null", "budget.steps=100")
BFLOAT16 = NumericsConfig(precision="bfloat16", compile=False)


def train(*overrides: str) -> tuple[Record, Measured]:
    study = load_study([*SHORT, *overrides])
    (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(planned, runtime=study.runtime) == "finished"
    return read_record(study.runs_folder / planned.id)


def test_precisions_are_runs_of_their_own_that_agree_as_far_as_their_digits_go() -> None:
    double, _ = train("numerics=float64")
    single, _ = train()
    half, _ = train("numerics=bfloat16")
    assert len({double.run_id, single.run_id, half.run_id}) == 3
    assert double.training_flops == single.training_flops == half.training_flops
    for record, digits in ((single, 1e-4), (half, 3e-2)):
        for ours, exact in zip(record.curve, double.curve, strict=True):
            assert ours.train_loss != exact.train_loss
            assert ours.train_loss == pytest.approx(exact.train_loss, rel=digits)
            assert ours.validation_loss == pytest.approx(exact.validation_loss, rel=digits)


@pytest.mark.parametrize(
    ("precision", "mode"),
    [("float32", "float32"), ("float64", "float64"), ("bfloat16", "bfloat16, weights float32")],
)
def test_a_run_tells_the_precision_of_its_products_and_of_its_peak(precision: Precision, mode: str) -> None:
    _, measured = train(f"numerics={precision}")
    assert measured.math_mode == mode
    assert f" {precision} products" in measured.peak_source
    assert measured.peak_flops == machine.measure_peak(CPU, precision).flops


def test_each_precision_has_a_peak_of_its_own() -> None:
    """On any processor a double costs at least as much as a single; 1.2 leaves room for a noisy machine."""
    assert machine.measure_peak(CPU, "float64").flops < 1.2 * machine.measure_peak(CPU, "float32").flops


def test_tf32_is_refused_where_there_is_none() -> None:
    with pytest.raises(ConfigError, match=r"numerics.precision: tf32 is a mode of NVIDIA GPUs from Ampere on"):
        set_up_numerics(NumericsConfig(precision="tf32", compile=False), CPU)
    study = load_study([*SHORT, "numerics=tf32", "runtime.device=cpu"])
    (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
    with pytest.raises(ConfigError, match="tf32"):
        run_one(planned, runtime=study.runtime)


def test_float32_switches_tf32_off_for_convolutions_too() -> None:
    machine.set_tf32(True)
    set_up_numerics(NumericsConfig(precision="float32", compile=False), CPU)
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32
    assert math_mode(NumericsConfig(precision="float32", compile=False), CPU) == "float32"


@pytest.mark.parametrize("name", ["mlp", "cnn", "vit"])
def test_bfloat16_keeps_weights_gradients_and_loss_in_float32_and_multiplies_in_bfloat16(name: str) -> None:
    model = build_model(small(name), image_shape=(1, 16, 16), num_classes=5)
    seen: list[torch.dtype] = []
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    with autocast(BFLOAT16, CPU):
        loss = functional.cross_entropy(model(torch.randn(8, 1, 16, 16)), torch.arange(8) % 5)
    loss.backward()
    assert set(seen) == {torch.bfloat16}
    assert loss.dtype == weight_type(BFLOAT16) == torch.float32
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_compiled_run_is_another_run_with_the_same_numbers(precision: str) -> None:
    """In bfloat16 a compiled model rounds less often, so it agrees only as far as bfloat16's digits go."""
    plain, _ = train(f"numerics={precision}", "budget.steps=40")
    compiled, measured = train(f"numerics={precision}", "budget.steps=40", "numerics.compile=true")
    assert compiled.run_id != plain.run_id
    assert compiled.training_flops == plain.training_flops
    assert measured.math_mode.endswith(", compiled")
    assert measured.setup_seconds > measured.wall_seconds  # compiling is no part of training
    for ours, theirs in zip(compiled.curve, plain.curve, strict=True):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-5 if precision == "float32" else 3e-2)
        assert ours.validation_loss == pytest.approx(
            theirs.validation_loss, rel=1e-5 if precision == "float32" else 3e-2
        )


@pytest.mark.slow
def test_without_a_compiler_a_compiled_run_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness.cli", "run", *SHORT, "numerics.compile=true", "runtime.device=cpu"]
    environment = {**os.environ, "CXX": "/no/such/compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: numerics.compile: torch.compile does not work here" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_guess_of_the_time_rests_on_runs_of_the_same_precision() -> None:
    def seconds(*overrides: str) -> float:
        study = load_study([*SHORT, *overrides])
        return plan_runs(study.runs.values(), runtime=study.runtime)[0].seconds

    unmeasured = seconds("numerics=bfloat16")
    train()
    assert seconds("numerics=bfloat16") == unmeasured
    assert seconds() != unmeasured
