"""The page of all results: made anew from every ``found.json`` beside it, so no number on it is typed by hand."""

from collections.abc import Sequence
from pathlib import Path

from harness.along import LEVEL
from harness.plain_page import SYMBOLS
from harness.plots.numerals import ABSENT, number
from harness.power import Power
from harness.results import Found, Held, Judged, Trained, read_all

MARKS = ("<!-- results: made by harness keep -->", "<!-- end of results -->")


def write_page(folder: Path) -> Path:
    """Write ``README.md``, the page of all results in the folder.

    Raises:
        RecordError: a ``found.json`` can't be read.
    """
    page = folder / "README.md"
    page.write_text(render(read_all(folder)), encoding="utf-8")
    return page


def with_summary(readme: str, results: Sequence[Found]) -> str:
    """A text with the verdicts on claims that were named before a study ran, between the two marks that it has."""
    start, end = MARKS
    if start not in readme or end not in readme:
        return readme
    table = _table(
        ("claim", "the paper's", "ours [interval]", "verdict", "read with", "study"),
        [
            (
                one.statement,
                one.theirs,
                one.ours,
                f"{SYMBOLS[one.answer]} {one.answer}",
                "; ".join((*_standing(one), *found.cautions)),
                f"`{found.name}`",
            )
            for found in results
            for one in found.verdicts
            if one.named_before
        ],
    )
    before, after = readme.split(start)[0], readme.split(end)[1]
    return "\n".join((f"{before}{start}", *table, f"{end}{after}"))


def render(results: Sequence[Found]) -> str:
    """The page in Markdown: verdicts first, then each study with its command, cost and picture."""
    lines = [
        "# Results",
        "",
        "Made by `harness keep` from the records of the studies below, from published figures and from the simulation; "
        "each part can be repeated by its commands. Confirmatory is what a study named, with its rules, before it ran; "
        "judged by later code, where the code that judges was mended after that or was not noted. A one-sided 95 % is "
        "that of each end of an interval.",
        "",
        *_table(
            ("claim", "id", "evidence", "number", "the paper's", "ours [interval]", "verdict", "how far it reaches"),
            _rows(results),
        ),
    ]
    for found in results:
        lines += ["", *_section(found)]
    return "\n".join(lines) + "\n"


def _foremost(found: Found) -> list[Judged]:
    """Claims that the study named before it ran; where it named none and was held against no curve, all."""
    named = [verdict for verdict in found.verdicts if verdict.named_before]
    return named or ([] if found.held else list(found.verdicts))


def _rows(results: Sequence[Found]) -> list[tuple[str, ...]]:
    """The table's rows: claims that were named before, other claims, then curves where a study named no claim."""
    judged = [(found, one) for found in results for one in _foremost(found)]
    judged.sort(key=lambda pair: not pair[1].named_before)
    claims: list[tuple[str, ...]] = [
        (one.statement, one.paper, _link(found), one.statistic, one.theirs, one.ours, _answer(one, found), one.reason)
        for found, one in judged
    ]
    curves: list[tuple[str, ...]] = [
        (
            f"As in {one.curve}.",
            "",
            _link(found),
            one.exponent_of,
            one.published,
            f"{one.ours}, two-sided 95 %",
            "; ".join((_same(one), *found.cautions)),
            one.reason,
        )
        for found in results
        if not _foremost(found)
        for one in found.held
    ]
    return claims + curves


def _link(found: Found) -> str:
    return f"[{found.name}](#{found.name})"


def _same(held: Held) -> str:
    return f"{SYMBOLS[held.answer]} {held.answer}"


def _answer(verdict: Judged, found: Found) -> str:
    said = (f"{SYMBOLS[verdict.answer]} {verdict.answer}, {verdict.standing}", *_seen(verdict), *found.cautions)
    return "; ".join(said)


def _standing(verdict: Judged) -> tuple[str, ...]:
    """What of its standing is more than that it was named before."""
    return (*verdict.standing.split(", ")[1:], *_seen(verdict))


def _seen(verdict: Judged) -> tuple[str, ...]:
    return (f"seen before: {verdict.seen}",) if verdict.seen else ()


def _section(found: Found) -> list[str]:
    links = [f"[Page]({found.name}/{found.page})"]
    if found.table:
        links.append(f"[table]({found.name}/{found.table})")
    lines = [
        f"## {found.name}",
        "",
        found.question,
        "",
        "```",
        *found.command.split(" && "),
        "```",
        "",
        f"{_trained(found.trained)}{found.answer}{''.join(f' {one.capitalize()}.' for one in found.cautions)}",
        "",
        f"{', '.join(links)}.",
    ]
    if found.figure:
        lines += ["", f"![what {found.name} measured]({found.name}/figures/{found.figure})"]
    if found.power:
        lines += ["", *_foreseen(found.power)]
    shown = _foremost(found)
    others = [verdict for verdict in found.verdicts if verdict not in shown and verdict.ours != ABSENT]
    if others:
        lines += ["", "Exploratory, not named before the study ran:", ""]
        lines += _table(
            ("claim", "number", "ours [interval]", "verdict"),
            [(one.statement, one.statistic, one.ours, f"{SYMBOLS[one.answer]} {one.answer}") for one in others],
        )
    if found.held:
        by_chance = number(LEVEL * len(found.held), 1)
        chance = f": were all {len(found.held)} powers as published, {by_chance} or fewer would differ by chance"
        lines += [
            "",
            f"Beside published curves, each tested at {LEVEL:.0%}{chance if len(found.held) > 1 else ''}.",
            "",
        ]
        lines += _table(
            ("curve", "exponent of", "published", "ours [two-sided 95 %]", "the same", "why"),
            [(one.curve, one.exponent_of, one.published, one.ours, one.answer, one.reason) for one in found.held],
        )
    return lines


def _trained(trained: Trained | None) -> str:
    if trained is None:
        return ""
    return (
        f"{trained.runs} runs, {trained.training_flops:.1e} training FLOPs, {trained.wall_seconds / 3600:.2g} hours of "
        f"training on {trained.hardware}; commit {trained.commit}. "
    )


def _foreseen(powers: Sequence[Power]) -> list[str]:
    """What the study could decide by its design, a row an assumed truth."""
    hypotheses = [one.hypothesis for one in powers[0].tests]
    rows = [
        (
            f"{power.compute_exponent:.3g} ({power.truth.name})",
            *(f"{one.right:.0%} ({one.wrong:.0%})" for one in power.tests),
        )
        for power in powers
    ]
    said = (
        "What its budgets and seeds can decide, by `harness plan --power`: the share of simulated studies that decide "
    )
    return [f"{said}rightly (wrongly).", "", *_table(("true compute exponent", *hypotheses), rows)]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(columns), line(["---"] * len(columns)), *map(line, rows)]
