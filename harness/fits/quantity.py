"""Scalars of a fit's parameters: by name, or as any function of the parameters."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import numpy as np

from harness.errors import FitError
from harness.forms.form import FloatArray, Params

Derived = Callable[[Params], FloatArray]
Quantity = str | Derived
ToParams = Callable[[FloatArray], Mapping[str, FloatArray]]


def scalars_of(
    quantity: Quantity, *, to_params: ToParams, names: Iterable[str], derived: Mapping[str, Derived]
) -> Callable[[FloatArray], FloatArray]:
    """The quantity as a function of parameter vectors (..., parameters), with values (...).

    ``to_params`` names the parameters of vectors; ``names`` are those names, ``derived`` the quantities besides them.

    Raises:
        FitError: a name that is neither.
    """
    function = derived_of(quantity, names=names, derived=derived)

    def scalars(vectors: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.asarray(function(to_params(vectors)), dtype=float) + np.zeros(vectors.shape[:-1])

    return scalars


def derived_of(
    quantity: Quantity, *, names: Iterable[str], derived: Mapping[str, Derived] = MappingProxyType({})
) -> Derived:
    """The quantity as a function of parameters by name; ``names`` are theirs, ``derived`` the quantities besides them.

    Raises:
        FitError: a name that is neither.
    """
    named = {name: _parameter(name) for name in names} | dict(derived)
    if not isinstance(quantity, str):
        return quantity
    if quantity not in named:
        raise FitError(f"quantity: unknown {quantity!r}; one of {', '.join(sorted(named))}, or a function, would do")
    return named[quantity]


def _parameter(name: str) -> Derived:
    return lambda params: params[name]
