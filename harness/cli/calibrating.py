"""The verb that measures this device, so that plans can be priced: calibrate."""

import dataclasses
import datetime
import functools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from harness.cli.arguments import Json, Overrides

if TYPE_CHECKING:
    from harness.calibration import Timed
    from harness.plan import PlannedRun
    from harness.study import Study
    from harness.timing import Calibration


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Measure this device on a study's shapes, so that `plan` knows time, memory and money.")(calibrate)


def calibrate(
    overrides: Overrides = None,
    *,
    shapes: Annotated[int, typer.Option(help="At most so many shapes of the study; the others lie on a line.")] = 8,
    as_json: Json = False,
) -> None:
    """Train a few steps of each kind of shape in a folder that is thrown away, and write what they took."""
    from harness.study import load_study

    study = load_study(overrides or [])

    from harness.cli.tables import show
    from harness.run_files import write_json
    from harness.schema import to_dict
    from harness.timing import calibration_file

    made = measure(study, shapes=shapes)
    path = calibration_file(Path(study.runtime.output), made.device_class)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, to_dict(made))
    if as_json:
        print(json.dumps({"file": str(path), **to_dict(made)}))
        return
    show(_table(made))
    print(f"{path}: `harness plan` reads it")


def measure(study: "Study", *, shapes: int) -> "Calibration":
    """The calibration of this device for the study's shapes, with its launcher's workers and threads."""
    import torch

    from harness.calibration import calibration_runs, choose_shapes, peaks, shape_times, start_seconds
    from harness.device import host_name
    from harness.plan import plan_runs
    from harness.stacking import at_once
    from harness.timing import SCHEMA_VERSION, Calibration

    chosen = choose_shapes(plan_runs(study.runs.values(), runtime=study.runtime), most=shapes)
    workers, _ = at_once(study.launcher, study.runtime)
    threads = study.launcher.threads or 1
    with tempfile.TemporaryDirectory() as folder:
        apart = dataclasses.replace(
            study, runtime=dataclasses.replace(study.runtime, output=folder, checkpoint_seconds=1e9)
        )
        runs = calibration_runs(chosen, workers=workers, runtime=apart.runtime)
        print(f"calibrating {len(chosen)} shapes on {workers} workers ...", file=sys.stderr)
        timed, waited = _time(apart, runs, workers=workers, threads=threads)
    times = shape_times(timed[workers:])
    return Calibration(
        schema_version=SCHEMA_VERSION,
        device_class=this_device_class(study),
        host=host_name(),
        made=datetime.datetime.now(datetime.UTC).date().isoformat(),
        workers=workers,
        threads=threads,
        torch_version=torch.__version__,
        peak_flops=peaks(study.runtime.device),
        start_seconds=start_seconds(timed[:workers], waited[:workers], usual=times),
        shapes=times,
    )


def this_device_class(study: "Study") -> str:
    """The class of the device that the study would run on here."""
    from harness.device import choose_device, device_name
    from harness.timing import device_class

    device = choose_device(study.runtime.device)
    return device_class(device.type, device_name(device), study.launcher.threads or 1)


def read_this_calibration(study: "Study") -> "Calibration | None":
    """The calibration of this machine, if it was calibrated."""
    from harness.timing import read_calibration

    return read_calibration(Path(study.runtime.output), this_device_class(study))


def _time(
    study: "Study", runs: "tuple[PlannedRun, ...]", *, workers: int, threads: int
) -> "tuple[list[Timed], list[float]]":
    """Each run's time in the given order, and the seconds from its being handed out until it was done."""
    from harness.calibration import timed_run
    from harness.cli.launching import gpus_to_share
    from harness.errors import ConfigError
    from launch import LAUNCHERS, Event, Failed, Finished, Started

    handed: dict[str, float] = {}
    done: dict[str, tuple[Timed, float]] = {}

    def on_event(event: "Event[PlannedRun, Timed]") -> None:
        match event:
            case Started(item=run):
                handed[run.id] = time.perf_counter()
            case Finished(item=run, value=timed):
                done[run.id] = timed, time.perf_counter() - handed[run.id]
            case Failed(reason=reason):
                raise ConfigError(f"calibrate: a run failed: {reason}; `harness run` with the same words shows it")

    LAUNCHERS["local"](
        functools.partial(timed_run, runtime=study.runtime),
        runs,
        workers=workers,
        threads=threads,
        gpus=gpus_to_share(study.runtime),
        on_event=on_event,
    )
    return [done[run.id][0] for run in runs], [done[run.id][1] for run in runs]


def _table(made: "Calibration") -> Table:
    from harness.cli.tables import duration, short

    peaks = ", ".join(f"{name} {short(flops)}" for name, flops in made.peak_flops.items())
    table = Table(
        title=f"{made.device_class}: {made.workers} workers of {made.threads} threads",
        caption=f"peak FLOP/s of matrix products: {peaks}; a worker starts in {duration(made.start_seconds)}",
    )
    for name in ("model", "FLOPs a step", "ms a step", "FLOP/s", "± %", "evaluation", "set-up and end", "memory, GB"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for one in made.shapes:
        table.add_row(
            one.model,
            short(one.step_flops),
            f"{1000 * one.step_seconds:.3g}",
            short(one.step_flops / one.step_seconds),
            f"{100 * one.log_sd:.0f}",
            duration(one.evaluation_seconds),
            duration(one.fixed_seconds),
            f"{one.memory_bytes / 1e9:.2f}",
        )
    return table
