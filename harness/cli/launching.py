"""Launching a study: what is missing, longest first, with a live account of it on the terminal."""

import functools
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from harness import data
from harness.cli.display import Board
from harness.cli.same_data import refuse_other_data
from harness.cli.tables import plural
from harness.errors import ConfigError
from harness.records import is_finished
from harness.rules import freeze
from harness.run_files import require_writable
from harness.schema import unknown
from harness.table import collect
from launch import LAUNCHERS, Event
from launch.packing import gpu_sets

if TYPE_CHECKING:
    from harness.attending import Outcome
    from harness.config import RuntimeConfig
    from harness.plan import PlannedRun
    from harness.stacking import Stack
    from harness.study import Study


def launch_missing(study: "Study", planned: Sequence["PlannedRun"], *, quiet: bool = False) -> int:
    """Train the runs that have no record; how many of the study's runs still have none at the end.

    Raises:
        ConfigError: an unknown launcher.
        typer.Exit: with 130, after Ctrl-C; what was running has been saved.
    """
    from harness.stacking import at_once, plan_stacks
    from harness.train import run_stack
    from harness.trunks import waves

    launcher = study.launcher
    if launcher.name == "slurm":
        raise ConfigError("launcher.name: slurm returns before the runs are done; use `harness launch`")
    if launcher.slurm:
        raise ConfigError(f"launcher.slurm: of no use to the launcher '{launcher.name}'; add launcher=slurm")
    if launcher.name not in LAUNCHERS:
        raise ConfigError(f"launcher.name: {unknown('launcher', launcher.name, (*LAUNCHERS, 'slurm'))}")
    missing = [run for run in planned if not is_finished(study.runs_folder / run.id)]
    console = Console(stderr=True)
    if launcher.stack < 1:
        raise ConfigError(f"launcher.stack: {launcher.stack} runs can't be trained as one; give 1 or more")
    if launcher.workers is not None and launcher.workers < 1:
        raise ConfigError(f"launcher.workers: {launcher.workers} can't train; give 1 or more, or null for one a core")
    if not missing:
        unreadable = collect((run.id for run in planned), runs_folder=study.runs_folder).unreadable
        for run_id, reason in unreadable:
            console.print(f"unreadable {run_id}: {reason}", markup=False, highlight=False)
        console.print(
            f"Study {study.name}: all {plural(len(planned), 'run')} are done; nothing to train.", markup=False
        )
        return len(unreadable)
    prepare(study, missing, console)
    workers, largest = at_once(launcher, study.runtime)
    stacks_of_waves = [plan_stacks(wave, size=largest, workers=workers) for wave in waves(missing)]
    workers = min(workers, max(map(len, stacks_of_waves)))
    with Board(study, planned, workers=workers, console=console, live=console.is_terminal and not quiet) as board:

        def on_event(event: "Event[Stack, tuple[Outcome, ...]]") -> None:
            board.take(event)

        try:
            with _interrupted_by_signals():
                for stacks in stacks_of_waves:
                    LAUNCHERS[launcher.name](
                        functools.partial(run_stack, runtime=study.runtime),
                        stacks,
                        workers=workers,
                        threads=launcher.threads or 1,
                        gpus=gpus_to_share(study.runtime),
                        on_event=on_event,
                    )
        except KeyboardInterrupt:
            board.say("Interrupted; what was running is saved. The same command goes on from there.")
            raise typer.Exit(130) from None
    left = len(planned) - len(board.done)
    if left:
        print(f"{left} of {len(planned)} runs have no record; the same command tries them again", file=sys.stderr)
    return left


def gpus_to_share(runtime: "RuntimeConfig") -> tuple[str, ...]:
    """The GPUs of each slot of a launch on this machine, as a launcher takes them; none where the CPU was asked for."""
    from harness.device import visible_gpus

    return gpu_sets(visible_gpus() if runtime.device != "cpu" else (), runtime.processes)


def prepare(study: "Study", missing: Sequence["PlannedRun"], console: Console) -> None:
    """What must be there before the first run: a place to write, the rules as they are now, and the data as they were.

    Raises:
        HarnessError: the place can't be written, the data can't be had, or are not those of the finished runs; or
            torchrun has started several of us.
    """
    from harness.distributed import is_one_of_several

    if is_one_of_several():
        raise ConfigError(
            "launch: torchrun starts the processes of one run, so use `harness run` there; "
            "a launch starts them itself, with runtime.processes"
        )
    require_writable(study.runs_folder)
    for name in sorted({run.config.data.name for run in missing}):
        data.get(name, Path(study.runtime.data_root) if study.runtime.data_root else None)  # once, not once a worker
    refuse_other_data(study, missing)
    freeze_rules(study, console)


def freeze_rules(study: "Study", console: Console) -> None:
    """Keep the rules as they are before the study's first run, which a tuning of its rate may train."""
    started = any(is_finished(study.runs_folder / run) for run in study.runs)
    if freeze(study.rules, study.frozen_file, started=started) == "changed":
        console.print(
            "The rules for judging claims are not those of the first launch: all verdicts will be exploratory."
        )


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Every request to end is a KeyboardInterrupt, on which the launcher has what runs saved.

    A run in this process catches SIGTERM and SIGUSR2 itself while it trains, saves, and then hands them on to here. So
    Ctrl-C is made SIGTERM, or it would end that run between two lines.
    """
    handlers = {
        signal.SIGINT: lambda *_: signal.raise_signal(signal.SIGTERM),
        signal.SIGTERM: _interrupt,
        signal.SIGUSR2: _interrupt,  # what Slurm sends ahead of a time limit, if asked to
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _: FrameType | None) -> None:
    print("Saving what is running ...", file=sys.stderr)
    raise KeyboardInterrupt(signal.Signals(number).name)
