"""What following a run in W&B takes from the run: pairs of trainings, one with and one without, one after another."""

import resource
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from harness.config import TrackingConfig
from harness.plan import plan_runs
from harness.records import read_record
from harness.study import load_study
from harness.tracking import trainer
from harness.train import run_one
from tests.tiny import TEACHER

pytestmark = pytest.mark.benchmark

PAIRS = 9
BAR = 1.02
OFF = TrackingConfig(name="none", mode=None, project="compute-limits", tags=())


def seconds(output: Path, tracking: TrackingConfig, *, seed: int) -> float:
    """Training, evaluation and set-up of one run of some seconds."""
    words = (
        *TEACHER,
        f"seed={seed}",
        f"runtime.output={output}",
        "budget.training_flops=null",
        "budget.steps=3000",
        "model.width=32",
    )
    study = load_study(words)
    runtime = replace(study.runtime, tracking=tracking)
    (planned,) = plan_runs(study.runs.values(), runtime=runtime)
    assert run_one(planned, runtime=runtime) == "finished"
    _, took = read_record(output / "runs" / planned.id)
    return took.wall_seconds + took.evaluation_seconds + took.setup_seconds


def test_following_costs_less_than_two_per_cent_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("HOME", str(tmp_path))
    on = replace(OFF, name="wandb")
    seconds(tmp_path / "first", OFF, seed=0)  # what is slow the first time in a process
    ratios, lengths = [], []
    before = time.perf_counter()
    trainer._follower()
    started = time.perf_counter() - before
    for seed in range(PAIRS):
        without, with_it = (seconds(tmp_path / one.name, one, seed=seed) for one in (OFF, on))
        ratios.append(with_it / without)
        lengths.append(without)
    before = time.perf_counter()
    trainer.follow(tmp_path / "no-run", on)
    told = time.perf_counter() - before
    trainer._dismiss(trainer._follower())
    computed = resource.getrusage(resource.RUSAGE_CHILDREN)
    trainer._follower.cache_clear()
    assert len(list((tmp_path / "wandb").glob("runs/*/wandb/offline-run-*"))) == PAIRS
    print(f"\nfollowed / not followed: median {median(ratios):.3f} of {PAIRS} pairs of {median(lengths):.1f} s runs")
    print(
        f"the trainer's part: {1e3 * started:.1f} ms a process, {1e3 * told:.3f} ms a run; the follower's CPU time, ",
        end="",
    )
    print(f"at the lowest priority: {computed.ru_utime + computed.ru_stime:.1f} s for {PAIRS} runs and its start")
    assert median(ratios) < BAR
