"""Studies of any size, trained by nobody: folders as runs leave them, every number of them consistent with its plan."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.identity import cell_id
from harness.ownership import Attempt
from harness.plan import PlannedRun, plan_runs
from harness.records import Evaluation, Record
from harness.schema import to_dict
from harness.study import Study, load_study
from tests.made import made_measured, made_record
from tests.synthetic import additive

SEEDS, EVALUATIONS, TEST_EXAMPLES = 5, 4, 10_000
GRIDS = {100: (4, 5, 1), 1000: (10, 10, 2), 10_000: (20, 20, 5), 100_000: (20, 40, 25)}  # budgets, widths, rates
DIVERGED_EVERY = 501  # runs
SEED_SD = 0.02  # of ln error


def words(runs: int, output: Path) -> list[str]:
    """The overrides of a study of so many runs: budgets over three decades, widths, learning rates, five seeds."""
    budgets, widths, rates = GRIDS[runs]
    axes = {
        "budget.training_flops": [f"{budget:.4g}" for budget in np.geomspace(1e10, 1e13, budgets)],
        "model.width": [f"{width:.0f}" for width in np.geomspace(16, 512, widths)],
        "optim.learning_rate": [f"{rate:.4g}" for rate in 3e-3 * np.geomspace(1, 10, rates)],
    }
    swept = [f"{key}={','.join(dict.fromkeys(values))}" for key, values in axes.items()]
    return [*swept, f"seed=range(0,{SEEDS})", f"runtime.output={output}"]


def write_study(overrides: list[str]) -> Study:
    """Leave the folders of all runs of the study, finished; not one by one to the disk, as a run itself does."""
    study = load_study(overrides)
    write, generator = _writer(study), np.random.default_rng(2020)
    for at, planned in enumerate(plan_runs(study.runs.values(), runtime=study.runtime), start=1):
        write(planned, noise=SEED_SD * generator.standard_normal(), diverged=at % DIVERGED_EVERY == 0)
    return study


def _writer(study: Study) -> Any:
    template, measured = made_record(), made_measured(curve_seconds=(1.0, 2.0, 3.0, 4.0))
    orders = _orders()
    attempt = json.dumps(to_dict(Attempt(1, "here", 1, "", 0, began=0.0, ended=1.0)), sort_keys=True) + "\n"
    end = '{"event": "attempt", "time": 0.0, "step": 0}\n{"event": "end", "status": "finished", "time": 1.0}\n'

    def write(planned: PlannedRun, *, noise: float, diverged: bool) -> None:
        folder = study.runs_folder / planned.id
        folder.mkdir(parents=True)
        record = _record(template, planned, orders, noise=noise, diverged=diverged)
        took = replace(measured, wall_seconds=record.training_flops / 3e10, hardware_burden=record.training_flops / 0.3)
        for name, tree in (("config", planned.config), ("measured", took), ("record", record)):
            text = json.dumps(to_dict(tree), sort_keys=True, allow_nan=False)
            (folder / f"{name}.json").write_text(msgspec.json.format(text, indent=1) + "\n")  # ten times as quick
        (folder / "attempt-1.json").write_text(attempt)
        (folder / "events.jsonl").write_text(end)

    return write


def _record(
    template: Record, planned: PlannedRun, orders: NDArray[np.int64], *, noise: float, diverged: bool
) -> Record:
    run, flops = planned.config, planned.training_flops
    off = np.log10(run.optim.learning_rate / 9e-3)  # in decades from the best rate
    error = min(0.9, additive(planned.cost.params, planned.examples_seen) * float(np.exp(noise + 0.3 * off**2)))
    mistakes = round(error * TEST_EXAMPLES)
    error = mistakes / TEST_EXAMPLES
    curve = tuple(
        Evaluation(
            step := planned.steps * i // EVALUATIONS,
            step * run.optim.batch_size,
            step * planned.cost.step_flops,
            2.5 * error,
            2.5 * error,
            round(error * float(np.exp(0.3 * noise)), 4),
        )
        for i in range(1, EVALUATIONS + 1)
    )
    scores = {
        "train_loss": 2.2 * error, "train_error": 0.9 * error, "validation_loss": curve[-1].validation_loss,
        "validation_error": curve[-1].validation_error, "test_loss": 2.5 * error, "test_error": error,
        "correct": base64.b64encode(np.packbits(orders[run.seed] >= mistakes).tobytes()).decode(),
    }  # fmt: skip
    return replace(
        template,
        run_id=planned.id,
        cell=cell_id(run),
        config=run,
        status="diverged" if diverged else "finished",
        params=planned.cost.params,
        forward_flops=planned.cost.forward_flops,
        step_flops=planned.cost.step_flops,
        training_flops=flops,
        steps=planned.steps,
        examples_seen=planned.examples_seen,
        learning_rate=run.optim.learning_rate,
        test_examples=TEST_EXAMPLES,
        curve=curve,
        **(dict.fromkeys(scores) if diverged else scores),
    )


def _orders() -> NDArray[np.int64]:
    """For each seed the rank of every test example by difficulty, much the same from seed to seed."""
    generator = np.random.default_rng(0)
    difficulty = generator.standard_normal(TEST_EXAMPLES)
    own = difficulty + 0.3 * generator.standard_normal((SEEDS, TEST_EXAMPLES))
    return np.argsort(np.argsort(own, axis=1), axis=1)
