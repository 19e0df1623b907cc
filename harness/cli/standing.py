"""The verbs that say where runs stand: status, failures, logs, show. None of them imports torch."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json, Overrides
from harness.errors import RecordError

if TYPE_CHECKING:
    from harness.launches import Launch
    from harness.states import RunState
    from harness.study import Study

Output = Annotated[Path, typer.Option(help="The folder that runtime.output names.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id, or its first few digits.")]


def add_to(app: typer.Typer) -> None:
    """Register this file's verbs."""
    app.command(help="Say where every run of a study stands, from its files; Slurm is asked about silent runs only.")(
        status
    )
    app.command(help="Say what went wrong: equal failures together, with an example and what to do about each.")(
        failures
    )
    app.command(help="Print what a run said: its events, and the output of its Slurm job if it had one.")(logs)
    app.command(help="Show one run: configuration, result, attempts, failure.")(show)


def status(overrides: Overrides = None, *, as_json: Json = False) -> None:
    """Fold the files of every run into its state; exit code 1 while some run has no record."""
    from harness.cli.tables import show as show_table
    from harness.cli.tables import status_table
    from harness.schema import to_dict
    from harness.states import DONE
    from harness.study import load_study

    study = load_study(overrides or [])
    states, notes = _standing(study)
    if as_json:
        print(
            json.dumps(
                {"study": study.name, "notes": notes, "runs": {name: to_dict(state) for name, state in states.items()}}
            )
        )
    else:
        show_table(status_table(study, states))
        for line in notes:
            print(line)
    raise typer.Exit(0 if all(state.state in DONE for state in states.values()) else 1)


def states_of(study: "Study") -> "dict[str, RunState]":
    """Where each run of the study stands now."""
    return _standing(study)[0]


def _standing(study: "Study") -> "tuple[dict[str, RunState], tuple[str, ...]]":
    """Where each run of the study stands, and what was edited since jobs were sent that have not ended."""
    from harness.launches import ActiveJob
    from harness.states import read_states

    last = _last_launches(study)
    states = read_states(
        dict.fromkeys((*study.runs, *last)),
        runs_folder=study.runs_folder,
        now=time.time(),
        jobs={run: job for run, (job, _) in last.items()},
        ask=_ask_slurm if last else None,
    )
    waiting = [
        ActiveJob(job, states[run].state, launch, (run,))
        for run, (job, launch) in last.items()
        if states[run].state in ("queued", "running")
    ]
    notes: tuple[str, ...] = ()
    if waiting:
        from harness.cli.queue import changes_since_launched

        notes = tuple(changes_since_launched(study, waiting))
    return {run: states[run] for run in study.runs}, notes


def _last_launches(study: "Study") -> "dict[str, tuple[str, Launch]]":
    """The job and the launch that each run was last sent in: of runs of the study, and of launches in its name."""
    from harness.launches import read_launches

    return {
        run: (pack.job, launch)
        for launch in read_launches(Path(study.runtime.output))
        for pack in launch.packs
        for run in pack.runs
        if pack.job and (run in study.runs or launch.study == study.name)
    }


def _ask_slurm(jobs: tuple[str, ...]) -> Mapping[str, str]:
    """Slurm's word for each job; where it can't be asked the files have to do, and that is said."""
    from launch import slurm

    try:
        return slurm.words(jobs)
    except slurm.SlurmError as error:
        typer.echo(f"Slurm is not asked: {error}", err=True)
        return {}


def failures(overrides: Overrides = None, *, as_json: Json = False) -> None:
    """Group what went wrong; exit code 1 if something did, a diverged run apart, since that is a result."""
    from harness.cli.tables import failures_table
    from harness.cli.tables import show as show_table
    from harness.failures import group_failures
    from harness.schema import to_dict
    from harness.study import load_study

    study = load_study(overrides or [])
    found = group_failures(states_of(study), runs_folder=study.runs_folder)
    if as_json:
        print(json.dumps({"study": study.name, "failures": [to_dict(one) for one in found]}))
    elif not found:
        print(f"Study {study.name}: nothing went wrong.")
    else:
        show_table(failures_table(found))
        for one in found:
            if one.traceback:
                print(f"\n{one.fingerprint}, as run {one.example} had it:\n{one.traceback.rstrip()}")
    raise typer.Exit(1 if any(one.kind != "diverged" for one in found) else 0)


def logs(
    run: RunId,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run ends; Ctrl-C is harmless.")
    ] = False,
    output: Output = Path("outputs"),
    as_json: Annotated[bool, typer.Option("--json", help="The events as they are, a line each.")] = False,
) -> None:
    """Everything in the order in which it happened; the job's own output last."""
    from harness.cli.log_text import event_line, follow_events, job_outputs
    from harness.events import read_events

    folder = find_run(output / "runs", run)
    line = json.dumps if as_json else event_line
    try:
        for event in follow_events(folder) if follow else read_events(folder):
            print(line(event), flush=follow)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    for path, text in () if as_json else job_outputs(folder, output):
        print(f"\n== {path}\n{text.rstrip()}")


def show(run: RunId, *, output: Output = Path("outputs"), as_json: Json = False) -> None:
    """All that a run's folder holds, in one mapping."""
    from harness.states import describe_run

    tree = describe_run(find_run(output / "runs", run), now=time.time())
    if as_json:
        print(json.dumps(tree))
        return
    failure = tree.pop("traceback", "")
    print(json.dumps(tree, indent=1))
    if failure:
        print(failure)


def find_run(runs_folder: Path, prefix: str) -> Path:
    """The one folder whose name begins with ``prefix``.

    Raises:
        RecordError: none does, or several.
    """
    names = sorted(path.name for path in runs_folder.glob("*") if path.is_dir() and path.name.startswith(prefix))
    if len(names) != 1:
        found = f"{len(names)} runs begin so: {', '.join(names[:5])}" if names else "no run begins so"
        raise RecordError(f"{runs_folder}/{prefix}: {found}; `harness plan` and `harness status` list the ids")
    return runs_folder / names[0]
