"""The verbs that undo an end: resume what stopped, retry what failed, cancel what is queued."""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Overrides
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.states import RunState
    from harness.study import Study

Quiet = Annotated[bool, typer.Option("--quiet", help="No live display; a line a run.")]
SHOWN = 20  # runs of a list; past that it is a count


def add_to(app: typer.Typer) -> None:
    """Register this file's verbs."""
    app.command(help="Launch what failed, was lost or interrupted, from its checkpoints; shows what is done again.")(
        resume
    )
    app.command(help="Launch what failed, with --failed.")(retry)
    app.command(help="End the queued and running Slurm jobs of a study, or the job that has a run. Asks first.")(cancel)


def resume(overrides: Overrides = None, *, quiet: Quiet = False) -> None:
    """A launch of the runs that an attempt was made at and that came to no record."""
    _launch_again(overrides, states=("failed", "lost", "interrupted"), quiet=quiet)


def retry(
    overrides: Overrides = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="The runs whose last attempt raised.")] = False,
    quiet: Quiet = False,
) -> None:
    """A launch of the failed runs alone."""
    if not failed:
        raise ConfigError("retry: say --failed; `harness resume` also takes what was lost or interrupted")
    _launch_again(overrides, states=("failed",), quiet=quiet)


def _launch_again(overrides: Sequence[str] | None, *, states: Collection[str], quiet: bool) -> None:
    from harness.cli.standing import states_of
    from harness.study import load_study

    study = load_study(overrides or [])
    chosen = {run: state for run, state in states_of(study).items() if state.state in states}
    if not chosen:
        print(f"Study {study.name}: no run is {' or '.join(states)}; `harness launch` trains what was never tried.")
        raise typer.Exit(0)
    raise typer.Exit(_launch(study, chosen, quiet=quiet))


def _launch(study: "Study", chosen: "dict[str, RunState]", *, quiet: bool) -> int:
    from harness.cli.launching import launch_missing
    from harness.plan import plan_runs

    planned = plan_runs((study.runs[run] for run in chosen), runtime=study.runtime)
    for run in planned[:SHOWN]:
        state, kept = chosen[run.id], (study.runs_folder / run.id / "checkpoint.pt").exists()
        start = f"goes on from its checkpoint near step {state.step:,}" if kept else "starts anew"
        print(f"{run.id}  {state.state:11}  {start} of {run.steps:,}  {state.reason}".rstrip())
    if len(planned) > SHOWN:
        print(f"... and {len(planned) - SHOWN} more")
    if study.launcher.name == "slurm":
        from harness.cli.submitting import Sending, submit_missing

        submit_missing(study, planned, how=Sending())
        return 0
    return 1 if launch_missing(study, planned, quiet=quiet) else 0


def cancel(
    named: Annotated[str, typer.Argument(metavar="STUDY|ID", help="A study, or a run's id or its first four digits.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: Annotated[Path, typer.Option(help="The folder that runtime.output names.")] = Path("outputs"),
) -> None:
    """Only jobs of launches into this output folder, and of them only what has not ended; what runs saves first."""
    from harness.cli.queue import active, said_by_slurm
    from harness.cli.tables import plural
    from harness.launches import is_named
    from launch import slurm

    found = {job.id: job for job in active(output) if is_named(job, named)}
    if not found:
        print(f"No job of {named} that was launched into {output} is queued or running.")
        raise typer.Exit(0)
    runs = sum(len(job.runs) for job in found.values())
    jobs = sorted(found)
    what = f"{plural(len(jobs), 'job')} with {plural(runs, 'run')}: {' '.join(jobs[:SHOWN])}"
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"cancel: would end {what}; say --yes where there is no one to ask")
        typer.confirm(f"End {what}?", abort=True)
    with said_by_slurm():
        slurm.cancel(jobs)
    print(f"Ended {what}. What ran is saved; `harness resume` goes on from there.")
