"""Files that a user wrote: study and configuration files with any change, YAML that explodes, tables without end."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import compose
from harness.errors import ConfigError, HarnessError
from harness.study import load_study
from harness.table import MOST_COLUMNS, read_table
from tests.command import HARNESS, typed
from tests.test_abuse_input import _BOMB as BOMB
from tests.test_abuse_input import _LONG, _SCALARS, in_bounded_time, refused_at_worst

__all__ = ["in_bounded_time"]  # a fixture, for all tests here


def own(folder: Path, group: str, text: str) -> list[str]:
    """The words that choose a file of one's own, ``<group>/mine.yaml`` in ``folder``, which holds ``text``."""
    (folder / group).mkdir(exist_ok=True)
    (folder / group / "mine.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    compose._refuse_bombs_in.cache_clear()  # as in another process
    return [f"hydra.searchpath=[file://{folder}]", f"{group}=mine"]


@pytest.mark.parametrize("group", ["study", "model", "data"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "YAML alias"),
        ("x: " + "[" * 400, "nested more than"),
        ("x: [unclosed", "while parsing a flow sequence"),
        ("x: \x00", "special characters are not allowed"),
        ("- a\n- b\n", ""),
        ("a: 1\na: 2\n", "duplicate key"),
        ("x: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
    ids=["bomb", "deep", "cut short", "not text", "a list", "a key twice", "code"],
)
def test_a_configuration_file_that_can_t_be_meant_is_one_error_line(
    tmp_path: Path,
    group: str,
    text: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, line = typed("plan", *own(tmp_path, group, text), capsys=capsys, monkeypatch=monkeypatch)
    assert (code, line.count("\n")) == (2, 1), line
    assert line.startswith("error: ")
    assert said in line


def test_a_configuration_file_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    words = own(tmp_path, "study", "")
    (tmp_path / "study" / "mine.yaml").write_bytes(b"study: \xff\xfe")
    with pytest.raises(ConfigError, match=r"mine\.yaml: can't be read"):
        load_study(words)


OURS = {
    f"{group.name}/{file.name}": file.read_text(encoding="utf-8")
    for group in sorted(files("conf").iterdir(), key=lambda place: place.name)
    if group.is_dir() and group.name in ("study", "model", "data", "optim", "augment", "claims", "launcher", "runtime")
    for file in sorted(group.iterdir(), key=lambda place: place.name)
    if file.name.endswith(".yaml")
}


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, str]:
    """The group of one of our files, and its text with lines lost, repeated, moved in or out, or of other values."""
    name = draw(st.sampled_from(sorted(OURS)))
    lines = OURS[name].splitlines()
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["lose", "repeat", "in", "out", "value", "text"]))
        line = lines[place]
        head = line.partition(":")[0]
        new = {
            "lose": [], "repeat": [line, line], "in": ["  " + line], "out": [line.removeprefix("  ")],
            "value": [f"{head}: {draw(_SCALARS)}"], "text": [line, draw(st.text(max_size=20))],
        }[how]  # fmt: skip
        lines[place : place + 1] = new
        lines = lines or [""]
    return name.partition("/")[0], "\n".join(lines)


@settings(max_examples=40, **_LONG)
@given(file=changed())
def test_any_change_to_a_file_of_ours_is_taken_or_refused(tmp_path: Path, file: tuple[str, str]) -> None:
    with refused_at_worst():
        load_study(own(tmp_path, *file))


# --- tables ---


def wide(path: Path, columns: int) -> Path:
    with path.open("w") as file:
        file.write("training_flops,test_error" + "".join(f",c{i}" for i in range(columns)) + "\n")
        for row in range(5):
            file.write(f"{10 ** (9 + row)},{0.3 * 0.7**row}" + ",1" * columns + "\n")
    return path


def test_a_table_of_a_million_columns_is_refused_from_its_header_in_bounded_time_and_memory(tmp_path: Path) -> None:
    wide(tmp_path / "wide.csv", 1_000_000)
    measured = Path(__file__).parent / "benchmarks" / "measured_child.py"
    command = [sys.executable, "-I", "-S", measured, HARNESS, "fit", "wide.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    words, took = done.stderr, json.loads(done.stdout)
    assert (took["code"], words.count("\n")) == (2, 1), words
    assert words.startswith("error: wide.csv: ")
    assert f"{MOST_COLUMNS:,} at the most" in words
    assert took["processor"] < 5, "it was read"
    assert took["memory"] < 500e6, "it was read"


def test_a_first_line_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("x" * 3_000_000)
    with pytest.raises(HarnessError, match="in its first line"):
        read_table(tmp_path / "long.csv")


def test_as_many_columns_as_may_be_are_read(tmp_path: Path) -> None:
    assert read_table(wide(tmp_path / "wide.csv", MOST_COLUMNS - 2)).shape == (5, MOST_COLUMNS)
    with pytest.raises(HarnessError, match="10,001 columns or more"):
        read_table(wide(tmp_path / "wider.csv", MOST_COLUMNS - 1))
