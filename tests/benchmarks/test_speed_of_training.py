"""The share of this core's measured matrix rate that training reaches, and stacks against a plain loop.

`make benchmarks`, or this file with -s. Times are of the processor, so that other programs disturb them less; both
sides of a ratio are measured in turn, and the best of each is kept.
"""

import time
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from harness.ownership import Owner
from harness.plan import plan_runs
from harness.session import Session, set_up
from harness.stepping import steps_of
from harness.study import load_study

pytestmark = pytest.mark.benchmark

MLP = ("data=fashion_mnist", "budget.training_flops=null", "budget.steps=100000", "optim.batch_size=128")


def sessions(*overrides: str, folder: Path) -> list[Session]:
    study = load_study((*MLP, *overrides))
    runs = plan_runs(study.runs.values(), runtime=study.runtime)
    return [set_up(run, runtime=study.runtime, owner=Owner(folder, 1)) for run in runs]


def run_seconds(stack: list[Session], *, steps: int, rounds: int = 5) -> float:
    """Seconds of a step of one run of the stack."""
    best = float("inf")
    stepping = steps_of(stack)
    next(stepping), next(stepping)
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(steps):
            next(stepping)
        best = min(best, (time.process_time() - began) / steps / len(stack))
    return best


def plain_seconds(session: Session, *, steps: int, rounds: int = 5) -> float:
    """Seconds of a step of the usual loop over tensors in memory, with the usual optimizer."""
    model, train = session.model, session.data.train
    images, labels = next(train.in_order(len(train.labels))), train.labels
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for rows in torch.randperm(len(labels))[: 128 * steps].split(128):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            functional.cross_entropy(model(images[rows]), labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        best = min(best, (time.process_time() - began) / steps)
    return best


def peak() -> float:
    square, best = torch.randn(1024, 1024), float("inf")
    for _ in range(8):
        began = time.process_time()
        square @ square
        best = min(best, time.process_time() - began)
    return float(2 * 1024**3 / best)


@pytest.mark.parametrize(
    ("width", "axis", "bar"),
    [(16, "optim.learning_rate", 0.40), (16, "seed", 0.0), (256, "optim.learning_rate", 0.70), (256, "seed", 0.0)],
)
def test_the_share_of_the_matrix_rate(width: int, axis: str, bar: float, tmp_path: Path) -> None:
    """Sixteen runs that share their batches, or have their own; the bars are for shared ones."""
    torch.set_num_threads(1)
    values = range(1, 17) if axis == "seed" else [i / 1000 for i in range(1, 17)]
    stack = sessions(f"model.width={width}", f"{axis}={','.join(map(str, values))}", folder=tmp_path)
    (lone,) = sessions(f"model.width={width}", folder=tmp_path)
    seconds = run_seconds(stack, steps=640 // width)
    usual = plain_seconds(lone, steps=640 // width)
    share = stack[0].planned.cost.step_flops / seconds / peak()
    took = f"{1e3 * seconds:.3f} ms a run and step, a plain loop {1e3 * usual:.3f} ms: {usual / seconds:.1f} x"
    print(f" width {width}, stacked over {axis}: {took}; {share:.2f} of the matrix rate")
    assert share >= bar


def test_the_share_of_the_matrix_rate_of_a_convolutional_network(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    lone = sessions("model=cnn", "model.width=32", folder=tmp_path)
    seconds = run_seconds(lone, steps=4)
    share = lone[0].planned.cost.step_flops / seconds / peak()
    print(f" cnn of width 32: {1e3 * seconds:.0f} ms a step; {share:.2f} of the matrix rate")
    assert share >= 0.80
