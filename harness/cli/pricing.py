"""What the missing runs of a plan take: time, memory, packs and price, with their doubts, in numbers and in lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.tables import duration, plural
from harness.errors import ConfigError
from harness.schema import unknown

if TYPE_CHECKING:
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
