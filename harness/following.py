"""A study while it runs: what has landed, how fast, when it will be done, and the exponent refitted each time.

The exponent is said to be steady when the last third of the results, in the order in which they landed, moved it by
less than half of the half-width of its interval and narrowed that interval by less than a third: then more runs of
the sizes that the study has no longer change it, and only a wider range of compute would.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from harness.errors import FitError
from harness.evidence import fit_frontier, reduce_runs
from harness.plan import PlannedRun
from harness.rules import Exclusions
from harness.states import DONE, RunState
from harness.table import Collected

FORM = "power_floor"
WINDOW_SECONDS = 900.0  # of finished runs, for the rate: long enough for a few, short enough to follow a change
_SAME = 0.5  # of the half-width; a third more of the same runs moves it by a third of that, by chance (1 sd)
_NARROWED = 2 / 3


@dataclass(frozen=True)
class Refit:
    """Error against training FLOPs so far: a point a budget, and the exponent of the curve with a floor.

    ``exponent`` and ``interval`` are None where they can't be stated, and ``why`` says why. ``moved`` is by how much
    the last third of the results moved the exponent, None where the earlier ones had none.
    """

    runs: int
    frontier: tuple[tuple[float, float], ...]
    decades: float
    exponent: float | None
    interval: tuple[float, float] | None
    why: str
    moved: float | None = None
    steady: bool = False


@dataclass(frozen=True)
class Account:
    """Where a study stands: runs by state, what is done of the predicted work, its rate, and the seconds left."""

    counts: Mapping[str, int]
    done: int
    total: int
    share: float
    runs_per_hour: float | None
    flops_per_second: float | None
    seconds_left: float | None


def account(
    planned: Sequence[PlannedRun], states: Mapping[str, RunState], *, landed: Mapping[str, float], now: float
) -> Account:
    """Count and extrapolate; ``landed`` is the Unix time at which each record was written.

    The rate is that of the runs that ended within the last ``WINDOW_SECONDS``, in seconds of predicted work a second.
    """
    work = {run.id: run.seconds for run in planned}
    finished = sum(seconds for name, seconds in work.items() if states[name].state in DONE)
    parts = sum(
        run.seconds * min(1.0, states[run.id].training_flops / run.training_flops)
        for run in planned
        if states[run.id].state == "running"
    )
    recent = [run for run in planned if now - landed.get(run.id, -np.inf) < WINDOW_SECONDS]
    began = min((landed[run.id] - run.seconds for run in recent), default=now)
    window = min(WINDOW_SECONDS, max(1.0, now - began))
    running = sum(state.state == "running" for state in states.values())
    rate = sum(work[run.id] for run in recent) / window if recent else float(running)
    left = sum(work.values()) - finished - parts
    return Account(
        counts=dict(sorted(Counter(state.state for state in states.values()).items())),
        done=sum(state.state in DONE for state in states.values()),
        total=len(planned),
        share=(finished + parts) / sum(work.values()),
        runs_per_hour=3600 * len(recent) / window if recent else None,
        flops_per_second=sum(run.training_flops for run in recent) / window if recent else None,
        seconds_left=left / rate if rate > 0 and running else None,
    )


def refit(study: str, runs: pl.DataFrame, *, landed: Mapping[str, float], exclusions: Exclusions) -> Refit:
    """The curve through what has landed, and whether the last third of it changed the exponent."""
    now = _fit(study, runs, exclusions=exclusions)
    ordered = sorted(runs["run_id"], key=lambda name: landed[name])
    earlier = runs.filter(pl.col("run_id").is_in(ordered[: len(ordered) * 2 // 3]))
    before = _fit(study, earlier, exclusions=exclusions)
    if now.exponent is None or now.interval is None or before.exponent is None or before.interval is None:
        return now
    moved = now.exponent - before.exponent
    width, earlier_width = (high - low for low, high in (now.interval, before.interval))
    steady = bool(abs(moved) < _SAME * width / 2 and width > _NARROWED * earlier_width)
    return replace(now, moved=moved, steady=steady)


def _fit(study: str, runs: pl.DataFrame, *, exclusions: Exclusions) -> Refit:
    kinds = runs.select("model", "dataset").unique()
    if len(kinds) != 1:
        why = (
            "no run has landed"
            if runs.is_empty()
            else "its runs are of several models or data sets, which no one curve fits"
        )
        return Refit(len(runs), (), 0.0, None, None, why)
    try:
        reduced = reduce_runs(study, Collected(runs, (), ()), exclusions=exclusions)
    except FitError as refusal:
        return Refit(len(runs), (), 0.0, None, None, str(refusal))
    frontier = reduced.frontier
    compute, error = frontier["training_flops"].to_list(), frontier["test_error"].to_list()
    points = tuple(zip(map(float, compute), error, strict=True))
    decades = float(np.log10(compute[-1] / compute[0])) if compute else 0.0
    try:
        fit = fit_frontier(reduced, form=FORM)
    except FitError as refusal:
        return Refit(len(runs), points, decades, None, None, str(refusal))
    if not fit.identified:
        return Refit(len(runs), points, decades, None, None, "these points do not pin an exponent yet")
    low, high = fit.interval("exponent")
    return Refit(len(runs), points, decades, fit.params["exponent"], (low, high), "")


def changes(before: Mapping[str, RunState], now: Mapping[str, RunState]) -> Iterable[str]:
    """The runs whose state is another than before; without a before, all that are neither planned nor done."""
    for name, state in now.items():
        last = before.get(name)
        if last is None and state.state in ("planned", *DONE):
            continue
        if last is None or last.state != state.state:
            yield name
