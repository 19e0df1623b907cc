"""The table's cache: what changed is noticed, what did not is not read again, and without it all is as before."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import row_cache, table
from harness.records import finish, open_run
from harness.table import collect
from tests.made import made_measured, made_record


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of three finished runs, collected once."""
    monkeypatch.setattr(row_cache, "JUST_NOW_NS", -1)
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
