"""One owner a run, on one machine and across nodes; and an owner that was given up writes nothing any more."""

import multiprocessing
import os
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from harness import ownership as module
from harness.events import read_events
from harness.ownership import SILENT_SECONDS, Attempt, is_current, ownership, read_attempts
from harness.plan import plan_runs
from harness.run_files import write_json
from harness.schema import to_dict
from harness.states import read_state
from harness.study import load_study
from harness.train import run_one
from tests.tiny import TEACHER

SHORT = (*TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "budget.steps=2000",
         "runtime.heartbeat_seconds=0.01", "runtime.checkpoint_seconds=0.02")  # fmt: skip


def hold(folder: Path, held: Event, end: Event) -> None:
    with ownership(folder) as owner:
        assert owner is not None
        held.set()
        end.wait(30)


def owns(folder: Path) -> int | None:
    with ownership(folder) as owner:
        return owner.attempt if owner is not None else None


def written(folder: Path, *, silent: float = 0.0, **changed: object) -> None:
    """An attempt that another process left, last heard of ``silent`` seconds ago."""
    values: dict[str, object] = {
        "number": 1, "host": "node7", "pid": 5, "slurm_job": "", "slurm_restart": 0, "began": 0.0, "ended": None,
    }  # fmt: skip
    write_json(folder / "attempt-1.json", values | changed)
    then = time.time() - silent
    os.utime(folder / "attempt-1.json", (then, then))


def test_a_run_has_one_owner_until_the_owner_dies(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    held, end = spawn.Event(), spawn.Event()
    process = spawn.Process(target=hold, args=(tmp_path, held, end))
    process.start()
    assert held.wait(120)  # importing torch on a machine that is busy
    assert owns(tmp_path) is None
    process.kill()
    process.join()
    assert owns(tmp_path) == 2
    assert [(attempt.number, attempt.ended is None) for attempt in read_attempts(tmp_path)] == [(1, True), (2, False)]


def test_an_owner_that_ended_is_followed_at_once_from_any_node(tmp_path: Path) -> None:
    written(tmp_path, ended=time.time())
    assert owns(tmp_path) == 2


@pytest.mark.parametrize(("silent", "attempt"), [(0.5 * SILENT_SECONDS, None), (2 * SILENT_SECONDS, 2)])
def test_an_owner_on_another_node_is_dead_when_it_has_been_silent(
    silent: float, attempt: int | None, tmp_path: Path
) -> None:
    written(tmp_path, silent=silent)
    assert owns(tmp_path) == attempt


def test_a_heartbeat_breaks_the_silence(tmp_path: Path) -> None:
    written(tmp_path, silent=2 * SILENT_SECONDS)
    (tmp_path / "events.jsonl").touch()
    assert owns(tmp_path) is None


def test_an_attempt_that_was_cut_short_while_being_made_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "attempt-1.json").touch()
    assert owns(tmp_path) is None
    then = time.time() - 2 * SILENT_SECONDS
    os.utime(tmp_path / "attempt-1.json", (then, then))
    assert owns(tmp_path) == 2


def test_a_copy_of_an_attempt_is_none(tmp_path: Path) -> None:
    written(tmp_path, ended=1.0)
    for copy in ("attempt-1 (copy).json", "attempt-1.json.orig", "attempt-.json"):
        (tmp_path / copy).write_bytes((tmp_path / "attempt-1.json").read_bytes())
    assert [attempt.number for attempt in read_attempts(tmp_path)] == [1]
    assert read_state(tmp_path, now=time.time()).attempts == 1
    assert owns(tmp_path) == 2


def test_the_tenth_attempt_is_after_the_ninth(tmp_path: Path) -> None:
    for number in range(1, 11):
        assert owns(tmp_path) == number


@pytest.mark.parametrize(
    ("job", "restart", "attempt"), [("17", "1", 2), ("17", "0", None), ("18", "1", None), ("", "", None)]
)
def test_a_requeued_job_takes_back_what_its_earlier_start_has(
    job: str, restart: str, attempt: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, slurm_job="17")
    monkeypatch.setenv("SLURM_JOB_ID", job)
    if restart:
        monkeypatch.setenv("SLURM_RESTART_COUNT", restart)
    assert owns(tmp_path) == attempt


def test_of_two_that_follow_at_the_same_time_one_has_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, ended=1.0)
    real = module._may_follow

    def slow(path: Path, last: Attempt | None) -> bool:
        monkeypatch.setattr(module, "_may_follow", real)
        assert owns(tmp_path) == 2  # the other comes and goes between our look and our claim
        return real(path, last)

    monkeypatch.setattr(module, "_may_follow", slow)
    assert owns(tmp_path) is None


def test_an_owner_knows_that_it_was_given_up(tmp_path: Path) -> None:
    with ownership(tmp_path) as owner:
        assert owner is not None
        assert is_current(owner)
        (tmp_path / "attempt-2.json").touch()
        assert not is_current(owner)


def test_a_run_that_was_given_up_while_it_lives_writes_nothing_more(tmp_path: Path) -> None:
    study = load_study(SHORT)
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    folder = study.runs_folder / run.id
    seen: list[dict[str, object]] = []
    real = module._path

    def take_over_at_the_third_heartbeat(where: Path, number: int) -> Path:
        if number == 2 and not seen and len(read_events(folder)) == 3:
            write_json(folder / "attempt-2.json", to_dict(read_attempts(folder)[0]) | {"number": 2})
            seen.extend(read_events(folder))
        return real(where, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_path", take_over_at_the_third_heartbeat)
        assert run_one(run, runtime=study.runtime) == "superseded"
    assert seen
    assert read_events(folder) == seen
    assert not (folder / "record.json").exists()
