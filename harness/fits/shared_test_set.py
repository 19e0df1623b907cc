"""How much of a fit's uncertainty is the choice of the test examples.

All runs of a study are scored on the same test set. An example that is hard for one run is hard for the next, so most
of the sampling noise of the test set is common to all points of a curve, smooth in compute, and invisible in the
residuals: an interval made of residuals holds for *this* test set. For the population that the test set was drawn
from, the correctness of every run on every example says how much must be added. Resampling goes both ways, over
configurations and over test examples; the two variances are added and what they have in common is taken off (Owen
2007, "The pigeonhole bootstrap"; Cameron, Gelbach & Miller 2011)::

    variance = variance(configurations) + variance(test examples) - variance(both)

In common is the part of the test set's noise that differs from configuration to configuration: the scatter that
resampled test examples leave around curves fitted to them, which the residuals of the study hold already.
"""

import base64
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.curve import CurveFit, fit_curve
from harness.fits.quantity import Quantity
from harness.forms.form import BoolArray, FloatArray

_CHUNK = 100  # draws whose weights are held at once
_EVERYTHING = 1 - 1e-12  # at this level an interval ends where the form does
_ONE_SD = (15.866, 84.134)  # percentiles of a normal one standard deviation from its middle


@dataclass(frozen=True)
class PopulationInterval:
    """A quantity for the population of test examples.

    ``conditional`` is the profile-F interval for this test set, ``interval`` the wider one for its population, both at
    ``level``. The three standard deviations are those of the quantity when configurations are drawn again, when test
    examples are, and the part that the two have in common.
    """

    value: float
    interval: tuple[float, float]
    conditional: tuple[float, float]
    configurations_sd: float
    examples_sd: float
    common_sd: float
    level: float

    @property
    def widening(self) -> float:
        """The standard deviation for the population over that for this test set."""
        extra = max(self.examples_sd**2 - self.common_sd**2, 0.0)
        return float(np.sqrt(1 + extra / self.configurations_sd**2))


def population_interval(
    compute: ArrayLike,
    correct: ArrayLike,
    *,
    form: str,
    quantity: Quantity = "exponent",
    groups: Sequence[Hashable] | None = None,
    chance_error: float | None = None,
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> PopulationInterval:
    """The quantity of a curve fitted to runs, with its interval for the population that the test set is a sample of.

    ``compute`` in FLOPs has shape (runs,) and ``correct``, true where a run is right about an example, shape
    (runs, test examples). ``groups`` labels the cell of each run. Intervals for other forms or ``level`` are those of
    ``fit_curve``; the random draws follow from ``seed``.

    Raises:
        FitError: a run without a mistake, a quantity that may be infinite, or what ``fit_curve`` refuses.
    """
    wrong = _wrong(correct)
    fit = fit_curve(compute, wrong.mean(axis=1), form=form, groups=groups, chance_error=chance_error)
    average = _averages(range(len(wrong)) if groups is None else groups)
    random = np.random.default_rng(seed)
    noise = random.standard_normal((draws, fit.n)) * np.sqrt(fit.estimate.variance)
    fitted = fit.estimate.problem.fitted(fit.estimate.vector)
    configurations_sd, _ = _spread(fit, quantity, fitted + noise)
    examples_sd, scatter = _spread(fit, quantity, _moved(fit, _resampled(wrong, draws, random), average))
    common_sd = configurations_sd * float(np.sqrt(min(scatter / fit.estimate.variance, 1.0)))
    conditional, value = fit.interval(quantity, level=level), fit.value(quantity)
    found = PopulationInterval(value, conditional, conditional, configurations_sd, examples_sd, common_sd, level)
    low, high = (value + (end - value) * found.widening for end in conditional)
    least, most = fit.interval(quantity, level=_EVERYTHING)  # no irreducible error is below zero
    return replace(found, interval=(max(low, least), min(high, most)))


def read_bitmaps(bitmaps: Sequence[str], test_examples: int) -> BoolArray:
    """The correctness bitmaps of records (base64, most significant bit first) as booleans (runs, test examples).

    Raises:
        FitError: a bitmap of another length.
    """
    rows = [np.frombuffer(base64.b64decode(bitmap), dtype=np.uint8) for bitmap in bitmaps]
    needed = -(-test_examples // 8)
    for number, row in enumerate(rows):
        if len(row) != needed:
            raise FitError(f"correct: row {number} has {len(row)} bytes; {needed} for {test_examples} would do")
    return np.unpackbits(np.stack(rows), axis=1, count=test_examples).astype(bool)


def _wrong(correct: ArrayLike) -> BoolArray:
    right = np.asarray(correct)
    if right.ndim != 2 or right.dtype != bool:
        raise FitError(f"correct: has shape {right.shape} of {right.dtype}; booleans (runs, test examples) would do")
    return np.asarray(~right, dtype=bool)


def _averages(labels: Iterable[Hashable]) -> FloatArray:
    """Averages over cells as a matrix (cells, runs), cells in order of first appearance."""
    cell = list(labels)
    numbers = {label: number for number, label in enumerate(dict.fromkeys(cell))}
    members = np.zeros((len(numbers), len(cell)))
    members[[numbers[label] for label in cell], range(len(cell))] = 1.0
    return np.asarray(members / members.sum(axis=1, keepdims=True))


def _resampled(wrong: BoolArray, draws: int, random: np.random.Generator) -> FloatArray:
    """Errors (draws, runs) on test sets drawn with replacement, the same for all runs.

    Examples are drawn independently of each other, Poisson times each, and errors are shares of what was drawn.
    """
    mistakes, parts = wrong.T.astype(np.float32), []
    for first in range(0, draws, _CHUNK):
        weights = random.poisson(1.0, size=(min(_CHUNK, draws - first), len(mistakes))).astype(np.float32)
        parts.append((weights @ mistakes) / weights.sum(axis=1, keepdims=True))
    return np.asarray(np.maximum(np.concatenate(parts).astype(float), 0.5 / len(mistakes)))


def _moved(fit: CurveFit, errors: FloatArray, average: FloatArray) -> FloatArray:
    """Responses (draws, cells) on the fitted curve but for what resampling did to the ``errors`` (draws, runs)."""
    problem = fit.estimate.problem
    cells = np.exp(np.log(errors) @ average.T)
    responses = problem.form.response.of_error(cells / problem.reference.chance_error)
    return np.asarray(problem.fitted(fit.estimate.vector) + responses - responses.mean(axis=0))


def _spread(fit: CurveFit, quantity: Quantity, responses: FloatArray) -> tuple[float, float]:
    """The quantity's standard deviation over fits to ``responses`` (draws, cells), and their mean residual variance.

    The standard deviation is that of a normal with the same middle two thirds: a floor that is reached in some of the
    draws makes long tails.
    """
    problem = fit.estimate.problem
    vectors = problem.refit(responses, fit.estimate.vector)
    values = fit.scalars(quantity)(vectors)
    if not np.isfinite(values).all():
        share = np.mean(~np.isfinite(values))
        raise FitError(
            f"quantity: has no finite value in {share:.0%} of the draws; one that has, as the slope, would do"
        )
    low, high = np.percentile(values, _ONE_SD)
    left = np.square(problem.fitted(vectors) - responses).sum(axis=1) / problem.freedom
    return float((high - low) / 2), float(left.mean())
