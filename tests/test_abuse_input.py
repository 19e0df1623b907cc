"""Any input gives a result, or one ``error:`` line with place and remedy: no traceback, hang, or number from nonsense.

Each property runs on made-up input within a bounded number of tries; what once broke stands as a case of its own.
"""

import contextlib
import io
import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cli import app, error_line
from harness.errors import HarnessError, RecordError
from harness.published.reading import read_paper
from harness.records import finish, open_run, read_record
from harness.states import read_state
from harness.study import load_study
from harness.where import holds
from tests.command import typed
from tests.made import made_measured, made_record

_LONG = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}
_SECONDS = 20  # in which any input is answered, on a busy machine

_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["../..", "<script>", "😀", "a\nb", "x" * 300, "\x1b[31m", "=1+1", "${oc.env:HOME}", 10**400]),
)  # fmt: skip
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@contextlib.contextmanager
def refused_at_worst() -> Iterator[None]:
    """A HarnessError is an answer; it is one line when the command line says it."""
    try:
        yield
    except HarnessError as error:
        said = error_line(str(error))
        assert "\n" not in said
        assert said.isprintable()
        assert len(said) < 3000


@pytest.fixture(autouse=True)
def in_bounded_time() -> Iterator[None]:
    """A hang is a failure and not a wait."""
    import signal

    def too_long(*_: object) -> None:
        raise AssertionError(f"no answer within {_SECONDS * 3} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(_SECONDS * 3)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# --- configurations and study files ---

_KEYS = st.sampled_from(
    ["seed", "model", "model.width", "model.options.x", "+model.options.x", "data", "data.root", "study", "study.name",
     "study.blocks", "budget.training_flops", "runtime.output", "claims.level", "~model", "launcher", ""]
)  # fmt: skip


@settings(max_examples=40, **_LONG)
@given(key=_KEYS, value=st.one_of(_SCALARS.map(str), st.text(max_size=40)))
def test_any_override_is_taken_or_refused(key: str, value: str) -> None:
    with refused_at_worst():
        load_study([f"{key}={value}"])


@pytest.mark.parametrize(
    "words",
    [
        ["seed=range(0,1000000000)"],
        ["seed=range(0,2000)", "model.width=range(1,2000)"],
        ["budget.training_flops=inf"],
        ["seed=" + "9" * 5000],
        ["seed=range(0,10,0)"],
        ["seed=range(0,nan)"],
        ["seed=glob(*)"],
        ["seed=interval(0,1)"],
        ["seed=" + "[" * 3000],
        ["=3"],
        ["~study"],
        ["~runtime"],
        ["~tracking"],
        ["study=null"],
        ["study=a\nb"],
        ["study=../../etc/passwd"],
        ["study.name=../x"],
        ["study.name=a/b"],
        ["study.name=😀"],
        ["study.name=" + "x" * 300],
        ["study.blocks=[{axes:{seed:[1]},where:'9**9**9**9>seed'}]"],
        ["study.blocks=[{axes:{seed:[1]},where:'[1]*10**9==1'}]"],
        ["a" * 100_000],
    ],
    ids=lambda words: words[0][:30].encode("unicode_escape").decode(),
)
def test_what_once_broke_is_one_error_line(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = typed("plan", *words, capsys=capsys, monkeypatch=monkeypatch)
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("error: ")


_WORDS = st.sampled_from(
    ["model.width", "model", "seed", "1", "2.5", "'a'", "10**9", "(", ")", "[", "]", ",", "+", "-", "*", "**", "/", "<",
     ">=", "==", "in", "not", "and", "or", "if", "lambda", ".", "__class__"]
)  # fmt: skip


@settings(max_examples=300, **_LONG)
@given(words=st.lists(_WORDS, max_size=12))
def test_any_condition_holds_or_does_not_or_is_refused(words: list[str]) -> None:
    with refused_at_worst():
        assert holds(" ".join(words), {"model": {"width": 3}, "seed": 0}) in (True, False)


@pytest.mark.parametrize("condition", ["(" * 5000 + "1" + ")" * 5000, "-" * 1900 + "1", "\0", "(-1)**0.5"])
def test_a_condition_that_can_t_be_meant_is_refused(condition: str) -> None:
    with pytest.raises(HarnessError, match="study: where"):
        holds(condition, {})


# --- records ---


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record = made_record()
    folder = open_run(record.config, tmp_path_factory.mktemp("runs"))
    finish(folder, record, made_measured())
    return folder


@settings(max_examples=60, **_LONG)
@given(file=st.sampled_from(["record.json", "measured.json"]), data=st.data())
def test_a_record_with_any_value_changed_is_read_or_refused_and_makes_sense(
    whole: Path, tmp_path: Path, file: str, data: st.DataObject
) -> None:
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder, dirs_exist_ok=True)
    tree = json.loads((folder / file).read_text())
    key = data.draw(st.sampled_from(sorted(tree)))
    tree[key] = data.draw(_TREES)
    (folder / file).write_text(json.dumps(tree))
    with refused_at_worst():
        record, measured = read_record(folder)
        assert record.test_error is not None
        assert 0 <= record.test_error <= 1
        assert record.training_flops > 0
        assert math.isfinite(measured.wall_seconds)
    read_state(folder, now=0.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test_error": 7.0}, "test_error is 7.0, and an error lies in"),
        ({"test_error": None}, "test_error is missing of a finished run"),
        ({"num_classes": 0}, "num_classes is 0, and must be positive"),
        ({"training_flops": 1}, "training_flops are not steps x step_flops"),
        ({"config": {"seed": 7}}, "its configuration is not that of run"),
        ({"cell": "0" * 12}, "its configuration is not of cell 000000000000"),
        ({"params": 10**400}, "is not a finite number"),
        ({"test_loss": math.nan}, "is not a finite number"),
    ],
)
def test_a_record_of_nonsense_is_refused_by_name(
    whole: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    tree = json.loads((folder / "record.json").read_text())
    config = tree["config"] | change.get("config", {})
    (folder / "record.json").write_text(json.dumps(tree | change | {"config": config}))
    with pytest.raises(RecordError, match=said):
        read_record(folder)


def test_a_record_that_is_nested_without_end_is_refused(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    (folder / "record.json").write_text("[" * 100_000)
    with pytest.raises(RecordError, match="can't be read"):
        read_record(folder)


# --- published files ---

_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        _BOMB, "a: " + "[" * 5000, "{a: " * 3000, "3", "null", "!!python/object/apply:os.system ['x']", "a: 1\na: 2",
        "paper: a\ntitle: b\ncurves: [1]", "paper: a\ntitle: b\ncurves: x", "paper: ${x}\ntitle: b\ncurves: {a: 1}",
        "paper: .inf\ntitle: b\ncurves: {a: {}}", "\x00",
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)  # fmt: skip
def test_a_published_file_that_can_t_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "curve.yaml").write_text(text)
    with pytest.raises(HarnessError, match=r"^curve\.yaml"):
        read_paper(tmp_path / "curve.yaml")


def test_a_published_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "curve.yaml").write_bytes(b"paper: \xff\xfe")
    with pytest.raises(HarnessError, match=r"curve\.yaml: is no UTF-8 text"):
        read_paper(tmp_path / "curve.yaml")


@settings(max_examples=60, **_LONG)
@given(tree=st.fixed_dictionaries({"paper": _TREES, "title": _TREES, "curves": _TREES}))
def test_any_published_file_is_read_or_refused(tmp_path: Path, tree: dict[str, Any]) -> None:
    (tmp_path / "curve.yaml").write_text(json.dumps(tree))
    with refused_at_worst():
        read_paper(tmp_path / "curve.yaml")


# --- tables of points ---

POINTS = "training_flops,test_error\n" + "".join(f"{10 ** (9 + i)},{0.3 * 0.7**i}\n" for i in range(6))


def fit(*words: str) -> dict[str, Any]:
    """What ``harness fit --json`` prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(typer.Exit):
        app(["fit", "--json", "--form", "power", *words], standalone_mode=False)
    fitted: dict[str, Any] = json.loads(said.getvalue())
    return fitted


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_lines_change_no_number(tmp_path: Path, change: Callable[[str], str]) -> None:
    (tmp_path / "plain.csv").write_text(POINTS, encoding="utf-8", newline="")
    (tmp_path / "other.csv").write_text(change(POINTS), encoding="utf-8", newline="")
    assert fit("plain.csv") == fit("other.csv")


def test_many_columns_that_no_one_asked_for_change_no_number(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text(POINTS)
    header, *rows = POINTS.splitlines()
    names = "".join(f",c{i}" for i in range(5000))
    (tmp_path / "wide.csv").write_text("\n".join([header + names, *(row + ",1" * 5000 for row in rows)]))
    assert fit("plain.csv") == fit("wide.csv")


@pytest.mark.parametrize(
    ("before", "after"),
    [("0.3", "=1+1"), ("0.3", "nan"), ("0.3", "inf"), ("0.3", "-0.3"), ("0.3", "0"), ("0.3", ""), ("1000000000", "-1")],
)
def test_a_value_that_is_no_observation_is_refused_with_its_row(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "points.csv").write_text(POINTS.replace(before, after, 1))
    with pytest.raises(HarnessError, match=r"points\.csv.*row [01]"):
        fit("points.csv")


@pytest.mark.parametrize("options", [("--chance", "-1"), ("--delta", "0", "--objective", "huber"), ("--level", "nan")])
def test_an_option_that_can_t_be_meant_gives_no_number(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "points.csv").write_text(POINTS)
    with pytest.raises(HarnessError):
        fit("points.csv", *options)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(HarnessError, match="can't name a file"):
        fit("x" * 300 + ".csv")


_CELLS = st.one_of(
    st.floats(1e-3, 1.0), st.floats(), st.integers(), st.text(max_size=6), st.sampled_from(["", "1e9", "=A1"])
)


@settings(max_examples=40, **_LONG)
@given(rows=st.lists(st.tuples(_CELLS, _CELLS), max_size=8), joint=st.sampled_from([",", ";", "\t"]))
def test_any_table_is_fitted_or_refused(tmp_path: Path, rows: list[tuple[object, object]], joint: str) -> None:
    lines = [f"training_flops{joint}test_error", *(f"{one}{joint}{other}" for one, other in rows)]
    (tmp_path / "points.csv").write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="")
    with refused_at_worst():
        assert all(math.isfinite(value) for value in fit("points.csv")["power"]["params"].values())


@settings(max_examples=40, **_LONG)
@given(content=st.binary(max_size=400), ending=st.sampled_from(["csv", "tsv", "parquet"]))
def test_any_bytes_are_a_table_or_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"points.{ending}").write_bytes(content)
    with refused_at_worst():
        fit(f"points.{ending}")
