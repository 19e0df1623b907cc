"""The same fits by several packages in one run: accuracy, coverage, time. Prints what docs/fitting_compared.md shows.

    pip install -e '.[compare]' && python -m tests.benchmarks.compare_fits

What is not installed is said and left out. A curve's truth is error = E + A * C**-0.25 with a floor of 30 % of the last
error, a surface's E + A * N**-0.35 + B * D**-0.37; noise is lognormal, and every package gets the same draws.
"""

import contextlib
import io
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from scipy import optimize, stats

from harness.fits.curve import fit_curve
from harness.fits.surface import fit_surface
from tests.stats.simulated import Design, FloatArray, Truth, draw

TRUTH = Truth(0.25, 0.3)
DESIGNS = (Design(8, 0.02, 2), Design(20, 0.02, 2), Design(20, 0.05, 2), Design(20, 0.02, 3))
DRAWS = 200
SURFACE_DRAWS = 10
PARAMS_EXPONENT, EXAMPLES_EXPONENT = 0.35, 0.37


@dataclass(frozen=True)
class Answer:
    """The exponent and its 95 % interval, None where the package gives none."""

    exponent: float
    interval: tuple[float, float] | None


Fitter = Callable[[FloatArray, FloatArray], Answer]


def harness_curve(compute: FloatArray, error: FloatArray) -> Answer:
    """Ours: variable projection and profile-F."""
    fit = fit_curve(compute, error, form="power_floor")
    return Answer(fit.params["exponent"], fit.interval("exponent"))


def straight_line(compute: FloatArray, error: FloatArray) -> Answer:
    """Least squares of log error on log compute: what is most often done."""
    found = stats.linregress(np.log(compute), np.log(error))
    reach = stats.t.ppf(0.975, len(error) - 2) * found.stderr
    return Answer(-found.slope, (-found.slope - reach, -found.slope + reach))


def law(compute: FloatArray, floor: float, scale: float, exponent: float) -> FloatArray:
    """Error of the power law with a floor."""
    return np.asarray(floor + scale * compute**-exponent)


def log_law(compute: FloatArray, floor: float, scale: float, exponent: float) -> FloatArray:
    """Its logarithm."""
    return np.asarray(np.log(law(compute, floor, scale, exponent)))


def scipy_plain(compute: FloatArray, error: FloatArray) -> Answer:
    """``curve_fit`` as it comes: FLOPs as they are, no start, no bounds."""
    return _wald(*optimize.curve_fit(law, compute, error), points=len(error))


def scipy_with_care(compute: FloatArray, error: FloatArray) -> Answer:
    """``curve_fit`` of ln error, compute against its largest, with a start and bounds."""
    start, bounds = (0.5 * error.min(), 0.5 * error.min(), 0.3), ([0, 1e-9, 1e-3], [error.min(), 1, 3])
    found = optimize.curve_fit(log_law, compute / compute.max(), np.log(error), p0=start, bounds=bounds)
    return _wald(*found, points=len(error))


def _wald(values: FloatArray, covariance: FloatArray, *, points: int) -> Answer:
    reach = stats.t.ppf(0.975, points - 3) * np.sqrt(covariance[2, 2])
    return Answer(float(values[2]), (float(values[2] - reach), float(values[2] + reach)))


def lmfit_profile(compute: FloatArray, error: FloatArray) -> Answer:
    """``lmfit`` of ln error with the same start and bounds, and its profile interval."""
    import lmfit

    model = lmfit.Model(log_law)
    params = model.make_params(
        floor={"value": 0.5 * error.min(), "min": 0, "max": error.min()},
        scale={"value": 0.5 * error.min(), "min": 1e-9, "max": 1},
        exponent={"value": 0.3, "min": 1e-3, "max": 3},
    )
    found = model.fit(np.log(error), params, compute=compute / compute.max())
    ends = found.conf_interval(p_names=["exponent"], sigmas=[0.95])["exponent"]
    return Answer(found.params["exponent"].value, (ends[0][1], ends[-1][1]))


def simple_scaling_laws(table: dict[str, FloatArray]) -> Any:
    """``simple-scaling-laws``: its separable law with 200 bootstrap draws. It takes a target in [0, 1] for a share
    and fits its logit, so errors are given in per ten: exponents are the same.
    """
    import polars as pl
    from simple_scaling_laws import fit

    runs = pl.DataFrame({"training_run_id": [str(run) for run in range(len(table["test_loss__y"]))], **table})
    return fit(runs, law="separable-power", n_draws=200, seed=0)


def simple_scaling_laws_curve(compute: FloatArray, error: FloatArray) -> Answer:
    """Of one size: the exponent and its bootstrap interval."""
    found = simple_scaling_laws({"model_size__flops": compute, "test_loss__y": 10 * error})
    return Answer(found.params("test_loss__y")["alpha"], found.conf_int("test_loss__y")["alpha"])


CURVES: dict[str, tuple[str, Fitter]] = {
    "this harness": ("numpy", harness_curve),
    "line through logs": ("scipy", straight_line),
    "curve_fit, as it comes": ("scipy", scipy_plain),
    "curve_fit, with care": ("scipy", scipy_with_care),
    "lmfit, profile": ("lmfit", lmfit_profile),
    "simple-scaling-laws": ("simple-scaling-laws", simple_scaling_laws_curve),
}
FEWER = {"simple-scaling-laws": 40}  # draws of what takes a second a fit: the first of the same


def installed(package: str) -> str | None:
    """The package's version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def score(fitter: Fitter, design: Design, *, draws: int) -> tuple[str, ...]:
    """Failures, median bias, root mean square error and coverage of the exponent, and milliseconds a fit."""
    generator, answers, spent = np.random.default_rng(0), [], 0.0
    for _ in range(draws):
        points = draw(TRUTH, design, generator)
        began = time.process_time()
        with quiet():
            try:
                answers.append(fitter(*points))
            except Exception:  # whatever a package raises is a fit that failed: the row counts it
                answers.append(None)
        spent += time.process_time() - began
    found = [one for one in answers if one is not None and one.interval and np.all(np.isfinite(one.interval))]
    failed = f"{100 * (1 - len(found) / draws):.0f} %"
    milliseconds = f"{1000 * spent / draws:.2g}"
    if not found:
        return failed, "–", "–", "–", milliseconds
    off = np.array([one.exponent / TRUTH.exponent - 1 for one in found])
    held = np.mean([one.interval[0] <= TRUTH.exponent <= one.interval[1] for one in found if one.interval])
    return (
        failed,
        f"{100 * np.median(off):+.0f} %",
        f"{100 * np.sqrt(np.mean(off**2)):.0f} %",
        f"{held:.2f}",
        milliseconds,
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what other packages print and warn."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def surface_points(generator: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Parameters, examples and loss of 36 runs, 2 % noise, constants of the size of language models'."""
    params, examples = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 3e9, 6), np.geomspace(3e8, 1e11, 6)))
    loss = 1.8 + 480 * params**-PARAMS_EXPONENT + 2100 * examples**-EXAMPLES_EXPONENT
    return params, examples, loss * np.exp(generator.normal(0, 0.02, len(params)))


def harness_surface(params: FloatArray, examples: FloatArray, loss: FloatArray) -> tuple[float, float]:
    """Ours: the exponents of parameters and examples."""
    fit = fit_surface(params, examples, loss)
    return fit.params["params_exponent"], fit.params["examples_exponent"]


def chinchilla_surface(params: FloatArray, examples: FloatArray, loss: FloatArray) -> tuple[float, float]:
    """``chinchilla``: Huber loss of logs by BFGS from a grid of 243 starts."""
    from chinchilla import Chinchilla
    from chinchilla._metrics import log_huber

    grid = {
        "e": np.log([1.0, 1.7, 2.5]),
        "a": np.linspace(3, 9, 3),
        "b": np.linspace(3, 9, 3),
        "alpha": np.linspace(0.2, 0.6, 3),
        "beta": np.linspace(0.2, 0.6, 3),
    }
    with tempfile.TemporaryDirectory() as folder:
        fit = Chinchilla(folder, param_grid=grid, seed_ranges={"C": (1e16, 2e21), "N_to_D": (0.1, 1e4)},
                         loss_fn=lambda y, p: log_huber(y, p, delta=1e-3), log_level=50)  # fmt: skip
        for n, d, y in zip(params, examples, loss, strict=True):
            fit.database.append(N=n, D=d, loss=y)
        fit.visualizer.optim = lambda *_, **__: None  # its plot is not what is timed
        fit.fit()
    return fit.alpha, fit.beta


def simple_scaling_laws_surface(params: FloatArray, examples: FloatArray, loss: FloatArray) -> tuple[float, float]:
    """Of two sizes."""
    found = simple_scaling_laws({"model_size__n": params, "dataset_size__d": examples, "test_loss__y": loss})
    return found.params("test_loss__y")["alpha"], found.params("test_loss__y")["beta"]


SURFACES: dict[str, tuple[str, Callable[..., tuple[float, float]]]] = {
    "this harness": ("numpy", harness_surface),
    "chinchilla": ("chinchilla", chinchilla_surface),
    "simple-scaling-laws": ("simple-scaling-laws", simple_scaling_laws_surface),
}


def score_surface(fitter: Callable[..., tuple[float, float]], *, draws: int) -> tuple[str, ...]:
    """Failures, errors of both exponents, and wall milliseconds a fit, since some packages start processes."""
    generator, found, spent = np.random.default_rng(0), [], 0.0
    for _ in range(draws):
        points = surface_points(generator)
        began = time.perf_counter()
        with quiet(), contextlib.suppress(Exception):  # as above
            found.append(fitter(*points))
        spent += time.perf_counter() - began
    failed, milliseconds = f"{100 * (1 - len(found) / draws):.0f} %", f"{1000 * spent / draws:.2g}"
    if not found:
        return failed, "–", "–", milliseconds
    off = np.array(found) / (PARAMS_EXPONENT, EXAMPLES_EXPONENT) - 1
    spread = [f"{100 * one:.0f} %" for one in np.sqrt(np.mean(off**2, axis=0))]
    return failed, spread[0], spread[1], milliseconds


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Markdown."""
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def curve_tables(draws: int) -> Iterator[str]:
    """A table a design."""
    for design in DESIGNS:
        rows: list[tuple[str, ...]] = []
        for name, (package, fitter) in CURVES.items():
            if installed(package) is not None:
                rows.append((name, *score(fitter, design, draws=min(draws, FEWER.get(name, draws)))))
        yield f"{design.n} points over {design.decades:g} decades, noise {100 * design.sigma:g} %:"
        yield table(("fit", "fails", "median bias", "error (rms)", "coverage of 95 %", "ms"), rows)


def main() -> None:
    """Print everything."""
    packages = {name: installed(name) for name in ("scipy", "lmfit", "chinchilla", "simple-scaling-laws")}
    print(", ".join(f"{name} {found or 'not installed here'}" for name, found in packages.items()) + ".\n")
    for text in curve_tables(DRAWS):
        print(text + "\n")
    print("A surface of 36 runs, noise 2 %:\n")
    rows = [(name, *score_surface(fitter, draws=SURFACE_DRAWS)) for name, (package, fitter) in SURFACES.items()
            if installed(package) is not None]  # fmt: skip
    print(table(("fit", "fails", "N exponent (rms)", "D exponent (rms)", "ms of wall time"), rows))


if __name__ == "__main__":
    main()
