"""Do two recipes end at the same error? Pairs of runs that share a seed, and two one-sided tests.

That no difference is seen is no evidence for equality; that the interval of the ratio lies within a margin is
(Schuirmann 1987). The pairs are the sample: the interval is of the mean difference of ln error, by Student's t.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as t_distribution

from harness.errors import FitError
from harness.fits.points import columns
from harness.hypotheses.exponent import inside
from harness.hypotheses.finding import Finding
from harness.hypotheses.fitted import both_sides

_FEWEST = 2


def same_error(first: ArrayLike, second: ArrayLike, *, factor: float, level: float = 0.95) -> Finding:
    """Supported where the second recipe's error over the first's lies within ``factor`` of 1, contradicted outside.

    ``first`` and ``second`` are errors of shape (pairs,), in one order of seeds; the ratio is the geometric mean over
    pairs. The null hypothesis of the p-value is that the ratio is outside the margin.

    >>> found = same_error([0.100, 0.102, 0.098, 0.101], [0.101, 0.102, 0.099, 0.101], factor=1.02)
    >>> found.answer, round(found.value, 4), [round(end, 4) for end in found.interval]
    ('supported', 1.005, [0.9982, 1.0119])

    Raises:
        FitError: a factor that leaves no margin, errors without a logarithm, or fewer than two pairs.
    """
    if not factor > 1:
        raise FitError(f"factor: is {factor:g}; a number above 1, such as 1.02, would do")
    before, after = columns(first=first, second=second)
    if len(before) < _FEWEST:
        raise FitError(f"pairs: {len(before)}; {_FEWEST} or more would do")
    difference = np.log(after / before)
    freedom = len(difference) - 1
    mean, stderr = float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
    reach = float(t_distribution.ppf(level, freedom)) * stderr
    interval = float(np.exp(mean - reach)), float(np.exp(mean + reach))
    nearest = np.log(factor) - abs(mean)  # to the margin's nearer edge, below zero outside
    p = float(t_distribution.sf(nearest / stderr, freedom)) if stderr > 0 else float(nearest < 0)
    reason = (
        f"the ratio of errors is {np.exp(mean):.3f} (each bound one-sided {level:.4g}: {interval[0]:.3f} to "
        f"{interval[1]:.3f}, margin {1 / factor:.3f} to {factor:.3f}), over {len(difference)} pairs."
    )
    return Finding(
        f"errors within a factor {factor:g} of each other", inside(interval, 1 / factor, factor), "ratio of errors",
        float(np.exp(mean)), interval, both_sides(level), p, reason,
    )  # fmt: skip
