"""The verb that uploads: finished runs and reports, from our records, to W&B."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json

if TYPE_CHECKING:
    from harness.tracking.shape import Destination
    from harness.tracking.sync import Waiting


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Upload finished runs and reports to W&B, from the records. Type it again at any time.")(sync)


def sync(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STUDY|ID] [KEY=VALUE]...",
            help="A study's runs and its report, or one run; none: all that lies under runtime.output.",
            show_default=False,
        ),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be uploaded; ask no server.")] = False,
    seconds: Annotated[float, typer.Option(help="How long the server may take over one run.", min=1.0)] = 60.0,
    as_json: Json = False,
) -> None:
    """Upload what is not there yet; exit code 1 if something is left."""
    from harness.tracking import window
    from harness.tracking.sync import require_server, waiting

    runs, reports, where = _chosen(words or [])
    server = window.server()
    left, there = waiting(runs, reports, where, server=server)
    problems: dict[str, str] = {}
    uploaded = 0
    if left and not dry_run:
        require_server(server)
        uploaded, problems = _upload_all(left, where, server=server, seconds=seconds, say=_quiet if as_json else print)
    if as_json:
        waits = [{"kind": thing.kind, "name": thing.folder.name} for thing in left]
        tree = {"server": server, "project": where.project, "there": there, "uploaded": uploaded, "waiting": waits}
        print(json.dumps(tree | {"problems": problems}))
    else:
        for thing in left if dry_run else ():
            print(f"would upload {thing.kind} {thing.folder.name}")
        rest = len(left) - uploaded
        print(f"{server}, project {where.project}: {uploaded} uploaded, {there} there already, {rest} left")
    raise typer.Exit(1 if len(left) > uploaded and not dry_run else 0)


def _chosen(words: list[str]) -> "tuple[Iterable[Path], Iterable[Path], Destination]":
    """The run folders and the study folders that are meant, and where they go."""
    from harness.cli.compare import study_words
    from harness.cli.standing import find_run
    from harness.study import load_study, study_names
    from harness.tracking.shape import destination

    bare = [word for word in words if "=" not in word]
    run = bare[0] if len(bare) == 1 and bare[0] not in study_names() else None
    study = load_study(study_words([word for word in words if word != run]))
    where = destination(study.runtime.tracking)
    if run is not None:
        return [find_run(study.runs_folder, run)], [], where
    if bare or any(word.startswith("study") for word in words):
        return [study.runs_folder / run_id for run_id in study.runs], [study.folder], where
    return sorted(study.runs_folder.glob("*")), sorted(study.folder.parent.glob("*")), where


def _upload_all(
    left: "Iterable[Waiting]", where: "Destination", *, server: str, seconds: float, say: Callable[[str], None]
) -> tuple[int, dict[str, str]]:
    """How many were uploaded, and why others were not; once the server does not answer, no more are tried."""
    from harness.tracking import window
    from harness.tracking.sync import upload

    uploaded = 0
    problems: dict[str, str] = {}
    for thing in left:
        problem = upload(thing, where, server=server, seconds=seconds)
        uploaded += problem is None
        ended = "uploaded" if problem is None else f"left ({problem})"
        say(f"{thing.kind} {thing.folder.name}: {ended}")
        if problem is not None:
            problems[thing.folder.name] = problem
            if not window.answers(server):
                say(f"{server} does not answer any more; the same command goes on from here")
                break
    return uploaded, problems


def _quiet(_: str) -> None:
    """Say nothing: the JSON says it all."""
