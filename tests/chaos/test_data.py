"""The data change between two launches: noticed before a run trains on them, or before a number rests on both."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.transforms.v2.functional import to_pil_image

from harness import data, file_clock
from harness.errors import DataError
from harness.events import read_events
from harness.failures import classify
from harness.plan import plan_runs
from harness.records import finish, is_finished, read_record
from harness.study import load_study
from harness.train import run_one
from tests.chaos.conftest import Tally
from tests.chaos.short_run import WORDS
from tests.command import harness, typed
from tests.test_data_image_folder import make_folder, overrides
from tests.tiny import HERE


def test_a_folder_of_images_that_changed_between_two_launches_trains_no_run(tmp_path: Path, tally: Tally) -> None:
    tally("an image more in the data between two launches")
    root = make_folder(tmp_path / "photographs")
    words = overrides(root, tmp_path / "outputs", steps=20)
    study = load_study([*words, "seed=0,1"])
    first, second = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(first, runtime=study.runtime) == "finished"
    to_pil_image(torch.zeros(3, 8, 8, dtype=torch.uint8)).save(root / "train" / "ant" / "one_more.png")
    data._prepare.cache_clear()  # as in another process
    with pytest.raises(DataError, match=r"the options do not describe this folder, .*fingerprint=sha256:") as error:
        run_one(second, runtime=study.runtime)
    assert classify(f"DataError: {error.value}") == "data"
    assert read_events(study.runs_folder / second.id)[-1]["event"] == "failure"
    assert not is_finished(study.runs_folder / second.id)


def test_runs_on_other_bytes_are_listed_with_a_warning_and_no_number_rests_on_both(
    tmp_path: Path, tally: Tally, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tally("records of one study on other bytes", 3)
    words = (*WORDS, "seed=0,1", "study.name=changed", f"runtime.output={tmp_path}")
    study = load_study(words)
    for planned in plan_runs(study.runs.values(), runtime=study.runtime):
        assert run_one(planned, runtime=study.runtime) == "finished"
    folder = study.runs_folder / planned.id
    record, measured = read_record(folder)
    other = "0" * 64
    finish(folder, replace(record, data_digest=other), measured)
    for verb in ("report", "claims"):
        asked = words if verb == "report" else ("study=single", *words)
        code, said = typed(verb, *asked, capsys=capsys, monkeypatch=monkeypatch)
        assert (code, said.count("\n")) == (2, 1), said
        assert said.startswith("error: study changed: data teacher: changed between runs")
        assert other in said
        assert record.data_digest in said
    code, said = typed("collect", *words, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 1
    assert said.startswith("warning: data teacher: changed between runs, 1 of digest")
    assert (study.folder / "runs.csv").read_text().count("\n") == 3


def test_an_image_that_changed_within_its_size_and_time_is_refused_by_the_launch_with_both_fingerprints(
    tmp_path: Path, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally("an image that changes within its size and time, between two launches")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(file_clock, "SETTLED_SECONDS", -1.0)  # remembered at once, as a minute later
    root = make_folder(tmp_path / "photographs")
    words = overrides(root, tmp_path / "outputs", steps=20)
    study = load_study([*words, "seed=0,1"])
    first, second = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(first, runtime=study.runtime) == "finished"
    image = root / "train" / "ant" / "000.png"
    status, pixels = image.stat(), image.read_bytes()
    image.write_bytes(pixels[:-20] + bytes([pixels[-20] ^ 1]) + pixels[-19:])
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (image.stat().st_size, image.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    done = harness("launch", *words, "seed=0,1")
    said = done.stderr
    assert (done.returncode, said.count("\n")) == (2, 1), said
    assert said.startswith(f"error: {root}: the options do not describe this folder, they state fingerprint=sha256:")
    assert len(set(re.findall("sha256:[0-9a-f]{16}", said))) == 2
    assert not (study.runs_folder / second.id).exists()
    assert is_finished(study.runs_folder / first.id)


def test_a_launch_on_other_data_than_the_finished_runs_saw_starts_nothing_and_names_both_digests(
    tmp_path: Path, tally: Tally
) -> None:
    tally("a launch on other bytes than the finished runs saw")
    words = (*WORDS, "study.name=changed", f"runtime.output={tmp_path}", HERE)
    study = load_study((*words, "seed=0,1"))
    first, second = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(first, runtime=study.runtime) == "finished"
    folder = study.runs_folder / first.id
    record, measured = read_record(folder)
    other = "0" * 64
    finish(folder, replace(record, data_digest=other), measured)
    kept = (folder / "record.json").read_bytes()
    for verb in ("launch", "demo"):
        done = harness(verb, "study=single", *words, "seed=0,1")
        said = done.stderr
        assert (done.returncode, said.count("\n")) == (2, 1), said
        assert said.startswith("error: study changed: data teacher: not what its finished runs were trained on: digest")
        assert f"digest {record.data_digest} here and now, {other} in {folder}; bring the old data back" in said
    assert not (study.runs_folder / second.id).exists()
    assert not study.frozen_file.exists()
    assert (folder / "record.json").read_bytes() == kept


def test_a_launch_on_the_data_that_the_finished_runs_saw_trains_the_rest(tmp_path: Path) -> None:
    words = (*WORDS, "study.name=same", f"runtime.output={tmp_path}", HERE)
    study = load_study((*words, "seed=0,1", "data.train_examples=1000,2000"))
    first, *rest = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(first, runtime=study.runtime) == "finished"
    done = harness("launch", *words, "seed=0,1", "data.train_examples=1000,2000")
    assert done.returncode == 0, done.stderr
    assert all(is_finished(study.runs_folder / run.id) for run in rest)
