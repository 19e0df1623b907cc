import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import RecordError
from harness.events import append_event, read_events
from harness.records import finish, open_run, read_record
from harness.run_files import temporary_of, write_json
from harness.study import load_study
from tests.made import made_measured, made_record


def test_a_record_and_its_file_are_each_other_s_inverse(tmp_path: Path) -> None:
    record, measured = made_record(), made_measured()
    folder = open_run(record.config, tmp_path)
    finish(folder, record, measured)
    assert read_record(folder) == (record, measured)


def test_the_end_of_a_run_removes_what_a_kill_left_half_written_and_nothing_of_anyone_else_s(tmp_path: Path) -> None:
    record = made_record()
    folder = open_run(record.config, tmp_path)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".notes").touch()
    for name in ("checkpoint.pt", "record.json"):
        temporary_of(folder / name).touch()
    finish(folder, record, made_measured())
    assert sorted(path.name for path in folder.glob(".*")) == [".ipynb_checkpoints", ".notes"]


def test_the_same_record_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_json(tmp_path / name, made_record().__dict__ | {"config": {}, "curve": []})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "can't be read"),
        (lambda text: "[]", "holds no mapping"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 99'), "format 99, this version reads 1"),
        (lambda text: text.replace('"steps"', '"stepz"'), "unknown key 'stepz'; did you mean 'step'"),
        (lambda text: text.replace('"run_id": "', '"run_id": "f'), "the folder was renamed"),
    ],
)
def test_a_damaged_record_is_refused_with_its_name(tmp_path: Path, damage: Callable[[str], str], message: str) -> None:
    record = made_record()
    folder = open_run(record.config, tmp_path)
    finish(folder, record, made_measured())
    path = folder / "record.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(RecordError) as caught:
        read_record(folder)
    assert str(path) in str(caught.value)
    assert message.split("; did")[0] in str(caught.value)


def test_a_folder_with_another_configuration_is_refused(tmp_path: Path) -> None:
    (run,) = load_study([]).runs.values()
    folder = open_run(run, tmp_path)
    tree = json.loads((folder / "config.json").read_text())
    tree["seed"] = 1
    write_json(folder / "config.json", tree)
    with pytest.raises(RecordError, match="holds another configuration than its id says"):
        open_run(run, tmp_path)


def test_a_place_that_can_t_be_written_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (run,) = load_study([]).runs.values()
    with pytest.raises(RecordError, match=r"can't be written .*; choose another place with runtime.output=FOLDER"):
        open_run(run, tmp_path / "file" / "runs")


def test_a_line_that_a_crash_cut_short_costs_only_itself(tmp_path: Path) -> None:
    append_event(tmp_path, "attempt", step=0)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "heartb')
    append_event(tmp_path, "heartbeat", step=5)
    assert [event["event"] for event in read_events(tmp_path)] == ["attempt", "heartbeat"]
