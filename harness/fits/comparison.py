"""Which forms the points leave standing, and what can be said whichever of them is true.

Naming the best form and quoting its interval pretends that the choice was free of error. So an interval is the union
over all forms that the points don't rule out (AICc within 6 of the best, by either of two readings of the noise), and
forms are also tested on what they weren't shown: the largest computes. Diagnostic forms are fitted and shown beside
the others, and decide nothing.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import FitError
from harness.fits.cells import Cells
from harness.fits.curve_diagnostics import CurveDiagnostics
from harness.fits.curve_fitting import fit_cells, observed_cells
from harness.fits.curve_result import CurveFit
from harness.fits.predictions import Prediction
from harness.fits.quantity import Quantity
from harness.forms import FORMS
from harness.forms.form import FloatArray

_PLAUSIBLE = 6.0  # AICc difference beyond which a form has "considerably less support" (Burnham & Anderson 2002, 2.6)
_TRAIN_SHARE = 0.6  # of the range of ln compute; fixed before any data was seen
_FEWEST_HIDDEN = 2
_ONLY_DIAGNOSTIC = "forms: only diagnostic ones could be fitted; others would do"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several forms on the same points.

    ``fits`` and ``refused`` (with the reason) together name every form that was asked for. ``delta_aicc`` is the AICc
    above the best form's (below zero for a diagnostic form that beats them all: the others miss something), nan where
    there are too few points for it. ``extrapolation`` is the root mean square of ln error mispredicted at the largest
    computes by a fit to the others, inf where a form could not be fitted or leaves its range; empty where nothing could
    be hidden.
    """

    fits: dict[str, CurveFit]
    refused: dict[str, str]
    delta_aicc: dict[str, float]
    extrapolation: dict[str, float]

    @property
    def plausible(self) -> tuple[str, ...]:
        """The forms that the points don't rule out."""
        return plausible(self.fits)

    @property
    def best(self) -> CurveFit:
        """The plausible form of lowest AICc; where too few points tell, the first."""
        return min((self.fits[name] for name in self.plausible), key=lambda fit: fit.aicc)

    @property
    def params(self) -> dict[str, float]:
        """The best form's parameters by name; ``interval`` says what holds for the others too."""
        return self.best.params

    @property
    def diagnostics(self) -> dict[str, CurveDiagnostics]:
        """Each fit's diagnostics by the form's name."""
        return {name: fit.diagnostics for name, fit in self.fits.items()}

    def interval(self, quantity: Quantity, *, level: float = 0.95) -> tuple[float, float]:
        """The union of the plausible forms' intervals."""
        return union_interval(self.fits, quantity, level=level)

    def predict(self, compute: ArrayLike, *, level: float = 0.95) -> Prediction:
        """The best form's curve at ``compute`` (FLOPs, shape (points,)), within the plausible forms' bands together."""
        each = [self.fits[name].predict(compute, level=level) for name in self.plausible]
        return replace(
            self.best.predict(compute, level=level),
            curve_low=np.min([one.curve_low for one in each], axis=0),
            curve_high=np.max([one.curve_high for one in each], axis=0),
            low=np.min([one.low for one in each], axis=0),
            high=np.max([one.high for one in each], axis=0),
        )


def compare_forms(
    compute: ArrayLike,
    error: ArrayLike,
    *,
    forms: Iterable[str] | None = None,
    stderr: ArrayLike | None = None,
    test_examples: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    chance_error: float | None = None,
) -> Comparison:
    """Fit ``error`` as each of ``forms`` (all where None) of ``compute``, arrays of shape (points,).

    The other arguments are those of ``fit_curve``.

    >>> compute = [1e9, 3e9, 1e10, 3e10, 1e11, 3e11, 1e12, 3e12]
    >>> error = [0.305, 0.246, 0.202, 0.166, 0.141, 0.119, 0.105, 0.0912]
    >>> comparison = compare_forms(compute, error, chance_error=0.9)
    >>> comparison.plausible
    ('power_floor', 'm4', 'rosenfeld')
    >>> [round(end, 2) for end in comparison.interval("exponent")]
    [0.2, 0.34]
    >>> comparison.refused["broken_power"]
    'broken_power: 8 points over 3.48 decades; 30 points over 4 decades would do'

    Raises:
        FitError: the points suit none of the forms, and the message is the first form's; or only diagnostic ones.
    """
    cells = observed_cells(compute, error, stderr=stderr, test_examples=test_examples, groups=groups)
    return compare_cells(cells, forms=tuple(FORMS if forms is None else forms), chance_error=chance_error)


def compare_cells(cells: Cells, *, forms: Sequence[str], chance_error: float | None = None) -> Comparison:
    """``compare_forms`` on cells that were observed already."""
    fits, refused = _fit_each(cells, forms=forms, chance_error=chance_error)
    if not fits:
        raise FitError(next(iter(refused.values()), "forms: none given; one or more would do"))
    if not plausible(fits):
        raise FitError(_ONLY_DIAGNOSTIC)
    best = _best_aicc(fits)
    deltas = {name: fit.aicc - best if np.isfinite(fit.aicc) else np.nan for name, fit in fits.items()}
    scores = extrapolation_of(cells, forms=forms, chance_error=chance_error)
    return Comparison(fits, refused, deltas, {name: score for name, (_, score) in scores.items()})


def fit_each(
    compute: ArrayLike, error: ArrayLike, *, forms: Iterable[str], chance_error: float | None = None
) -> tuple[dict[str, CurveFit], dict[str, str]]:
    """The fits of the named forms, and the reasons of those that were refused."""
    names = tuple(forms)
    try:
        cells = observed_cells(compute, error)
    except FitError as reason:
        return {}, dict.fromkeys(names, str(reason))
    return _fit_each(cells, forms=names, chance_error=chance_error)


def _fit_each(
    cells: Cells, *, forms: Iterable[str], chance_error: float | None
) -> tuple[dict[str, CurveFit], dict[str, str]]:
    fits: dict[str, CurveFit] = {}
    refused: dict[str, str] = {}
    for name in forms:
        try:
            fits[name] = fit_cells(cells, form=name, chance_error=chance_error)
        except FitError as reason:
            refused[name] = str(reason)
    return fits, refused


def plausible(fits: Mapping[str, CurveFit]) -> tuple[str, ...]:
    """Names of the fits that the points leave standing, and of those with too few points to tell.

    Ruled out is what lies more than 6 above the lowest AICc in both comparisons: every form with the noise of its own
    response, and every form with the noise that suits it best.
    """
    conclusive = {name: fit for name, fit in fits.items() if not _diagnostic(name)}
    own = _within_reach({name: fit.own_aicc for name, fit in conclusive.items()})
    suited = _within_reach({name: fit.aicc for name, fit in conclusive.items()})
    return tuple(name for name in conclusive if name in own | suited)


def _within_reach(aicc: Mapping[str, float]) -> set[str]:
    lowest = min(aicc.values(), default=np.inf)
    return {name for name, value in aicc.items() if not np.isfinite(value) or value - lowest <= _PLAUSIBLE}


def _best_aicc(fits: Mapping[str, CurveFit]) -> float:
    """The lowest AICc of a form that conclusions may rest on; inf where none has one."""
    return min((fit.aicc for name, fit in fits.items() if not _diagnostic(name)), default=np.inf)


def _diagnostic(name: str) -> bool:
    return FORMS[name].family == "diagnostic"


def union_interval(fits: Mapping[str, CurveFit], quantity: Quantity, *, level: float = 0.95) -> tuple[float, float]:
    """The smallest interval that holds every plausible fit's interval of ``quantity``.

    A parameter that only some of the plausible forms have, such as ``"exponent"``, is asked of those: the interval then
    holds if one of them is true.

    Raises:
        FitError: none of the plausible forms has the quantity, or there is none.
    """
    ends, reason = [], FitError(_ONLY_DIAGNOSTIC)
    for name in plausible(fits):
        try:
            ends.append(fits[name].interval(quantity, level=level))
        except FitError as unknown:
            reason = unknown
    if not ends:
        raise reason
    lows, highs = zip(*ends, strict=True)
    return min(lows), max(highs)


def extrapolation(
    compute: ArrayLike, error: ArrayLike, *, forms: Iterable[str], chance_error: float | None = None
) -> dict[str, tuple[float, float]]:
    """Each form's (AICc, score) where it is fitted to the lower 60 % of ln compute and scored on the rest.

    The score is the root mean square of ln(error / predicted). Empty where fewer than two points would be hidden.
    """
    return extrapolation_of(observed_cells(compute, error), forms=forms, chance_error=chance_error)


def extrapolation_of(
    cells: Cells, *, forms: Iterable[str], chance_error: float | None
) -> dict[str, tuple[float, float]]:
    """``extrapolation`` of points that are cells already, those of a fit for example."""
    log_compute = np.log(cells.sizes[0])
    shown = log_compute <= log_compute.min() + _TRAIN_SHARE * np.ptp(log_compute)
    if (~shown).sum() < _FEWEST_HIDDEN:
        return {}
    names = tuple(forms)
    fits, _ = _fit_each(cells.where(shown), forms=names, chance_error=chance_error)
    return {
        name: (fits[name].aicc, misprediction(fits[name], log_compute[~shown], cells.log_error[~shown]))
        if name in fits
        else (np.inf, np.inf)
        for name in names
    }


def misprediction(fit: CurveFit, log_compute: FloatArray, log_error: FloatArray) -> float:
    """The root mean square of ln(error / predicted) at other points, shape (points,); inf where there is no value."""
    params = {name: np.asarray(value) for name, value in fit.params.items()}
    with np.errstate(all="ignore"):
        predicted = FORMS[fit.form].error(log_compute, params)
    if not np.all(np.isfinite(predicted) & (predicted > 0)):
        return float(np.inf)
    return float(np.sqrt(np.square(log_error - np.log(predicted)).mean()))
