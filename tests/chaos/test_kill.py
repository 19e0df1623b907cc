"""Workers, launchers, or both are killed every few seconds until a study is done: its results are as if none had been.

A round starts the launcher, waits until one of its runs says a word, and kills after a random while; some rounds
do not wait, so that importing, planning and starting are hit too. Then whatever is left is launched again.
"""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from harness.records import is_finished, read_events
from harness.states import DONE, read_states
from harness.study import Study, load_study
from harness.table import collect
from tests.chaos.conftest import Tally
from tests.command import HARNESS, harness
from tests.tiny import TEACHER

SEED = int(os.environ.get("CHAOS_SEED", "2020"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))  # of faults; then the study is left alone to its end
FEWEST = 5  # faults, however slow the machine is
LEFT_ALONE = 600.0
WORDS = (
    "study.name=chaos", *TEACHER, "budget.training_flops=1e7,2e7,4e7,8e7", "model.width=4,8,16", "model.depth=1",
    "seed=range(0,5)", "runtime.checkpoint_seconds=0.2", "runtime.heartbeat_seconds=0.05",
)  # fmt: skip
MEASURED = ("wall_seconds", "evaluation_seconds", "setup_seconds", "lost_seconds", "attempts", "peak_flops",
            "hardware_burden", "utilisation", "peak_memory_bytes", "commit")  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study as it comes out when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = harness("launch", *WORDS, f"runtime.output={folder}", cwd=folder, timeout=LEFT_ALONE)
    assert done.returncode == 0, done.stderr
    return load_study((*WORDS, f"runtime.output={folder}"))


@contextlib.contextmanager
def launcher(*words: str, cwd: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """``harness launch`` in a session of its own; nothing of it is left at the end."""
    with (cwd / "launcher.log").open("ab") as log:
        process = subprocess.Popen(
            [HARNESS, "launch", *words], cwd=cwd, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


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


def wait_for_a_word(study: Study, process: "subprocess.Popen[bytes]", *, pause: float) -> None:
    """Until one run has said something and ``pause`` more seconds have gone, or the launcher has ended."""
    before, deadline = bytes_said(study), time.monotonic() + 120
    while bytes_said(study) == before and process.poll() is None:
        assert time.monotonic() < deadline, "no run has said a word for two minutes"
        time.sleep(0.05)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(pause)


def disturb(process: "subprocess.Popen[bytes]", chance: random.Random) -> str:
    """Kill something of the launcher's, and say what; empty where there was nothing left to kill."""
    workers, target = workers_of(process.pid), chance.choice(("worker", "worker", "launcher", "both"))
    if process.poll() is not None or (target != "launcher" and not workers):
        return ""
    if target == "worker":
        kill(chance.choice(workers))
        return "kill -9 of a worker"
    kill(process.pid, *(workers if target == "both" else ()))
    process.wait()
    return "kill -9 of the launcher" + (" and its workers" if target == "both" else "")


def assert_same_results(study: Study, undisturbed: Study) -> None:
    """Each record the same bytes, the table the same numbers but the clock's, nothing left over."""
    for run_id in undisturbed.runs:
        record = study.runs_folder / run_id / "record.json"
        assert record.read_bytes() == (undisturbed.runs_folder / run_id / "record.json").read_bytes()
        assert not (record.parent / "checkpoint.pt").exists()
        assert not list(record.parent.glob(".*")), "a file half written is left over"
    tables = [collect(one.runs, runs_folder=one.runs_folder) for one in (study, undisturbed)]
    assert not any(table.missing or table.unreadable for table in tables)
    results = [table.runs.select(pl.exclude(*MEASURED)) for table in tables]
    assert results[0].equals(results[1])


def test_kill_9_of_workers_and_launchers_until_the_study_is_done_costs_no_result(
    tmp_path: Path, undisturbed: Study, tally: Tally
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
                if fault := disturb(process, chance):
                    faults += 1
                    tally(fault)
    assert faults >= FEWEST, "the study was done before it was disturbed"
    attempts = sum(event["event"] == "attempt" for run in study.runs for event in read_events(study.runs_folder / run))
    resumed = sum(event["event"] == "attempt" and event["step"] > 0
                  for run in study.runs for event in read_events(study.runs_folder / run))  # fmt: skip
    print(f"{faults} faults, {attempts} attempts at {len(study.runs)} runs, {resumed} of them from a checkpoint")
    assert_same_results(study, undisturbed)
    states = read_states(study.runs, runs_folder=study.runs_folder, now=time.time())
    assert {state.state for state in states.values()} <= set(DONE)
