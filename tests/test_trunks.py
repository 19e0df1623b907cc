"""Budgets that share a trunk: less work, and the records of separate runs."""

import dataclasses
import math
from pathlib import Path

import pytest

from harness.cli.tables import plan_rows
from harness.events import read_events
from harness.identity import trunk_id
from harness.plan import PlannedRun, plan_runs
from harness.records import read_record
from harness.study import Study, load_study
from harness.train import run_one
from harness.trunks import inherited_steps, waves
from tests.command import harness
from tests.tiny import HERE, TEACHER

STABLE = (
    *TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "optim.schedule=warmup_stable_decay",
    "optim.warmup_steps=10", "augment.flip=true",
)  # fmt: skip
BUDGETS = (*STABLE, "budget.steps=100,150,250")


def planned(*overrides: str) -> tuple[Study, tuple[PlannedRun, ...]]:
    study = load_study(overrides)
    return study, plan_runs(study.runs.values(), runtime=study.runtime)


def train(*overrides: str) -> tuple[Study, tuple[PlannedRun, ...]]:
    """In the given order."""
    study, runs = planned(*overrides)
    assert {run_one(run, runtime=study.runtime) for run in runs} == {"finished"}
    return study, runs


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_runs_that_share_a_trunk_leave_the_records_of_separate_runs(optimizer: str) -> None:
    words = (*BUDGETS, f"optim={optimizer}", "optim.batch_size=16", "optim.schedule=warmup_stable_decay")
    shared, runs = train(*words, "runtime.output=shared")
    for run in runs:
        apart, _ = planned(*words, f"runtime.output=apart-{run.id}")
        assert run_one(run, runtime=apart.runtime) == "finished"
        records = [study.runs_folder / run.id / "record.json" for study in (shared, apart)]
        assert records[0].read_bytes() == records[1].read_bytes()
    inherited = [read_record(shared.runs_folder / run.id)[1].inherited_flops for run in runs]
    assert inherited == [steps * runs[0].cost.step_flops for steps in (0, 80, 120)]
    started = [next(e for e in read_events(shared.runs_folder / run.id) if e["event"] == "attempt") for run in runs]
    assert [event["step"] for event in started] == [0, 80, 120]


def test_a_run_takes_the_furthest_state_that_is_not_past_its_own_cooldown() -> None:
    study, runs = train(*STABLE, "budget.steps=250,100,150")
    inherited = [read_record(study.runs_folder / run.id)[1].inherited_flops for run in runs]
    assert inherited == [0, 0, 80 * runs[0].cost.step_flops]


def test_a_state_that_is_damaged_costs_time_and_nothing_else(tmp_path: Path) -> None:
    words = (*STABLE, "budget.steps=100,150")
    apart, runs = planned(*words, "runtime.output=apart")
    assert run_one(runs[1], runtime=apart.runtime) == "finished"
    shared, _ = planned(*words, "runtime.output=shared")
    assert run_one(runs[0], runtime=shared.runtime) == "finished"
    (kept,) = (tmp_path / "shared/trunks").glob("*/*.pt")
    kept.write_bytes(b"PK\x03\x04 cut short")
    assert run_one(runs[1], runtime=shared.runtime) == "finished"
    records = [study.runs_folder / runs[1].id / "record.json" for study in (shared, apart)]
    assert records[0].read_bytes() == records[1].read_bytes()


@pytest.mark.parametrize("evaluations", [1, 10, 200])  # 200 are more than a cooldown has steps
def test_every_point_is_the_end_of_a_cooldown_and_no_evaluation_lies_on_the_trunk(evaluations: int) -> None:
    _, runs = planned(*BUDGETS, f"evaluations={evaluations}")
    for run in runs:
        assert min(run.evaluation_steps) > run.trunk_steps == run.steps * 4 // 5
        assert max(run.evaluation_steps) == run.steps


@pytest.mark.parametrize(
    "change", ["optim.schedule=cosine", "optim.schedule=constant", "optim.warmup_steps=null"]
)  # fmt: skip
def test_budgets_whose_beginnings_differ_have_no_trunk(change: str) -> None:
    (run,) = load_study([*STABLE, "budget.steps=100", change]).runs.values()
    assert trunk_id(run) is None


def test_a_trunk_is_named_by_all_but_budget_and_seed() -> None:
    (run,) = load_study([*STABLE, "budget.steps=100"]).runs.values()
    same = dataclasses.replace(run, seed=3, budget=dataclasses.replace(run.budget, steps=700), evaluations=9)
    other = dataclasses.replace(run, optim=dataclasses.replace(run.optim, learning_rate=0.1))
    assert trunk_id(same) == trunk_id(run) != trunk_id(other)


@pytest.mark.parametrize(("ratio", "saving"), [(2.0, 0.40), (math.sqrt(2.0), 0.56)])
def test_a_sweep_of_budgets_in_ratio_two_saves_two_fifths_and_in_ratio_root_two_more_than_half(
    ratio: float, saving: float
) -> None:
    """The cost is (1 - c) T_max + c sum T_k in place of sum T_k, with a cooldown of c = 0.2 of the steps."""
    steps = [round(1_000_000 / ratio**k) for k in range(20 if ratio < 2 else 12)]
    _, runs = planned(*STABLE, f"budget.steps={','.join(map(str, steps))}")
    inherited = inherited_steps(runs)
    taken = sum(run.steps - inherited[run.id] for run in runs)
    assert taken == pytest.approx(0.8 * max(steps) + 0.2 * sum(steps), rel=1e-4)
    assert 1 - taken / sum(steps) == pytest.approx(saving, abs=0.01)


def test_the_plan_counts_what_runs_inherit() -> None:
    _, runs = planned(*BUDGETS, "seed=0,1")
    rows = plan_rows(runs, done=set())
    assert [row["inherited_flops"] for row in rows] == [
        steps * runs[0].cost.step_flops for steps in (0, 0, 80, 80, 120, 120)
    ]


def test_waves_train_the_budgets_of_a_trunk_from_the_shortest_to_the_longest() -> None:
    _, runs = planned(*STABLE, "seed=0,1", "budget.steps=250,100,150")
    assert [[(run.steps, run.config.seed) for run in wave] for wave in waves(runs)] == [
        [(100, 0), (100, 1)], [(150, 0), (150, 1)], [(250, 0), (250, 1)],
    ]  # fmt: skip


def test_runs_without_a_trunk_are_one_wave() -> None:
    _, runs = planned(*STABLE, "optim.schedule=cosine", "budget.steps=250,100,150")
    assert waves(runs) == (runs,)


@pytest.mark.slow
def test_a_launch_trains_the_shorter_budgets_first_and_the_longer_ones_inherit(tmp_path: Path) -> None:
    done = harness("launch", "study=single", "study.name=trunks", *BUDGETS, "seed=0,1", HERE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    study, runs = planned("study=single", "study.name=trunks", *BUDGETS, "seed=0,1")
    inherited = [read_record(tmp_path / study.runs_folder / run.id)[1].inherited_flops for run in runs]
    assert inherited == [steps * runs[0].cost.step_flops for steps in (0, 0, 80, 80, 120, 120)]
