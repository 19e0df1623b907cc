"""The verbs that read results: collect, report, data. None of them imports torch."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.arguments import Json, Overrides

if TYPE_CHECKING:
    from harness.basis import Conclusion
    from harness.evidence import Evidence
    from harness.study import Study

data_app = typer.Typer(help="The data sets: what is here, and getting what is not.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Register this file's verbs."""
    app.command(help="Write a study's runs as one table, CSV or Parquet.")(collect)
    app.command(help="Fit a study's runs, judge the claims, and write the page.")(report)
    app.add_typer(data_app, name="data")


def collect(
    overrides: Overrides = None,
    *,
    to: Annotated[Path | None, typer.Option(help="FILE.csv or FILE.parquet; default: the study's runs.csv.")] = None,
    as_json: Json = False,
) -> None:
    """Read the records of the study's runs and write them as one table."""
    from harness.study import load_study
    from harness.table import collect as read_runs
    from harness.table import of_other_data, refresh_table

    study = load_study(overrides or [])
    collected = read_runs(study.runs, runs_folder=study.runs_folder)
    path = to or study.folder / "runs.csv"
    refresh_table(collected, path, output=study.runs_folder.parent)
    for run_id, reason in collected.unreadable:
        typer.echo(f"left out {run_id}: {reason}", err=True)
    changed = of_other_data(collected.runs)
    if changed:
        typer.echo(f"warning: {changed}", err=True)
    if as_json:
        summary = {"table": str(path), "rows": len(collected.runs), "missing": list(collected.missing)}
        print(json.dumps({**summary, "unreadable": dict(collected.unreadable)}))
    else:
        print(f"{path}: {len(collected.runs)} runs, {len(collected.missing)} missing, "
              f"{len(collected.unreadable)} left out")  # fmt: skip
    raise typer.Exit(1 if collected.missing or collected.unreadable or changed else 0)


def report(overrides: Overrides = None, *, as_json: Json = False) -> None:
    """Everything after the records: a pure function of the files on disk."""
    from harness.cli.finish import say_where, show_verdicts
    from harness.cli.fitting import finite
    from harness.schema import to_dict
    from harness.study import load_study

    study = load_study(overrides or [])
    drawn, page = report_study(study)
    if as_json:
        print(json.dumps({"report": str(page), "verdicts": [finite(to_dict(verdict)) for verdict in drawn.verdicts]}))
    else:
        show_verdicts(drawn.evidence, drawn.verdicts)
        say_where(study, page, **what_next(drawn.evidence))


def what_next(evidence: "Evidence") -> dict[str, Any]:
    """What the last line needs to know: how many seeds there are, and whether every run is there and readable."""
    seeds = 1 + max(evidence.runs["seed"].to_list())
    return {"seeds": seeds, "complete": not evidence.missing and not evidence.unreadable}


def report_study(study: "Study") -> "tuple[Conclusion, Path]":
    """Collect, fit, judge, and write the study's table, figures, page, and what it rests on."""
    from harness.basis import Basis, conclude, write_basis
    from harness.cli.context import make_context
    from harness.report import write_report
    from harness.rules import compare_with_frozen, frozen_code
    from harness.table import collect as read_runs
    from harness.table import refresh_table

    collected = read_runs(study.runs, runs_folder=study.runs_folder)
    frozen, code = compare_with_frozen(study.rules, study.frozen_file), frozen_code(study.frozen_file)
    drawn = conclude(collected, study=study.name, rules=study.rules, frozen=frozen, frozen_code=code, arms=study.arms)
    context = make_context(study, drawn.evidence)
    refresh_table(collected, study.folder / "runs.csv", output=study.runs_folder.parent)
    page = write_report(drawn.evidence, drawn.verdicts, context, study.folder, arms=drawn.arms)
    basis = Basis(
        study=study.name,
        words=study.overrides,
        rules=study.rules,
        frozen=frozen,
        arms=study.arms,
        missing=collected.missing,
        unreadable=dict(collected.unreadable),
        context=context,
        frozen_code=code,
    )
    write_basis(basis, study.folder)
    return drawn, page


@data_app.command("get", help="Bring a data set to this machine.")
def data_get(
    name: Annotated[str, typer.Argument(help="A data set, e.g. fashion_mnist.")],
    *,
    root: Annotated[Path | None, typer.Option(help="Look here first, as data.root does.")] = None,
) -> None:
    """Fetch by the first way that works; the bytes are checked whatever the way."""
    from harness import data

    folder = data.get(name, root)
    print(folder or f"{name} is made from a seed and needs no files")


@data_app.command("list", help="List the data sets and where they are.")
def data_list(*, as_json: Json = False) -> None:
    """What can be trained on now."""
    from harness import data

    rows = [data.status(name) for name in data.DATASETS]
    if as_json:
        print(json.dumps([{"name": row.name, "ready": row.ready, "note": row.note} for row in rows]))
        return
    for row in rows:
        print(f"{row.name:16} {'ready  ' if row.ready else 'missing'} {row.note}")
