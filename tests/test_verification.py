"""A report is made again from what lies beside it, and a number that was touched is found."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from harness.basis import Basis, read_runs, rebuild, write_basis
from harness.errors import RecordError
from harness.report import write_report
from harness.table import Collected, write_table
from harness.verification import check_page, check_table, shown_words
from tests.command import harness
from tests.made import made_rules
from tests.synthetic import synthetic_evidence
from tests.test_report import CONTEXT
from tests.tiny import HERE, STUDY


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report, its table and its basis."""
    folder = tmp_path_factory.mktemp("reported")
    evidence = synthetic_evidence()
    write_table(evidence.runs, folder / "runs.csv")
    basis = Basis(
        study="synthetic", words=(), rules=made_rules(), frozen="not frozen", arms={}, missing=(), unreadable={},
        context=CONTEXT,
    )  # fmt: skip
    write_basis(basis, folder)
    write_report(evidence, rebuild(folder).conclusion.verdicts, CONTEXT, folder)
    return folder


@pytest.fixture
def folder(reported: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(reported, tmp_path / "reported"))


def test_a_table_written_as_text_gives_back_each_number(reported: Path) -> None:
    assert read_runs(reported).equals(synthetic_evidence().runs)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_before_a_column_reads_with_it_empty_and_of_after_one_without_it(
    folder: Path, reported: Path, kind: str
) -> None:
    runs = synthetic_evidence().runs
    (folder / "runs.csv").unlink()
    write_table(runs.drop("trunk").with_columns(weather=pl.lit("fair")), folder / f"runs.{kind}")
    assert read_runs(folder).equals(runs.with_columns(trunk=pl.lit(None, dtype=pl.String)))
    assert rebuild(folder).page == rebuild(reported).page
    now = runs.with_columns(trunk=pl.lit("a trunk that no old table can name"))
    assert check_table(folder, Collected(runs=now, missing=(), unreadable=())).answer == "same"


def test_a_table_of_something_else_is_refused(folder: Path) -> None:
    (folder / "runs.csv").write_text("compute,error\n1e9,0.3\n")
    with pytest.raises(RecordError, match=r"runs\.csv: can't be read as a table of runs"):
        read_runs(folder)


def test_a_report_made_again_from_its_table_is_the_same(reported: Path) -> None:
    assert check_page(reported, rebuild(reported)).answer == "same"


def test_a_number_changed_in_the_table_is_found_in_the_page(folder: Path) -> None:
    runs = read_runs(folder)
    write_table(runs.with_columns(test_error=runs["test_error"] * 1.01), folder / "runs.csv")
    found = check_page(folder, rebuild(folder))
    assert found.answer == "different"
    assert " is now " in found.detail


def test_a_number_changed_in_the_page_is_found(folder: Path) -> None:
    page = folder / "report.html"
    page.write_text(page.read_text().replace("10⁹", "10⁸"))
    found = check_page(folder, rebuild(folder))
    assert found.answer == "different"
    assert "10⁸" in found.detail


def test_scripts_and_styles_are_not_what_a_reader_sees() -> None:
    assert shown_words("<p>a <b>1.5</b></p><script>x < 2</script><style>p {}</style> end") == ["a", "1.5", "end"]


def test_records_that_say_another_number_are_named(reported: Path) -> None:
    runs = read_runs(reported)
    first = runs["run_id"][0]
    touched = runs.with_columns(
        steps=pl.when(pl.col("run_id") == first).then(pl.col("steps") + 1).otherwise(pl.col("steps"))
    )
    found = check_table(reported, Collected(runs=touched, missing=(), unreadable=()))
    assert (found.answer, found.detail) == (
        "different", f"{first}: steps {runs['steps'][0]} is now {runs['steps'][0] + 1}"
    )  # fmt: skip


def test_a_run_without_a_record_and_one_that_is_new_are_named(reported: Path) -> None:
    runs = read_runs(reported)
    found = check_table(reported, Collected(runs=runs[1:], missing=(), unreadable=()))
    assert found.detail == f"{runs['run_id'][0]} has no record"
    added = pl.concat([runs, runs[:1].with_columns(run_id=pl.lit("new"))])
    assert check_table(reported, Collected(runs=added, missing=(), unreadable=())).detail == "new is not in the table"


def test_without_records_the_table_is_not_called_the_same(reported: Path) -> None:
    found = check_table(reported, Collected(runs=read_runs(reported)[:0], missing=(), unreadable=()))
    assert found.answer == "not checked"


@pytest.mark.parametrize("name", ["report.json", "runs.csv"])
def test_what_is_missing_or_damaged_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("{")
    with pytest.raises(RecordError, match=name.replace(".", r"\.")):
        rebuild(folder)
    (folder / name).unlink()
    with pytest.raises(RecordError, match=r"report\.json: can't be read|holds no table of runs"):
        rebuild(folder)


@pytest.mark.slow
def test_a_kept_study_is_verified_against_its_table_and_its_records(tmp_path: Path) -> None:
    words = (*STUDY, "budget.training_flops=2e6,5e6,1.2e7")
    assert harness("launch", *words, HERE, cwd=tmp_path).returncode == 0
    assert harness("keep", *words, cwd=tmp_path).returncode == 0
    (kept,) = (path.parent for path in (tmp_path / "docs" / "results").glob("*/report.html"))
    done = harness("verify", str(kept / "report.html"), "--rerun", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [finding["answer"] for finding in json.loads(done.stdout)] == ["same"] * 4
    record = next((tmp_path / "outputs" / "runs").glob("*/record.json"))
    tree = json.loads(record.read_text())
    record.write_text(json.dumps(tree | {"test_error": tree["test_error"] + 0.001}))
    touched = harness("verify", str(kept), cwd=tmp_path)
    assert touched.returncode == 1
    assert "test_error" in touched.stdout


@pytest.mark.parametrize(("column", "answer"), [("wall_seconds", "same"), ("test_error", "different")])
def test_runs_trained_anew_elsewhere_must_give_the_same_and_may_take_another_time(
    folder: Path, column: str, answer: str
) -> None:
    again = synthetic_evidence().runs.with_columns(pl.col(column) * 1.5)
    assert check_table(folder, Collected(again, (), ())).answer == "different"
    assert check_table(folder, Collected(again, (), ()), elsewhere=True).answer == answer


def test_arms_are_made_again_in_the_order_of_the_study(reported: Path, tmp_path: Path) -> None:
    basis = replace(rebuild(reported).basis, arms={"12": ("a",), "2": ("b",), "16": ("c",)})
    shutil.copy(reported / "runs.csv", tmp_path)
    write_basis(basis, tmp_path)
    assert list(rebuild(tmp_path).basis.arms) == ["12", "2", "16"]
