import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.events import append_event, read_events
from harness.identity import run_id
from harness.ownership import ownership
from harness.records import finish, open_run
from harness.states import TAIL_BYTES, RunState, State, describe_run, read_state, read_states, with_slurm
from tests.made import made_measured, made_record


def test_every_state_is_told_from_the_files(tmp_path: Path) -> None:
    record = made_record()
    folder = tmp_path / run_id(record.config)
    assert read_state(folder, now=0.0) == RunState("planned")
    open_run(record.config, tmp_path)
    assert read_state(folder, now=0.0).state == "planned"
    append_event(folder, "attempt", step=0)
    append_event(folder, "heartbeat", step=7, training_flops=70)
    then = float(read_events(folder)[-1]["time"])
    assert read_state(folder, now=then + 5) == RunState("running", step=7, training_flops=70, silent_seconds=5.0)
    assert read_state(folder, now=then + 500).state == "lost"
    append_event(folder, "signal", step=7)
    assert read_state(folder, now=then + 500).state == "interrupted"
    append_event(folder, "failure", reason="out of luck", traceback="Traceback: here")
    assert read_state(folder, now=then + 5).state == "failed"
    assert read_state(folder, now=then + 5).reason == "out of luck"
    assert describe_run(folder, now=then)["traceback"] == "Traceback: here"
    finish(folder, record, made_measured())
    assert read_state(folder, now=then + 500).state == "finished"
    assert describe_run(folder, now=then)["attempts"] == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema_version": 99}, "format 99"),
        ({"run_id": "0" * 12}, "the folder was renamed"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_a_record_that_is_not_whole_or_not_the_run_s_own_is_unreadable(
    tmp_path: Path, change: Mapping[str, object], reason: str
) -> None:
    record = made_record()
    folder = open_run(record.config, tmp_path)
    finish(folder, record, made_measured())
    tree = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps(tree | change))
    state = read_state(folder, now=0.0)
    assert state.state == "unreadable"
    assert reason in state.reason


def test_a_long_run_s_last_events_tell_where_it_stands(tmp_path: Path) -> None:
    folder = open_run(made_record().config, tmp_path)
    append_event(folder, "attempt", step=0)
    line = json.dumps({"event": "heartbeat", "time": 1.0, "step": 3, "training_flops": 30}) + "\n"
    with (folder / "events.jsonl").open("a") as file:
        file.write(line * (2 * TAIL_BYTES // len(line)))
        file.write(json.dumps({"event": "heartbeat", "time": 2.0, "step": 4, "training_flops": 40}) + "\n")
    state = read_state(folder, now=3.0)
    assert (state.state, state.step, state.training_flops, state.silent_seconds) == ("running", 4, 40, 1.0)


def test_a_run_whose_owner_lives_is_running_however_long_it_is_silent_and_lost_when_it_died(tmp_path: Path) -> None:
    folder = open_run(made_record().config, tmp_path)
    append_event(folder, "failure", reason="the attempt before", traceback="")
    now = float(read_events(folder)[-1]["time"])
    with ownership(folder) as owner:
        assert owner is not None
        state = read_state(folder, now=now + 500)
        assert (state.state, state.attempts, state.host) == ("running", 1, socket.gethostname())
    attempt = folder / "attempt-1.json"
    attempt.write_text(json.dumps(json.loads(attempt.read_text()) | {"ended": None}))  # as kill -9 leaves it
    append_event(folder, "heartbeat", step=1)
    assert read_state(folder, now=now).state == "lost"


@pytest.mark.parametrize(
    ("state", "word", "expected"),
    [
        ("planned", "PENDING", "queued"),
        ("planned", "RUNNING", "queued"),  # another run of its pack has its turn
        ("planned", "CANCELLED by 1000", "lost"),
        ("planned", "", "planned"),
        ("interrupted", "REQUEUE_HOLD", "queued"),
        ("interrupted", "CANCELLED by 1000", "interrupted"),
        ("lost", "SUSPENDED", "running"),
        ("lost", "TIMEOUT", "interrupted"),
        ("lost", "NODE_FAIL", "lost"),
        ("lost", "OUT_OF_MEMORY", "lost"),
        ("failed", "COMPLETED", "failed"),
        ("failed", "REQUEUED", "queued"),
    ],
)
def test_slurm_s_word_decides_what_the_files_leave_open(state: State, word: str, expected: State) -> None:
    assert with_slurm(RunState(state), "12_3", word).state == expected


def test_slurm_is_asked_once_and_only_about_runs_that_are_silent(tmp_path: Path) -> None:
    records = [made_record(f"model.width={width}") for width in (8, 16, 32, 64)]
    done, running, waiting, lost = (open_run(record.config, tmp_path) for record in records)
    finish(done, records[0], made_measured())
    append_event(running, "attempt", step=0)
    append_event(lost, "attempt", step=0)
    now = float(read_events(lost)[-1]["time"])
    with (lost / "events.jsonl").open("w") as file:
        file.write(json.dumps({"event": "attempt", "time": now - 500, "step": 0}))
    asked = []

    def ask(jobs: tuple[str, ...]) -> dict[str, str]:
        asked.append(jobs)
        return {"2": "PENDING", "3": "NODE_FAIL"}

    folders = (done, running, waiting, lost)
    jobs = {folder.name: job for folder, job in zip(folders, ("1", "1", "2", "3"), strict=True)}
    states = read_states([folder.name for folder in folders], runs_folder=tmp_path, now=now, jobs=jobs, ask=ask)
    assert asked == [("2", "3")]
    assert [states[folder.name].state for folder in folders] == ["finished", "running", "queued", "lost"]
    assert states[lost.name].reason == "job 3 ended: NODE_FAIL"
