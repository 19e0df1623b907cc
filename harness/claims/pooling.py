"""The mean of several estimates that may truly differ, for claims that rest on more than one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as t_distribution


@dataclass(frozen=True)
class Pooled:
    """A random-effects mean of several estimates, with its standard error and the spread between them."""

    value: float
    stderr: float
    between: float
    count: int

    def interval(self, *, level: float) -> tuple[float, float]:
        """Ends that are one-sided bounds at ``level``: Student's, as their spread is that of these few."""
        quantile = t_distribution.ppf(1 - level, self.count - 1) if self.count > 1 else norm.ppf(1 - level)
        reach = float(quantile) * self.stderr
        return self.value - reach, self.value + reach


def pool(values: Sequence[float], stderrs: Sequence[float]) -> Pooled:
    """The mean over estimates that may truly differ (DerSimonian & Laird 1986)."""
    estimates, variances = np.asarray(values), np.square(np.maximum(stderrs, 1e-12))
    weights = 1 / variances
    fixed = np.average(estimates, weights=weights)
    heterogeneity = float(weights @ np.square(estimates - fixed)) - (len(estimates) - 1)
    scale = float(weights.sum() - np.square(weights).sum() / weights.sum())
    between = max(0.0, heterogeneity / scale) if scale > 0 else 0.0
    combined = 1 / (variances + between)
    mean = float(np.average(estimates, weights=combined))
    return Pooled(mean, float(1 / np.sqrt(combined.sum())), float(np.sqrt(between)), len(estimates))
