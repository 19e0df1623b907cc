"""What to buy of a plan when it can't all be paid: the runs that pin the exponent best.

The error is taken to be E + A C**-alpha, as ``harness.power`` assumes it, and a budget's best cell to be one point with
the noise of its mean over seeds. The gradient of ln error by (alpha, ln A, E) at each budget gives the information
matrix; its inverse gives the variance of alpha, averaged (in logarithm) over the assumed truths. What is bought is a
seed of all cells of a budget, since the best cell is only found among its neighbours. For each budget that could be
the largest: it and the smallest first, for the span; then whatever lowers the variance most for its cost, then
exchanges while they lower it further (Fedorov 1972). The best of these is the answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.errors import ConfigError
from harness.fits.budgets import by_budget
from harness.forms.form import FloatArray
from harness.identity import cell_id
from harness.plan import PlannedRun
from harness.power import Assumptions, Truth

FEWEST_LEVELS = 5  # one more than a curve with a floor and its noise have parameters
_GAIN = 1e-3  # of the standard error: less is not worth another round of exchanges
_RIDGE = 1e-9  # of the information, so that two budgets have a variance too, if a huge one

Unit = Literal["gpuh", "cpuh", "usd", "flop"]


@dataclass(frozen=True)
class Budget:
    """So much of something: GPU-hours, hours of a CPU's thread, US dollars, or training FLOPs."""

    amount: float
    unit: Unit


@dataclass(frozen=True)
class Bought:
    """The runs to pay for. ``spent`` of the ``whole`` plan's cost; ``exponent_sd`` is the relative standard error.

    ``levels`` has the training FLOPs and the number of seeds of each budget that is kept.
    """

    run_ids: tuple[str, ...]
    spent: float
    whole: float
    decades: float
    whole_decades: float
    exponent_sd: float
    whole_exponent_sd: float
    levels: tuple[tuple[float, int], ...]

    @property
    def widening(self) -> float:
        """How many times as wide the exponent's interval will be as that of the whole plan."""
        return self.exponent_sd / self.whole_exponent_sd


@dataclass(frozen=True)
class _Level:
    """Runs of one training compute, a layer a seed; what each layer still costs."""

    compute: float
    layers: tuple[tuple[str, ...], ...]
    costs: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class _Offer:
    """What can be bought for ``amount``: levels up to ``top``, with their gradients (truths, levels, 3)."""

    levels: tuple[_Level, ...]
    top: int
    gradients: FloatArray
    amount: float


def read_budget(text: str) -> Budget:
    """``5gpuh``, ``5cpuh``, ``2usd`` or ``1e15flop``.

    Raises:
        ConfigError: anything else.
    """
    found = re.fullmatch(r"([0-9.]+(?:e[+-]?[0-9]+)?) ?(gpuh|cpuh|usd|flop)", text.strip().lower())
    try:
        amount = float(found[1]) if found else 0.0
    except ValueError:
        amount = 0.0
    if found is None or not amount > 0:
        raise ConfigError(f"--budget: '{text}' is no budget; write 5gpuh, 5cpuh, 2usd or 1e15flop")
    return Budget(amount, found[2])  # type: ignore[arg-type]  # one of the four by the pattern


def buy(planned: Sequence[PlannedRun], *, costs: Mapping[str, float], amount: float, assumed: Assumptions) -> Bought:
    """The runs that pin the exponent best for ``amount``; ``costs`` by run id, nothing for runs that are done.

    Raises:
        ConfigError: the amount does not buy ``FEWEST_LEVELS`` budgets, or the plan has fewer.
    """
    levels = _levels(planned, costs)
    if len(levels) < FEWEST_LEVELS:
        raise ConfigError(f"--budget: the plan has {len(levels)} budgets; {FEWEST_LEVELS} or more pin an exponent")
    gradients = np.array([_gradients(np.array([one.compute for one in levels]), truth) for truth in assumed.truths])
    whole = np.array([len(one.layers) for one in levels])
    tried = (_grow(_Offer(levels, top, gradients, amount), assumed) for top in range(len(levels)))
    bought = [seeds for seeds in tried if seeds is not None and (seeds > 0).sum() >= FEWEST_LEVELS]
    if not bought:
        cheapest = sum(sorted(one.costs[0] for one in levels)[:FEWEST_LEVELS])
        raise ConfigError(
            f"--budget: {amount:g} does not buy {FEWEST_LEVELS} budgets, which a curve takes; {cheapest:.3g} would"
        )
    best = min(bought, key=lambda seeds: _spread(seeds, gradients, assumed))
    return _described(levels, best, whole, gradients, assumed)


def _levels(planned: Sequence[PlannedRun], costs: Mapping[str, float]) -> tuple[_Level, ...]:
    budgets = by_budget([run.training_flops for run in planned])
    return tuple(_level([planned[number] for number in numbers], costs) for numbers in budgets)


def _level(runs: Sequence[PlannedRun], costs: Mapping[str, float]) -> _Level:
    cells: dict[str, list[str]] = {}
    for run in sorted(runs, key=lambda run: run.config.seed):
        cells.setdefault(cell_id(run.config), []).append(run.id)
    layers = [
        tuple(ids[layer] for ids in cells.values() if len(ids) > layer)
        for layer in range(max(map(len, cells.values())))
    ]
    return _Level(
        compute=float(np.median([run.training_flops for run in runs])),
        layers=tuple(layers),
        costs=tuple(sum(costs.get(run_id, 0.0) for run_id in layer) for layer in layers),
    )


def _gradients(compute: FloatArray, truth: Truth) -> FloatArray:
    """Of ln error by ln alpha, ln A and E over the last error; shape (levels, 3)."""
    ratio = compute / compute.max()
    falling = (1 - truth.floor_share) * ratio**-truth.exponent
    error = truth.floor_share + falling
    columns = [-truth.exponent * np.log(ratio) * falling / error, falling / error, 1 / error]
    return np.column_stack(columns)


def _spread(seeds: FloatArray, gradients: FloatArray, assumed: Assumptions) -> float:
    """The relative standard error of alpha, the geometric mean over the truths."""
    return float(np.exp(_log_spreads(seeds[None], gradients, assumed)[0]))


def _log_spreads(seeds: FloatArray, gradients: FloatArray, assumed: Assumptions) -> FloatArray:
    """For each row of ``seeds`` (candidates, levels): ln of that standard error."""
    noise = assumed.cell_sd**2 + assumed.seed_sd**2 / np.maximum(seeds, 1)
    weights = np.where(seeds > 0, 1 / noise, 0.0)
    information = np.einsum("cl,tli,tlj->ctij", weights, gradients, gradients)
    ridge = _RIDGE * np.eye(3) * np.trace(information, axis1=2, axis2=3)[..., None, None]
    return np.asarray(0.5 * np.log(np.linalg.inv(information + ridge)[..., 0, 0]).mean(axis=1))


def _grow(offer: _Offer, assumed: Assumptions) -> FloatArray | None:
    """The seeds of each level, none above the top; None where the span alone is too dear."""
    ends = np.zeros(len(offer.levels), dtype=int)
    ends[[0, offer.top]] = 1
    if _cost(offer.levels, ends) > offer.amount:
        return None
    seeds = _fill(offer, ends, assumed)
    while True:
        others = [_exchanged(offer, seeds, given, assumed) for given in np.flatnonzero(seeds > ends).tolist()]
        best = min(others, key=lambda other: _spread(other, offer.gradients, assumed), default=seeds)
        if _spread(best, offer.gradients, assumed) > _spread(seeds, offer.gradients, assumed) * (1 - _GAIN):
            return seeds
        seeds = best


def _fill(offer: _Offer, seeds: FloatArray, assumed: Assumptions, *, but: int | None = None) -> FloatArray:
    """The seeds with whatever lowers the variance most for its cost, while there is money; nothing more of ``but``."""
    levels = offer.levels
    while True:
        left = offer.amount - _cost(levels, seeds)
        more = [
            level
            for level in range(offer.top + 1)
            if level != but and seeds[level] < len(levels[level].layers) and levels[level].costs[seeds[level]] <= left
        ]
        if not more:
            return seeds
        candidates = seeds + np.eye(len(levels), dtype=int)[more]
        before, after = (_log_spreads(some, offer.gradients, assumed) for some in (seeds[None], candidates))
        prices = np.array([levels[level].costs[seeds[level]] for level in more])
        seeds = candidates[int(np.argmax((before - after) / np.maximum(prices, 1e-9 * offer.amount)))]


def _exchanged(offer: _Offer, seeds: FloatArray, given: int, assumed: Assumptions) -> FloatArray:
    """The seeds with one of the level ``given`` handed back, and something else bought for it."""
    fewer = seeds.copy()
    fewer[given] -= 1
    return _fill(offer, fewer, assumed, but=given)


def _cost(levels: Sequence[_Level], seeds: FloatArray) -> float:
    return sum(sum(one.costs[:count]) for one, count in zip(levels, seeds, strict=True))


def _described(
    levels: Sequence[_Level], seeds: FloatArray, whole: FloatArray, gradients: FloatArray, assumed: Assumptions
) -> Bought:
    kept = [(one, int(count)) for one, count in zip(levels, seeds, strict=True) if count]
    return Bought(
        run_ids=tuple(run_id for one, count in kept for layer in one.layers[:count] for run_id in layer),
        spent=sum(sum(one.costs[:count]) for one, count in kept),
        whole=sum(sum(one.costs) for one in levels),
        decades=float(np.log10(kept[-1][0].compute / kept[0][0].compute)),
        whole_decades=float(np.log10(levels[-1].compute / levels[0].compute)),
        exponent_sd=_spread(seeds, gradients, assumed),
        whole_exponent_sd=_spread(whole, gradients, assumed),
        levels=tuple((one.compute, count) for one, count in kept),
    )
