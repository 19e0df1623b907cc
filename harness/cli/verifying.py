"""The verb ``verify``: does a report say what its runs say?"""

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.arguments import Json


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Make a report again from its runs, and say whether it is the same.")(verify)


def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.html, or the folder that it lies in.")],
    *,
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
    study = load_study(rebuilt.basis.words)
    collected = collect(study.runs, runs_folder=study.runs_folder)
    findings = [check_page(folder, rebuilt), check_table(folder, collected)]
    if as_json:
        print(json.dumps([to_dict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.answer:12} {finding.what}: {finding.detail}")
    raise typer.Exit(1 if any(finding.answer == "different" for finding in findings) else 0)
