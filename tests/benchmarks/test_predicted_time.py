"""A study's time, predicted after a calibration and then measured: `make benchmarks`, on a quiet machine."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.command import harness_alone
from tests.tiny import TEACHER

pytestmark = pytest.mark.benchmark

STUDY = (
    *TEACHER,
    "study.name=predicted",
    "budget.training_flops=1e8,2e8,4e8,8e8",
    "model.width=8,16,32,64",
    "seed=range(0,2)",
)


def test_a_study_takes_the_time_that_was_predicted_after_calibrating(tmp_path: Path) -> None:
    """Measured over predicted in [0.8, 1.25]; the shapes that were not calibrated lie on a line."""
    calibrated = harness_alone("calibrate", *STUDY, "--shapes", "3", cwd=tmp_path, timeout=600)
    assert calibrated.returncode == 0, calibrated.stderr
    price = json.loads(harness_alone("plan", *STUDY, "--json", cwd=tmp_path, timeout=600).stdout)["price"]
    assert set(price["timed_by"]) == {"calibration", "line"}
    began = time.perf_counter()
    launched = harness_alone("launch", *STUDY, cwd=tmp_path, timeout=1200)
    whole = time.perf_counter() - began
    assert launched.returncode == 0, launched.stderr
    found = re.search(r"32 runs trained in ([0-9.]+) (s|min)", launched.stderr)
    assert found is not None
    measured = float(found[1]) * {"s": 1, "min": 60}[found[2]]
    ratio = measured / price["seconds"]
    print(
        f" predicted {price['seconds']:.1f} s, measured {measured:.1f} s (ratio {ratio:.2f}); {whole:.1f} s in all",
        end="",
    )
    assert 0.8 <= ratio <= 1.25
