"""Training FLOPs as device-hours, energy, money and carbon, with every doubt in one Monte Carlo.

    device-hours = FLOPs / (peak x utilisation) / 3600
    energy = device-hours x watts x PUE / 1000,   USD = device-hours x price,   CO2 = energy x carbon intensity

Each constant is drawn from its lognormal, log10 FLOPs from the form's distribution of confidence. The constants' draws
are the same for all forms, so that forms differ by what they say and not by chance.
"""

import numpy as np
from scipy.stats import norm

from harness.forms.form import FloatArray
from harness.projection.constants import Constant, Rates
from harness.projection.reach import Range, Reach

COSTS = ("training_flops", "device_hours", "energy_kwh", "usd", "co2_kg")
DRAWS = 20_000  # an end of a 95 % interval is then known to about 2 % of the sd


def costs(reached: Reach, rates: Rates, *, seed: int = 0, draws: int = DRAWS) -> dict[str, Range]:
    """Each of ``COSTS`` with its range, at the level of ``reached``; training FLOPs keep the profile interval."""
    random = np.random.default_rng(seed)
    with np.errstate(over="ignore"):  # a number of FLOPs too large for a double is "never"
        flops = 10 ** reached.draws(_normal(random, draws))
    drawn = {name: _lognormal(constant, random, draws) for name, constant in rates.doubtful.items()}
    hours = flops / (rates.peak_flops * np.minimum(drawn["utilisation"], 1.0)) / 3600
    energy = hours * drawn["watts"] * drawn["pue"] / 1000
    spread = {
        "device_hours": hours,
        "energy_kwh": energy,
        "usd": hours * drawn["usd_per_device_hour"],
        "co2_kg": energy * drawn["kg_co2_per_kwh"],
    }
    stated = reached.log10_compute.value is not None
    ranges = {name: _range(values, level=reached.level, stated=stated) for name, values in spread.items()}
    return {"training_flops": _power_of_ten(reached.log10_compute), **ranges}


def costs_of_hours(hours: float, *, log_sd: float, rates: Rates, level: float = 0.9) -> dict[str, Range]:
    """What ``hours`` of the device cost, ``log_sd`` the sd of their logarithm; exact for products of lognormals."""
    watts, pue, carbon, usd = rates.watts, rates.pue, rates.kg_co2_per_kwh, rates.usd_per_device_hour
    energy = hours * watts.value * pue.value / 1000
    spread = {
        "device_hours": (hours, ()),
        "energy_kwh": (energy, (watts, pue)),
        "usd": (hours * usd.value, (usd,)),
        "co2_kg": (energy * carbon.value, (watts, pue, carbon)),
    }
    score = float(norm.ppf(0.5 + level / 2))
    factors = {
        name: np.exp(score * np.sqrt(log_sd**2 + sum(constant.log_sd**2 for constant in doubts)))
        for name, (_, doubts) in spread.items()
    }
    return {
        name: Range(float(value / factors[name]), value, float(value * factors[name]))
        for name, (value, _) in spread.items()
    }


def _lognormal(constant: Constant, random: np.random.Generator, draws: int) -> FloatArray:
    return np.asarray(constant.value * np.exp(constant.log_sd * _normal(random, draws)))


def _normal(random: np.random.Generator, draws: int) -> FloatArray:
    """Standard normal scores, one from each of equally likely strata (McKay, Beckman & Conover 1979)."""
    return np.asarray(random.permutation(norm.ppf((np.arange(draws) + 0.5) / draws)))


def _range(values: FloatArray, *, level: float, stated: bool) -> Range:
    # an observed value at each quantile: between a number and infinity there is no mean
    low, middle, high = np.quantile(values, [0.5 - level / 2, 0.5, 0.5 + level / 2], method="inverted_cdf")
    return Range(float(low), float(middle) if stated and np.isfinite(middle) else None, float(high))


def _power_of_ten(log10: Range) -> Range:
    low, high = (10.0**end if end < 300 else float(np.inf) for end in (log10.low, log10.high))
    return Range(low, None if log10.value is None or log10.value >= 300 else 10.0**log10.value, high)
