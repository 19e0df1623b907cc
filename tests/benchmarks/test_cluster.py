"""What a cluster costs besides the training: the launch, and the time that workers wait. Prints what it measured."""

import os
import time
from pathlib import Path

import pytest

from harness.launches import read_launches
from harness.ownership import read_attempts
from harness.study import load_study
from tests.command import harness_alone
from tests.conftest import require
from tests.slurm_jobs import SLURM, is_up, jobs, slurm, wait_for_end

pytestmark = [pytest.mark.benchmark, pytest.mark.slurm]

# 200 runs of about a second each on a quiet core, in 4 packs of one worker.
STUDY = (*SLURM, "budget.training_flops=null", "budget.steps=range(500,3000,50)", "model.width=8", "seed=range(0,4)",
         "launcher.packs=4", "launcher.stack=1")  # fmt: skip


def test_a_launch_costs_little_a_run_and_keeps_its_workers_busy() -> None:
    require(is_up(), "the Slurm that `tests/slurm/cluster up` starts, as root on Debian")
    before, began = os.times(), time.monotonic()
    done = harness_alone("launch", *STUDY, timeout=600)
    wall, after = time.monotonic() - began, os.times()
    assert done.returncode == 0, done.stderr
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    study, (sent,) = load_study(STUDY), read_launches(Path("outputs"))
    assert (len(study.runs), len(sent.packs)) == (200, 4)
    wait_for_end(sent, seconds=3000)
    busy = 0.0
    for run in study.runs:
        (attempt,) = read_attempts(study.runs_folder / run)
        assert attempt.ended is not None
        busy += attempt.ended - attempt.began
    time.sleep(5)  # accounting is late
    elapsed = [int(slurm("sacct", "-X", "-n", "-P", "-o", "ElapsedRaw", "-j", job)) for job in jobs(sent)]
    print(f"\nlaunch: {1e3 * wall / 200:.0f} ms a run by the clock, {1e3 * processor / 200:.0f} ms of processor time")
    print(f"workers: busy {busy:.0f} of {sum(elapsed)} s of slots ({100 * busy / sum(elapsed):.1f} %)")
    assert processor / 200 <= 0.05
    assert busy / sum(elapsed) >= 0.90
