import time

import numpy as np
import polars as pl
import pytest

from harness.flops import StepCost
from harness.following import WINDOW_SECONDS, account, changes, refit
from harness.plan import PlannedRun
from harness.rules import Exclusions
from harness.states import RunState
from harness.study import load_study
from harness.timing import Prediction
from tests.command import harness
from tests.synthetic import synthetic_runs
from tests.tiny import HERE, STUDY

NONE_OUT = Exclusions(at_chance=0.9, runs={})


def planned(*seconds: float) -> tuple[PlannedRun, ...]:
    study = load_study([f"seed=range(0,{len(seconds)})"])
    return tuple(
        PlannedRun(name, run, StepCost(1, 1, 10), 100, Prediction(took, 0.1, None, "guess"))
        for took, (name, run) in zip(seconds, study.runs.items(), strict=True)
    )


def test_the_time_left_is_the_work_left_over_the_rate_of_what_ended_lately() -> None:
    runs = planned(100.0, 100.0, 100.0, 100.0)
    states = dict(
        zip((run.id for run in runs), map(RunState, ("finished", "finished", "running", "planned")), strict=True)
    )  # type: ignore[arg-type]
    states[runs[2].id] = RunState("running", training_flops=500)
    # two runs of 100 s of work ended in 50 s: a rate of 4 s of work a second; 150 s of work are left
    landed = {runs[0].id: 1150.0, runs[1].id: 1100.0}
    found = account(runs, states, landed=landed, now=1200.0)
    assert (found.done, found.total, dict(found.counts)) == (2, 4, {"finished": 2, "planned": 1, "running": 1})
    assert found.share == pytest.approx(250 / 400)
    assert found.seconds_left == pytest.approx(150 / (200 / 200))
    assert found.runs_per_hour == pytest.approx(3600 * 2 / 200)
    later = account(runs, states, landed=landed, now=1200.0 + WINDOW_SECONDS)
    assert later.runs_per_hour is None
    assert later.seconds_left == pytest.approx(150.0)  # one run at work


def test_nothing_at_work_has_no_time_left() -> None:
    runs = planned(10.0, 10.0)
    states = {runs[0].id: RunState("finished"), runs[1].id: RunState("planned")}
    assert account(runs, states, landed={runs[0].id: 0.0}, now=1.0).seconds_left is None


def test_the_exponent_is_refitted_and_is_steady_when_the_last_third_did_not_move_it() -> None:
    runs = synthetic_runs(budgets=np.geomspace(1e9, 1e12, 10), seeds=9, noise=0.01)
    by_seed = runs.sort("seed")["run_id"].to_list()
    found = refit("made", runs, landed={name: float(at) for at, name in enumerate(by_seed)}, exclusions=NONE_OUT)
    assert found.exponent is not None
    assert found.interval is not None
    assert found.interval[0] < found.exponent < found.interval[1]
    assert found.decades == pytest.approx(3.0, abs=0.1)
    assert found.moved is not None
    assert found.steady


def test_the_exponent_is_not_steady_while_larger_budgets_still_move_it() -> None:
    runs = synthetic_runs(budgets=np.geomspace(1e9, 1e12, 12), seeds=2, noise=0.002)
    smallest_first = runs.sort("training_flops")["run_id"].to_list()
    found = refit("made", runs, landed={name: float(at) for at, name in enumerate(smallest_first)}, exclusions=NONE_OUT)
    assert not found.steady


def test_what_can_t_be_fitted_says_why() -> None:
    runs = synthetic_runs(seeds=1)
    landed = dict.fromkeys(runs["run_id"], 0.0)
    assert refit("made", runs[:0], landed=landed, exclusions=NONE_OUT).why == "no run has landed"
    mixed = runs.with_columns(model=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("cnn")).otherwise("model"))
    assert "several models" in refit("made", mixed, landed=landed, exclusions=NONE_OUT).why
    assert refit("made", runs[:2], landed=landed, exclusions=NONE_OUT).exponent is None


def test_data_that_changed_between_runs_are_why_nothing_is_fitted() -> None:
    runs = synthetic_runs(seeds=1)
    landed = dict.fromkeys(runs["run_id"], 0.0)
    digest = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("a")).otherwise(pl.lit("b"))
    runs = runs.with_columns(data_digest=digest, config=pl.lit('{"data": {"name": "dataset"}}'))
    found = refit("made", runs, landed=landed, exclusions=NONE_OUT)
    assert (found.runs, found.exponent, found.frontier) == (len(runs), None, ())
    assert "changed between runs" in found.why


def test_a_change_is_a_run_whose_state_is_another() -> None:
    before = {"a": RunState("planned"), "b": RunState("running", step=1), "c": RunState("running")}
    now = {"a": RunState("running"), "b": RunState("running", step=9), "c": RunState("failed")}
    assert list(changes(before, now)) == ["a", "c"]
    assert list(changes({}, {"a": RunState("planned"), "b": RunState("finished"), "c": RunState("failed")})) == ["c"]


@pytest.mark.slow
def test_watch_follows_a_study_to_its_end_and_says_a_line_a_change() -> None:
    looked = harness("watch", *STUDY, "--once")
    assert looked.returncode == 1, looked.stderr
    assert "0 of 30 done: 30 planned" in looked.stdout
    assert harness("launch", *STUDY, HERE).returncode == 0
    began = time.monotonic()
    done = harness("watch", *STUDY)
    assert time.monotonic() - began < 60
    assert done.returncode == 0, done.stderr
    first, fitted = done.stdout.splitlines()
    assert "30 of 30 done: 30 finished" in first
    assert "from 30 runs" in fitted
