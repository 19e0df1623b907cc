from pathlib import Path

import polars as pl
import pytest

from harness.errors import ConfigError
from harness.records import finish, open_run
from harness.table import RUN_COLUMNS, collect, read_table, write_table
from tests.made import made_measured, made_record


def published(tmp_path: Path, *overrides: str) -> str:
    record = made_record(*overrides)
    finish(open_run(record.config, tmp_path), record, made_measured())
    return record.run_id


def test_a_row_holds_what_the_record_says(tmp_path: Path) -> None:
    run_id = published(tmp_path, "seed=3", "model.width=17")
    collected = collect([run_id], runs_folder=tmp_path)
    row = collected.runs.row(0, named=True)
    assert list(row) == list(RUN_COLUMNS)
    assert (row["run_id"], row["seed"], row["width"], row["dataset"]) == (run_id, 3, 17, "fashion_mnist")
    assert (row["training_flops"], row["test_error"], row["chance_error"]) == (38_400_000, 0.25, 0.9)
    assert (row["epochs"], row["utilisation"], row["torch_version"]) == (6400 / 55000, 0.3, "2.13.0")
    assert row["energy_joules"] is None


def test_the_flops_of_a_large_run_fit_and_those_of_a_small_one_stay_whole(tmp_path: Path) -> None:
    step_flops = 3 * 10**18
    large = made_record("seed=1", step_flops=step_flops, training_flops=100 * step_flops)
    small = made_record("seed=2", step_flops=2**46 - 1, steps=128, training_flops=128 * (2**46 - 1))
    for record in (large, small):
        finish(open_run(record.config, tmp_path), record, made_measured())
    flops = collect([large.run_id, small.run_id], runs_folder=tmp_path).runs["training_flops"].to_list()
    assert flops == [3e20, 2**53 - 128]


def test_a_number_that_no_table_holds_is_refused_by_name(tmp_path: Path) -> None:
    record = made_record("seed=1", params=2**63)
    finish(open_run(record.config, tmp_path), record, made_measured())
    collected = collect([record.run_id], runs_folder=tmp_path)
    assert collected.runs.is_empty()
    assert "params is 9223372036854775808" in collected.unreadable[0][1]


def test_what_is_missing_and_what_is_damaged_is_told_apart_and_never_passed_over(tmp_path: Path) -> None:
    good, bad = published(tmp_path, "seed=0"), published(tmp_path, "seed=1")
    (tmp_path / bad / "measured.json").write_text("{}")
    collected = collect([good, bad, "never_run"], runs_folder=tmp_path)
    assert collected.runs["run_id"].to_list() == [good]
    assert collected.missing == ("never_run",)
    ((run_id, reason),) = collected.unreadable
    assert run_id == bad
    assert "measured.json: missing" in reason


def test_no_runs_are_an_empty_table_with_all_columns(tmp_path: Path) -> None:
    collected = collect(["a", "b"], runs_folder=tmp_path)
    assert collected.runs.is_empty()
    assert collected.runs.columns == list(RUN_COLUMNS)
    assert collected.missing == ("a", "b")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_is_read_back_as_it_was_written(tmp_path: Path, ending: str) -> None:
    table = collect([published(tmp_path)], runs_folder=tmp_path).runs
    path = tmp_path / f"folder/table.{ending}"
    write_table(table, path)
    again = read_table(path).cast({name: kind for name, kind in RUN_COLUMNS.items()})  # type: ignore[arg-type]
    assert again.select(pl.exclude("commit")).equals(table.select(pl.exclude("commit")))  # CSV reads "" as missing


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.xlsx", "", "unknown kind of table '.xlsx'"),
        ("missing.csv", None, "no such file"),
        ("t.parquet", "no parquet", "can't be read as a table"),
        ("empty.csv", "", "can't be read as a table"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_table(tmp_path / name)
