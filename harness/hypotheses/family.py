"""Does error fall as a power of compute (polynomial growth of compute) or exponentially?

Three looks at the same points. AICc on one scale compares the best form of each family, twice: with the noise of each
form's own response, and with the noise that suits it best, lest kinds of noise are compared in place of forms. Forward
chaining asks which family predicts the largest computes from the smaller ones. Vuong's test asks whether the difference
in likelihood is more than its own scatter. The first two decide, and only together; the third is a p-value beside them,
since it is much weaker where points are few. A shallow power over two decades is an exponential to the eye and to any
test.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from scipy.stats import norm

from harness.errors import FitError
from harness.fits.comparison import extrapolation_of
from harness.fits.curve import CurveFit
from harness.forms import FORMS
from harness.forms.form import FloatArray
from harness.hypotheses.finding import Answer, Finding

_HYPOTHESIS = "error falls as a power of compute rather than exponentially"
_STATISTIC = "AICc of the best exponential form minus that of the best power form"


def power_or_exponential(
    fits: Mapping[str, CurveFit],
    *,
    clusters: Sequence[Hashable] | None = None,
    margin: float = 4.0,
    fewest_decades: float = 2.0,
    points: str = "frontier points",
) -> Finding:
    """Supported where AICc (by ``margin``) and extrapolation favour the power family, contradicted where neither does.

    ``fits`` are to the same points, which ``points`` names. ``clusters`` labels the points that share noise beyond
    their cell (the checkpoints of one training, say). With the margin of 4, wrong decisive verdicts stay below 5 % from
    three decades of compute on; below ``fewest_decades`` there is none. The null hypothesis of the p-value is that the
    families are equally far from the truth.
    """

    def undecided(difference: float | None, reason: str) -> Finding:
        return Finding(_HYPOTHESIS, "undecided", _STATISTIC, difference, None, None, None, reason)

    power, exponential = (_best(fits, family) for family in ("power", "exponential"))
    if power is None or exponential is None:
        return undecided(None, f"too few {points} to compare forms by AICc.")
    difference = exponential.aicc - power.aicc
    as_fitted = _least_own(fits, "exponential") - _least_own(fits, "power")
    if power.decades < fewest_decades:
        return undecided(
            difference,
            f"compute spans {power.decades:.1f} decades; telling a power from an exponential takes {fewest_decades:g}.",
        )
    errors = _extrapolation_errors(fits, power)
    if errors is None:
        return undecided(difference, f"too few {points} to hide the largest and predict them.")
    z, p = vuong(power, exponential, clusters=clusters)
    reason = (
        f"AICc difference {difference:+.1f} ({FORMS[power.form].title} against {FORMS[exponential.form].title}, each "
        f"with the noise that suits it best) and {as_fitted:+.1f} (with its own; {margin:g} or more in both decides); "
        f"predicting the largest computes from the smaller ones, the power family is off by {errors[0]:.1%} "
        f"and the exponential by {errors[1]:.1%} (Vuong's z {z:+.1f}), over {power.n} {points} and "
        f"{power.decades:.1f} decades."
    )
    answer = _answer((difference, as_fitted), errors, margin=margin)
    if answer == "undecided" and max(abs(difference), abs(as_fitted)) >= margin:
        reason = f"the tests disagree, and all must agree: {reason}"
    return Finding(_HYPOTHESIS, answer, _STATISTIC, difference, None, None, p, reason)


def vuong(first: CurveFit, second: CurveFit, *, clusters: Sequence[Hashable] | None = None) -> tuple[float, float]:
    """Vuong's z (positive where ``first`` is nearer the truth) and its two-sided p-value.

    Both fits are to the same points; likelihoods are those of error itself, corrected for the numbers of parameters as
    Akaike's criterion is (Vuong 1989, section 5), and their differences are summed within ``clusters`` before their
    scatter is taken.

    Raises:
        FitError: the fits are to different points, or the clusters don't number them.
    """
    if not np.array_equal(first.compute, second.compute) or not np.array_equal(first.error, second.error):
        raise FitError("vuong: the fits are to different points; fits to the same would do")
    labels = list(range(first.n)) if clusters is None else list(clusters)
    if len(labels) != first.n:
        raise FitError(f"clusters: {len(labels)} labels for {first.n} points; one a point would do")
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    each = _log_density(first) - _log_density(second)
    by_cluster = np.bincount([numbers[label] for label in labels], each)
    scatter = float(np.sqrt(np.square(by_cluster - by_cluster.mean()).sum()))
    total = float(each.sum()) - (FORMS[first.form].size - FORMS[second.form].size)
    if scatter == 0:
        return 0.0, 1.0
    z = total / scatter
    return z, float(2 * norm.sf(abs(z)))


def _log_density(fit: CurveFit) -> FloatArray:
    """ln of the fitted density of each error, shape (points,), under the noise that suits the form best."""
    response, problem = fit.likeliest.response, fit.estimate.problem
    with np.errstate(all="ignore"):
        params = problem.to_params(fit.likeliest.vector)
        fitted = response.of_error(problem.form.error(np.log(fit.compute), params))
    error = np.exp(fit.cells.log_error)  # half a mistake where none was made
    squares = np.square(response.of_error(error) - fitted)
    variance = max(float(squares.mean()), 1e-300)
    return np.asarray(response.log_derivative(error) - 0.5 * (np.log(2 * np.pi * variance) + squares / variance))


def _answer(differences: tuple[float, float], errors: tuple[float, float], *, margin: float) -> Answer:
    if min(differences) >= margin and errors[0] < errors[1]:
        return "supported"
    if max(differences) <= -margin and errors[1] < errors[0]:
        return "contradicted"
    return "undecided"


def _best(fits: Mapping[str, CurveFit], family: str) -> CurveFit | None:
    """The family's fit with the lowest AICc; None where no fit has one."""
    return min(_members(fits, family), key=lambda fit: fit.aicc, default=None)


def _least_own(fits: Mapping[str, CurveFit], family: str) -> float:
    return min(fit.own_aicc for fit in _members(fits, family))


def _members(fits: Mapping[str, CurveFit], family: str) -> list[CurveFit]:
    return [fit for name, fit in fits.items() if FORMS[name].family == family and np.isfinite(fit.aicc)]


def _extrapolation_errors(fits: Mapping[str, CurveFit], any_fit: CurveFit) -> tuple[float, float] | None:
    """Root mean square ln misprediction of the power and the exponential family; each by its best form in training."""
    scores = extrapolation_of(any_fit.cells, forms=fits, chance_error=any_fit.chance_error)
    errors = []
    for family in ("power", "exponential"):
        finite = [score for name, score in scores.items() if FORMS[name].family == family and np.isfinite(score[0])]
        if not finite:
            return None
        errors.append(min(finite)[1])
    return errors[0], errors[1]
