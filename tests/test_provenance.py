import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import RecordError
from harness.provenance import commit, slurm, versions
from harness.records import finish, open_run, read_record
from harness.run_files import write_json
from tests.made import made_measured, made_record


def git(root: Path, *arguments: str) -> str:
    words = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mlp.py").write_text("width = 1\n")
    (tmp_path / "README.md").write_text("hello\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def fresh_commit(root: Path) -> str:
    commit.cache_clear()
    return commit(root)


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    assert fresh_commit(checkout) == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / "models" / "mlp.py").write_text("width = 2\n"),
        lambda root: (root / "models" / "new.py").write_text("a new model\n"),
        lambda root: (root / "models" / "mlp.py").unlink(),
    ],
)
def test_every_edit_of_the_code_has_a_hash_of_its_own(checkout: Path, edit: Callable[[Path], object]) -> None:
    clean = fresh_commit(checkout)
    edit(checkout)
    once = fresh_commit(checkout)
    assert once.startswith(clean + "+")
    assert fresh_commit(checkout) == once
    (checkout / "models" / "another.py").write_text("more\n")
    assert fresh_commit(checkout) != once


def test_an_edit_of_a_page_is_none(checkout: Path) -> None:
    clean = fresh_commit(checkout)
    (checkout / "README.md").write_text("edited\n")
    assert fresh_commit(checkout) == clean


def test_there_is_no_commit_outside_a_checkout(tmp_path: Path) -> None:
    assert fresh_commit(tmp_path) == ""


def test_the_slurm_job_is_named_with_its_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert slurm() == {}
    for name, value in {"SLURM_JOB_ID": "71", "SLURM_ARRAY_JOB_ID": "70", "SLURM_ARRAY_TASK_ID": "1"}.items():
        monkeypatch.setenv(name, value)
    assert slurm() == {"job": "71", "array_job": "70", "array_task": "1", "restarts": "0"}
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    assert slurm()["restarts"] == "2"


def test_the_versions_are_those_that_are_installed() -> None:
    assert all(versions().values())
    assert {"python", "torch", "numpy"} <= set(versions())


def test_measurements_of_the_format_before_are_still_read(tmp_path: Path) -> None:
    record = made_record()
    folder = open_run(record.config, tmp_path)
    finish(folder, record, made_measured())
    tree = json.loads((folder / "measured.json").read_text())
    del tree["schema_version"], tree["slurm"]
    write_json(folder / "measured.json", tree)
    assert read_record(folder) == (record, made_measured())


def test_measurements_of_a_later_format_are_refused_by_their_format(tmp_path: Path) -> None:
    record = made_record()
    folder = open_run(record.config, tmp_path)
    finish(folder, record, made_measured())
    tree = json.loads((folder / "measured.json").read_text())
    write_json(folder / "measured.json", tree | {"schema_version": 99, "more": 1})
    with pytest.raises(RecordError, match=r"measured\.json: format 99, this version reads 2; use the version that"):
        read_record(folder)
