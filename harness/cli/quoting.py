"""What `plan` adds to a plan: its price, and what a budget buys of it, with the commands that launch just that."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.pricing import Priced, price_lines, price_plan
from harness.cli.tables import plural, short
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.budget import Bought, Budget
    from harness.plan import PlannedRun
    from harness.study import Study
    from harness.timing import Calibration


@dataclass(frozen=True)
class Quote:
    """The price of a plan, what a budget buys of it, and both in words."""

    priced: Priced
    bought: "Bought | None"
    lines: tuple[str, ...]
    commands: tuple[str, ...]


def quote_plan(
    study: "Study",
    planned: "Sequence[PlannedRun]",
    *,
    done: Collection[str],
    hardware: str | None,
    price: str,
    calibration: "Calibration | None",
    budget: str | None,
    assume: str,
) -> Quote:
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
        return Quote(priced, None, tuple(price_lines(priced)), ())
    assumed = read_choice(Assumptions, "power", assume)
    costs = _costs_in(asked, missing, priced)
    if sum(costs.values()) <= asked.amount:
        fits = f"Budget   {asked.amount:g} {asked.unit}; the whole plan takes {sum(costs.values()):.3g} and fits"
        return Quote(priced, None, (*price_lines(priced), fits), ())
    bought = buy(planned, costs=costs, amount=asked.amount, assumed=assumed)
    commands = _launch_commands(study, bought)
    lines = (*price_lines(priced), *_bought_lines(bought, asked, all_runs=len(planned)))
    return Quote(priced, bought, (*lines, *(f"Launch   {command}" for command in commands)), commands)


def quote_tree(quote: Quote) -> dict[str, object]:
    """The price and what the budget buys, for another program."""
    from harness.schema import to_dict

    bought = {"bought": {**to_dict(quote.bought), "widening": quote.bought.widening}} if quote.bought else {}
    priced = to_dict(quote.priced)
    del priced["each"]  # the runs have their seconds
    return {"price": priced, **bought, "commands": list(quote.commands)}


def _costs_in(budget: "Budget", missing: "Sequence[PlannedRun]", priced: Priced) -> dict[str, float]:
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


def _bought_lines(bought: "Bought", budget: "Budget", *, all_runs: int) -> list[str]:
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


def _launch_commands(study: "Study", bought: "Bought") -> tuple[str, ...]:
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
