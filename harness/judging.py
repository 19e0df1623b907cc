"""Claims held against evidence: the confirmatory ones of a study by Holm's procedure, all others one by one.

A confirmatory claim was named in the study's file before it ran, and its rule is a test at a level. Holm (1979) tests
all of them at level / m; those that are decided are set aside, and the rest are tested at level / (m - decided), until
none is decided any more. So the chance of any wrong decision among them is at most the level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from harness.claims import CLAIMS, Arms, Claim, Published, Ruling, Simulated, Terms, Verdict
from harness.claims.verdict import Standing
from harness.errors import ConfigError, FitError
from harness.evidence import Evidence, gather
from harness.rules import Exclusions, Frozen, Rules, judging_code
from harness.schema import unknown
from harness.table import Collected

Judge = Callable[[Terms], Ruling]


def gather_arms(
    study: str, arms: Mapping[str, Sequence[str]], collected: Collected, *, exclusions: Exclusions
) -> Arms | None:
    """The evidence of each arm's runs (ids by label); None where the study has no arms.

    An arm without a finished run stands among the refused.
    """
    if not arms:
        return None
    evidence: dict[str, Evidence] = {}
    refused: dict[str, str] = {}
    for label, ids in arms.items():
        own = Collected(
            runs=collected.runs.filter(pl.col("run_id").is_in(list(ids))),
            missing=tuple(one for one in collected.missing if one in ids),
            unreadable=tuple(one for one in collected.unreadable if one[0] in ids),
        )
        try:
            evidence[label] = gather(f"{study}, arm {label}", own, exclusions=exclusions)
        except FitError as refusal:
            refused[label] = str(refusal)
    return Arms(study, evidence, refused)


def judge_study(
    evidence: Evidence | None,
    rules: Rules,
    *,
    arms: Arms | None = None,
    frozen: Frozen = "not frozen",
    frozen_code: str = "",
) -> tuple[Verdict, ...]:
    """A verdict on every claim that the study can speak to, in the registry's order.

    ``frozen_code`` is the digest of the judging code that was frozen with the rules.

    Raises:
        ConfigError: a confirmatory claim that there isn't, or whose rule is no test at a level.
    """
    judges = {
        name: judge for name, claim in CLAIMS.items() if (judge := study_judge(claim, evidence, arms)) is not None
    }
    named = _confirmatory(rules)
    confirmatory = [name for name in named if name in judges] if frozen == "frozen" else []
    standing: Standing = "confirmatory" if frozen_code == judging_code() else "confirmatory, judged by later code"
    verdicts = _judge(judges, confirmatory, rules, family=len(named))
    return tuple(
        replace(one, standing=standing, seen=rules.seen) if one.claim in confirmatory else one for one in verdicts
    )


def study_judge(claim: Claim, evidence: Evidence | None, arms: Arms | None) -> Judge | None:
    """The claim's judge with this evidence in its hands; None where the study lacks what it needs."""
    if evidence is not None and claim.study is not None and not claim.lacks(evidence):
        of_study = claim.study
        return lambda terms: of_study(evidence, terms)
    if arms is not None and claim.arms is not None and not claim.arms_lack(arms.evidence):
        of_arms = claim.arms
        return lambda terms: of_arms(arms, terms)
    return None


def lacking(evidence: Evidence | None, arms: Arms | None) -> dict[str, str]:
    """Claims that the study can't speak to, with what it lacks."""
    reasons = {}
    for name, claim in CLAIMS.items():
        if study_judge(claim, evidence, arms) is None:
            reasons[name] = _lack(claim, evidence, arms)
    return reasons


def _lack(claim: Claim, evidence: Evidence | None, arms: Arms | None) -> str:
    if claim.arms is not None:
        return claim.arms_lack(arms.evidence if arms else {})
    if claim.study is not None and evidence is not None:
        return claim.lacks(evidence)
    return f"it needs {claim.needs}"


def judge_published(points: Published, rules: Rules) -> tuple[Verdict, ...]:
    """A verdict on every claim that published networks can speak to; exploratory, since the data were there first."""
    judges: dict[str, Judge] = {}
    for name, claim in CLAIMS.items():
        if claim.published is not None and not claim.published_lacks(points):
            judges[name] = lambda terms, judge=claim.published: judge(points, terms)  # type: ignore[misc]
    return _judge(judges, (), rules, family=0)


def judge_simulated(simulated: Simulated, rules: Rules) -> tuple[Verdict, ...]:
    """A verdict on every claim about the simulation."""
    judges: dict[str, Judge] = {}
    for name, claim in CLAIMS.items():
        if claim.simulated is not None:
            judges[name] = lambda terms, judge=claim.simulated: judge(simulated, terms)  # type: ignore[misc]
    return _judge(judges, (), rules, family=0)


def _judge(
    judges: Mapping[str, Judge], confirmatory: Sequence[str], rules: Rules, *, family: int
) -> tuple[Verdict, ...]:
    def verdict(name: str, level: float) -> Verdict:
        return CLAIMS[name].verdict(judges[name](Terms(rules.margins, level)), level=level)

    decided = _holm(confirmatory, verdict, rules.level, family=family)
    named_first = sorted(judges, key=lambda name: name not in decided)
    return tuple(decided.get(name) or verdict(name, rules.level) for name in named_first)


def _holm(
    names: Sequence[str], verdict: Callable[[str, float], Verdict], level: float, *, family: int
) -> dict[str, Verdict]:
    """The verdicts of a family of ``family`` claims, of which ``names`` have evidence; the others stay undecided."""
    decided: dict[str, Verdict] = {}
    left = list(names)
    while left:
        now = {name: verdict(name, level / (family - len(decided))) for name in left}
        hits = {name: one for name, one in now.items() if one.answer != "undecided"}
        if not hits:
            decided |= now
            break
        decided |= hits
        left = [name for name in left if name not in hits]
    return decided


def _confirmatory(rules: Rules) -> tuple[str, ...]:
    for name in rules.confirmatory:
        if name not in CLAIMS:
            raise ConfigError(f"claims.confirmatory: {unknown('claim', name, CLAIMS)}")
        if not CLAIMS[name].tested:
            raise ConfigError(
                f"claims.confirmatory: {name} is decided by a margin and not at a level, so Holm can't count it; it is "
                "judged all the same"
            )
    return rules.confirmatory
