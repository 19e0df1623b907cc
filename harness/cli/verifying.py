"""The verb ``verify``: does a report say what its runs say?"""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json

if TYPE_CHECKING:
    from harness.study import Study
    from harness.table import Collected
    from harness.verification import Finding


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Make a report again from its runs, and say whether it is the same.")(verify)


def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.html, or the folder that it lies in.")],
    *,
    rerun: Annotated[int, typer.Option(min=0, metavar="K", help="Also train so many of its runs again.")] = 0,
    seed: Annotated[int, typer.Option(help="Which runs are drawn for that.")] = 0,
    elsewhere: Annotated[
        Path | None,
        typer.Option(metavar="OUTPUTS", help="Compare with runs trained anew, in another folder of outputs."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare the page with its table and the table with the records; exit code 1 where a number differs."""
    from harness.basis import rebuild
    from harness.schema import to_dict
    from harness.study import load_study
    from harness.table import collect
    from harness.verification import check_page, check_table

    folder = report.parent if report.suffix == ".html" else report
    rebuilt = rebuild(folder)
    study = load_study([*rebuilt.basis.words, *([f"runtime.output={elsewhere}"] if elsewhere else [])])
    collected = collect(study.runs, runs_folder=study.runs_folder)
    findings = [check_page(folder, rebuilt), check_table(folder, collected, elsewhere=elsewhere is not None)]
    if rerun:
        findings += _train_again(study, collected, count=rerun, seed=seed)
    if as_json:
        print(json.dumps([to_dict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.answer:17} {finding.what}: {finding.detail}")
    raise typer.Exit(1 if any(finding.answer == "different" for finding in findings) else 0)


def _train_again(study: "Study", collected: "Collected", *, count: int, seed: int) -> "list[Finding]":
    """Train some runs once more, where nothing of the study's lies."""
    from harness.rerun import rerun
    from harness.verification import Finding

    if collected.runs.is_empty():
        return [Finding("runs, trained again", "not checked", "no record of these runs is here")]
    with tempfile.TemporaryDirectory(prefix="harness-verify-") as place:
        return list(
            rerun(study.runs, count=count, seed=seed, runtime=study.runtime, table=collected.runs, place=Path(place))
        )
