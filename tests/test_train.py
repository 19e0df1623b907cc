"""Runs that are real but small, and what an interruption may not change."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM, SIGUSR2

import numpy as np
import pytest

from harness.errors import ConfigError
from harness.events import append_event, read_events
from harness.identity import run_id
from harness.plan import PlannedRun, plan_runs
from harness.records import Measured, Record, read_record
from harness.states import read_state
from harness.study import Study, load_study
from harness.train import run_one, stop_on_signals
from tests.tiny import TEACHER

SHORT = (*TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "budget.steps=200")
LONG = (*TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "budget.steps=8000",
        "runtime.checkpoint_seconds=0.2", "runtime.heartbeat_seconds=0.05")  # fmt: skip


def planned(overrides: Sequence[str]) -> tuple[Study, PlannedRun]:
    study = load_study(overrides)
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    return study, run


def train(*overrides: str) -> tuple[Record, Measured, Path]:
    study, run = planned(overrides)
    assert run_one(run, runtime=study.runtime) in ("finished", "diverged")
    folder = study.runs_folder / run.id
    return *read_record(folder), folder


def test_a_run_leaves_a_record_of_what_was_planned() -> None:
    _, run = planned(SHORT)
    record, measured, folder = train(*SHORT)
    assert record.run_id == run_id(record.config) == folder.name
    assert (record.steps, record.training_flops, record.params) == (200, run.training_flops, run.cost.params)
    assert record.examples_seen == 200 * 16
    assert record.irreducible_error == pytest.approx(0.09)
    assert [point.step for point in record.curve] == [50, 100, 150, 200]
    assert record.curve[-1].validation_error == record.validation_error
    assert measured.hardware_burden == pytest.approx(measured.peak_flops * measured.wall_seconds)
    assert measured.utilisation == pytest.approx(record.training_flops / measured.hardware_burden)
    assert measured.attempts == 1
    assert measured.lost_seconds == 0.0
    assert not (folder / "checkpoint.pt").exists()


def test_the_bitmap_says_which_test_examples_were_right() -> None:
    record, _, _ = train(*SHORT)
    assert record.correct is not None
    bits = np.unpackbits(np.frombuffer(base64.b64decode(record.correct), dtype=np.uint8))[: record.test_examples]
    assert 1 - bits.mean() == pytest.approx(record.test_error, abs=1e-12)


def test_training_learns_and_more_training_learns_more() -> None:
    few, _, _ = train(*SHORT)
    many, _, _ = train(*SHORT[:-1], "budget.steps=2000")
    assert many.test_error is not None
    assert few.test_error is not None
    assert many.test_error < few.test_error - 0.05 < few.chance_error - 0.2


def test_the_same_run_twice_is_the_same_bytes() -> None:
    records = [train(*SHORT, f"runtime.output={name}")[2] / "record.json" for name in ("one", "two")]
    assert records[0].read_bytes() == records[1].read_bytes()


def test_a_finished_run_is_not_trained_again_and_nothing_is_written() -> None:
    _, _, folder = train(*SHORT)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    train(*SHORT)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def start(output: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "harness.cli", "run", *LONG, f"runtime.output={output}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for_checkpoint(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not (folder / "checkpoint.pt").exists():
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR2, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_killed_and_started_again_leaves_the_record_of_an_undisturbed_one(
    number: signal.Signals, tmp_path: Path
) -> None:
    _, _, undisturbed = train(*LONG, f"runtime.output={tmp_path / 'undisturbed'}")
    study, run = planned((*LONG, f"runtime.output={tmp_path / 'killed'}"))
    folder = study.runs_folder / run.id
    process = start(tmp_path / "killed")
    wait_for_checkpoint(folder, process)
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    assert not (folder / "record.json").exists()
    assert run_one(run, runtime=study.runtime) == "finished"
    resumed_at = [event["step"] for event in read_events(folder) if event["event"] == "attempt"]
    assert resumed_at[0] == 0 < resumed_at[1] < 8000
    assert (folder / "record.json").read_bytes() == (undisturbed / "record.json").read_bytes()
    assert read_record(folder)[1].attempts == 2


def test_a_signal_that_stops_a_run_is_handed_on_to_who_caught_it_before() -> None:
    heard: list[int] = []
    before = {number: signal.signal(number, lambda number, _: heard.append(number)) for number in (SIGTERM, SIGUSR2)}
    with stop_on_signals() as stop:
        signal.raise_signal(SIGUSR2)
        assert stop.is_set()
        assert heard == []
    signal.raise_signal(SIGTERM)
    for number, handler in before.items():
        signal.signal(number, handler)
    assert heard == [SIGUSR2, SIGTERM]


def test_a_damaged_checkpoint_costs_time_and_nothing_else(tmp_path: Path) -> None:
    _, _, undisturbed = train(*SHORT, f"runtime.output={tmp_path / 'undisturbed'}")
    study, run = planned((*SHORT, f"runtime.output={tmp_path / 'damaged'}"))
    folder = study.runs_folder / run.id
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut short")
    assert run_one(run, runtime=study.runtime) == "finished"
    assert (folder / "record.json").read_bytes() == (undisturbed / "record.json").read_bytes()


def test_time_that_was_trained_twice_is_recorded_apart() -> None:
    study, run = planned(SHORT)
    folder = study.runs_folder / run.id
    folder.mkdir(parents=True)
    append_event(folder, "attempt", step=0, wall_seconds=0.0)
    append_event(folder, "heartbeat", step=10, training_flops=1, wall_seconds=2.5)
    assert run_one(run, runtime=study.runtime) == "finished"
    _, measured = read_record(folder)
    assert measured.lost_seconds == pytest.approx(2.5)
    assert measured.wall_seconds < 2.5


def test_a_diverged_run_is_a_record_and_has_no_score() -> None:
    record, _, folder = train(*SHORT, "optim=sgd", "optim.batch_size=16", "optim.learning_rate=1e9")
    assert record.status == "diverged"
    assert record.test_error is None
    assert read_state(folder, now=time.time()).state == "diverged"
    json.loads((folder / "record.json").read_text(), parse_constant=lambda name: pytest.fail(name))


def test_a_budget_of_fewer_than_twenty_steps_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(
        ConfigError, match=r"budget.training_flops: 1e\+03 pays for .* give at least .* which is 20 steps"
    ):
        planned((*TEACHER, "budget.training_flops=1e3"))


@pytest.mark.parametrize(("epochs", "steps"), [(1, 125), (2.5, 312)])
def test_epochs_are_turned_into_steps(epochs: float, steps: int) -> None:
    _, run = planned((*TEACHER, "budget.training_flops=null", f"budget.epochs={epochs}"))
    assert run.steps == steps


def test_a_device_that_is_not_there_is_refused() -> None:
    study, run = planned((*SHORT, "runtime.device=cuda"))
    with pytest.raises(ConfigError, match="torch sees no GPU"):
        run_one(run, runtime=study.runtime)
    assert read_state(study.runs_folder / run.id, now=time.time()).state == "failed"
