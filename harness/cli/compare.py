"""The verbs on published curves: what there is, and a study beside them. None of them imports torch."""

import json
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json

if TYPE_CHECKING:
    from harness.published import Curve

published_app = typer.Typer(help="Published scaling curves, with units and sources.", no_args_is_help=True)

_Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STUDY [KEY=VALUE]...",
        help="A study's name, or study=NAME, and Hydra overrides as for report.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register this file's verbs."""
    app.command(help="Hold a study's exponents against published curves, and draw them on the same axes.")(compare)
    app.add_typer(published_app, name="published")


def compare(
    overrides: _Overrides = None,
    *,
    curves: Annotated[
        list[str],
        typer.Option(
            "--with",
            help="Papers or curves with commas between: kaplan2020,rosenfeld2020/cifar10, or a file of your own, "
            "mine.yaml. May be repeated.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Fit the study along each curve's axes and test whether the exponents are the same."""
    from harness.basis import gather_all
    from harness.cli.fitting import finite
    from harness.cli.tables import show, text_table
    from harness.compare import compare_with
    from harness.compare.page import COLUMNS, comparison_rows, write_comparison
    from harness.published import choose
    from harness.study import load_study
    from harness.table import collect

    chosen = choose(curves)
    study = load_study(study_words(overrides or []))
    collected = collect(study.runs, runs_folder=study.runs_folder)
    evidence, arms = gather_all(collected, study=study.name, rules=study.rules, arms=study.arms)
    rows = compare_with(chosen, evidence, factor=study.rules.margins.same_factor, arms=arms)
    command = shlex.join(["harness", "compare", *study.overrides, "--with", ",".join(curves)])
    page = write_comparison(rows, chosen, evidence, command=command, folder=study.folder)
    if as_json:
        said = [dict(zip(COLUMNS, row, strict=True)) for row in comparison_rows(rows)]
        numbers = [
            {"difference": row.difference, "interval": row.interval, "value": row.measured and row.measured.value}
            for row in rows
        ]
        print(json.dumps(finite({"page": str(page), "rows": [a | b for a, b in zip(said, numbers, strict=True)]})))
        return
    show(text_table(f"Study {study.name} beside published curves", COLUMNS, comparison_rows(rows)))
    show(f"Page     {page.resolve()}")


def study_words(words: list[str]) -> list[str]:
    """Overrides in which a bare word names the study."""
    return [word if "=" in word else f"study={word}" for word in words]


@published_app.command("list", help="Every published curve: what it is of, its powers, where it is from.")
def published_list(*, as_json: Json = False) -> None:
    """One row a curve."""
    from harness.cli.tables import show, text_table
    from harness.compare.page import exponent_text
    from harness.published import catalogue
    from harness.schema import to_dict

    papers = catalogue()
    every = [curve for paper in papers.values() for curve in paper.curves.values()]
    if as_json:
        print(json.dumps([to_dict(curve) for curve in every]))
        return
    rows = [
        (
            curve.name,
            curve.what,
            ", ".join(f"{axis.replace('_', ' ')} {exponent_text(one)}" for axis, one in curve.exponents.items()) or
            (f"{len(curve.points)} points" if curve.points else curve.law or "levels"),
            curve.mark,
        )
        for curve in every
    ]  # fmt: skip
    show(text_table("Published curves", ("curve", "what", "powers", "mark"), rows))


@published_app.command("show", help="One paper or curve in full: form, parameters, uncertainty, units, source, place.")
def published_show(
    name: Annotated[str, typer.Argument(help="A paper, paper/curve, or a file of your own.")], *, as_json: Json = False
) -> None:
    """Everything that the file says."""
    from harness.published import find
    from harness.schema import to_dict

    chosen = find(name)
    if as_json:
        print(json.dumps([to_dict(curve) for curve in chosen]))
        return
    print("\n\n".join("\n".join(_lines(curve)) for curve in chosen))


def _lines(curve: "Curve") -> list[str]:
    from harness.compare.page import formula_lines, unit_lines, yardstick_rows

    lines = [curve.name, f"  what         {curve.what}"]
    lines += [f"  {'form' if not number else '':12} {line}" for number, line in enumerate(formula_lines(curve))]
    lines += [f"  {'units' if not number else '':12} {line}" for number, line in enumerate(unit_lines(curve))]
    lines += [
        f"  {'points' if not number else '':12} {point.x:g}  {point.y:g}  {point.label}".rstrip()
        for number, point in enumerate(curve.points)
    ]
    lines += [f"  implies      compute exponent {row[2]}, from {row[3]}" for row in yardstick_rows([curve])]
    lines += [f"  uncertainty  {curve.uncertainty}", f"  source       {curve.paper}", f"  place        {curve.place}"]
    lines.append(f"  mark         {curve.mark}")
    return [*lines, f"  note         {curve.note}"] if curve.note else lines
