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
from harness.plots.numerals import interval, number
from harness.schema import from_dict, to_dict

FILE = "found.json"
_SYMBOLS = {"supported": "✓", "contradicted": "✗", "undecided": "?"}


@dataclass(frozen=True)
class Judged:
    """A verdict in words: ``paper`` has the claim's ids in the paper, ``ours`` the number with its interval."""

    statement: str
    paper: str
    statistic: str
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
class Found:
    """What a study found: how to repeat it, what it cost, its verdicts, and published curves that it was held against.

    ``wall_seconds`` are of training, added over all runs; ``commit`` and ``hardware`` are the records' own.
    ``figure`` is the file name of the study's picture.
    """

    study: str
    question: str
    command: str
    runs: int
    training_flops: float
    wall_seconds: float
    hardware: str
    commit: str
    answer: str
    figure: str
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
        ours=ours,
        answer=verdict.answer,
        standing=verdict.standing,
        reason=verdict.reason,
    )


def write_found(found: Found, folder: Path) -> Path:
    """Write ``found.json`` into the study's folder."""
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
        RecordError: a study's ``found.json`` can't be read.
    """
    page = folder / "README.md"
    page.write_text(render([read_found(path) for path in sorted(folder.glob(f"*/{FILE}"))]), encoding="utf-8")
    return page


def render(results: Sequence[Found]) -> str:
    """The page in Markdown: verdicts first, then each study with its command, cost and picture."""
    lines = [
        "# Results",
        "",
        "Made by `harness keep` from the records of the studies below; each can be repeated by its command.",
        "",
        *_table(
            ("claim", "paper's", "study", "number", "ours [interval]", "verdict", "how far it reaches"),
            [_verdict_row(found, verdict) for found in results for verdict in _foremost(found)],
        ),
    ]
    for found in results:
        lines += ["", *_section(found)]
    return "\n".join(lines) + "\n"


def _foremost(found: Found) -> list[Judged]:
    """Claims that the study named before it ran; all where it named none."""
    named = [verdict for verdict in found.verdicts if verdict.standing == "confirmatory"]
    return named or list(found.verdicts)


def _verdict_row(found: Found, verdict: Judged) -> tuple[str, ...]:
    return (
        verdict.statement,
        verdict.paper,
        f"[{found.study}](#{found.study})",
        verdict.statistic,
        verdict.ours,
        f"{_SYMBOLS[verdict.answer]} {verdict.answer}, {verdict.standing}",
        verdict.reason,
    )


def _section(found: Found) -> list[str]:
    hours = found.wall_seconds / 3600
    lines = [
        f"## {found.study}",
        "",
        found.question,
        "",
        "```",
        *found.command.split(" && "),
        "```",
        "",
        f"{found.runs} runs, {found.training_flops:.1e} training FLOPs, {hours:.2g} hours of training on "
        f"{found.hardware}; commit {found.commit}. {found.answer}",
        "",
        f"[Report]({found.study}/report.html), [table of runs]({found.study}/runs.parquet).",
        "",
        f"![what the study measured]({found.study}/figures/{found.figure})",
    ]
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


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(columns), line(["---"] * len(columns)), *map(line, rows)]
