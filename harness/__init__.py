"""The instrument: from a configuration to runs, records, a table, fits, claims and a report.

What fits points that need not be ours is at hand here, and imports nothing until it is asked for (no torch ever):

>>> from harness import fit_curve
>>> compute = [1e9, 1e10, 1e11, 1e12, 1e13]
>>> fit = fit_curve(compute, [0.30, 0.19, 0.13, 0.10, 0.08], form="power_floor")
>>> round(fit.params["exponent"], 2)
0.26
>>> low, high = fit.interval("exponent")
>>> low < fit.params["exponent"] < high
True

``docs/fitting.md`` shows the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.errors import FitError as FitError
    from harness.fits.bootstrap import bootstrap as bootstrap
    from harness.fits.bootstrap import wild_interval as wild_interval
    from harness.fits.bootstrap import wild_test as wild_test
    from harness.fits.burden import utilisation_drift as utilisation_drift
    from harness.fits.choice import Choice as Choice
    from harness.fits.choice import choose_form as choose_form
    from harness.fits.comparison import Comparison as Comparison
    from harness.fits.comparison import compare_forms as compare_forms
    from harness.fits.curve import CurveFit as CurveFit
    from harness.fits.curve import Prediction as Prediction
    from harness.fits.curve import fit_curve as fit_curve
    from harness.fits.direction import correct_for_noisy_compute as correct_for_noisy_compute
    from harness.fits.direction import regression_directions as regression_directions
    from harness.fits.frontier import Frontier as Frontier
    from harness.fits.frontier import frontier as frontier
    from harness.fits.isoflop import IsoflopProfile as IsoflopProfile
    from harness.fits.isoflop import profiles_of as profiles_of
    from harness.fits.isoflop_minima import IsoflopFit as IsoflopFit
    from harness.fits.isoflop_minima import isoflop as isoflop
    from harness.fits.shared_test_set import population_interval as population_interval
    from harness.fits.surface import SurfaceFit as SurfaceFit
    from harness.fits.surface import fit_surface as fit_surface
    from harness.fits.undominated import undominated as undominated
    from harness.fits.variants import robust_curves as robust_curves
    from harness.fits.variants import robust_surfaces as robust_surfaces
    from harness.fits.winners_curse import corrected_minima as corrected_minima
    from harness.fits.winners_curse import slope_bias as slope_bias
    from harness.forms import FORMS as FORMS

_HOMES = {
    "errors": ("FitError",),
    "fits.bootstrap": ("bootstrap", "wild_interval", "wild_test"),
    "fits.burden": ("utilisation_drift",),
    "fits.choice": ("Choice", "choose_form"),
    "fits.comparison": ("Comparison", "compare_forms"),
    "fits.curve": ("CurveFit", "Prediction", "fit_curve"),
    "fits.direction": ("correct_for_noisy_compute", "regression_directions"),
    "fits.frontier": ("Frontier", "frontier"),
    "fits.isoflop": ("IsoflopProfile", "profiles_of"),
    "fits.isoflop_minima": ("IsoflopFit", "isoflop"),
    "fits.shared_test_set": ("population_interval",),
    "fits.surface": ("SurfaceFit", "fit_surface"),
    "fits.undominated": ("undominated",),
    "fits.variants": ("robust_curves", "robust_surfaces"),
    "fits.winners_curse": ("corrected_minima", "slope_bias"),
    "forms": ("FORMS",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for (PEP 562), so that ``import harness`` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(f"harness.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
