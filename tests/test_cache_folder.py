import ast
from pathlib import Path

import pytest

import harness
from harness import grid_cache, row_cache
from harness.cache_folder import cache_file, keep

HERE = Path(harness.__file__).parent
# What these cached values do not depend on: errors, what is refused before, how a cache lies on the disk, and types.
NO_PART = {"errors", "secrets", "yaml_text", "rules", "row_cache", "grid_cache", "cache_folder", "compose"}


def imported(file: str) -> set[str]:
    """The modules of ours, by name, that a file imports."""
    tree = ast.parse((HERE / file).read_text())
    names = (node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {name.split(".")[1] for name in names if name.startswith("harness.")}


@pytest.mark.parametrize("made_by", [grid_cache.MAKERS, row_cache.READERS])
def test_the_name_of_a_cache_follows_from_all_code_that_makes_what_is_in_it(made_by: tuple[str, ...]) -> None:
    needed = {f"{name}.py" for file in made_by for name in imported(file) - NO_PART}
    assert needed <= set(made_by)


def test_other_code_or_another_question_has_another_file(tmp_path: Path) -> None:
    one = cache_file(tmp_path, "a.json", code=["errors.py"], of="x")
    assert one == cache_file(tmp_path, "a.json", code=["errors.py"], of="x")
    others = {
        cache_file(tmp_path, "a.json", code=["schema.py"], of="x"),
        cache_file(tmp_path, "a.json", code=["errors.py"]),
    }
    assert one not in others
    assert one.parent == tmp_path / "cache"


def test_where_nothing_can_be_kept_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    keep(tmp_path / "cache" / "a.json", lambda file: file.write_text("x"))
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_nothing_stays_of_a_file_that_the_disk_had_no_room_for(tmp_path: Path) -> None:
    def full(file: Path) -> None:
        file.write_text("half of it")
        raise OSError(28, "No space left on device")

    keep(tmp_path / "cache" / "a.json", full)
    assert not list((tmp_path / "cache").iterdir())
