"""What `plan` adds to a plan: its time, memory and price with their doubts, its packs, and what a budget buys of it."""

import math
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.tables import duration, plural, short
from harness.errors import ConfigError
from harness.schema import unknown

if TYPE_CHECKING:
    from harness.budget import Bought, Budget
    from harness.plan import PlannedRun
    from harness.projection import Range, Rates
    from harness.study import Study
    from harness.timing import Calibration

LEVEL = 0.9
_SCORE = 1.645  # of a two-sided 90 % interval


@dataclass(frozen=True)
class Priced:
    """What the missing runs take.

    ``seconds`` is the time of the whole launch, ``run_seconds`` that of the runs one after another, ``log_sd`` the sd
    of the logarithm of either. ``timed_by`` says how many runs' times come from where, ``memory_bytes`` is of the
    largest run where it is known. ``costs`` has device-hours, energy, USD and CO2. ``jobs`` is the number of packs,
    ``each`` the seconds of each run.
    """

    hardware: str
    price: str
    workers: int
    seconds: float
    run_seconds: float
    log_sd: float
    timed_by: Mapping[str, int]
    memory_bytes: int | None
    training_flops: int
    costs: "Mapping[str, Range]"
    jobs: int
    each: Mapping[str, float]


def price_plan(
    study: "Study",
    missing: "Sequence[PlannedRun]",
    *,
    hardware: str | None,
    price: str,
    calibration: "Calibration | None",
) -> Priced:
    """The missing runs' time on the study's launcher, and what that costs on ``hardware``, this machine's where None.

    Raises:
        ConfigError: unknown hardware or prices.
    """
    from harness.projection import costs_of_hours
    from harness.stacking import at_once
    from launch.packing import fill_packs

    rates, name = _rates(study, hardware, price)
    workers = max(1, min(at_once(study.launcher, study.runtime)[0], len(missing)))
    each = {run.id: _seconds(run, rates if hardware else None) for run in missing}
    start = calibration.start_seconds if calibration and not hardware else 0.0
    limit, at_least = _packing(study)
    packs = fill_packs(missing, seconds=lambda run: each[run.id][0], workers=workers, limit=limit, at_least=at_least)
    total = sum(seconds for seconds, _ in each.values())
    log_sd = sum(seconds * sd for seconds, sd in each.values()) / total if total else 0.0
    memory = [run.time.memory_bytes for run in missing if run.time.memory_bytes is not None and not hardware]
    sources = ["peak and utilisation" if hardware else run.time.source for run in missing]
    return Priced(
        hardware=name,
        price=price,
        workers=workers,
        seconds=max((pack.seconds for pack in packs), default=0.0) + (start if missing else 0.0),
        run_seconds=total,
        log_sd=log_sd,
        timed_by={source: sources.count(source) for source in sorted(set(sources))},
        memory_bytes=max(memory, default=None),
        training_flops=sum(run.training_flops for run in missing),
        costs=costs_of_hours(
            device_hours(total, study, workers=workers, hardware=name), log_sd=log_sd, rates=rates, level=LEVEL
        ),
        jobs=len(packs),
        each={run_id: seconds for run_id, (seconds, _) in each.items()},
    )


def _packing(study: "Study") -> tuple[float, int]:
    """The seconds that a pack may take and the fewest packs, as the launcher has them."""
    if study.launcher.name != "slurm":
        return math.inf, 1
    from harness.cli.queue import slurm_parameters
    from launch.slurm import seconds_to_work

    return seconds_to_work(slurm_parameters(study)), study.launcher.packs or 1


def device_hours(seconds: float, study: "Study", *, workers: int, hardware: str) -> float:
    """Hours of the device that runs of so many seconds take: a CPU's threads, or a GPU that ``workers`` may share."""
    from harness.device import visible_gpus

    if hardware == "cpu":
        return seconds * (study.launcher.threads or 1) / 3600
    return seconds / 3600 / max(1.0, workers / max(1, len(visible_gpus())))


def _seconds(run: "PlannedRun", rates: "Rates | None") -> tuple[float, float]:
    """A run's seconds and the sd of their logarithm; on other hardware by its peak and utilisation alone."""
    if rates is None:
        return run.time.seconds, run.time.log_sd
    return run.training_flops / (rates.peak_flops * rates.utilisation.value), rates.utilisation.log_sd


def _rates(study: "Study", hardware: str | None, price: str) -> "tuple[Rates, str]":
    from harness.choices import names, read_choice
    from harness.device import choose_device, device_name
    from harness.projection import Hardware, Price, rates

    name = hardware
    if name is None:
        device = choose_device(study.runtime.device)
        here = device_name(device).lower()
        name = "cpu" if device.type == "cpu" else next((one for one in names("hardware") if one in here), None)
        if name is None:
            raise ConfigError(
                f"hardware: {unknown('device', here, names('hardware'))}; choose its price with --hardware"
            )
    return rates(read_choice(Hardware, "hardware", name), read_choice(Price, "price", price)), name


def price_lines(priced: Priced) -> list[str]:
    """The price in a few lines."""
    if not priced.training_flops:
        return []
    sources = ", ".join(f"{count} by {source}" for source, count in priced.timed_by.items())
    low, high = (duration(priced.seconds * math.exp(sign * _SCORE * priced.log_sd)) for sign in (-1, 1))
    memory = "" if priced.memory_bytes is None else (
        f"Memory   {priced.memory_bytes / 1e9:.2f} GB the largest run, "
        f"{priced.memory_bytes * priced.workers / 1e9:.2f} GB for {plural(priced.workers, 'worker')}"
    )  # fmt: skip
    advice = (
        "         `harness calibrate` with the same words measures this device" if "guess" in priced.timed_by else ""
    )
    costs = {name: f"{one.value:.2g} [{one.low:.2g}, {one.high:.2g}]" for name, one in priced.costs.items()}
    lines = [
        f"Time     {duration(priced.seconds)} [{low}, {high}] on {plural(priced.workers, 'worker')}; "
        f"runs timed: {sources}",
        advice,
        memory,
        f"Packs    {plural(priced.jobs, 'pack')}, {duration(priced.run_seconds)} of runs",
        f"Price    {costs['device_hours']} {priced.hardware} hours, {costs['energy_kwh']} kWh, {costs['usd']} USD, "
        f"{costs['co2_kg']} kg CO2 (conf/price/{priced.price}.yaml; {LEVEL:.0%} intervals)",
    ]
    return [line for line in lines if line]


def costs_in(budget: "Budget", missing: "Sequence[PlannedRun]", priced: Priced) -> dict[str, float]:
    """What each missing run costs in the budget's unit.

    Raises:
        ConfigError: hours of a GPU for a plan on a CPU, or the other way about.
    """
    if budget.unit == "flop":
        return {run.id: float(run.training_flops) for run in missing}
    if budget.unit in ("gpuh", "cpuh") and (budget.unit == "cpuh") != (priced.hardware == "cpu"):
        other = "gpuh" if budget.unit == "cpuh" else "cpuh"
        raise ConfigError(
            f"--budget: {budget.unit}, but the plan is for {priced.hardware}; give {other}, or another --hardware"
        )
    name = "usd" if budget.unit == "usd" else "device_hours"
    rate = (priced.costs[name].value or 0.0) / priced.run_seconds if priced.run_seconds else 0.0
    return {run_id: rate * seconds for run_id, seconds in priced.each.items()}


def bought_lines(bought: "Bought", budget: "Budget", *, all_runs: int) -> list[str]:
    """What the budget buys, what that costs in the width of the exponent's interval, and what to type."""
    levels = ", ".join(f"{short(compute)} x {count}" for compute, count in bought.levels)
    return [
        f"Budget   {budget.amount:g} {budget.unit}; the whole plan takes {bought.whole:.3g}",
        f"Buys     {len(bought.run_ids)} of {plural(all_runs, 'run')} for {bought.spent:.3g}: "
        f"training FLOPs x seeds {levels}",
        f"Span     {bought.decades:.1f} of {bought.whole_decades:.1f} decades; the exponent's interval is "
        f"{bought.widening:.2f} times as wide (standard error {bought.exponent_sd:.0%} in place of "
        f"{bought.whole_exponent_sd:.0%}, conf/power)",
    ]


def launch_commands(study: "Study", bought: "Bought") -> tuple[str, ...]:
    """Command lines that launch just these runs, one a seed; none where the grid can't be said so."""
    from harness.study import load_study

    wanted, seeds = set(bought.run_ids), sorted({study.runs[run_id].seed for run_id in bought.run_ids})
    commands, covered = [], set[str]()
    for seed in seeds:
        budgets = {study.runs[name].budget.training_flops for name in wanted if study.runs[name].seed == seed}
        if None in budgets:
            return ()
        flops = ",".join(f"{budget:g}" for budget in sorted(budgets, key=float))  # type: ignore[arg-type]
        own = [word for word in study.overrides if not word.startswith(("seed=", "budget.training_flops="))]
        words = [*own, f"budget.training_flops={flops}", f"seed={seed}"]
        covered |= set(load_study(words).runs)
        commands.append(f"harness launch {shlex.join(words)}")
    return tuple(commands) if covered == wanted else ()


def read_this_calibration(study: "Study") -> "Calibration | None":
    """The calibration of this machine, if it was calibrated."""
    from harness.cli.calibrating import this_device_class
    from harness.timing import read_calibration

    return read_calibration(Path(study.runtime.output), this_device_class(study))


@dataclass(frozen=True)
class Answer:
    """The price of a plan, what a budget buys of it, and both in words."""

    priced: Priced
    bought: "Bought | None"
    lines: tuple[str, ...]
    commands: tuple[str, ...]


def price_study(
    study: "Study",
    planned: "Sequence[PlannedRun]",
    *,
    done: Collection[str],
    hardware: str | None,
    price: str,
    calibration: "Calibration | None",
    budget: str | None,
    assume: str,
) -> Answer:
    """The price of what is missing, and what ``budget`` buys; runs that are done cost nothing and are kept.

    Raises:
        ConfigError: hardware, prices or a budget that can't be meant, or that buys too little.
    """
    from harness.budget import buy, read_budget
    from harness.choices import read_choice
    from harness.power import Assumptions

    missing = [run for run in planned if run.id not in done]
    asked = read_budget(budget) if budget is not None else None  # before the work: a mistake is answered at once
    priced = price_plan(study, missing, hardware=hardware, price=price, calibration=calibration)
    if asked is None:
        return Answer(priced, None, tuple(price_lines(priced)), ())
    assumed = read_choice(Assumptions, "power", assume)
    costs = costs_in(asked, missing, priced)
    if sum(costs.values()) <= asked.amount:
        fits = f"Budget   {asked.amount:g} {asked.unit}; the whole plan takes {sum(costs.values()):.3g} and fits"
        return Answer(priced, None, (*price_lines(priced), fits), ())
    bought = buy(planned, costs=costs, amount=asked.amount, assumed=assumed)
    commands = launch_commands(study, bought)
    lines = (*price_lines(priced), *bought_lines(bought, asked, all_runs=len(planned)))
    return Answer(priced, bought, (*lines, *(f"Launch   {command}" for command in commands)), commands)


def answer_tree(answer: Answer) -> dict[str, object]:
    """The price and the budget's answer for another program."""
    from harness.schema import to_dict

    bought = {"bought": {**to_dict(answer.bought), "widening": answer.bought.widening}} if answer.bought else {}
    priced = to_dict(answer.priced)
    del priced["each"]  # the runs have their seconds
    return {"price": priced, **bought, "commands": list(answer.commands)}
