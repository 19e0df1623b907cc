"""The self-test of a device, on the device that every machine has; and that it can fail."""

import pytest
import torch

from harness import device_check
from harness.config import Precision
from harness.device_check import DeviceFinding, check_device

CPU = torch.device("cpu")


def by_name(*, with_compile: bool = False) -> dict[str, DeviceFinding]:
    return {finding.check: finding for finding in check_device(CPU, with_compile=with_compile)}


def test_a_cpu_passes_every_check_and_has_no_parts_of_a_gpu() -> None:
    findings = by_name()
    absent = {name for name, finding in findings.items() if finding.answer == "absent"}
    assert absent == {"tf32 products", "tf32 training", "pinned copies"}
    assert {finding.answer for name, finding in findings.items() if name not in absent} == {"passed"}
    assert len(findings) == 13


@pytest.mark.slow
def test_a_cpu_compiles() -> None:
    assert by_name(with_compile=True)["compile"].answer == "passed"


def test_less_precise_products_than_asked_for_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU that does float32 products in TF32, or float64 in float32."""
    monkeypatch.setattr(device_check, "weight_type", lambda numerics: torch.bfloat16)
    found = device_check._find("x", lambda: device_check._products(CPU, "float32"))
    assert found.answer == "failed"
    assert "a product is" in found.detail


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_that_differs_is_found(precision: Precision, monkeypatch: pytest.MonkeyPatch) -> None:
    built, seeds = device_check._built, iter(range(9))

    def differently(*arguments: object) -> object:
        model, optimizer = built(*arguments)  # type: ignore[arg-type]
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1 + 4 * next(seeds) if parameter.ndim == 2 else 1)
        return model, optimizer

    monkeypatch.setattr(device_check, "_built", differently)
    assert device_check._find("x", lambda: device_check._training(CPU, precision)).answer == "failed"


def test_a_check_that_raises_is_a_finding() -> None:
    def broken() -> str:
        raise RuntimeError("CUDA error: no kernel image is available")

    assert device_check._find("x", broken) == DeviceFinding(
        "x", "failed", "RuntimeError: CUDA error: no kernel image is available"
    )
