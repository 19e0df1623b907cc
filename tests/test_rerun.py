"""Runs that are trained again: the same, as another seed would be, or different."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from harness.plan import plan_runs
from harness.records import read_record
from harness.rerun import compare, rerun, seed_noise
from harness.run_files import write_json
from harness.schema import to_dict
from harness.study import Study, load_study
from harness.table import collect
from harness.train import run_one
from harness.verification import Finding
from tests.made import made_measured, made_record
from tests.synthetic import synthetic_runs
from tests.tiny import TEACHER

WORDS = (*TEACHER, "model.width=8", "model.depth=1", "budget.training_flops=null", "budget.steps=100", "seed=0,1,2,3")
NOISE = (0.01, 10)


def answer(**changed: Any) -> Finding:
    record = made_record()
    return compare(record, made_measured(), replace(record, **changed), made_measured(), noise=NOISE)


def test_the_same_record_is_the_same() -> None:
    assert answer().answer == "same"
    assert answer().detail.endswith("on made up (cpu, float32, 1 threads, torch 2.13.0)")


@pytest.mark.parametrize(("factor", "said"), [(1.03, "within seed noise"), (1.04, "different"), (0.96, "different")])
def test_what_lies_as_far_apart_as_two_seeds_is_within_their_noise(factor: float, said: str) -> None:
    assert answer(test_error=0.25 * factor).answer == said  # t(10) sqrt(2) 0.01 = 0.0315


@pytest.mark.parametrize("noise", [NOISE, (math.nan, 0)])
@pytest.mark.parametrize("error", [0.0, 0.25])
def test_equal_errors_with_other_last_bits_of_the_loss_are_within_any_noise(
    error: float, noise: tuple[float, int]
) -> None:
    record = made_record(test_error=error)
    found = compare(record, made_measured(), replace(record, test_loss=0.51), made_measured(), noise=noise)
    assert found.answer == "within seed noise"
    assert found.detail.startswith(f"test error {error:g} again; other numbers of its record differ")


def test_a_run_without_a_mistake_stands_at_half_a_mistake() -> None:
    perfect, one = made_record(test_error=0.0), made_record(test_error=1 / 16, test_loss=0.51)
    for noise, said in ((0.5, "within seed noise"), (0.1, "different")):  # ln 2 apart
        assert compare(perfect, made_measured(), one, made_measured(), noise=(noise, 10)).answer == said
    runs = synthetic_runs(seeds=2).with_columns(pl.lit(0.0).alias("test_error"))
    assert seed_noise(runs) == (0.0, len(runs) // 2)


def test_a_run_that_diverged_this_time_is_different() -> None:
    diverged = answer(status="diverged", test_error=None)
    assert diverged.answer == "different"
    assert "finished, test error 0.25; now diverged, None" in diverged.detail


def test_one_seed_a_cell_tells_no_noise_and_another_number_is_different() -> None:
    record = made_record()
    other = replace(record, test_error=0.2501)
    found = compare(record, made_measured(), other, made_measured(host="there"), noise=(math.nan, 0))
    assert found.answer == "different"
    assert "no cell has two seeds" in found.detail


def test_other_data_and_another_machine_are_named() -> None:
    record = made_record()
    found = compare(
        record, made_measured(), replace(record, data_digest="e" * 64), made_measured(device_name="GPU"), noise=NOISE
    )
    assert (found.answer, "data are not the bytes" in found.detail) == ("different", True)
    assert "on GPU (cpu" in found.detail
    assert "before on made up (cpu" in found.detail


def test_the_noise_between_seeds_is_that_of_the_runs() -> None:
    sd, freedom = seed_noise(synthetic_runs(seeds=5, noise=0.02))
    assert freedom > 100
    assert sd == pytest.approx(0.02, rel=0.15)


@pytest.fixture
def trained(tmp_path: Path) -> Study:
    study = load_study((*WORDS, f"runtime.output={tmp_path / 'outputs'}"))
    for run in plan_runs(study.runs.values(), runtime=study.runtime):
        assert run_one(run, runtime=study.runtime) == "finished"
    return study


def test_a_run_that_is_trained_again_is_the_same_and_one_that_was_touched_is_not(
    trained: Study, tmp_path: Path
) -> None:
    def findings(place: str) -> dict[str, str]:
        table = collect(trained.runs, runs_folder=trained.runs_folder).runs
        found = rerun(trained.runs, count=2, seed=0, runtime=trained.runtime, table=table, place=tmp_path / place)
        return {one.what.split()[1].rstrip(","): one.answer for one in found}

    before = findings("one")
    assert list(before.values()) == ["same", "same"]
    first = next(iter(before))
    record, _ = read_record(trained.runs_folder / first)
    assert record.test_error is not None
    write_json(
        trained.runs_folder / first / "record.json", to_dict(replace(record, test_error=record.test_error / 100))
    )
    assert findings("two") == {**before, first: "different"}
