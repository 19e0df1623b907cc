"""How far a predictor is from the data: residuals that are least squares, or a likelihood written as least squares.

The sum of squared *deviance residuals* is minus twice the log likelihood up to a constant, so a binomial likelihood is
minimised, and its intervals profiled, by the code of least squares. With k mistakes of n examples and fitted error e

    d**2 = 2 (k ln(k / (n e)) + (n - k) ln((n - k) / (n (1 - e))))

which is finite for k = 0 and k = n: no logarithm of a zero is ever taken (McCullagh & Nelder 1989, section 2.4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from harness.forms.form import IDENTITY, FloatArray, Form, Link, Response

_NEAREST_CEILING = -0.02  # of ln(error / chance): a working predictor for observations at or above chance
_CLOSE = 1e-4
_RARE = 1e-12  # fitted errors are kept this far from 0, where a likelihood ends
_ABSURD = 1e3  # and below this
_NEARLY_ALL = 0.99  # an error up to which a likelihood is one, however few the examples


@dataclass(frozen=True)
class Misfit:
    """Weighted residuals of a predictor, point by point.

    ``residual`` and ``slope`` (its derivative) map predictors (..., points) to (..., points). Least squares of the
    predictor itself on ``working``, with ``root_weights``, is nearly the same problem; ``linear`` says whether it is
    the same. ``response_weights`` multiply plain differences of responses, None where residuals are none.
    """

    residual: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    working: FloatArray
    root_weights: FloatArray
    linear: bool
    response_weights: FloatArray | None


def squares(link: Link, responses: FloatArray, root_weights: FloatArray) -> Misfit:
    """Fitted minus observed ``responses`` (..., points) times ``root_weights`` (points,)."""
    working = working_predictor(link, responses)
    slopes = np.ones_like(root_weights) if link is IDENTITY else link.slope(working)
    return Misfit(
        residual=lambda predictor: (link.response(predictor) - responses) * root_weights,
        slope=lambda predictor: link.slope(predictor) * root_weights,
        working=working,
        root_weights=slopes * root_weights,
        linear=link is IDENTITY,
        response_weights=root_weights,
    )


def working_predictor(link: Link, responses: FloatArray) -> FloatArray:
    """The predictor at the observed responses, shape (..., points); one above the ceiling is put a little below it."""
    return responses if link is IDENTITY else link.predictor(np.minimum(responses, _NEAREST_CEILING))


def equal_noise(
    form: Form, observed: FloatArray, noises: Sequence[Response], *, chance_error: float
) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """Fitted minus observed errors as each of ``noises`` has them, and their slopes by the predictor.

    It takes predictors of shape (noises, points), each row's own; no noise need be that of the form's own response.
    """
    seen = np.stack([noise.of_error(observed) for noise in noises])

    def evaluate(predictor: FloatArray) -> tuple[FloatArray, FloatArray]:
        response = form.link.response(predictor)
        error = chance_error * form.response.to_error(response)
        error = np.clip(np.nan_to_num(error, nan=1 / _RARE), _RARE, 1 / _RARE)
        by_predictor = form.link.slope(predictor) * chance_error / form.response.derivative(error / chance_error)
        fitted = np.stack([noise.of_error(row) for noise, row in zip(noises, error, strict=True)])
        slopes = np.stack([noise.derivative(row) for noise, row in zip(noises, error, strict=True)])
        return fitted - seen, slopes * by_predictor

    return evaluate


def binomial(
    form: Form, observed: FloatArray, trials: FloatArray, root_scale: FloatArray, *, chance_error: float
) -> Misfit:
    """Deviance residuals of ``observed`` shares of ``trials``, times ``root_scale``, all of shape (points,).

    ``root_scale`` below one allows for scatter beyond that of the counts. A form without a ceiling may pass an error of
    1, where there is no likelihood: from half an example below it on, residuals go on as straight lines.
    """
    most = np.maximum(1 - 0.5 / trials, _NEARLY_ALL)

    def fitted(predictor: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            error = chance_error * form.response.to_error(form.link.response(predictor))
        return np.clip(np.nan_to_num(error, nan=1.0), _RARE, _ABSURD)

    def residual(predictor: FloatArray) -> FloatArray:
        error = fitted(predictor)
        held = np.minimum(error, most)
        likely = np.sign(held - observed) * np.sqrt(_deviance(observed, held))
        return np.asarray((likely + (error - held) * _deviance_slope(observed, held)) * np.sqrt(trials) * root_scale)

    def slope(predictor: FloatArray) -> FloatArray:
        error = fitted(predictor)
        by_error = np.sqrt(trials) * root_scale * _deviance_slope(observed, np.minimum(error, most))
        return np.asarray(
            by_error * form.link.slope(predictor) * chance_error / form.response.derivative(error / chance_error)
        )

    seen = (observed * trials + 0.5) / (trials + 1)  # half a mistake more and half an example (Haldane 1956)
    rough = squares(form.link, form.response.of_error(seen / chance_error), np.ones_like(seen))
    return Misfit(residual, slope, rough.working, np.abs(slope(rough.working)), linear=False, response_weights=None)


def _deviance(observed: FloatArray, error: FloatArray) -> FloatArray:
    """The deviance of one example; by its series where the two are so close that logarithms would cancel."""
    gap, spread = observed - error, error * (1 - error)
    series = np.square(gap) / spread * (1 - gap * (1 - 2 * error) / (3 * spread))
    wrong = xlogy(observed, observed) - xlogy(observed, error)
    right = xlogy(1 - observed, 1 - observed) - xlogy(1 - observed, 1 - error)
    return np.where(np.abs(gap) < _CLOSE * spread, series, 2 * np.maximum(wrong + right, 0.0))


def _deviance_slope(observed: FloatArray, error: FloatArray) -> FloatArray:
    """The derivative of the signed root of the deviance by the fitted error; its limit where the two meet."""
    spread, gap = error * (1 - error), np.abs(error - observed)
    root = np.sqrt(_deviance(observed, error))
    apart = root > 0
    return np.where(apart, gap / (spread * np.where(apart, root, 1.0)), 1 / np.sqrt(spread))
