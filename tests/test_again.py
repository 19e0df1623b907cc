"""What stopped is launched again, and nothing else."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command import HARNESS, harness, typed
from tests.tiny import HERE, TEACHER

SHORT = (*TEACHER, "study.name=short", "model.width=4", "model.depth=1", "budget.training_flops=null",
         "budget.steps=50,60")  # fmt: skip


def states(*overrides: str) -> list[str]:
    said = harness("status", "--json", *overrides)
    return sorted(run["state"] for run in json.loads(said.stdout)["runs"].values())


@pytest.mark.slow
def test_what_failed_is_tried_again_and_what_was_never_tried_is_not() -> None:
    one = [*SHORT, "budget.steps=50", HERE]
    failed = harness("launch", *one, "runtime.device=cuda")
    if "torch sees no GPU" not in failed.stderr:
        pytest.skip("a GPU is there, so asking for one fails no run")
    assert states(*SHORT) == ["failed", "planned"]
    again = harness("retry", "--failed", *SHORT, HERE)
    assert again.returncode == 0, again.stderr
    assert "failed       starts anew of 50  " in again.stdout
    assert states(*SHORT) == ["finished", "planned"]
    nothing = harness("resume", *SHORT)
    assert (nothing.returncode, nothing.stdout.partition(";")[0]) == (
        0, "Study short: no run is failed or lost or interrupted",
    )  # fmt: skip


@pytest.mark.slow
def test_what_was_interrupted_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    long = [*SHORT, "budget.steps=20000", "runtime.heartbeat_seconds=0.1"]
    process = subprocess.Popen([HARNESS, "launch", *long], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 90
    while "heartbeat" not in "".join(path.read_text() for path in tmp_path.glob("outputs/runs/*/events.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    again = harness("resume", *long, HERE)
    assert again.returncode == 0, again.stderr
    assert "interrupted  goes on from its checkpoint near step" in again.stdout
    assert states(*long) == ["finished"]


@pytest.mark.slow(8)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_launch_in_its_own_process_stops_when_it_is_asked_to_and_saves_what_it_was_at(
    number: signal.Signals, tmp_path: Path
) -> None:
    two = [*SHORT, HERE, "budget.steps=30000,40000", "launcher.stack=1", "runtime.heartbeat_seconds=0.1"]
    process = subprocess.Popen(
        [HARNESS, "launch", *two], stderr=subprocess.PIPE, text=True, start_new_session=True
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not any("heartbeat" in path.read_text() for path in tmp_path.glob("outputs/runs/*/events.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Saving what is running ...\nInterrupted; what was running is saved." in said
    assert states(*two) == ["interrupted", "planned"]
    assert len(list(tmp_path.glob("outputs/runs/*/checkpoint.pt"))) == 1


def test_retry_says_what_it_takes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = typed("retry", *SHORT, capsys=capsys, monkeypatch=monkeypatch)
    assert (code, said) == (2, "error: retry: say --failed; `harness resume` also takes what was lost or interrupted\n")


def test_nothing_is_cancelled_where_nothing_was_launched() -> None:
    done = harness("cancel", "short", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "No job of short that was launched into outputs is queued or running.\n"
