"""Launchers under fire, and two at once: a study's results are as if there had been one, left alone.

Workers, the launcher, or both are killed every few seconds until the study is done. A round starts the launcher, waits
until one of its runs says a word, and kills after a random while; some rounds do not wait, so that importing, planning
and starting are hit too. Then whatever is left is launched again.
"""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.events import read_events
from harness.ownership import read_attempts
from harness.records import is_finished
from harness.states import DONE, read_states
from harness.study import Study, load_study
from tests.chaos.conftest import Note, Tally
from tests.chaos.launching import LEFT_ALONE, WORDS, assert_same_results, launcher, undisturbed

SEED = int(os.environ.get("CHAOS_SEED", "2020"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "45"))  # of faults; then the study is left alone to its end
FEWEST = 5  # faults, however slow the machine is: one of each target at the least
TARGETS = ("worker", "launcher", "worker", "both", "worker")  # in turn


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study that nothing disturbed."""
    return undisturbed(WORDS, tmp_path_factory.mktemp("alone"))


def workers_of(pid: int) -> list[int]:
    """The workers of a launcher, as the kernel lists its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except FileNotFoundError:
        return []


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def bytes_said(study: Study) -> int:
    return sum(path.stat().st_size for path in study.runs_folder.glob("*/events.jsonl"))


def attempts_of(folder: Path) -> list[dict[str, Any]]:
    """The events of attempts that trained."""
    return [event for event in read_events(folder) if event["event"] == "attempt"]


def wait_for_a_word(study: Study, process: "subprocess.Popen[bytes]", *, pause: float) -> None:
    """Until one run has said something and ``pause`` more seconds have gone, or the launcher has ended."""
    before, deadline = bytes_said(study), time.monotonic() + 120
    while bytes_said(study) == before and process.poll() is None:
        assert time.monotonic() < deadline, "no run has said a word for two minutes"
        time.sleep(0.05)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(pause)


def disturb(process: "subprocess.Popen[bytes]", target: str, *, chance: random.Random) -> str:
    """Kill something of the launcher's, and say what; empty where there was nothing left to kill."""
    workers = workers_of(process.pid)
    if process.poll() is not None or (target != "launcher" and not workers):
        return ""
    if target == "worker":
        kill(chance.choice(workers))
        return "kill -9 of a worker"
    kill(process.pid, *(workers if target == "both" else ()))
    process.wait()
    return "kill -9 of the launcher" + (" and its workers" if target == "both" else "")


def test_kill_9_of_workers_and_launchers_until_the_study_is_done_costs_no_result(
    tmp_path: Path, alone: Study, tally: Tally, note: Note
) -> None:
    chance = random.Random(SEED)
    words = (*WORDS, f"runtime.output={tmp_path / 'outputs'}")
    study = load_study(words)
    began, faults = time.monotonic(), 0
    while not all(is_finished(study.runs_folder / run_id) for run_id in study.runs):
        assert time.monotonic() - began < SECONDS + LEFT_ALONE
        with launcher(*words, cwd=tmp_path) as process:
            while process.poll() is None:
                if faults >= FEWEST and time.monotonic() - began > SECONDS:
                    process.wait(LEFT_ALONE)
                elif chance.random() < 0.2:
                    time.sleep(chance.uniform(0.0, 3.0))  # also what is only starting
                else:
                    wait_for_a_word(study, process, pause=chance.uniform(0.0, 2.0))
                if fault := disturb(process, TARGETS[faults % len(TARGETS)], chance=chance):
                    faults += 1
                    tally(fault)
    assert faults >= FEWEST, "the study was done before it was disturbed"
    attempts = [event for run in study.runs for event in attempts_of(study.runs_folder / run)]
    resumed = sum(event["step"] > 0 for event in attempts)
    note(f"{faults} kills under a study of {len(study.runs)} runs: {len(attempts)} attempts, {resumed} of them from a "
         "checkpoint")  # fmt: skip
    assert_same_results(study, alone)
    states = read_states(study.runs, runs_folder=study.runs_folder, now=time.time())
    assert {state.state for state in states.values()} <= set(DONE)


def test_two_launchers_on_one_study_at_once_train_each_run_once_and_leave_the_results_of_one(
    tmp_path: Path, alone: Study, tally: Tally, note: Note
) -> None:
    words = (*WORDS, "seed=range(0,2)", f"runtime.output={tmp_path / 'outputs'}")
    study = load_study(words)
    places = tmp_path / "first", tmp_path / "second"
    for place in places:
        place.mkdir()
    tally("two launchers on one study at once")
    with launcher(*words, cwd=places[0]) as first, launcher(*words, cwd=places[1]) as second:
        codes = {first.wait(LEFT_ALONE), second.wait(LEFT_ALONE)}
    said = [(place / "launcher.log").read_text() for place in places]
    assert codes <= {0, 1}, said  # 1: it ended while the other was still at the last runs
    assert all(" 0 failed." in one for one in said), said
    assert_same_results(study, alone)
    starts = [attempts_of(study.runs_folder / run) for run in study.runs]
    assert all(len(attempts) == 1 for attempts in starts), "a run was trained twice"
    workers = {read_attempts(study.runs_folder / run)[0].pid for run in study.runs}
    assert len(workers) > study.launcher.workers, "one launcher had all runs: the other was not there in time"
    note(f"two launchers at once: {len(study.runs)} runs, each trained once, by {len(workers)} workers")
