"""What a claim answers: supported, contradicted or undecided, with the number it rests on."""

from dataclasses import dataclass
from typing import Literal

Answer = Literal["supported", "contradicted", "undecided"]
Standing = Literal["confirmatory", "confirmatory, judged by later code", "exploratory"]


@dataclass(frozen=True)
class Verdict:
    """One claim held against one body of evidence.

    ``statistic`` names the number in ``value``; ``interval`` holds it (an end may be infinite). Both are None where
    the evidence gives no number. ``reason`` is one plain sentence with the numbers and the range they rest on.
    ``standing`` is confirmatory where the study named the claim before it ran, at the ``level`` that Holm left it, and
    judged by later code where the code that judges is not, or isn't known to be, what it was then. ``seen`` is what was
    known all the same before the claim was named.
    """

    claim: str
    statement: str
    source: str
    statistic: str
    value: float | None
    interval: tuple[float, float] | None
    answer: Answer
    reason: str
    standing: Standing = "exploratory"
    level: float | None = None
    seen: str = ""
