"""The learning rate of a study: which runs tell it, and the rule that they give.

A study's main ladder is tuned: its largest set of runs that differ only in width, budget and seed. At three of its
sizes the rate is tried on a grid of doublings, a parabola in ln rate gives each optimum, and a line through the optima
gives the rule ln rate = a + b ln N + c ln T, with N parameters and T steps. Choices rest on the validation error.
"""

import dataclasses
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as t_distribution

from harness.config import OptimConfig, RunConfig
from harness.errors import ConfigError
from harness.fits.parabola import fit_parabola
from harness.optim import peak_learning_rate
from harness.plan import PlannedRun
from harness.schema import to_dict

DOUBLINGS = (-2, -1, 0, 1, 2)  # of the study's own rate: the first grid
WIDENING = 2  # doublings that a grid grows by where its best rate is at an end ...
WIDEST = 6  # ... up to this many away from the study's own rate: 64 times
SHARE = 0.2  # of the study's FLOPs that tuning may take
NEAR = 2  # doublings around the best that the parabola is fitted to


@dataclass(frozen=True)
class Optimum:
    """The best rate at a size and horizon: ln rate as it was used, after the study's own rule over widths."""

    width: int
    params: int
    steps: int
    log_rate: float


@dataclass(frozen=True)
class Rule:
    """ln rate = ``intercept`` + ``over_params`` ln N + ``over_steps`` ln T, the last where two horizons were tried.

    ``over_params_interval`` is at 95 %, from the scatter of the optima around the rule.
    """

    intercept: float
    over_params: float
    over_params_interval: tuple[float, float]
    over_steps: float | None

    def log_rate(self, params: int, steps: int) -> float:
        """The rule's ln rate."""
        return self.intercept + self.over_params * math.log(params) + (self.over_steps or 0.0) * math.log(steps)


@dataclass(frozen=True)
class Fields:
    """The rule as a run's configuration has it, off by a factor of at most ``worst`` at the sizes of a ladder."""

    learning_rate: float
    reference_width: int
    width_exponent: float
    worst: float


def main_ladder(planned: Sequence[PlannedRun]) -> dict[int, list[PlannedRun]]:
    """The runs of the main ladder by width, narrowest first, each width's from the shortest to the longest, one seed.

    Raises:
        ConfigError: it has fewer than three widths.
    """
    ladders: dict[str, list[PlannedRun]] = defaultdict(list)
    for run in planned:
        ladders[_all_but_width_and_budget(run.config)].append(run)
    longest = max(ladders.values(), key=lambda runs: (len({run.config.model.width for run in runs}), len(runs)))
    seed = min(run.config.seed for run in longest)
    widths: dict[int, list[PlannedRun]] = defaultdict(list)
    for run in sorted(longest, key=lambda run: (run.config.model.width, run.steps)):
        if run.config.seed == seed:
            widths[run.config.model.width].append(run)
    if len(widths) < 3:
        raise ConfigError(
            f"tune: the study's longest ladder of widths has {len(widths)}; a rule over sizes takes three or more"
        )
    return dict(widths)


def _all_but_width_and_budget(run: RunConfig) -> str:
    tree = to_dict(run)
    for own in ("budget", "evaluations", "seed"):
        del tree[own]
    del tree["model"]["width"]
    return json.dumps(tree, sort_keys=True)


def anchors(ladder: Mapping[int, Sequence[PlannedRun]], *, horizons: int, most_flops: float) -> tuple[PlannedRun, ...]:
    """The runs to be tried at other rates: three sizes, each at ``horizons`` of its budgets.

    The sizes are the smallest, the geometric middle and the second largest (the largest, of three). The budget is the
    middle one of each size, or the longest shorter ones whose grids cost ``most_flops`` or less; the shortest, if none.
    """
    sizes = list(ladder.values())
    chosen = [sizes[0], _middle(sizes), sizes[-2] if len(sizes) > 3 else sizes[-1]]
    for back in range(max(map(len, chosen))):
        tried = [run for runs in chosen for run in _budgets(runs, back=back, horizons=horizons)]
        if len(DOUBLINGS) * sum(run.training_flops for run in tried) <= most_flops:
            break
    return tuple(tried)


def _middle(sizes: Sequence[Sequence[PlannedRun]]) -> Sequence[PlannedRun]:
    low, high = sizes[0][0].cost.params, sizes[-1][0].cost.params
    return min(sizes[1:-1], key=lambda runs: abs(math.log(runs[0].cost.params) - math.log(low * high) / 2))


def _budgets(runs: Sequence[PlannedRun], *, back: int, horizons: int) -> list[PlannedRun]:
    last = max(len(runs) // 2 - back, 0)
    return [runs[last]] if horizons == 1 or last == 0 else [runs[0], runs[last]]


def first_seeds(planned: Sequence[PlannedRun], count: int) -> tuple[int, ...]:
    """The study's ``count`` lowest seeds.

    Raises:
        ConfigError: it has fewer.
    """
    seeds = sorted({run.config.seed for run in planned})
    if len(seeds) < count:
        raise ConfigError(f"tune: --seeds {count}, and the study has {len(seeds)}; a longer seed axis would do")
    return tuple(seeds[:count])


def mean_error(errors: Sequence[float]) -> float:
    """The geometric mean over seeds; inf where one of them diverged."""
    return math.exp(sum(map(math.log, errors)) / len(errors))


def at_rate(run: RunConfig, factor: float) -> RunConfig:
    """The run with its learning rate times ``factor``."""
    optim = dataclasses.replace(run.optim, learning_rate=run.optim.learning_rate * factor)
    return dataclasses.replace(run, optim=optim)


def widened(errors: Mapping[int, float]) -> tuple[int, ...]:
    """Doublings to try beside those of ``errors`` (inf: diverged), so that the best has neighbours; none if it has.

    Raises:
        ConfigError: the best lies at the end of the widest grid.
    """
    best = min(errors, key=lambda doubling: (errors[doubling], abs(doubling)))
    if min(errors) < best < max(errors):
        return ()
    step = 1 if best == max(errors) else -1
    more = tuple(best + step * (i + 1) for i in range(WIDENING))
    if max(map(abs, more)) > WIDEST:
        side = "higher" if step > 0 else "lower"
        raise ConfigError(
            f"tune: the best learning rate is the {side[:-2]}est of the widest grid, 2**{best} times the study's own; "
            f"start from a {side} one, with optim.learning_rate"
        )
    return more


def find_optimum(run: PlannedRun, errors: Mapping[int, float]) -> Optimum:
    """The optimum from the errors at each doubling, the best of which has neighbours on both sides.

    Raises:
        FitError: the errors around the best do not curve upwards.
    """
    best = min(errors, key=lambda doubling: (errors[doubling], abs(doubling)))
    near = [k for k in sorted(errors) if abs(k - best) <= NEAR and math.isfinite(errors[k])]
    parabola = fit_parabola([k * math.log(2) for k in near], [math.log(errors[k]) for k in near])
    within = min(max(parabola.at, (best - 1) * math.log(2)), (best + 1) * math.log(2))
    width = run.config.model.width
    own = math.log(peak_learning_rate(run.config.optim, width=width))
    return Optimum(width, run.cost.params, run.steps, own + within)


def fit_rule(optima: Sequence[Optimum]) -> Rule:
    """The least-squares rule; the term of T where some size was tried at two horizons."""
    has_horizons = len({one.params for one in optima}) < len(optima)
    columns = [[1.0] * len(optima), [math.log(one.params) for one in optima]]
    if has_horizons:
        columns.append([math.log(one.steps) for one in optima])
    design, found = np.array(columns).T, np.array([one.log_rate for one in optima])
    solution, *_ = np.linalg.lstsq(design, found, rcond=None)
    freedom = len(optima) - design.shape[1]
    variance = float(np.square(found - design @ solution).sum()) / freedom
    half = t_distribution.ppf(0.975, freedom) * math.sqrt(variance * np.linalg.inv(design.T @ design)[1, 1])
    slope = float(solution[1])
    return Rule(float(solution[0]), slope, (slope - half, slope + half), float(solution[2]) if has_horizons else None)


def through_width(optima: Sequence[Optimum], rule: Rule, ladder: Mapping[int, Sequence[PlannedRun]]) -> Fields:
    """The rule through ``learning_rate``, ``reference_width`` and ``width_exponent``, and how far off that is.

    Under ``mup`` the exponent is 0, and the rate the geometric mean of the optima.
    """
    (optim, *_) = (run.config.optim for runs in ladder.values() for run in runs)
    reference = optim.reference_width
    log_rates = np.array([one.log_rate for one in optima])
    relative = np.log([one.width / reference for one in optima])
    exponent = 0.0 if optim.parametrisation == "mup" else -float(np.polyfit(relative, log_rates, 1)[0])
    rate = math.exp(float(np.mean(log_rates + exponent * relative)))
    fields = Fields(float(f"{rate:.3g}"), reference, round(exponent, 3), worst=1.0)
    off = [
        abs(math.log(peak_learning_rate(_with(optim, fields), width=width)) - rule.log_rate(run.cost.params, run.steps))
        for width, runs in ladder.items()
        for run in runs
    ]
    return dataclasses.replace(fields, worst=math.exp(max(off)))


def _with(optim: OptimConfig, fields: Fields) -> OptimConfig:
    return dataclasses.replace(
        optim, learning_rate=fields.learning_rate, reference_width=fields.reference_width,
        width_exponent=fields.width_exponent,
    )  # fmt: skip
