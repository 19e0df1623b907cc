"""A run's state on disk, and what it is put back into."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from harness.checkpoint import Progress, restore, save
from harness.ownership import Owner
from harness.plan import plan_runs
from harness.session import set_up
from harness.study import load_study
from tests.tiny import TEACHER

CPU = torch.device("cpu")


def network(memory_format: torch.memory_format) -> tuple[nn.Module, Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 9, 2)).to(memory_format=memory_format)
    return model, AdamW(model.parameters(), fused=True)


def step(model: nn.Module, optimizer: Optimizer, seed: int) -> None:
    images = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    optimizer.zero_grad()
    model(images).square().sum().backward()
    optimizer.step()


def test_a_checkpoint_of_another_memory_format_goes_on_as_it_was(tmp_path: Path) -> None:
    model, optimizer = network(torch.contiguous_format)
    step(model, optimizer, seed=1)
    save(
        tmp_path / "checkpoint.pt", run_id="a", model=model, optimizer=optimizer, progress=Progress(1, torch.zeros(()))
    )
    other, its_own = network(torch.channels_last)
    progress = restore(tmp_path / "checkpoint.pt", run_id="a", model=other, optimizer=its_own, device=CPU)
    assert progress.step == 1
    step(model, optimizer, seed=2)
    step(other, its_own, seed=2)
    assert next(other.parameters()).is_contiguous(memory_format=torch.channels_last)
    for one, same in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, same, rtol=0, atol=1e-6)


def test_a_checkpoint_that_memory_is_too_short_for_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimizer = network(torch.contiguous_format)
    path = tmp_path / "checkpoint.pt"
    save(path, run_id="a", model=model, optimizer=optimizer, progress=Progress(1, torch.zeros(())))

    def too_large(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "load", too_large)
        with pytest.raises(torch.OutOfMemoryError):
            restore(path, run_id="a", model=model, optimizer=optimizer, device=CPU)
    assert restore(path, run_id="a", model=model, optimizer=optimizer, device=CPU).step == 1


@pytest.mark.parametrize(("precision", "last"), [("float32", True), ("float64", False)])
def test_convolutions_have_their_channels_last_where_that_is_faster(precision: str, last: bool, tmp_path: Path) -> None:
    study = load_study((*TEACHER, "model=cnn", "model.depth=1", "model.width=4", f"numerics={precision}"))
    (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
    model = set_up(planned, runtime=study.runtime, owner=Owner(tmp_path, 1)).model
    weights = [one for one in model.parameters() if one.ndim == 4 and min(one.shape[1:]) > 1]
    assert weights
    assert all(one.is_contiguous(memory_format=torch.channels_last) == last for one in weights)
