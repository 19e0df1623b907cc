import os
import subprocess
import sys
from pathlib import Path

from harness.provenance import commit
from harness.snapshot import ROOT, code_digest, take_snapshot


def made_tree(root: Path) -> Path:
    for package in ("conf", "harness", "launch", "models"):
        (root / package / "deep").mkdir(parents=True)
        (root / package / "__init__.py").write_text(f"name = '{package}'\n")
        (root / package / "deep/values.yaml").write_text("a: 1\n")
        (root / package / "__pycache__").mkdir()
        (root / package / "__pycache__/x.pyc").write_text("junk")
    (root / "secrets.txt").write_text("not code")
    return root


def test_a_snapshot_is_the_packages_and_nothing_else(tmp_path: Path) -> None:
    root = made_tree(tmp_path / "tree")
    snapshot = take_snapshot(tmp_path / "code", commit="abc+def", edits=b"diff", root=root)
    files = {str(path.relative_to(snapshot)) for path in snapshot.rglob("*") if path.is_file()}
    packages = ("conf", "harness", "launch", "models")
    assert files == {"commit.txt", "edits.diff"} | {
        f"{package}/{name}" for package in packages for name in ("__init__.py", "deep/values.yaml")
    }
    assert snapshot.name == code_digest(root) == code_digest(snapshot)
    assert commit(snapshot) == "abc+def"


def test_the_same_code_is_copied_once_and_an_edit_makes_another_copy(tmp_path: Path) -> None:
    root = made_tree(tmp_path / "tree")
    first = take_snapshot(tmp_path / "code", commit="", edits=b"", root=root)
    assert take_snapshot(tmp_path / "code", commit="", edits=b"", root=root) == first
    (root / "conf/deep/values.yaml").write_text("a: 2\n")
    second = take_snapshot(tmp_path / "code", commit="", edits=b"", root=root)
    assert second != first
    assert (first / "conf/deep/values.yaml").read_text() == "a: 1\n"
    assert sorted(path.name for path in (tmp_path / "code").iterdir()) == sorted((first.name, second.name))


def test_a_snapshot_runs_before_what_is_installed(tmp_path: Path) -> None:
    snapshot = take_snapshot(tmp_path / "code", commit="", edits=b"")
    found = subprocess.run(
        [sys.executable, "-c", "import conf, harness, launch, models\n"
         "print(*(package.__file__ for package in (conf, harness, launch, models)))"],
        env={**os.environ, "PYTHONPATH": str(snapshot), "PYTHONSAFEPATH": "1"}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(Path(file).is_relative_to(snapshot) for file in found.stdout.split())
