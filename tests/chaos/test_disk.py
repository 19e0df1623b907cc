"""The disk is full in the middle of a checkpoint, an event, a record; or nothing on it can be written any more."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import attending, checkpoint
from harness.errors import HarnessError
from harness.events import read_events
from harness.failures import classify
from harness.records import is_finished
from harness.train import run_one
from tests.chaos.conftest import Tally
from tests.chaos.short_run import planned
from tests.command import harness_alone
from tests.conftest import require

MEGABYTES = 8
PAGE = 4096  # in which a tmpfs is used up


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, small and empty."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    mounted = mounted and mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place))
    require(mounted, "the right to mount a small file system: root")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


def fill(place: Path, *, leave: int) -> None:
    """Use the disk up but for so many bytes."""
    ballast = place / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(PAGE))
    os.truncate(ballast, ballast.stat().st_size - leave)


@pytest.mark.parametrize(
    ("module", "name", "leave"),
    [
        (attending, "save", 2 * PAGE),
        (attending, "append_event", 0),
        (attending, "finish", 0),
        (attending, "finish", PAGE),
    ],
    ids=["checkpoint", "event", "measurements", "record"],
)
def test_a_disk_that_fills_up_in_the_middle_of_a_write_costs_the_attempt_and_not_the_result(
    disk: Path,
    finished: Path,
    module: Any,
    name: str,
    leave: int,
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tally(f"disk full in the middle of a write: {name}")
    study, run = planned(disk)
    write: Callable[..., None] = getattr(module, name)
    calls: list[str] = []

    def write_on_a_full_disk(*arguments: Any, **details: Any) -> None:
        calls.append(name)
        if len(calls) == (1 if name == "finish" else 3):
            fill(disk, leave=leave)
        write(*arguments, **details)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, write_on_a_full_disk)
        with pytest.raises(OSError, match="No space left") as failure:
            run_one(run, runtime=study.runtime)
    folder = study.runs_folder / run.id
    assert classify(f"OSError: {failure.value}") == "disk"
    assert not is_finished(folder)
    assert not list(folder.glob(".*")), "half a file is left, and keeps the disk full"
    (disk / "ballast").unlink()
    assert run_one(run, runtime=study.runtime) == "finished"
    assert (folder / "record.json").read_bytes() == (finished / "record.json").read_bytes()
    assert all("event" in event for event in read_events(folder))


def test_a_disk_that_becomes_read_only_under_a_run_costs_the_attempt_and_not_the_result(
    disk: Path,
    finished: Path,
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tally("disk read-only in the middle of a run")
    study, run = planned(disk)

    folder = study.runs_folder / run.id

    def save_on_a_read_only_disk(*arguments: Any, **state: Any) -> None:
        assert mount("--bind", str(folder), str(folder))  # a whole disk with open files can't be made read-only
        assert mount("-o", "remount,bind,ro", str(folder))
        checkpoint.save(*arguments, **state)

    with monkeypatch.context() as patch:
        patch.setattr(attending, "save", save_on_a_read_only_disk)
        with pytest.raises(OSError, match="Read-only file system") as failure:
            run_one(run, runtime=study.runtime)
    subprocess.run(["umount", folder], check=True)
    assert classify(f"OSError: {failure.value}") == "disk"
    assert not is_finished(folder)
    assert run_one(run, runtime=study.runtime) == "finished"
    assert (folder / "record.json").read_bytes() == (finished / "record.json").read_bytes()


def test_a_place_that_can_not_be_written_is_one_error_line_and_can_be_read(
    disk: Path,
    finished: Path,
    tally: Tally,
) -> None:
    study, run = planned(disk)
    shutil.copytree(finished, study.runs_folder / run.id)
    assert mount("-o", "remount,ro", str(disk))
    tally("read-only folder", 5)
    missing = (*study.overrides, "seed=1")
    for verb in (("launch", *missing), ("run", *missing), ("collect", *study.overrides)):
        done = harness_alone(*verb)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert done.stderr.startswith("error: ")
        assert "can't be written" in done.stderr
    assert harness_alone("status", *study.overrides).returncode == 0
    assert harness_alone("collect", *study.overrides, "--to", "runs.csv").returncode == 0
    assert Path("runs.csv").read_text().count("\n") == 2


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path: Path, tally: Tally) -> None:
    tally("a file where a folder must be")
    (tmp_path / "runs").write_text("")
    study, run = planned(tmp_path)
    with pytest.raises(HarnessError, match="can't be written"):
        run_one(run, runtime=study.runtime)
