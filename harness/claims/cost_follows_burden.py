"""Claim: energy, and with it money and carbon, goes with hardware burden: processors times peak rate times time.

Needs a meter: joules measured by the run. Without one the conversion is an assumption, and there is nothing to judge.
"""

import numpy as np
import polars as pl

from harness.claims.claim import Claim, Ruling, Terms
from harness.evidence import Evidence
from harness.fits.slope import slope
from harness.hypotheses.exponent import inside

_FEWEST = 5


def _metered(evidence: Evidence) -> pl.DataFrame:
    columns = ("energy_joules", "hardware_burden")
    if any(name not in evidence.runs.columns for name in columns):
        return pl.DataFrame(schema={name: pl.Float64 for name in columns})
    return evidence.runs.filter(pl.all_horizontal(pl.col(name) > 0 for name in columns))


def _judge(evidence: Evidence, terms: Terms) -> Ruling:
    runs = _metered(evidence)
    line = slope(np.log(runs["hardware_burden"].to_numpy()), np.log(runs["energy_joules"].to_numpy()))
    low, high = line.interval(level=terms.level)
    margin = terms.margins.cost_slope
    decades = float(np.ptp(np.log10(runs["hardware_burden"].to_numpy())))
    reason = (
        f"energy grows as the {line.value:.2f} power of hardware burden (each bound one-sided {terms.bound}: "
        f"{low:.2f} to {high:.2f}; within {margin:g} of one counts as proportional), over {len(runs)} metered runs and "
        f"{decades:.1f} decades."
    )
    return Ruling(line.value, (low, high), inside((low, high), 1 - margin, 1 + margin), reason)


def _lacks(evidence: Evidence) -> str:
    runs = _metered(evidence)
    if len(runs) >= _FEWEST and runs["hardware_burden"].n_unique() >= _FEWEST:
        return ""
    return f"{len(runs)} of its runs have a measured energy; {_FEWEST} would do, on a machine with a meter"


CLAIM = Claim(
    name="cost_follows_burden",
    paper="K1",
    statement="Energy, and with it dollars and CO2, grows in proportion to hardware burden.",
    source="Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558, after Strubell et al. 2019, arXiv 1906.02243",
    needs="runs with a measured energy",
    statistic="power of energy in hardware burden",
    theirs="1",
    study=_judge,
    lacks=_lacks,
)
