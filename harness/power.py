"""Power of a planned study: how often it would decide each hypothesis, and how often wrongly, before it is paid for.

From an assumed truth (exponent, share of the last error that is irreducible, noise) the study's cells are drawn again
and again, fitted and judged by the very code that judges real data; only what is assumed stands in ``conf/power``. The
study's cells enter as one point a budget, the best cell, with the noise of the mean over its seeds. Beside the
simulated error of the exponent stands a law of design as a check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from harness.errors import FitError
from harness.fits.budgets import by_budget
from harness.fits.comparison import fit_each
from harness.fits.varpro import Separable
from harness.forms import FORMS
from harness.forms.form import FloatArray
from harness.hypotheses.exponent import inside, reaches
from harness.hypotheses.family import power_or_exponential
from harness.hypotheses.finding import Answer
from harness.hypotheses.fitted import whichever
from harness.hypotheses.floor import levels_off
from harness.hypotheses.recipes import profile
from harness.schema import unknown

_FORM = "power_floor"
_FEWEST_BUDGETS = 5  # one more than a curve and its noise have parameters
_ONE_SIDED = 0.9  # each end of a 90 % interval is a one-sided 95 % bound
_LEVEL = 0.95
_NUDGE = 0.01  # decades: far less than any gain that matters, far more than rounding


@dataclass(frozen=True)
class Truth:
    """A curve to be assumed: error = E + A * C**-exponent with E = ``floor_share`` * the last error."""

    name: str
    exponent: float
    floor_share: float


@dataclass(frozen=True)
class Assumptions:
    """What a planned study is simulated under (``conf/power``).

    ``cell_sd`` is the sd of ln error of a configuration around the law, which seeds don't reduce; ``seed_sd`` that of a
    run around its configuration. ``last_error`` is reached at the largest compute. ``bounds`` are compute exponents to
    be told from the truth, ``factor`` the margin around it, ``negligible`` the floor, as a share of the lowest error,
    that counts as none, ``gain`` what a second recipe saves, in decades.
    """

    draws: int
    seed: int
    last_error: float
    cell_sd: float
    seed_sd: float
    forms: tuple[str, ...]
    bounds: tuple[float, ...]
    factor: float
    negligible: float
    gain: float
    truths: tuple[Truth, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """One point a budget: training FLOPs and the number of seeds of its best cell, shape (budgets,)."""

    compute: FloatArray
    seeds: FloatArray

    @property
    def decades(self) -> float:
        """The range of compute."""
        return float(np.ptp(np.log10(self.compute)))


@dataclass(frozen=True)
class Shares:
    """Of the simulated studies: how many decide ``hypothesis`` rightly, how many wrongly; the rest are undecided."""

    hypothesis: str
    right: float
    wrong: float


@dataclass(frozen=True)
class Power:
    """What the study can decide if ``truth`` is true.

    ``identified`` is the share of studies that state an exponent. ``exponent_error`` is the relative root mean square
    error of the fitted exponent, ``expected_error`` what the law of design expects.
    """

    truth: Truth
    compute_exponent: float
    tests: tuple[Shares, ...]
    identified: float
    exponent_error: float
    expected_error: float


def design(training_flops: Sequence[float], cells: Sequence[str]) -> Design:
    """The budgets of a plan: a run each in ``training_flops`` and ``cells`` (its cell's name).

    Raises:
        FitError: too few budgets for a curve.
    """
    budgets = by_budget(training_flops)
    if len(budgets) < _FEWEST_BUDGETS:
        raise FitError(f"power: the plan has {len(budgets)} budgets; {_FEWEST_BUDGETS} or more would do")
    seeds = [max(np.unique([cells[run] for run in runs], return_counts=True)[1]) for runs in budgets]
    compute = [float(np.median([training_flops[run] for run in runs])) for runs in budgets]
    return Design(np.array(compute), np.array(seeds, dtype=float))


def power_of(planned: Design, assumed: Assumptions, *, chance_error: float | None = None) -> tuple[Power, ...]:
    """The power of the study under each assumed truth.

    ``chance_error`` is the error of guessing; without it the forms with that ceiling take no part.

    Raises:
        FitError: an assumption that can't be simulated.
    """
    _check(assumed)
    return tuple(_power(planned, assumed, truth, chance_error) for truth in assumed.truths)


def expected_error(truth: Truth, *, sigma: float, n: int, decades: float) -> float:
    """The law of design: relative standard error of the exponent of n log-spaced points with noise ``sigma``.

    Found by simulation for this harness, to some 15 %: 21 (1-s)**-0.8 sigma / (sqrt(n) (alpha D ln 10)**2).
    """
    reach = truth.exponent * decades * np.log(10)
    return float(21 * (1 - truth.floor_share) ** -0.8 * sigma / (np.sqrt(n) * reach**2))


def _check(assumed: Assumptions) -> None:
    for form in assumed.forms:
        if form not in FORMS:
            raise FitError(f"power.forms: {unknown('form', form, FORMS)}")
    if _FORM not in assumed.forms:
        raise FitError(f"power.forms: {_FORM} is not among them; it must be, since the truths are of that form")
    for truth in assumed.truths:
        if not (truth.exponent > 0 and 0 <= truth.floor_share < 1):
            raise FitError(f"power.truths: {truth.name}: an exponent above 0 and a floor_share in [0, 1) would do")


def _power(planned: Design, assumed: Assumptions, truth: Truth, chance_error: float | None) -> Power:
    sigma = np.sqrt(assumed.cell_sd**2 + assumed.seed_sd**2 / planned.seeds)
    random = np.random.default_rng(assumed.seed)
    curve = _log_curve(planned.compute, truth, assumed)
    draws = curve + sigma * random.standard_normal((assumed.draws, len(curve)))
    compute_exponent = 1 / (truth.exponent * (1 - truth.floor_share))
    right = _right_answers(assumed, truth, compute_exponent)
    answers = [_decide(planned.compute, np.exp(draw), assumed, compute_exponent, chance_error) for draw in draws]
    separable = Separable(FORMS[_FORM], np.log(planned.compute / planned.compute.max()), np.ones(len(curve)))
    exponents = np.exp(separable.minimise(draws)[0][:, 0])
    tests = [_shares(name, right[name], [given[name] for given, _ in answers]) for name in right]
    return Power(
        truth=truth,
        compute_exponent=compute_exponent,
        tests=(*tests, _gain_shares(planned, assumed, draws, sigma=sigma, truth=truth)),
        identified=float(np.mean([identified for _, identified in answers])),
        exponent_error=float(np.sqrt(np.square(exponents / truth.exponent - 1).mean())),
        expected_error=expected_error(
            truth, sigma=float(np.sqrt(np.square(sigma).mean())), n=len(curve), decades=planned.decades
        ),
    )


def _log_curve(compute: FloatArray, truth: Truth, assumed: Assumptions, *, gain: float = 0.0) -> FloatArray:
    ratio = compute / compute.max() * 10**gain
    share = truth.floor_share + (1 - truth.floor_share) * ratio**-truth.exponent
    return np.asarray(np.log(assumed.last_error * share))


def _names(assumed: Assumptions) -> tuple[tuple[str, ...], str, str, str]:
    bounds = tuple(f"compute exponent >= {bound:g}" for bound in assumed.bounds)
    return bounds, f"within a factor {assumed.factor:g}", "a power, not exponential", "a floor"


def _right_answers(assumed: Assumptions, truth: Truth, compute_exponent: float) -> dict[str, Answer]:
    bounds, factor, family, floor = _names(assumed)
    answers: dict[str, Answer] = {
        name: "supported" if compute_exponent >= bound else "contradicted"
        for name, bound in zip(bounds, assumed.bounds, strict=True)
    }
    answers[factor] = answers[family] = "supported"
    answers[floor] = "supported" if truth.floor_share > 0 else "contradicted"
    return answers


def _decide(
    compute: FloatArray,
    error: FloatArray,
    assumed: Assumptions,
    compute_exponent: float,
    chance_error: float | None,
) -> tuple[Mapping[str, Answer], bool]:
    """What one simulated study answers, and whether it states an exponent."""
    bounds, factor, family, floor = _names(assumed)
    fits, _ = fit_each(compute, error, forms=assumed.forms, chance_error=chance_error)
    interval = whichever(fits).interval("compute_exponent", level=_ONE_SIDED)
    answers = {name: reaches(interval, bound) for name, bound in zip(bounds, assumed.bounds, strict=True)}
    answers[factor] = inside(interval, compute_exponent / assumed.factor, compute_exponent * assumed.factor)
    answers[family] = power_or_exponential(fits).answer
    interval = whichever(fits, having="irreducible_error").interval("irreducible_error", level=_ONE_SIDED)
    answers[floor] = levels_off(interval, assumed.negligible * float(error.min()))
    return answers, fits[_FORM].identified


def _shares(name: str, right: Answer, answers: Sequence[Answer]) -> Shares:
    wrong = [answer not in (right, "undecided") for answer in answers]
    return Shares(name, float(np.mean([answer == right for answer in answers])), float(np.mean(wrong)))


def _gain_shares(
    planned: Design, assumed: Assumptions, draws: FloatArray, *, sigma: FloatArray, truth: Truth
) -> Shares:
    """How often a second recipe on the same budgets, better by the assumed gain, is told from the first.

    The sum of squares is nearly a parabola in the gain, so its least comes from values a few standard errors apart;
    that standard error is what the noise-free curves' own parabola makes of the noise.
    """
    random = np.random.default_rng(assumed.seed + 1)
    first, second = (_log_curve(planned.compute, truth, assumed, gain=gain) for gain in (0.0, assumed.gain))
    away = profile(planned.compute, planned.compute, np.hstack([first, second])[None], [assumed.gain + _NUDGE])[0, 0]
    step = float(np.sqrt(np.square(sigma).mean() / away)) * _NUDGE
    both = np.hstack([draws, second + sigma * random.standard_normal(draws.shape)])
    looks = assumed.gain + 2 * step * np.arange(-3.0, 4.0)
    least = _lowest_of_parabolas(profile(planned.compute, planned.compute, both, looks))
    none = profile(planned.compute, planned.compute, both, [0.0])[0]
    freedom = both.shape[1] - FORMS[_FORM].size - 1
    told = (none - least) / (least / freedom) > f_distribution.ppf(_LEVEL, 1, freedom)
    return Shares(f"a second recipe better by {assumed.gain:g} decades", float(told.mean()), 0.0)


def _lowest_of_parabolas(sums: FloatArray) -> FloatArray:
    """The least value of each column (values, columns) at equal steps, between the values by a parabola."""
    middle = np.clip(sums.argmin(axis=0), 1, len(sums) - 2)
    before, at, after = (np.take_along_axis(sums, (middle + step)[None], axis=0)[0] for step in (-1, 0, 1))
    bend, tilt = before - 2 * at + after, (after - before) / 2
    lowest = np.where(bend > 0, at - tilt**2 / (2 * np.where(bend > 0, bend, 1.0)), at)
    return np.asarray(np.minimum(lowest, sums.min(axis=0)))
