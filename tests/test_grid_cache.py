"""The ids of a large study's runs are remembered, and only as long as they are those of the very same study."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import grid_cache, study
from harness.study import Study, load_study

GRID = ("model.width=8,16,32", "seed=range(0,4)")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A study that counts as large, loaded once."""
    monkeypatch.setattr(grid_cache, "WORTH_KEEPING", 10)
    words = (*GRID, f"runtime.output={tmp_path}")
    load_study(words)
    return words


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs each making of configurations came to."""
    counts: list[int] = []
    make = study._make_grid

    def counted(composed: object) -> grid_cache.Grid:
        grid = make(composed)  # type: ignore[arg-type]
        counts.append(len(grid.runs))
        return grid

    monkeypatch.setattr(study, "_make_grid", counted)
    return counts


def kept(words: tuple[str, ...]) -> Path:
    (file,) = Path(load_study(words).runtime.output, "cache").iterdir()
    return file


def test_the_ids_are_remembered_and_configurations_made_when_one_is_asked_for(
    words: tuple[str, ...], made: list[int]
) -> None:
    remembered = load_study(words)
    ids = list(remembered.runs)
    assert (len(ids), ids[0] in remembered.runs, "0" * 12 in remembered.runs, made) == (12, True, False, [])
    kept(words).unlink()
    anew = load_study(words)
    assert (dict(remembered.runs), ids) == (dict(anew.runs), list(anew.runs))
    assert made == [12, 12]


def test_arms_and_what_was_left_out_are_remembered_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[int]
) -> None:
    monkeypatch.setattr(grid_cache, "WORTH_KEEPING", 1)
    words = ("study=fashion_cnn", f"runtime.output={tmp_path}")
    first, again = load_study(words), load_study(words)
    assert len(made) == 1
    assert (list(again.runs), again.arms, again.left_out) == (list(first.runs), first.arms, first.left_out)
    assert (again.rules, again.runtime, again.launcher, again.folder) == (
        first.rules, first.runtime, first.launcher, first.folder,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [("model.width=8,16,33",), ("seed=range(1,5)",), ("optim.learning_rate=0.5",), ("model=cnn",)],
    ids=["an axis", "the seeds", "a value", "another choice of a group"],
)
def test_another_study_is_not_taken_for_the_one_remembered(
    words: tuple[str, ...], changed: tuple[str, ...], made: list[int]
) -> None:
    load_study((*words, *changed))
    assert made == [12]


def test_what_the_environment_says_is_asked_each_time(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for schedule in ("constant", "cosine"):
        monkeypatch.setenv("SCHEDULE", schedule)
        loaded = load_study((*words, "optim.schedule=${oc.env:SCHEDULE}"))
        assert {run.optim.schedule for run in loaded.runs.values()} == {schedule}


def other_code(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_cache, "MAKERS", ("study.py",))


def cut(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    file = kept(words)
    file.write_bytes(file.read_bytes()[:50])


def of_another_shape(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    kept(words).write_text(json.dumps([1, 2, 3]))


@pytest.mark.parametrize("change", [other_code, cut, of_another_shape])
def test_what_other_code_left_or_a_crash_cut_short_is_made_anew(
    words: tuple[str, ...],
    made: list[int],
    change: Callable[[tuple[str, ...], pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = list(load_study(words).runs)
    change(words, monkeypatch)
    assert (list(load_study(words).runs), made) == (before, [12])


def test_a_small_study_and_one_that_was_never_begun_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_study((*GRID, f"runtime.output={tmp_path}"))
    monkeypatch.setattr(grid_cache, "WORTH_KEEPING", 1)
    load_study((*GRID, f"runtime.output={tmp_path / 'new'}"))
    assert list(tmp_path.iterdir()) == []


def test_a_study_in_a_folder_that_was_moved_is_the_same_study(words: tuple[str, ...], tmp_path: Path) -> None:
    here = load_study(words)
    moved: Study = load_study((*GRID, f"runtime.output={tmp_path / 'elsewhere'}"))
    assert list(moved.runs) == list(here.runs)
    assert moved.runs_folder != here.runs_folder
