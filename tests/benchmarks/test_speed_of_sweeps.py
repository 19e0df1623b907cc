"""The demo's sweep: by the harness whole, by Lightning and by a plain loop in part, the rest by exact step counts.

Processor seconds of one core's worth of work each, so that who else uses the machine matters little: all three could
share their runs out among cores. The part: all ten runs of the smallest budget, whole, whose errors are compared, and
two hundred steps of each wider network. A run of so many steps takes so many times its network's step, its evaluations,
and what is done once. The loop is timed before and after ours, which takes minutes: processor seconds grow by a third
where the other core is taken in between.
"""

import json
import math
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
import torch

from harness.data import Place, load_dataset
from harness.records import read_record
from tests.benchmarks.plain_sweep import EVALUATIONS, Sample, train
from tests.command import harness_alone

pytestmark = pytest.mark.benchmark

WIDE_STEPS = 200
PLACE = Place(torch.device("cpu"), 0, torch.float32)
DATA = Path(os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def demo_runs(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads(harness_alone("plan", "study=demo", "--json", cwd=folder).stdout)["runs"])


def part_of(runs: Sequence[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """Width, seed and steps of what the others train."""
    smallest = min(run["config"]["budget"]["training_flops"] for run in runs)
    sizes = [(run["config"]["model"]["width"], run["config"]["seed"], run["steps"]) for run in runs]
    whole = [
        size for size, run in zip(sizes, runs, strict=True) if run["config"]["budget"]["training_flops"] == smallest
    ]
    wide = sorted({width for width, _, _ in sizes} - {width for width, _, _ in whole})
    return whole + [(width, 0, WIDE_STEPS) for width in wide]


def whole_seconds(runs: Sequence[dict[str, Any]], samples: Sequence[Sample]) -> float:
    total = 0.0
    for run in runs:
        alike = [one for one in samples if one.width == run["config"]["model"]["width"]]
        steps = run["steps"] * mean(one.step_seconds for one in alike)
        total += steps + mean(EVALUATIONS * one.evaluation_seconds + one.once_seconds for one in alike)
    return total


def with_lightning(part: Sequence[tuple[int, int, int]], folder: Path) -> list[Sample]:
    pytest.importorskip("lightning", reason="pip install 'compute-limits[compare]'")
    runs, file = folder / "runs.json", folder / "lightning.jsonl"
    runs.write_text(json.dumps(part))
    words = (f"+run=range({len(part)})", f"+runs={runs}", f"+data={DATA}", f"+file={file}")
    command = [sys.executable, "-m", "tests.benchmarks.lightning_sweep", "--multirun", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, f"hydra.sweep.dir={folder}/multirun"], env=environment, check=True, capture_output=True)
    return [Sample(**json.loads(line)) for line in file.read_text().splitlines()]


def with_a_loop(part: Sequence[tuple[int, int, int]]) -> list[Sample]:
    torch.set_num_threads(1)
    data = load_dataset(
        "fashion_mnist",
        train_examples=55000,
        validation_examples=5000,
        split_seed=0,
        options={},
        root=None,
        place=PLACE,
    )
    return [train(data, width=width, seed=seed, steps=steps) for width, seed, steps in part]


def check_errors(samples: Sequence[Sample], ours: dict[tuple[int, int], float]) -> float:
    """The mean difference of the runs that were trained whole, which must be noise."""
    differences = [
        one.test_error - ours[one.width, one.seed]
        for one in samples
        if (one.width, one.seed) in ours and one.steps != WIDE_STEPS
    ]
    assert len(differences) >= 10
    assert abs(mean(differences)) < 3 * stdev(differences) / math.sqrt(len(differences))
    return mean(differences)


def told(name: str, runs: Sequence[dict[str, Any]], samples: list[Sample]) -> list[Sample]:
    """The samples, printed as soon as they are there: on a crowded machine the whole takes its time."""
    print(f" {name}: {whole_seconds(runs, samples):.0f} s of a core for {len(runs)} runs", flush=True)
    for one in samples:
        rest = f"evaluation {one.evaluation_seconds:.3f} s, once {one.once_seconds:.2f} s"
        print(f"   width {one.width}: step {1e3 * one.step_seconds:.3f} ms, {rest}", flush=True)
    return samples


def test_the_demo_against_lightning_and_against_a_plain_loop(tmp_path: Path) -> None:
    runs = demo_runs(tmp_path)
    part = part_of(runs)
    plain = told("plain loop", runs, with_a_loop(part))
    lightning = told("lightning", runs, with_lightning(part, tmp_path))
    before = children_seconds()
    launched = harness_alone("launch", "study=demo", "runtime.device=cpu", "--quiet", cwd=tmp_path, timeout=3600)
    seconds = children_seconds() - before
    assert launched.returncode == 0, launched.stderr
    plain += told("plain loop again", runs, with_a_loop(part))
    records = [read_record(tmp_path / "outputs" / "runs" / run["id"]) for run in runs]
    smallest = min(record.config.budget.training_flops or 0 for record, _ in records)
    ours = {
        (record.config.model.width, record.config.seed): float(record.test_error or 0)
        for record, _ in records
        if record.config.budget.training_flops == smallest
    }
    evaluating = sum(took.evaluation_seconds for _, took in records) / seconds
    print(f" {len(runs)} runs: {seconds:.0f} s of a core, start and plan included; evaluation {evaluating:.1%}")
    ratios = {}
    for name, samples in (("lightning", lightning), ("plain loop", plain)):
        ratios[name] = whole_seconds(runs, samples) / seconds
        print(f" {name}: {ratios[name]:.1f} x; test error differs by {check_errors(samples[: len(part)], ours):+.4f}")
    assert ratios["lightning"] >= 20
    assert ratios["plain loop"] >= 2.5
