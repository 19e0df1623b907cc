"""The verb ``keep``: a page with what it rests on, kept in a folder of the project, and the page of all results."""

import shlex
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Overrides

if TYPE_CHECKING:
    from harness.basis import Conclusion
    from harness.power import Power
    from harness.results import Found, Held
    from harness.rules import Rules
    from harness.study import Study


_FORESEEN = frozenset({"fourth_power", "ninth_power", "power_law"})  # claims that ``plan --power`` simulates


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Keep what a study found, the paper's page or a simulation, and write the page of all results.")(
        keep
    )


def keep(
    overrides: Overrides = None,
    *,
    curves: Annotated[
        list[str] | None, typer.Option("--with", help="Published curves to hold it against, as for compare.")
    ] = None,
    published: Annotated[bool, typer.Option("--published", help="Keep the page of `harness paper` instead.")] = False,
    simulation: Annotated[
        Path | None, typer.Option(help="Keep a folder of `harness simulate`, outputs/simulations/NAME, instead.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make every kept study's page from its table again, as pages are now.")
    ] = False,
    to: Annotated[Path, typer.Option(help="The folder of all results.")] = Path("docs/results"),
) -> None:
    """Keep a page, its table, figure and verdicts under ``to``, and write ``to``/README.md.

    Raises:
        FitError: nothing has been trained, or nothing could be fitted.
        ConfigError: a study and something else, or no simulation in the folder.
    """
    from harness.errors import ConfigError
    from harness.results import read_all, write_found
    from harness.results_page import with_summary, write_page

    if sum(map(bool, (overrides or curves, published, simulation, again))) > 1:
        raise ConfigError("keep: a study, --published, --simulation FOLDER or --again, one at a time")
    if published:
        kept = [_keep_published(to)]
    elif simulation:
        kept = [_keep_simulation(simulation, to)]
    elif again:
        kept = [_make_again(found, to / found.name) for found in read_all(to) if found.trained]
    else:
        kept = [_keep_study(overrides or [], curves or [], to)]
    for found in kept:
        write_found(found, to / found.name)
        print(f"Kept     {(to / found.name).resolve()}")
    index = write_page(to)
    if (readme := to.parent.parent / "README.md").is_file():
        readme.write_text(with_summary(readme.read_text(encoding="utf-8"), read_all(to)), encoding="utf-8")
    print(f"Page     {index.resolve()}")


def _keep_study(overrides: list[str], curves: list[str], to: Path) -> "Found":
    from harness.basis import FILE as BASIS
    from harness.basis import read_runs
    from harness.cli.reading import report_study
    from harness.html import writing_into
    from harness.study import load_study
    from harness.table import write_table

    study = load_study(overrides)
    drawn, page = report_study(study)
    if missing := drawn.evidence.missing:
        typer.echo(f"{len(missing)} runs of the study have no record; the verdicts rest on the others", err=True)
    folder, found = to / study.folder.name, _found(study, drawn, curves)
    with writing_into(folder / "figures"):
        for source in (page, study.folder / BASIS, study.folder / "figures" / found.figure):
            shutil.copyfile(source, folder / source.relative_to(study.folder))
        write_table(read_runs(study.folder), folder / found.table)
    return found


def _make_again(found: "Found", folder: Path) -> "Found":
    """The page, figure and verdicts from the table that is kept, by what the program is now."""
    from harness.basis import rebuild
    from harness.report import answer, write_report
    from harness.results import in_words

    rebuilt = rebuild(folder)
    drawn = rebuilt.conclusion
    with tempfile.TemporaryDirectory() as place:
        page = write_report(drawn.evidence, drawn.verdicts, rebuilt.basis.context, Path(place), arms=drawn.arms)
        for source in (page, Path(place) / "figures" / found.figure):
            shutil.copyfile(source, folder / source.relative_to(place))
    return replace(
        found,
        answer=answer(drawn.evidence, drawn.verdicts),
        verdicts=tuple(map(in_words, drawn.verdicts)),
        held=_held(rebuilt.basis.rules, drawn, list(dict.fromkeys(one.curve for one in found.held))),
        power=_power(rebuilt.basis.rules, drawn),
        cautions=rebuilt.basis.context.cautions,
    )


def _keep_published(to: Path) -> "Found":
    from harness.html import write_page, writing_into
    from harness.judging import judge_published
    from harness.paper.checked import check
    from harness.paper.networks import leading_networks
    from harness.paper.page import answer, render
    from harness.paper.torchvision_weights import read_weights
    from harness.results import Found, in_words
    from harness.study import load_rules

    checked, rules = check(read_weights()), load_rules([])
    found = Found(
        name="paper",
        question="Which of the paper's own numbers come out again from the figures that were published?",
        command="harness paper && harness claims --published && harness keep --published",
        answer=answer(checked),
        verdicts=tuple(
            replace(in_words(verdict), statistic=f"{verdict.statistic}; {points.name}")
            for points in leading_networks()
            for verdict in judge_published(points, rules)
        ),
    )
    with writing_into(to / found.name):
        write_page(render(checked), to / found.name / found.page)
    return found


def _keep_simulation(drawn: Path, to: Path) -> "Found":
    from harness.cli.claims import read_drawn
    from harness.html import writing_into
    from harness.judging import judge_simulated
    from harness.results import Found, in_words
    from harness.simulation.answers import findings
    from harness.simulation.saved import FILE
    from harness.simulation_page import NAME, answer
    from harness.study import load_rules

    simulated = read_drawn(drawn)
    found = Found(
        name="linear_simulation",
        question="What is it worth, in data and in computation, to know which features matter?",
        command=f"harness simulate && harness keep --simulation {drawn}",
        answer=answer(findings(simulated.points, simulated.setting), simulated.setting),
        page=f"{NAME}.html",
        table=FILE,
        figure="error_against_examples.svg",
        verdicts=tuple(map(in_words, judge_simulated(simulated, load_rules([])))),
    )
    with writing_into(to / found.name / "figures"):
        for name in (found.page, FILE, f"figures/{found.figure}"):
            shutil.copyfile(drawn / name, to / found.name / name)
    return found


def _found(study: "Study", drawn: "Conclusion", curves: list[str]) -> "Found":
    from harness.cli.context import make_context
    from harness.report import answer
    from harness.results import Found, Trained, in_words

    context, runs = make_context(study, drawn.evidence), drawn.evidence.runs
    trained = Trained(
        runs=len(runs),
        training_flops=float(runs["training_flops"].sum()),
        wall_seconds=float(runs["wall_seconds"].sum()),
        hardware=context.hardware,
        commit=context.commit,
    )
    return Found(
        name=study.folder.name,
        question=study.question,
        command=_command(study, curves),
        answer=answer(drawn.evidence, drawn.verdicts),
        trained=trained,
        table="runs.parquet",
        figure="arms.svg" if drawn.arms else "error_against_flops.svg",
        verdicts=tuple(map(in_words, drawn.verdicts)),
        held=_held(study.rules, drawn, curves),
        power=_power(study.rules, drawn),
        cautions=context.cautions,
    )


def _command(study: "Study", curves: list[str]) -> str:
    words = shlex.join(study.overrides)
    return f"harness launch {words} && harness keep {words}{''.join(f' --with {name}' for name in curves)}"


def _power(rules: "Rules", drawn: "Conclusion") -> "tuple[Power, ...]":
    """What the runs' budgets and seeds can decide, for a study of budgets that named a claim of which power speaks."""
    from harness.choices import read_choice
    from harness.power import Assumptions, design, power_of

    runs = drawn.evidence.runs
    if not _FORESEEN.intersection(rules.confirmatory) or runs["budget_flops"].has_nulls():
        return ()
    return power_of(
        design(runs["training_flops"].to_list(), runs["cell"].to_list()),
        read_choice(Assumptions, "power", "default"),
        chance_error=drawn.evidence.chance_error,
    )


def _held(rules: "Rules", drawn: "Conclusion", curves: list[str]) -> "tuple[Held, ...]":
    from harness.compare import compare_with
    from harness.compare.page import comparison_rows
    from harness.published import choose
    from harness.results import Held

    if not curves:
        return ()
    rows = compare_with(choose(curves), drawn.evidence, factor=rules.margins.same_factor, arms=drawn.arms)
    return tuple(
        Held(curve, exponent_of, published, ours, same, why)
        for curve, exponent_of, same, published, ours, _, why in comparison_rows(rows)
        if ours
    )
