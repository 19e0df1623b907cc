import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.config import RunConfig
from harness.errors import ConfigError
from harness.plan import plan_runs
from harness.records import finish, open_run
from harness.schema import to_dict
from harness.study import load_study
from harness.timing import (
    GUESS_LOG_SD,
    LEAST_LOG_SD,
    LINE_LOG_SD,
    SCHEMA_VERSION,
    Calibration,
    ShapeTime,
    calibration_file,
    device_class,
    predict,
    read_calibration,
    shape_of,
)
from tests.made import made_measured, made_record

RUNTIME = load_study([]).runtime


def run_of_width(width: int, *more: str) -> RunConfig:
    (run,) = load_study([f"model.width={width}", "evaluations=4", *more]).runs.values()
    return run


def shape_time(run: RunConfig, *, flops: int, seconds: float, log_sd: float = 0.0) -> ShapeTime:
    return ShapeTime(shape_of(run), run.model.name, flops, seconds, 0.5, 2.0, log_sd, 10**9)


def calibration(*shapes: ShapeTime) -> Calibration:
    return Calibration(SCHEMA_VERSION, "cpu-x-1t", "here", "2026-11-25", 2, 1, "2.13.0", {"float32": 5e10}, 3.0, shapes)


def test_a_run_s_time_is_its_steps_its_evaluations_and_what_is_fixed() -> None:
    run = run_of_width(16)
    known = calibration(shape_time(run, flops=100, seconds=0.01))
    found = predict(run, steps=300, step_flops=100, measured=(), calibration=known, runtime=RUNTIME)
    assert found.seconds == pytest.approx(300 * 0.01 + 4 * 0.5 + 2.0)
    assert (found.source, found.log_sd, found.memory_bytes) == ("calibration", LEAST_LOG_SD, 10**9)


def test_finished_runs_of_the_shape_count_before_the_calibration_and_their_spread_is_the_doubt() -> None:
    run = run_of_width(16)
    known = calibration(shape_time(run, flops=100, seconds=0.01))
    took = [shape_time(run, flops=100, seconds=seconds) for seconds in (0.02, 0.04, 0.03)]
    found = predict(run, steps=100, step_flops=100, measured=took, calibration=known, runtime=RUNTIME)
    assert found.seconds == pytest.approx(100 * 0.03 + 4 * 0.5 + 2.0)
    assert found.source == "records"
    assert found.log_sd == pytest.approx(0.3482, abs=1e-3)


def test_a_shape_between_calibrated_ones_lies_on_their_line() -> None:
    flops = {8: 1_000, 32: 4_000, 128: 64_000}
    known = calibration(
        *(shape_time(run_of_width(width), flops=c, seconds=1e-4 + 2e-9 * c) for width, c in flops.items())
    )
    run = run_of_width(64)
    found = predict(run, steps=1000, step_flops=20_000, measured=(), calibration=known, runtime=RUNTIME)
    assert (found.source, found.log_sd) == ("line", LINE_LOG_SD)
    assert found.seconds == pytest.approx(1000 * (1e-4 + 2e-9 * 20_000) + 4 * 0.5 + 2.0)


def test_another_model_or_precision_is_another_shape_and_without_measurement_a_guess_says_so() -> None:
    run = run_of_width(16)
    known = calibration(shape_time(run, flops=100, seconds=0.01))
    for other in (run_of_width(16, "model=cnn"), run_of_width(16, "numerics.precision=float64")):
        found = predict(other, steps=100, step_flops=100, measured=(), calibration=known, runtime=RUNTIME)
        assert (found.source, found.log_sd, found.memory_bytes) == ("guess", GUESS_LOG_SD, None)


def test_a_plan_takes_the_times_of_finished_runs_from_their_records(tmp_path: Path) -> None:
    runtime = replace(RUNTIME, output=str(tmp_path))
    record = made_record()
    (before,) = plan_runs([record.config], runtime=runtime)
    assert before.time.source == "guess"
    finish(open_run(record.config, tmp_path / "runs"), record, made_measured())
    (after,) = plan_runs([record.config], runtime=runtime)
    assert after.time.source == "records"
    final = 0.1 * (5000 + 16) / record.config.data.validation_examples
    evaluations = 0.1 * record.config.evaluations
    assert after.seconds == pytest.approx(after.steps * 1.5 / 100 + evaluations + 0.2 + final)


def test_a_calibration_lies_under_its_device_class_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    name = device_class("cpu", "AMD EPYC(TM) 7B13 @ 2.0GHz", 1)
    assert name == "cpu-amd-epyc-tm-7b13-2-0ghz-1t"
    assert device_class("cuda", "NVIDIA A100-SXM4-40GB", 1) == "cuda-nvidia-a100-sxm4-40gb"
    assert read_calibration(tmp_path, name) is None
    made = calibration(shape_time(run_of_width(16), flops=100, seconds=0.01))
    path = calibration_file(tmp_path, name)
    path.parent.mkdir()
    path.write_text(json.dumps(to_dict(made)))
    assert read_calibration(tmp_path, name) == made
    path.write_text("{")
    with pytest.raises(ConfigError, match="remove it and calibrate again"):
        read_calibration(tmp_path, name)
