"""The verb ``keep``: what a study found, kept in a folder of the project, and the page of all results."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Overrides

if TYPE_CHECKING:
    from harness.basis import Conclusion
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
    from harness.results import write_found, write_page
    from harness.study import load_study
    from harness.table import write_table

    study = load_study(overrides or [])
    drawn, page = report_study(study)
    held = _held(study, drawn, curves) if curves else ()
    folder, found = to / study.folder.name, _found(study, drawn, held)
    with writing_into(folder / "figures"):
        for source in (page, study.folder / BASIS, study.folder / "figures" / found.figure):
            shutil.copyfile(source, folder / source.relative_to(study.folder))
        write_table(read_runs(study.folder), folder / "runs.parquet")
        write_found(found, folder)
        index = write_page(to)
    if missing := drawn.evidence.missing:
        typer.echo(f"{len(missing)} runs of the study have no record; the verdicts rest on the others", err=True)
    print(f"Kept     {folder.resolve()}")
    print(f"Page     {index.resolve()}")


def _found(study: "Study", drawn: "Conclusion", held: "tuple[Held, ...]") -> "Found":
    from harness.cli.context import make_context
    from harness.report import answer
    from harness.results import Found, in_words

    context, runs = make_context(study, drawn.evidence), drawn.evidence.runs
    return Found(
        study=study.folder.name,
        question=study.question,
        command=context.command,
        runs=len(runs),
        training_flops=float(runs["training_flops"].sum()),
        wall_seconds=float(runs["wall_seconds"].sum()),
        hardware=context.hardware,
        commit=context.commit,
        answer=answer(drawn.evidence, drawn.verdicts),
        figure="arms.svg" if drawn.arms else "error_against_flops.svg",
        verdicts=tuple(map(in_words, drawn.verdicts)),
        held=held,
    )


def _held(study: "Study", drawn: "Conclusion", curves: list[str]) -> "tuple[Held, ...]":
    from harness.compare import compare_with
    from harness.compare.page import comparison_rows
    from harness.published import choose
    from harness.results import Held

    rows = compare_with(choose(curves), drawn.evidence, factor=study.rules.margins.same_factor, arms=drawn.arms)
    return tuple(
        Held(curve, exponent_of, published, ours, same, why)
        for curve, exponent_of, same, published, ours, _, why in comparison_rows(rows)
    )
