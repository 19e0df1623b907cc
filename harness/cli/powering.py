"""What ``plan --power`` adds to a plan: how often the study would decide each hypothesis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.plan import PlannedRun
    from harness.power import Power


def planned_power(planned: "Sequence[PlannedRun]", *, assume: str) -> "tuple[Power, ...]":
    """The power of the planned runs under ``conf/power/<assume>.yaml``.

    Raises:
        ConfigError: unknown assumptions, or runs of several models or data sets, which no one curve fits.
    """
    from harness.choices import read_choice
    from harness.data import describe
    from harness.identity import cell_id
    from harness.power import Assumptions, design, power_of

    assumed = read_choice(Assumptions, "power", assume)
    kinds = sorted({f"{run.config.model.name} on {run.config.data.name}" for run in planned})
    if len(kinds) > 1:
        raise ConfigError(f"power: the plan mixes {', '.join(kinds)}; narrow it down, for example with model=mlp")
    budgets = design([float(run.training_flops) for run in planned], [cell_id(run.config) for run in planned])
    data = planned[0].config.data
    return power_of(budgets, assumed, chance_error=1 - 1 / describe(data.name, data.options).num_classes)


def power_table(powers: "Sequence[Power]", *, assume: str) -> Table:
    """A row a hypothesis, a column a truth."""
    table = Table(
        title="Power: would this study decide it?",
        caption=(
            f"share of simulated studies that decide rightly (in brackets: wrongly); the rest are undecided. Assumed: "
            f"conf/power/{assume}.yaml. One point a budget, its best cell."
        ),
    )
    table.add_column("hypothesis")
    for power in powers:
        table.add_column(
            f"{power.truth.name}\nexponent {power.truth.exponent:g}, C ~ (1/error)^{power.compute_exponent:.3g}",
            justify="right",
        )
    for row in zip(*(power.tests for power in powers), strict=True):
        table.add_row(row[0].hypothesis, *(f"{one.right:.0%} ({one.wrong:.0%})" for one in row))
    table.add_row("states an exponent", *(f"{power.identified:.0%}" for power in powers))
    table.add_row(
        "error of the exponent\n(law of design)",
        *(f"{power.exponent_error:.0%}\n({power.expected_error:.0%})" for power in powers),
    )
    return table
