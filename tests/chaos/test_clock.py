"""The clock jumps back by an hour while a study trains: no time is negative, no run is lost, kept or trained twice."""

import os
import time
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from harness import ownership
from harness.events import read_events
from harness.records import read_record
from harness.run_files import write_json
from harness.study import load_study
from tests.chaos.conftest import Tally
from tests.chaos.launching import LEFT_ALONE, WORDS, assert_same_results, launcher, undisturbed
from tests.command import harness_alone

JUMP = 3600.0
FEW = (*WORDS, "budget.training_flops=1e8,2e8", "model.width=4,16", "seed=0", "launcher.stack=1",
       "runtime.heartbeat_seconds=0.01")  # fmt: skip
# Python runs a module of this name at each start, of workers too.
SITECUSTOMIZE = """
import os, time
real, flag = time.time, {flag!r}
time.time = lambda: real() - ({jump} if os.path.exists(flag) else 0.0)
time.time_ns = lambda: int(time.time() * 1e9)
"""


def test_a_clock_that_jumps_back_under_a_study_changes_no_result_and_makes_no_time_negative(
    tmp_path: Path, tally: Tally
) -> None:
    other = undisturbed(FEW, tmp_path / "alone")
    flag, place = tmp_path / "jumped", tmp_path / "python"
    place.mkdir()
    (place / "sitecustomize.py").write_text(SITECUSTOMIZE.format(flag=str(flag), jump=JUMP))
    words = (*FEW, f"runtime.output={tmp_path / 'outputs'}")
    study = load_study(words)
    tally("the clock jumps back an hour")
    began = time.monotonic()
    with launcher(*words, cwd=tmp_path, environment={"PYTHONPATH": str(place)}) as process:
        while not any(study.runs_folder.glob("*/events.jsonl")) and process.poll() is None:
            time.sleep(0.02)
        flag.touch()
        assert process.wait(LEFT_ALONE) == 0, (tmp_path / "launcher.log").read_text()
    took = time.monotonic() - began
    assert_same_results(study, other)
    jumps = 0
    for run in study.runs:
        events, (_, measured) = read_events(study.runs_folder / run), read_record(study.runs_folder / run)
        times = [float(event["time"]) for event in events]
        jumps += any(after < before - JUMP / 2 for before, after in pairwise(times))
        seconds = [getattr(measured, one.name) for one in fields(measured) if one.name.endswith("_seconds")]
        assert all(0 <= value <= took for value in seconds if isinstance(value, float)), measured
        assert list(measured.curve_seconds) == sorted(measured.curve_seconds)
        assert measured.attempts == 1
        assert 0 < measured.utilisation < 1
    assert jumps > 0, "the clock did not jump in the middle of a run"
    assert harness_alone("status", *words).returncode == 0


@pytest.mark.parametrize("jump", [-JUMP, JUMP])
def test_by_a_clock_that_is_wrong_no_run_is_taken_from_the_living_or_left_to_the_dead(
    tmp_path: Path, jump: float, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally("a claim by a clock that is an hour off", 3)
    real = time.time
    monkeypatch.setattr(ownership.time, "time", lambda: real() + jump)
    attempt = {"number": 1, "host": "another", "pid": 1, "slurm_job": "", "slurm_restart": 0, "began": 0.0}
    for silent, owner in ((0.0, None), (2 * ownership.SILENT_SECONDS, 2)):
        write_json(tmp_path / "attempt-1.json", {**attempt, "ended": None})
        then = real() - silent
        os.utime(tmp_path / "attempt-1.json", (then, then))
        with ownership.ownership(tmp_path) as claimed:
            assert (claimed.attempt if claimed else None) == owner
    with ownership.ownership(tmp_path) as claimed:  # the last one ended, whatever the clock says
        assert claimed is not None
        assert ownership.is_owned(tmp_path), "the lock tells, and no clock"
