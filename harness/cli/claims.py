"""The verb on claims: what is claimed, what evidence each needs and what is there; and verdicts on that evidence."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from harness.cli.arguments import Json

if TYPE_CHECKING:
    from harness.basis import Conclusion
    from harness.claims import Simulated, Verdict
    from harness.rules import Frozen, Rules
    from harness.study import Study

_Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STUDY] [KEY=VALUE]...",
        help="A study to judge the claims on, by name or as study=NAME, with Hydra overrides. None: list the claims.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="The paper's claims: what each needs and what is there; with a study, the verdicts.")(claims)


def claims(
    words: _Words = None,
    *,
    published: Annotated[bool, typer.Option("--published", help="Judge them on the published networks.")] = False,
    simulation: Annotated[
        Path | None, typer.Option(help="Judge them on a folder of `harness simulate`, outputs/simulations/NAME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List, or judge on one body of evidence."""
    from harness.study import load_rules

    if words:
        _judge_study(words, as_json=as_json)
    elif published:
        _judge_published(load_rules([]), as_json=as_json)
    elif simulation is not None:
        _show({str(simulation): _judge_simulation(simulation, load_rules([]))}, as_json=as_json)
    else:
        _list(as_json=as_json)


def _judge_study(words: list[str], *, as_json: bool) -> None:
    from harness.cli.compare import study_words
    from harness.cli.tables import show
    from harness.evidence import mixed
    from harness.judging import lacking
    from harness.study import load_study

    study = load_study(study_words(words))
    drawn, frozen = judged(study)
    reasons = lacking(None if mixed(drawn.evidence.runs) else drawn.evidence, drawn.arms)
    if as_json:
        _show({study.name: drawn.verdicts}, as_json=True, lacking=reasons, frozen=frozen)
        return
    _show({study.name: drawn.verdicts}, as_json=False)
    standing = {
        "frozen": "The rules are those that were frozen before the first run.",
        "changed": "The rules are not those that were frozen before the first run: every verdict is exploratory.",
        "not frozen": "No rules were frozen before the first run: every verdict is exploratory.",
    }
    later = any("later code" in verdict.standing for verdict in drawn.verdicts)
    code = " The code that judges is not what it was then, or that was not noted." if later else ""
    show(f"{standing[frozen]}{code}")
    for name, reason in reasons.items():
        show(Text(f"{name}: {reason}.", style="dim"))


def judged(study: "Study") -> "tuple[Conclusion, Frozen]":
    """The verdicts on the study's runs with what they rest on, and whether its rules are the frozen ones.

    Raises:
        FitError: no run has a record, or they are of several models and the study has no arms.
    """
    from harness.basis import conclude
    from harness.rules import compare_with_frozen, frozen_code
    from harness.table import collect

    collected = collect(study.runs, runs_folder=study.runs_folder)
    frozen, code = compare_with_frozen(study.rules, study.frozen_file), frozen_code(study.frozen_file)
    drawn = conclude(collected, study=study.name, rules=study.rules, frozen=frozen, frozen_code=code, arms=study.arms)
    return drawn, frozen


def _judge_published(rules: "Rules", *, as_json: bool) -> None:
    from harness.judging import judge_published
    from harness.paper.networks import published_networks

    verdicts = {points.name: judge_published(points, rules) for points in published_networks()}
    _show({name: found for name, found in verdicts.items() if found}, as_json=as_json)


def _judge_simulation(folder: Path, rules: "Rules") -> "tuple[Verdict, ...]":
    from harness.judging import judge_simulated

    return judge_simulated(read_drawn(folder), rules)


def read_drawn(folder: Path) -> "Simulated":
    """The simulation that ``harness simulate`` left in the folder.

    Raises:
        ConfigError: there is none.
    """
    from harness.claims import Simulated
    from harness.errors import ConfigError
    from harness.simulation.saved import FILE, from_plain

    file = folder / FILE
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: can't be read ({error}); `harness simulate` writes one") from error
    points, setting = from_plain(tree, where=str(file))
    return Simulated(points, setting)


def _show(
    verdicts: "dict[str, tuple[Verdict, ...]]",
    *,
    as_json: bool,
    lacking: dict[str, str] | None = None,
    frozen: str = "",
) -> None:
    from harness.cli.fitting import finite
    from harness.cli.tables import show, verdict_table
    from harness.schema import to_dict

    if as_json:
        said = {name: [finite(to_dict(verdict)) for verdict in found] for name, found in verdicts.items()}
        print(json.dumps({"verdicts": said, "lacking": lacking or {}, "rules": frozen}))
        return
    for name, found in verdicts.items():
        table = verdict_table(found)
        table.title = f"Verdicts on {name}"
        show(table)


def _list(*, as_json: bool) -> None:
    from harness.claims import CLAIMS
    from harness.cli.tables import show, text_table

    there = _what_is_there()
    rows = [
        (claim.name, claim.paper, claim.statement, claim.source, claim.needs, "; ".join(there[name]) or "nothing yet")
        for name, claim in CLAIMS.items()
    ]
    columns = ("claim", "paper's", "statement", "source", "needs", "there")
    if as_json:
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        return
    show(text_table("Claims", columns, rows))


def _what_is_there() -> dict[str, list[str]]:
    """By claim: published networks that can speak to it, simulations drawn, studies that name it with their runs."""
    from harness.claims import CLAIMS
    from harness.paper.networks import published_networks
    from harness.records import is_finished
    from harness.simulation.saved import FILE
    from harness.study import load_rules, load_study, study_names

    there: dict[str, list[str]] = {name: [] for name in CLAIMS}
    sets = published_networks()
    for name, claim in CLAIMS.items():
        speaking = [points for points in sets if claim.published and not claim.published_lacks(points)]
        if speaking:
            there[name].append(f"{len(speaking)} sets of published networks")
        if claim.simulated:
            drawn = sorted(path.parent.name for path in Path("outputs/simulations").glob(f"*/{FILE}"))
            there[name] += [f"simulation {one}" for one in drawn]
    for study_name in study_names():
        named = [name for name in load_rules([f"study={study_name}"]).confirmatory if name in there]
        if not named:
            continue
        study = load_study([f"study={study_name}"])
        done = sum(is_finished(study.runs_folder / run_id) for run_id in study.runs)
        for name in named:
            there[name].append(f"study {study_name}: {done} of {len(study.runs)} runs")
    return there
