"""The table's cache: what changed is noticed, what did not is not read again, and without it all is as before."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import file_clock, table
from harness.records import finish, open_run
from harness.table import collect, refresh_table
from tests.made import made_measured, made_record


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of three finished runs, collected once."""
    monkeypatch.setattr(file_clock, "SETTLED_SECONDS", -1.0)
    monkeypatch.setattr(table, "WORTH_KEEPING", 1)
    for width in (8, 16, 32):
        record = made_record(f"model.width={width}")
        finish(open_run(record.config, tmp_path / "runs"), record, made_measured())
    collect(ids(tmp_path / "runs"), runs_folder=tmp_path / "runs")
    return tmp_path / "runs"


def ids(runs: Path) -> list[str]:
    return sorted(path.name for path in runs.iterdir())


def unread(*_: object) -> None:
    raise AssertionError("a record that did not change was read again")


def test_what_did_not_change_is_not_read_again_and_is_the_same(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = ids(runs)[::-1]
    with monkeypatch.context() as patch:
        patch.setattr(table, "read_record", unread)
        kept = collect([*cached, "000000000000"], runs_folder=runs)
    (file,) = (runs.parent / "cache").iterdir()
    file.unlink()
    read = collect([*cached, "000000000000"], runs_folder=runs)
    assert kept.runs.equals(read.runs)
    assert kept.runs["run_id"].to_list() == cached
    assert kept.missing == read.missing == ("000000000000",)


def edited_with_its_old_times(folder: Path) -> None:
    record = folder / "record.json"
    before = record.stat()
    tree = json.loads(record.read_text())
    record.write_text(json.dumps(tree | {"test_error": 0.75}, sort_keys=True, indent=1) + "\n")
    assert record.stat().st_size == before.st_size
    os.utime(record, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(folder: Path) -> None:
    os.truncate(folder / "record.json", 100)


def without_measurements(folder: Path) -> None:
    (folder / "measured.json").unlink()


def test_a_changed_number_is_noticed_also_with_the_old_size_and_time(runs: Path) -> None:
    first = ids(runs)[0]
    edited_with_its_old_times(runs / first)
    assert collect([first], runs_folder=runs).runs["test_error"].to_list() == [0.75]


@pytest.mark.parametrize("damage", [cut, without_measurements])
def test_a_file_that_was_damaged_since_is_refused_and_not_taken_from_the_cache(
    runs: Path, damage: Callable[[Path], None]
) -> None:
    first = ids(runs)[0]
    damage(runs / first)
    found = collect([first], runs_folder=runs)
    assert (len(found.runs), [name for name, _ in found.unreadable]) == (0, [first])


def test_a_damaged_cache_is_made_anew(runs: Path) -> None:
    before = collect(ids(runs), runs_folder=runs).runs
    (file,) = (runs.parent / "cache").iterdir()
    file.write_bytes(b"PAR1")
    assert collect(ids(runs), runs_folder=runs).runs.equals(before)
    assert file.stat().st_size > 100


@pytest.fixture
def written(runs: Path) -> Path:
    """The table of these runs, written once."""
    refresh(runs)
    return runs.parent / "runs.csv"


def refresh(runs: Path) -> None:
    refresh_table(collect(ids(runs), runs_folder=runs), runs.parent / "runs.csv", output=runs.parent)


def test_a_table_of_what_did_not_change_is_left_as_it_lies(runs: Path, written: Path) -> None:
    before = written.stat()
    refresh(runs)
    assert written.stat() == before


def edit_table(written: Path) -> None:
    before = written.stat()
    written.write_text(written.read_text().replace("0.25", "0.26"))
    assert written.stat().st_size == before.st_size
    os.utime(written, ns=(before.st_atime_ns, before.st_mtime_ns))


def delete_table(written: Path) -> None:
    written.unlink()


def delete_cache(written: Path) -> None:
    shutil.rmtree(written.parent / "cache")


@pytest.mark.parametrize("change", [edit_table, delete_table, delete_cache])
def test_a_table_that_is_not_what_was_written_is_written_again(
    runs: Path, written: Path, change: Callable[[Path], None]
) -> None:
    before, inode = written.read_text(), written.stat().st_mtime_ns
    change(written)
    refresh(runs)
    assert written.read_text() == before
    assert written.stat().st_mtime_ns != inode


def test_a_table_of_a_run_that_changed_is_written_again(runs: Path, written: Path) -> None:
    edited_with_its_old_times(runs / ids(runs)[0])
    refresh(runs)
    assert "0.75" in written.read_text()


def test_a_table_of_fewer_runs_is_another(runs: Path, written: Path) -> None:
    refresh_table(collect(ids(runs)[:2], runs_folder=runs), written, output=runs.parent)
    assert len(written.read_text().splitlines()) == 3


def test_a_folder_that_was_copied_has_its_own_table(
    runs: Path, written: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = Path(shutil.copytree(runs.parent, tmp_path_factory.mktemp("copy") / "outputs"))
    edited_with_its_old_times(copy / "runs" / ids(runs)[0])
    refresh(copy / "runs")
    assert "0.75" in (copy / "runs.csv").read_text()


def test_no_table_is_taken_for_written_while_a_record_may_still_change(
    runs: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(file_clock, "SETTLED_SECONDS", 3600.0)
    monkeypatch.setattr(time, "time", lambda: real() + 7200)  # a machine whose clock is ahead of the file server's
    monkeypatch.setattr(time, "time_ns", lambda: int((real() + 7200) * 1e9))
    assert collect(ids(runs), runs_folder=runs).digest == ""
    before = written.stat().st_mtime_ns
    refresh(runs)
    assert written.stat().st_mtime_ns != before
