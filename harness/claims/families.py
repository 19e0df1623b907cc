"""Claim: within one family of networks error falls faster with compute than across the field.

The slope of each family against the slope of all networks together, pooled over families that may truly differ.
"""

from collections.abc import Mapping

import numpy as np

from harness.claims.claim import Arms, Claim, Ruling, Terms, undecided
from harness.claims.pooling import pool
from harness.claims.published import Published, all_points, no_frontier
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.slope import Slope, slope
from harness.forms.form import FloatArray
from harness.hypotheses.exponent import reaches

_FEWEST_MEMBERS = 3


def _of_published(points: Published, terms: Terms) -> Ruling:
    members = {
        name: np.array([family == name for family in points.family]) for name in dict.fromkeys(points.family) if name
    }
    families = {name: (points.compute[chosen], points.error[chosen]) for name, chosen in members.items()}
    field = np.array([family == "" for family in points.family])
    whole = field if field.any() else np.ones(len(field), dtype=bool)
    return _judge(families, (points.compute[whole], points.error[whole]), terms)


def _of_arms(arms: Arms, terms: Terms) -> Ruling:
    families = {}
    for label, evidence in arms.evidence.items():
        frontier = evidence.frontier
        families[label] = (frontier["training_flops"].cast(float).to_numpy(), frontier["test_error"].to_numpy())
    try:
        every = [all_points(evidence) for evidence in arms.evidence.values()]
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    return _judge(families, (np.concatenate([c for c, _ in every]), np.concatenate([e for _, e in every])), terms)


def _judge(
    families: Mapping[str, tuple[FloatArray, FloatArray]], field: tuple[FloatArray, FloatArray], terms: Terms
) -> Ruling:
    large = {name: points for name, points in families.items() if len(points[1]) >= _FEWEST_MEMBERS}
    if len(large) < 2:
        return undecided(f"not identified: {len(large)} families of {_FEWEST_MEMBERS} networks or more; two would do.")
    try:
        slopes = {name: _fall(name, *points) for name, points in large.items()}
        whole = _fall("all networks", *field)
    except FitError as refusal:
        return undecided(f"not identified: {refusal}.")
    pooled = pool([one.value for one in slopes.values()], [one.stderr for one in slopes.values()])
    difference = pooled.value - whole.value
    low, high = (
        difference + (end - pooled.value) * np.hypot(pooled.stderr, whole.stderr) / pooled.stderr
        for end in pooled.interval(level=terms.level)
    )
    each = ", ".join(f"{name} {1 / one.value:.1f}" for name, one in slopes.items() if one.value > 0)
    reason = (
        f"error falls as the {pooled.value:.3f} power of compute within {len(slopes)} families and as the "
        f"{whole.value:.3f} power across all {len(field[1])} networks, a difference of {difference:+.3f} (each bound "
        f"one-sided {terms.bound}: {low:+.3f} to {high:+.3f}); compute exponents {each}."
    )
    return Ruling(float(difference), (float(low), float(high)), reaches((low, high), 0.0), reason)


def _fall(name: str, compute: FloatArray, error: FloatArray) -> Slope:
    try:
        return slope(np.log(compute), -np.log(error))
    except FitError as reason:
        raise FitError(f"{name}: {reason}") from reason


def _lacks(points: Published) -> str:
    return "" if len(set(points.family) - {""}) > 1 else "their families are not known"


def _arms_lack(labels: Mapping[str, Evidence]) -> str:
    if len(labels) < 2:
        return "it has no two arms; arm: NAME in a block of the study makes one"
    lacks = [no_frontier(evidence) for evidence in labels.values()]
    return lacks[0] if all(lacks) else ""


CLAIM = Claim(
    name="families",
    paper="G4",
    statement="Single families of networks gain more from compute than the field as a whole.",
    source="Thompson, Greenewald, Lee & Manso 2022, arXiv 2007.05558v2 (comparison to other scaling studies)",
    needs="published networks with their families; or a study with an arm for each family",
    statistic="power of compute within families minus that across all",
    theirs="more than 0",
    arms=_of_arms,
    arms_lack=_arms_lack,
    published=_of_published,
    published_lacks=_lacks,
)
