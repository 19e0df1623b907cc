"""What a claim is: a sentence, where it is from, what evidence it needs, and a judge for each kind of evidence.

The kinds: a study's runs (``Evidence``), the same runs arm by arm (``Arms``), published networks (``Published``), and
the drawn points of the simulation (``Simulated``). A claim has a judge for each kind that can speak to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.claims.published import Published
from harness.claims.verdict import Answer, Verdict
from harness.evidence import Evidence
from harness.rules import Margins
from harness.simulation import Point, Setting


def sureness(level: float) -> str:
    """``95 %`` for a one-sided bound at the level of 0.05."""
    return f"{100 * (1 - level):.4g} %"


@dataclass(frozen=True)
class Terms:
    """What a judge goes by: the study's margins, and the level at which this claim is tested.

    Each end of an interval is a one-sided bound at ``level``, so that two-sided intervals have ``1 - 2 * level``.
    """

    margins: Margins
    level: float

    @property
    def confidence(self) -> float:
        """Of the two-sided interval whose ends are one-sided bounds at the level."""
        return 1 - 2 * self.level

    @property
    def bound(self) -> str:
        """How sure each end of an interval is, in words: ``95 %``, or ``98.33 %`` where Holm shared the level."""
        return sureness(self.level)


@dataclass(frozen=True)
class Arms:
    """A study's runs arm by arm: the evidence of each label, in the order of the study's file."""

    study: str
    evidence: Mapping[str, Evidence]
    refused: Mapping[str, str]


@dataclass(frozen=True)
class Simulated:
    """The points of the simulation and the world they were drawn in."""

    points: Sequence[Point]
    setting: Setting


@dataclass(frozen=True)
class Ruling:
    """What a judge returns: a verdict without the claim's own words."""

    value: float | None
    interval: tuple[float, float] | None
    answer: Answer
    reason: str


def undecided(reason: str, value: float | None = None, interval: tuple[float, float] | None = None) -> Ruling:
    """No decision, and why."""
    return Ruling(value, interval, "undecided", reason)


@dataclass(frozen=True)
class Claim:
    """A claim; ``paper`` has its ids in the project's list of the paper's claims, ``theirs`` the statistic as claimed.

    ``lacks`` says why a study's evidence can't speak to it, and is empty where it can. ``tested`` is whether the rule
    is a test at a level, which a confirmatory claim must be; others decide by a fixed margin.
    """

    name: str
    paper: str
    statement: str
    source: str
    needs: str
    statistic: str
    theirs: str
    tested: bool = True
    study: Callable[[Evidence, Terms], Ruling] | None = None
    lacks: Callable[[Evidence], str] = lambda evidence: ""
    arms: Callable[[Arms, Terms], Ruling] | None = None
    arms_lack: Callable[[Mapping[str, Evidence]], str] = lambda labels: ""
    published: Callable[[Published, Terms], Ruling] | None = None
    published_lacks: Callable[[Published], str] = lambda points: ""
    simulated: Callable[[Simulated, Terms], Ruling] | None = None

    def verdict(self, ruling: Ruling, *, level: float) -> Verdict:
        """The ruling in the claim's words."""
        return Verdict(
            claim=self.name,
            statement=self.statement,
            source=self.source,
            statistic=self.statistic,
            value=ruling.value,
            interval=ruling.interval,
            answer=ruling.answer,
            reason=ruling.reason,
            level=level,
        )
