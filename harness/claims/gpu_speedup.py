"""Claim: moving training to GPUs made it 5 to 35 times faster than on a CPU.

The same shapes on both kinds of device in one study: the ratio of achieved FLOP/s, shape by shape.
"""

import numpy as np
import polars as pl
from scipy.stats import t as t_distribution

from harness.claims.claim import Claim, Ruling, Terms, undecided
from harness.evidence import Evidence
from harness.hypotheses.exponent import inside

_LEAST, _MOST = 5.0, 35.0
_SHAPE = ("model", "width", "depth", "batch_size")
_FEWEST = 3


def _ratios(evidence: Evidence) -> pl.Series:
    """ln of GPU over CPU FLOP/s for each shape that ran on both."""
    runs = evidence.runs
    if "device" not in runs.columns or "wall_seconds" not in runs.columns:
        return pl.Series([], dtype=pl.Float64)
    rate = (pl.col("training_flops").cast(pl.Float64) / pl.col("wall_seconds")).log().mean()
    timed = runs.filter(pl.col("wall_seconds") > 0)
    rates = timed.group_by(*_SHAPE, "device", maintain_order=True).agg(rate.alias("rate"))
    gpu, cpu = (rates.filter(pl.col("device") == device).drop("device") for device in ("cuda", "cpu"))
    both = gpu.join(cpu, on=list(_SHAPE), suffix="_cpu", maintain_order="left")
    return both["rate"] - both["rate_cpu"]


def _judge(evidence: Evidence, terms: Terms) -> Ruling:
    ratios = _ratios(evidence).to_numpy()
    if np.ptp(ratios) == 0:
        return undecided(f"not identified: the ratio is the same at all {len(ratios)} shapes.")
    reach = float(t_distribution.ppf(1 - terms.level, len(ratios) - 1) * ratios.std(ddof=1) / np.sqrt(len(ratios)))
    value, low, high = (float(np.exp(ratios.mean() + step)) for step in (0.0, -reach, reach))
    reason = (
        f"the GPU is {value:.1f} times as fast (each bound one-sided {terms.bound}: {low:.1f} to {high:.1f}), "
        f"from {float(np.exp(ratios.min())):.1f} to {float(np.exp(ratios.max())):.1f} times over {len(ratios)} shapes; "
        "it grows with size, so it is a statement about these."
    )
    return Ruling(value, (low, high), inside((low, high), _LEAST, _MOST), reason)


def _lacks(evidence: Evidence) -> str:
    shapes = len(_ratios(evidence))
    return "" if shapes >= _FEWEST else f"{shapes} shapes were trained on both a CPU and a GPU; {_FEWEST} would do"


CLAIM = Claim(
    name="gpu_speedup",
    paper="K6",
    statement="Training on GPUs was 5 to 15 times faster than on CPUs at first, and up to about 35 times later.",
    source="as popularly quoted from Thompson, Greenewald, Lee & Manso 2020, arXiv 2007.05558",
    needs="the same model shapes trained on a CPU and on a GPU",
    statistic="achieved FLOP/s on the GPU over the CPU",
    theirs="5 to 35",
    study=_judge,
    lacks=_lacks,
)
