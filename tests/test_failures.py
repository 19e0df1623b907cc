import json
from pathlib import Path
from unittest.mock import patch

import pytest

from harness.errors import DataError
from harness.events import append_event
from harness.failures import REMEDIES, Kind, classify, fingerprint, group_failures
from harness.ownership import ownership
from harness.records import finish, open_run
from harness.states import RunState, read_states
from tests.command import harness
from tests.made import made_measured, made_record


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "out of memory"),
        ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried", "out of memory"),
        ("MemoryError: ", "out of memory"),
        (": job 7 ended: OUT_OF_MEMORY", "out of memory"),
        (": job 7 ended: TIMEOUT", "time-out"),
        ("OSError: [Errno 28] No space left on device", "disk"),
        ("harness.errors.DataError: train/n01/3.jpg: cannot identify image file", "data"),
        ("harness.errors.ConfigError: model.depth: 7 is not 6 n + 2", "configuration"),
        (": job 7 ended: NODE_FAIL", "killed"),
        (": ended without a word: killed, or its machine went away", "killed"),
        ("ValueError: not enough values to unpack", "bug"),
        ("RuntimeError: mat1 and mat2 shapes cannot be multiplied", "bug"),
    ],
)
def test_a_failure_s_kind_is_told_from_its_words(text: str, kind: Kind) -> None:
    assert classify(text) == kind


def traceback(line: int, function: str, end: str) -> str:
    return (
        "Traceback (most recent call last):\n"
        f'  File "/home/a/harness/train.py", line {line}, in {function}\n    step()\n{end}\n'
    )


def test_failures_that_differ_in_values_and_lines_are_one() -> None:
    one = fingerprint("bug", "3 is odd", traceback(10, "_train", "ValueError: 3 is odd"))
    assert fingerprint("bug", "55 is odd", traceback(12, "_train", "ValueError: 55 is odd")) == one
    assert fingerprint("bug", "3 is odd", traceback(10, "_evaluate", "ValueError: 3 is odd")) != one
    assert fingerprint("bug", "3 is odd", traceback(10, "_train", "TypeError: 3 is odd")) != one
    killed = fingerprint("killed", "job 17 ended: NODE_FAIL", "")
    assert fingerprint("killed", "job 19 ended: NODE_FAIL", "") == killed


def failed(folder: Path, error: Exception, *, line: int, host: str) -> None:
    with patch("socket.gethostname", return_value=host), ownership(folder):
        append_event(folder, "attempt", step=0, host=host)
    end = f"{type(error).__module__}.{type(error).__name__}: {error}"
    append_event(folder, "failure", reason=str(error), traceback=traceback(line, "set_up", end))


def test_failures_are_grouped_the_commonest_first_and_diverged_runs_are_among_them(tmp_path: Path) -> None:
    records = [made_record(f"model.width={width}") for width in (8, 16, 32, 64, 128)]
    folders = [open_run(record.config, tmp_path) for record in records]
    failed(folders[0], DataError("a.jpg: cut short"), line=1, host="n1")
    failed(folders[1], ValueError("odd"), line=1, host="n1")
    failed(folders[2], DataError("b.jpg: cut short"), line=2, host="n2")
    diverged = made_record("model.width=64", status="diverged")
    finish(folders[3], diverged, made_measured())
    states = read_states([folder.name for folder in folders], runs_folder=tmp_path, now=0.0)
    data, *others = group_failures(states, runs_folder=tmp_path)
    assert (data.kind, data.count, data.hosts) == ("data", 2, ("n1", "n2"))
    assert data.run_ids == (folders[0].name, folders[2].name)
    assert data.example == folders[0].name
    assert "DataError: a.jpg" in data.traceback
    assert data.remedy == REMEDIES["data"]
    assert sorted(one.kind for one in others) == ["bug", "diverged"]


def test_runs_that_are_on_their_way_are_no_failures(tmp_path: Path) -> None:
    states = {name: RunState(name) for name in ("planned", "queued", "running", "interrupted", "finished")}  # type: ignore[arg-type]
    assert group_failures(states, runs_folder=tmp_path) == ()


def test_failures_and_logs_of_a_study_as_a_user_sees_them(tmp_path: Path) -> None:
    words = ("model.width=8,16", "runtime.output=there")
    first, second = (made_record(f"model.width={width}") for width in (8, 16))
    none = harness("failures", *words)
    assert (none.returncode, none.stdout) == (0, "Study single: nothing went wrong.\n")
    failed(open_run(first.config, tmp_path / "there/runs"), ValueError("odd"), line=1, host="n1")
    finish(open_run(second.config, tmp_path / "there/runs"), second, made_measured())
    shown = harness("failures", *words)
    assert shown.returncode == 1
    assert "builtins.ValueError: odd" in shown.stdout
    tree = json.loads(harness("failures", *words, "--json").stdout)
    assert [one["run_ids"] for one in tree["failures"]] == [[first.run_id]]
    said = harness("logs", first.run_id[:6], "--output", "there", "--follow")
    assert said.returncode == 0, said.stderr
    attempt, failure = (line for line in said.stdout.splitlines() if line[:2] == "20")
    assert attempt.endswith("attempt     host n1, step 0")
    assert failure.endswith("failure     reason odd")
    assert "set_up" in said.stdout
    events = [
        json.loads(line) for line in harness("logs", first.run_id, "--output", "there", "--json").stdout.splitlines()
    ]
    assert [event["event"] for event in events] == ["attempt", "failure"]
