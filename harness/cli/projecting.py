"""The verb that asks backwards: what does a target error take, in compute, hours, energy, money and carbon?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from harness.cli.arguments import Json

if TYPE_CHECKING:
    from harness.forms.form import FloatArray
    from harness.projection import Projection, Range, Rates

_TABLES = (".csv", ".tsv", ".parquet")
_UNITS = {
    "training_flops": "training FLOPs",
    "device_hours": "device-hours",
    "energy_kwh": "energy, kWh",
    "usd": "USD",
    "co2_kg": "CO2, kg",
}

Points = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE | KEY=VALUE...]",
        help="A table of points (CSV, TSV or Parquet), or the Hydra overrides of a study.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Say what a target error takes: compute, device-hours, energy, USD, CO2, as a set with doubts.")(
        project
    )


def project(
    points: Points = None,
    *,
    target: Annotated[float, typer.Option(help="The error to reach, in (0, 1], or a loss.")],
    hardware: Annotated[str, typer.Option(help="The device: a file of conf/hardware.")] = "a100",
    precision: Annotated[str | None, typer.Option(help="Its precision. Default: the file's.")] = None,
    price: Annotated[str, typer.Option(help="Prices, PUE and grid: a file of conf/price.")] = "cloud_2026",
    utilisation: Annotated[float | None, typer.Option(help="Training FLOPs over peak. Default: the device's.")] = None,
    x: Annotated[str, typer.Option(help="For a FILE: the column of compute, in FLOPs.")] = "training_flops",
    y: Annotated[str, typer.Option(help="For a FILE: the column of error, or of a loss.")] = "test_error",
    group: Annotated[str | None, typer.Option(help="For a FILE: the column that names the cell.")] = None,
    chance: Annotated[float | None, typer.Option(help="For a FILE: the error of guessing, 1 - 1/classes.")] = None,
    as_json: Json = False,
) -> None:
    """The set of costs for each form that the points leave standing, and for whichever of them is true."""
    from harness.cli.tables import show
    from harness.forms import FORMS
    from harness.projection import project as ask

    compute, error, ceiling = _points(points or [], x=x, y=y, group=group, chance=chance)
    rates = _rates(hardware, price, precision=precision, utilisation=utilisation)
    forms = [name for name, form in FORMS.items() if form.family != "diagnostic"]
    found = ask(compute, error, target=target, rates=rates, forms=forms, chance_error=ceiling)
    if as_json:
        print(json.dumps(_plain(found, rates)))
        return
    where = f"{hardware} ({rates.peak_flops:.3g} FLOP/s peak, {rates.utilisation.value:.0%} used) at {price}"
    show(projection_table(found, where=where), *_sentences(found))


def _points(
    points: list[str], *, x: str, y: str, group: str | None, chance: float | None
) -> "tuple[FloatArray, FloatArray, float | None]":
    """Compute and error of the cells, of a table or of a study's frontier, and the error of guessing."""
    if len(points) == 1 and Path(points[0]).suffix in _TABLES and "=" not in points[0]:
        return *_table_points(Path(points[0]), x=x, y=y, group=group), chance
    from harness.evidence import gather
    from harness.study import load_study
    from harness.table import collect

    study = load_study(points)
    collected = collect(study.runs, runs_folder=study.runs_folder)
    evidence = gather(study.name, collected, exclusions=study.rules.exclusions)
    frontier = evidence.frontier
    compute, error = (frontier[name].cast(float).to_numpy() for name in ("training_flops", "test_error"))
    return compute, error, evidence.chance_error


def _table_points(path: Path, *, x: str, y: str, group: str | None) -> "tuple[FloatArray, FloatArray]":
    from harness.cli.fitting import numbers
    from harness.errors import ConfigError
    from harness.fits.cells import cell_means
    from harness.fits.points import columns
    from harness.schema import unknown
    from harness.table import read_table

    table = read_table(path)
    if group is not None and group not in table.columns:
        raise ConfigError(f"{path}: {unknown('column', group, table.columns)}")
    compute, error = columns(compute=numbers(table, x, where=str(path)), error=numbers(table, y, where=str(path)))
    cells = cell_means(compute[None], error, groups=None if group is None else table[group].to_list())
    return cells.sizes[0], cells.error


def _rates(hardware: str, price: str, *, precision: str | None, utilisation: float | None) -> "Rates":
    """The constants by their names in ``conf``; a utilisation of one's own has no doubt but one's own."""
    from dataclasses import replace

    from harness.choices import read_choice
    from harness.projection import Constant, Hardware, Price, rates

    device = read_choice(Hardware, "hardware", hardware)
    if utilisation is not None:
        device = replace(device, utilisation=Constant(utilisation, 0.0, "", "given on the command line"))
    return rates(device, read_choice(Price, "price", price), precision=precision)


def projection_table(found: "Projection", *, where: str) -> Table:
    """A row a cost, a column for whichever form is true and one a form."""
    table = Table(
        title=f"What an error of {found.target:g} takes on {where}",
        caption=f"central value [{found.level:.0%} interval]; ∞: never, as far as the points can tell",
    )
    table.add_column("")
    table.add_column("whichever form is true")
    for form in found.forms:
        table.add_column(form.form)
    for name, words in _UNITS.items():
        ranges = (found.union[name], *(form.costs[name] for form in found.forms))
        table.add_row(words, *(_words(one) for one in ranges))
    return table


def _words(costs: "Range") -> str:
    if costs.kind == "not reachable":
        return "not reachable"
    if costs.kind == "half-line" and costs.value is None:
        return f"at least {costs.low:.2g}"
    ends = f"[{costs.low:.2g}, {'∞' if costs.kind == 'half-line' else format(costs.high, '.2g')}]"
    return ends if costs.value is None else f"{costs.value:.2g} {ends}"


def _sentences(found: "Projection") -> list[str | Text]:
    """What the table rests on, what it can't say, and how a fit like it fared on points that it had not seen."""
    said: list[str | Text] = [
        f"From {found.n} points over {found.decades:.1f} decades, up to {found.largest_compute:.2g} FLOPs."
    ]
    if found.unreachable:
        said.append(Text(f"Not reachable under forms {', '.join(found.unreachable)}.", style="yellow"))
    said += [f"{form.form}: no single number: {form.gate}." for form in found.forms if form.gate]
    said += [f"{reason}." for reason in found.out.values()]
    if (test := found.back_test) is not None:
        said.append(
            f"Back-test: {test.held:.0%} of the {test.hidden} points of the top decade lie in the 90 % interval of the "
            f"{test.shown} below it; the best form is off by {test.misprediction:.1%}."
        )
    return said + [Text(f"Warning: {warning}", style="yellow") for warning in found.warnings]


def _plain(found: "Projection", rates: "Rates") -> dict[str, Any]:
    """The projection as JSON holds it: infinity is None, and ``kind`` says which None is meant."""
    from harness.cli.fitting import finite
    from harness.schema import to_dict

    def ranges(costs: "dict[str, Range]") -> dict[str, Any]:
        return {name: {**to_dict(one), "kind": one.kind} for name, one in costs.items()}

    tree = to_dict(found)
    tree["union"] = ranges(found.union)
    tree["forms"] = [{"form": one.form, "costs": ranges(one.costs), "gate": one.gate} for one in found.forms]
    plain: dict[str, Any] = finite({**tree, "unreachable": found.unreachable, "constants": to_dict(rates)})
    return plain
