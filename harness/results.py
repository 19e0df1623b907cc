"""What a study found, as it is kept: ``found.json`` in its folder, a pure function of the records."""

import json
from dataclasses import dataclass
from pathlib import Path

from harness.claims import CLAIMS, Verdict
from harness.claims.claim import sureness
from harness.errors import ConfigError, RecordError
from harness.plots.numerals import ABSENT, interval, number
from harness.power import Power
from harness.schema import from_dict, to_dict

FILE = "found.json"


@dataclass(frozen=True)
class Judged:
    """A verdict in words.

    ``paper`` has the claim's ids in the paper, ``theirs`` the number that it claims, ``ours`` ours with its interval
    and how sure its ends are. ``seen`` is what was known before the claim was named.
    """

    statement: str
    paper: str
    statistic: str
    theirs: str
    ours: str
    answer: str
    standing: str
    reason: str
    seen: str = ""

    @property
    def named_before(self) -> bool:
        """Whether the study named the claim before it ran."""
        return self.standing != "exploratory"


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
    files of its folder, the last two empty where there is none. ``power`` has what studies of its design decide under
    each assumed truth, where it named a claim of which ``plan --power`` speaks. ``cautions`` are what its page warns
    of, in short.
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
    power: tuple[Power, ...] = ()
    cautions: tuple[str, ...] = ()


def in_words(verdict: Verdict) -> Judged:
    """A verdict as the page says it."""
    ours = ABSENT
    if verdict.value is not None:
        ours = number(verdict.value) + (f" [{interval(verdict.interval)}]" if verdict.interval else "")
        if verdict.interval and verdict.level is not None:
            ours += f", one-sided {sureness(verdict.level)}"
    return Judged(
        statement=verdict.statement,
        paper=CLAIMS[verdict.claim].paper,
        statistic=verdict.statistic,
        theirs=CLAIMS[verdict.claim].theirs,
        ours=ours,
        answer=verdict.answer,
        standing=verdict.standing,
        reason=verdict.reason,
        seen=verdict.seen,
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
        return from_dict(Found, json.loads(path.read_text(encoding="utf-8")), where="kept")
    except (OSError, ValueError, ConfigError) as error:
        raise RecordError(f"{path}: can't be read ({error}); `harness keep` writes it anew") from error


def read_all(folder: Path) -> list[Found]:
    """All that is kept in the folder, by name.

    Raises:
        RecordError: a ``found.json`` can't be read.
    """
    return [read_found(path) for path in sorted(folder.glob(f"*/{FILE}"))]
