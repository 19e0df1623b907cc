"""How long 10,000 runs take to plan and to look at, in CPU time, and how that grows: `make benchmarks`."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.identity import cell_id
from harness.plan import plan_runs
from harness.records import Evaluation
from harness.schema import to_dict
from harness.states import read_states
from harness.study import Study, load_study
from tests.made import made_measured, made_record

pytestmark = pytest.mark.benchmark

GRID = ("budget.training_flops=1e10,2e10,4e10,8e10,1.6e11", "model.width=8,16,24,32,48,64,96,128,192,256")
HEARTBEATS = 200  # of a run of some minutes


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    took = time.process_time() - began
    print(f" {took:.2f} s", end="")
    return took


def study_of(runs: int, *more: str) -> Study:
    return load_study([*GRID, f"seed=range(0,{runs // 50})", *more])


def test_a_plan_of_10_000_runs_takes_ten_seconds_and_a_millisecond_a_run() -> None:
    def planned(runs: int) -> object:
        study = study_of(runs)
        return plan_runs(study.runs.values(), runtime=study.runtime)

    planned(50)  # imports, and the first count of a shape
    few, many = (seconds(lambda runs=runs: planned(runs)) for runs in (1000, 10_000))  # type: ignore[misc]
    assert many <= 10.0
    assert (many - few) / 9000 <= 1e-3


def write_runs(study: Study) -> None:
    """Folders as runs leave them: four of five finished, the others at work or lost."""
    curve = tuple(Evaluation(100 * i, 6400 * i, 38_400_000 * i, 0.5, 0.5, 0.25) for i in (1, 2, 3, 4))
    record = replace(made_record(), correct="A" * 1668, test_examples=10_000, curve=curve)
    measured, now = json.dumps(to_dict(made_measured())), time.time()
    beats = [
        {"event": "heartbeat", "time": now - HEARTBEATS + i, "step": i, "training_flops": i, "wall_seconds": 1.0 * i}
        for i in range(HEARTBEATS)
    ]
    events = "".join(json.dumps(event) + "\n" for event in [{"event": "attempt", "time": now, "step": 0}, *beats])
    for at, (name, run) in enumerate(study.runs.items()):
        folder = study.runs_folder / name
        folder.mkdir(parents=True)
        (folder / "events.jsonl").write_text(events)
        if at % 5:
            own = replace(record, run_id=name, cell=cell_id(run), config=run)
            (folder / "measured.json").write_text(measured)
            (folder / "record.json").write_text(json.dumps(to_dict(own), sort_keys=True, indent=1))


def test_the_state_of_10_000_runs_takes_three_seconds_with_the_study(tmp_path: Path) -> None:
    write_runs(study_of(10_000, f"runtime.output={tmp_path}"))

    def look() -> None:
        study = study_of(10_000, f"runtime.output={tmp_path}")
        states = read_states(study.runs, runs_folder=study.runs_folder, now=time.time())
        assert sum(state.state == "finished" for state in states.values()) == 8000

    assert seconds(look) <= 3.0
