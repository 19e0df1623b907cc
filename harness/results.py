"""Results as they are kept: a folder a study, and one page with the verdicts of all of them.

``found.json`` has what a study found; the page ``README.md`` is made anew from every ``found.json`` beside it, so no
number on it is typed by hand. Both are pure functions of the records.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.claims import CLAIMS, Verdict
from harness.errors import RecordError
from harness.plots.numerals import ABSENT, interval, number
from harness.schema import from_dict, to_dict

FILE = "found.json"
MARKS = ("<!-- results: made by harness keep -->", "<!-- end of results -->")
_SYMBOLS = {"supported": "✓", "contradicted": "✗", "undecided": "?"}


@dataclass(frozen=True)
class Judged:
    """A verdict in words.

    ``paper`` has the claim's ids in the paper, ``theirs`` the number that it claims, ``ours`` ours with its interval.
    """

    statement: str
    paper: str
    statistic: str
    theirs: str
    ours: str
    answer: str
    standing: str
    reason: str


@dataclass(frozen=True)
class Held:
    """An exponent of the study beside a published one, in words."""

    curve: str
    exponent_of: str
    published: str
    ours: str
    answer: str
    reason: str


@dataclass(frozen=True)
class Trained:
    """What a study trained: seconds of training added over all runs; ``commit`` and ``hardware`` as its records say."""

    runs: int
    training_flops: float
    wall_seconds: float
    hardware: str
    commit: str


@dataclass(frozen=True)
class Found:
    """What a body of evidence found: how to repeat it, its verdicts, and published curves that it was held against.

    ``trained`` is None where published figures or a simulation are the evidence. ``page``, ``table`` and ``figure`` are
    files of its folder, the last two empty where there is none.
    """

    name: str
    question: str
    command: str
    answer: str
    trained: Trained | None = None
    page: str = "report.html"
    table: str = ""
    figure: str = ""
    verdicts: tuple[Judged, ...] = ()
    held: tuple[Held, ...] = ()


def in_words(verdict: Verdict) -> Judged:
    """A verdict as the page says it."""
    ours = "–"
    if verdict.value is not None:
        ours = number(verdict.value) + (f" [{interval(verdict.interval)}]" if verdict.interval else "")
    return Judged(
        statement=verdict.statement,
        paper=CLAIMS[verdict.claim].paper,
        statistic=verdict.statistic,
        theirs=CLAIMS[verdict.claim].theirs,
        ours=ours,
        answer=verdict.answer,
        standing=verdict.standing,
        reason=verdict.reason,
    )


def write_found(found: Found, folder: Path) -> Path:
    """Write ``found.json`` into the folder."""
    path = folder / FILE
    path.write_text(json.dumps(to_dict(found), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def read_found(path: Path) -> Found:
    """Read what ``write_found`` wrote.

    Raises:
        RecordError: it is no such file.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: can't be read ({error}); `harness keep` writes it anew") from error
    return from_dict(Found, tree, where=str(path))


def write_page(folder: Path) -> Path:
    """Write ``README.md``, the page of all results in the folder.

    Raises:
        RecordError: a ``found.json`` can't be read.
    """
    page = folder / "README.md"
    page.write_text(render(read_all(folder)), encoding="utf-8")
    return page


def read_all(folder: Path) -> list[Found]:
    """All that is kept in the folder, by name.

    Raises:
        RecordError: a ``found.json`` can't be read.
    """
    return [read_found(path) for path in sorted(folder.glob(f"*/{FILE}"))]


def with_summary(readme: str, results: Sequence[Found]) -> str:
    """A text with the verdicts on claims that were named before a study ran, between the two marks that it has."""
    start, end = MARKS
    if start not in readme or end not in readme:
        return readme
    table = _table(
        ("claim", "the paper's", "ours [interval]", "verdict", "study"),
        [
            (one.statement, one.theirs, one.ours, f"{_SYMBOLS[one.answer]} {one.answer}", f"`{found.name}`")
            for found in results
            for one in found.verdicts
            if one.standing == "confirmatory"
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
        "each part can be repeated by its commands.",
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
    named = [verdict for verdict in found.verdicts if verdict.standing == "confirmatory"]
    return named or ([] if found.held else list(found.verdicts))


def _rows(results: Sequence[Found]) -> list[tuple[str, ...]]:
    """The table's rows: claims that were named before, other claims, then curves where a study named no claim."""
    judged = [(found, one) for found in results for one in _foremost(found)]
    judged.sort(key=lambda pair: pair[1].standing != "confirmatory")
    claims: list[tuple[str, ...]] = [
        (one.statement, one.paper, _link(found), one.statistic, one.theirs, one.ours, _answer(one), one.reason)
        for found, one in judged
    ]
    curves: list[tuple[str, ...]] = [
        (f"As in {one.curve}.", "", _link(found), one.exponent_of, one.published, one.ours, _same(one), one.reason)
        for found in results
        if not _foremost(found)
        for one in found.held
    ]
    return claims + curves


def _link(found: Found) -> str:
    return f"[{found.name}](#{found.name})"


def _same(held: Held) -> str:
    return f"{_SYMBOLS.get(held.answer, ABSENT)} {held.answer}"


def _answer(verdict: Judged) -> str:
    return f"{_SYMBOLS[verdict.answer]} {verdict.answer}, {verdict.standing}"


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
        f"{_trained(found.trained)}{found.answer}",
        "",
        f"{', '.join(links)}.",
    ]
    if found.figure:
        lines += ["", f"![what {found.name} measured]({found.name}/figures/{found.figure})"]
    others = [verdict for verdict in found.verdicts if verdict not in _foremost(found)]
    if others:
        lines += ["", "Exploratory, not named before the study ran:", ""]
        lines += _table(
            ("claim", "number", "ours [interval]", "verdict"),
            [(one.statement, one.statistic, one.ours, f"{_SYMBOLS[one.answer]} {one.answer}") for one in others],
        )
    if found.held:
        lines += ["", "Beside published curves:", ""]
        lines += _table(
            ("curve", "exponent of", "published", "ours [95 %]", "the same", "why"),
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


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(columns), line(["---"] * len(columns)), *map(line, rows)]
