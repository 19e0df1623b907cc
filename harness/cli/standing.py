"""The verbs that say where runs stand: status, failures, logs, show. None of them imports torch."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json, Overrides
from harness.errors import RecordError

if TYPE_CHECKING:
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
    states = states_of(study)
    if as_json:
        print(json.dumps({"study": study.name, "runs": {name: to_dict(state) for name, state in states.items()}}))
    else:
        show_table(status_table(study, states))
    raise typer.Exit(0 if all(state.state in DONE for state in states.values()) else 1)


def states_of(study: "Study") -> "dict[str, RunState]":
    """Where each run of the study stands now."""
    from harness.states import read_states

    jobs, ask = slurm_words(study)
    return read_states(study.runs, runs_folder=study.runs_folder, now=time.time(), jobs=jobs, ask=ask)


def slurm_words(study: "Study") -> tuple[Mapping[str, str], Callable[[tuple[str, ...]], Mapping[str, str]] | None]:
    """The Slurm job that each run was last submitted in, and a question to Slurm about many jobs at once."""
    return {}, None


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
    from harness.records import read_events

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
