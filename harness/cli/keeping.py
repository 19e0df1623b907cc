"""The verb ``keep``: what a study found, kept in a folder of the project, and the page of all results."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Overrides

if TYPE_CHECKING:
    from harness.claims import Verdict
    from harness.evidence import Evidence
    from harness.results import Found, Held
    from harness.study import Study


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Keep what a study found, and write the page of all results.")(keep)


def keep(
    overrides: Overrides = None,
    *,
    curves: Annotated[
        list[str] | None, typer.Option("--with", help="Published curves to hold it against, as for compare.")
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder of all results.")] = Path("docs/results"),
) -> None:
    """Report on the study, keep its page, table, figure and verdicts under ``to``, and write ``to``/README.md.

    Raises:
        FitError: nothing has been trained, or nothing could be fitted.
    """
    from harness.basis import FILE as BASIS
    from harness.basis import read_runs
    from harness.cli.reading import report_study
    from harness.html import writing_into
    from harness.results import FIGURE, write_found, write_page
    from harness.study import load_study
    from harness.table import write_table

    study = load_study(overrides or [])
    evidence, verdicts, page = report_study(study)
    held = _held(study, evidence, curves) if curves else ()
    folder = to / study.folder.name
    with writing_into(folder / "figures"):
        for source in (page, study.folder / BASIS, study.folder / "figures" / FIGURE):
            shutil.copyfile(source, folder / source.relative_to(study.folder))
        write_table(read_runs(study.folder), folder / "runs.parquet")
        write_found(_found(study, evidence, verdicts, held), folder)
        index = write_page(to)
    if evidence.missing:
        typer.echo(
            f"{len(evidence.missing)} runs of the study have no record; the verdicts rest on the others", err=True
        )
    print(f"Kept     {folder.resolve()}")
    print(f"Page     {index.resolve()}")


def _found(study: "Study", evidence: "Evidence", verdicts: "tuple[Verdict, ...]", held: "tuple[Held, ...]") -> "Found":
    from harness.cli.context import make_context
    from harness.report import answer
    from harness.results import Found, in_words

    context, runs = make_context(study, evidence), evidence.runs
    return Found(
        study=study.folder.name,
        question=study.question,
        command=context.command,
        runs=len(runs),
        training_flops=float(runs["training_flops"].sum()),
        wall_seconds=float(runs["wall_seconds"].sum()),
        hardware=context.hardware,
        commit=context.commit,
        answer=answer(evidence, verdicts),
        verdicts=tuple(map(in_words, verdicts)),
        held=held,
    )


def _held(study: "Study", evidence: "Evidence", curves: list[str]) -> "tuple[Held, ...]":
    from harness.compare import compare_with
    from harness.compare.page import comparison_rows
    from harness.judging import gather_arms
    from harness.published import choose
    from harness.results import Held
    from harness.table import collect

    collected = collect(study.runs, runs_folder=study.runs_folder)
    arms = gather_arms(study.name, study.arms, collected, exclusions=study.rules.exclusions)
    rows = compare_with(choose(curves), evidence, factor=study.rules.margins.same_factor, arms=arms)
    return tuple(
        Held(curve, exponent_of, published, ours, same, why)
        for curve, exponent_of, same, published, ours, _, why in comparison_rows(rows)
    )
