"""A study's folder that is moved, copied under a run that lives, or of a newer or an older version of the format."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import attending
from harness.checkpoint import Progress, save
from harness.config import RunConfig
from harness.errors import RecordError
from harness.events import append_event, read_events
from harness.identity import run_id
from harness.ownership import is_owned
from harness.records import read_record
from harness.run_files import read_json, write_json
from harness.schema import to_dict
from harness.states import read_state, read_states
from harness.study import load_study
from harness.table import collect
from harness.train import run_one
from tests.chaos.conftest import LAST_STEP, Tally
from tests.chaos.short_run import WORDS, planned
from tests.command import typed


def attempts(folder: Path) -> list[int]:
    """The steps that the attempts began at."""
    return [int(event["step"]) for event in read_events(folder) if event["event"] == "attempt"]


def test_a_study_that_was_moved_in_the_middle_is_read_and_goes_on_from_its_checkpoints(
    halfway: Path, finished: Path, tmp_path: Path, tally: Tally
) -> None:
    tally("a study moved to another place in the middle of a run")
    shutil.copytree(halfway.parent.parent, tmp_path / "here")
    study, run = planned(tmp_path / "here")
    before = read_states(study.runs, runs_folder=study.runs_folder, now=time.time())
    (tmp_path / "here").rename(tmp_path / "there")
    study, run = planned(tmp_path / "there")
    after = read_states(study.runs, runs_folder=study.runs_folder, now=time.time())
    assert {name: replace(state, silent_seconds=None) for name, state in after.items()} == {
        name: replace(state, silent_seconds=None) for name, state in before.items()
    }
    assert run_one(run, runtime=study.runtime) == "finished"
    assert attempts(study.runs_folder / run.id) == [0, LAST_STEP - 1]
    assert (study.runs_folder / run.id / "record.json").read_bytes() == (finished / "record.json").read_bytes()


def test_a_copy_of_a_run_that_lives_goes_on_by_itself_and_comes_to_the_same_record(
    tmp_path: Path, finished: Path, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally("a study copied while a run of it trains")
    study, run = planned(tmp_path / "lives")
    copy, run_copied = planned(tmp_path / "copy")
    folder, copied = study.runs_folder / run.id, copy.runs_folder / run.id

    def save_and_copy(path: Path, *, progress: Progress, **state: Any) -> None:
        save(path, progress=progress, **state)
        if progress.step == LAST_STEP:
            shutil.copytree(folder, copied)
            assert (is_owned(folder), is_owned(copied)) == (True, False)

    with monkeypatch.context() as patch:
        patch.setattr(attending, "save", save_and_copy)
        assert run_one(run, runtime=study.runtime) == "finished"
    assert read_state(copied, now=time.time()).state == "lost"
    assert run_one(run_copied, runtime=copy.runtime) == "finished"
    assert attempts(copied) == [0, LAST_STEP]
    for one in (folder, copied):
        assert (one / "record.json").read_bytes() == (finished / "record.json").read_bytes()


def of_version(name: str, version: int | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        tree = {key: value for key, value in read_json(folder / name).items() if key != "schema_version"}
        write_json(folder / name, tree if version is None else {**tree, "schema_version": version})

    return change


@pytest.mark.parametrize(
    ("change", "file"),
    [
        (of_version("record.json", 2), "record.json: format 2, this version reads 1"),
        (of_version("record.json", 0), "record.json: format 0, this version reads 1"),
        (of_version("record.json", None), "record.json: format None, this version reads 1"),
        (of_version("measured.json", 3), "measured.json: format 3, this version reads 2"),
    ],
    ids=["a newer record", "an older record", "a record of no version", "newer measurements"],
)
def test_a_result_of_another_format_is_refused_by_name_and_the_others_are_kept(
    finished: Path,
    tmp_path: Path,
    change: Callable[[Path], None],
    file: str,
    tally: Tally,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tally("a result of a newer or an older format")
    words = (*WORDS, "seed=0,1", "study.name=formats", f"runtime.output={tmp_path}")
    study = load_study(words)
    shutil.copytree(finished, study.runs_folder / finished.name)
    (other,) = (name for name in study.runs if name != finished.name)
    as_another_seed(study.runs_folder / finished.name, study.runs_folder / other, config=study.runs[other])
    change(study.runs_folder / other)
    table = collect(study.runs, runs_folder=study.runs_folder)
    assert (table.runs["run_id"].to_list(), table.missing) == ([finished.name], ())
    ((refused, reason),) = table.unreadable
    assert refused == other
    assert f"{study.runs_folder / other}/{file}; use the version that wrote it" in reason
    if file.startswith("record.json"):  # of the measurements a state asks no more than that they are there
        assert read_state(study.runs_folder / other, now=0.0).state == "unreadable"
    code, said = typed("launch", *words, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 1, "a result that can't be read is neither trained again in silence nor taken for one"
    assert f"unreadable {other}" in said


def as_another_seed(folder: Path, other: Path, *, config: RunConfig) -> None:
    """A copy of a finished run as if another seed had come to the same numbers."""
    shutil.copytree(folder, other)
    for name in ("config.json", "record.json"):
        tree = json.loads((folder / name).read_text())
        new = to_dict(config)
        write_json(other / name, new if name == "config.json" else {**tree, "config": new, "run_id": run_id(config)})
    assert read_record(other)[0].run_id == other.name


def test_measurements_of_the_first_format_are_read(finished: Path, tmp_path: Path, tally: Tally) -> None:
    tally("a result of a newer or an older format")
    folder = Path(shutil.copytree(finished, tmp_path / finished.name))
    tree = read_json(folder / "measured.json")
    del tree["schema_version"], tree["slurm"]
    write_json(folder / "measured.json", tree)
    assert read_record(folder)[1] == replace(read_record(finished)[1], slurm={})


def test_a_run_that_a_newer_version_began_goes_on_or_is_refused_by_name(
    halfway: Path, finished: Path, tmp_path: Path, tally: Tally
) -> None:
    tally("a run begun by a newer version", 2)
    study, run = planned(tmp_path)
    folder = Path(shutil.copytree(halfway, study.runs_folder / run.id))
    append_event(folder, "weather", sky="blue")  # a kind of event that this version does not know
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", {**config, "weather": "fine"})
    with pytest.raises(RecordError, match=r"config\.json: unknown key 'weather'.*another version wrote it.*remove"):
        run_one(run, runtime=study.runtime)
    write_json(folder / "config.json", config)
    assert run_one(run, runtime=study.runtime) == "finished"
    assert (folder / "record.json").read_bytes() == (finished / "record.json").read_bytes()
