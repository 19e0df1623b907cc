"""What the harness costs beside the steps: overhead, starts, memory. ``make benchmarks``, or this file with -s."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import train
from harness.plan import plan_runs
from harness.records import read_record
from harness.stacking import stack_bytes
from harness.study import load_study
from tests.command import harness_alone

pytestmark = pytest.mark.benchmark

RUN = ("data=fashion_mnist", "runtime.device=cpu", "budget.training_flops=null", "optim.batch_size=128")

WITH_THE_HARNESS = """
from tests.benchmarks.test_cost_of_a_run import peak_of_a_stack
peak_of_a_stack({size}, {folder!r})
"""
WITH_A_LOOP = """
import resource, torch
from harness.data import Place, load_dataset
from tests.benchmarks.plain_sweep import train
torch.set_num_threads(1)
place = Place(torch.device("cpu"), 0, torch.float32)
sizes = dict(train_examples=55000, validation_examples=5000, split_seed=0)
train(load_dataset("fashion_mnist", **sizes, options={{}}, root=None, place=place), width=256, seed=0, steps=50)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def planned(*overrides: str, folder: Path) -> tuple[Any, Any]:
    study = load_study((*RUN, *overrides, f"runtime.output={folder}"))
    return study, plan_runs(study.runs.values(), runtime=study.runtime)


def test_overhead_of_a_run_of_half_a_minute(tmp_path: Path) -> None:
    """All that is no step, a checkpoint too, over all; data that are in memory already, as in a worker."""
    torch.set_num_threads(1)
    overrides = ("model.width=256", "runtime.checkpoint_seconds=10")
    study, (warm,) = planned(*overrides, "budget.steps=100", folder=tmp_path)
    train.run_one(warm, runtime=study.runtime)
    study, (run,) = planned(*overrides, "budget.steps=11000", folder=tmp_path)
    began = time.perf_counter()
    assert train.run_one(run, runtime=study.runtime) == "finished"
    elapsed = time.perf_counter() - began
    stepping = read_record(tmp_path / "runs" / run.id)[1].wall_seconds
    share = 1 - stepping / elapsed
    print(f" {elapsed:.1f} s, of them {elapsed - stepping:.2f} s no steps: {share:.2%}")
    assert share < 0.03


def test_from_the_call_to_the_first_step_in_a_warm_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    steps_of, first = train.steps_of, []

    def noted(sessions: Any) -> Any:
        for place, _ in enumerate(steps_of(sessions)):
            if place == 0:
                first.append((time.perf_counter(), time.process_time()))
            yield

    monkeypatch.setattr(train, "steps_of", noted)
    study, runs = planned("model.width=16", "budget.steps=50", "seed=range(0,9)", folder=tmp_path)
    took = []
    for run in runs:
        began = (time.perf_counter(), time.process_time())
        train.run_one(run, runtime=study.runtime)
        took.append(tuple(after - before for before, after in zip(began, first[-1], strict=True)))
    clock, processor = (sorted(times)[len(runs) // 2] for times in zip(*took[1:], strict=True))
    print(f" first step after {1e3 * clock:.1f} ms ({1e3 * processor:.1f} ms of the processor)")
    assert clock < 0.05


def test_a_cold_run(tmp_path: Path) -> None:
    before = os.times()
    began = time.perf_counter()
    ran = harness_alone("run", *RUN, "model.width=16", "budget.steps=100", cwd=tmp_path, timeout=300)
    clock, after = time.perf_counter() - began, os.times()
    assert ran.returncode == 0, ran.stderr
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    print(f" harness run, 100 steps: {clock:.2f} s ({processor:.2f} s of the processor)")
    assert clock < 5


def peak_of_a_stack(size: int, folder: str) -> None:
    """Train a stack of this process's own and print its peak memory."""
    torch.set_num_threads(1)
    study, runs = planned("model.width=256", "budget.steps=50", f"seed=range(0,{size})", folder=Path(folder))
    train.run_stack(runs, runtime=study.runtime)
    predicted = stack_bytes(runs)
    print(json.dumps([read_record(study.runs_folder / runs[0].id)[1].peak_memory_bytes, predicted]))


def printed(program: str) -> Any:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_memory(tmp_path: Path) -> None:
    """Against the plain loop, which holds the same data; and what each member of a stack adds, against the plan."""
    loop = printed(WITH_A_LOOP.format())
    sizes = (1, 16, 32)
    took = {size: printed(WITH_THE_HARNESS.format(size=size, folder=str(tmp_path / str(size)))) for size in sizes}
    ratio = took[1][0] / loop
    predicted = (took[32][1] - took[16][1]) / 16
    members = [(took[more][0] - took[less][0]) / (more - less) for less, more in ((1, 16), (16, 32))]
    print(f" plain loop {loop / 1e6:.0f} MB, one run {took[1][0] / 1e6:.0f} MB: {ratio:.2f} x")
    print(f" a member adds {members[0] / 1e6:.2f} and {members[1] / 1e6:.2f} MB, planned {predicted / 1e6:.2f} MB")
    assert ratio < 1.3
    assert all(0.5 < member / predicted < 1.5 for member in members)
