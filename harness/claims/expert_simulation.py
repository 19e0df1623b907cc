"""Claim: the paper's simulation of oracle, expert, flexible and regularised models shows what it is said to show."""

from harness.claims.claim import Claim, Ruling, Simulated, Terms
from harness.simulation.answers import findings


def _judge(simulated: Simulated, terms: Terms) -> Ruling:
    found = findings(simulated.points, simulated.setting)
    failed = [one.statement for one in found if not one.holds]
    share = 1 - len(failed) / len(found)
    if failed:
        reason = f"{len(failed)} of {len(found)} statements fail: {' '.join(failed)}"
    else:
        reason = f"all {len(found)} statements hold; {found[4].numbers}, and {found[-1].numbers}."
    return Ruling(share, None, "contradicted" if failed else "supported", reason)


CLAIM = Claim(
    name="expert_simulation",
    paper="S1",
    statement=(
        "Where few of many features matter, an expert's model is best on little data and then stands still; a flexible "
        "one overtakes it only with more data than features and far more computation, a regularised one in between."
    ),
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558, figure 1 (as popularly described)",
    needs="a simulation: harness simulate",
    statistic="share of the statements that hold",
    theirs="all",
    tested=False,
    simulated=_judge,
)
