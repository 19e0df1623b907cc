"""The verb that simulates: the paper's linear world, drawn beside its closed forms."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.simulation import Exponent, Point, SimulationConfig
    from harness.simulation.answers import Finding

_Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Hydra overrides: simulation=small, simulation.setting.features=500, 'simulation.sizes=[50,500,5000]'.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Draw the paper's simulation beside its closed forms. About a minute on two cores.")(simulate)


def simulate(
    overrides: _Overrides = None,
    *,
    output: Annotated[Path, typer.Option(help="The folder that simulations/<name>/ goes into.")] = Path("outputs"),
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    as_json: Json = False,
) -> None:
    """Draw every point, compare with the closed forms, write the page; exit code 1 where a finding does not hold."""
    import polars as pl

    from harness.cli.fitting import finite
    from harness.compose import compose_tree, resolve
    from harness.schema import to_dict
    from harness.simulation import measured_exponents, read_simulation
    from harness.simulation.answers import findings
    from harness.simulation.saved import FILE, to_plain
    from harness.simulation_page import write_simulation
    from harness.table import write_table

    given = overrides or []
    config = read_simulation(resolve(compose_tree(given, config="simulate"))["simulation"])
    folder = output / "simulations" / config.name
    points = _draw_all(config, workers=workers or os.cpu_count() or 1)
    found, exponents = findings(points, config.setting), measured_exponents(points)
    table = folder / "points.csv"
    write_table(pl.DataFrame([to_dict(point) for point in points]), table)
    (folder / FILE).write_text(json.dumps(to_plain(points, config.setting)) + "\n", encoding="utf-8")
    command = shlex.join(["harness", "simulate", *given])
    page = write_simulation(config, points, found, exponents, command=command, folder=folder)
    if as_json:
        said = {"findings": [to_dict(one) for one in found], "exponents": [to_dict(one) for one in exponents]}
        print(json.dumps(finite({"page": str(page), "table": str(table), **said})))
    else:
        _show(found, exponents, page)
    raise typer.Exit(0 if all(one.holds for one in found) else 1)


def _draw_all(config: "SimulationConfig", *, workers: int) -> "list[Point]":
    """Every point of the simulation, by as many processes."""
    from harness.errors import HarnessError
    from harness.simulation import Point, draw_point, tasks
    from harness.simulation.sweep import Task, in_order
    from launch import LAUNCHERS, Event, Failed, Finished

    planned = tasks(config)
    points: list[Point] = []

    def on_event(event: Event[Task, Point]) -> None:
        if isinstance(event, Failed):
            raise HarnessError(f"simulation: {event.reason}; `--workers 1` shows where")
        if isinstance(event, Finished):
            points.append(event.value)
            if sys.stderr.isatty():
                print(f"\r{len(points)} of {len(planned)} points drawn ", end="", file=sys.stderr, flush=True)

    LAUNCHERS["local" if workers > 1 else "inline"](
        draw_point, planned, workers=workers, threads=1, gpus=(), on_event=on_event
    )
    return in_order(points)


def _show(found: "Sequence[Finding]", exponents: "Sequence[Exponent]", page: Path) -> None:
    from harness.cli.tables import show, text_table
    from harness.simulation_page import EXPONENT_COLUMNS, exponent_rows

    rows = [(one.statement, "supported" if one.holds else "contradicted", one.numbers) for one in found]
    show(
        text_table("The simulation", ("statement", "answer", "numbers"), rows),
        text_table("Which power of performance compute grows with", EXPONENT_COLUMNS, exponent_rows(exponents)),
        f"Page     {page.resolve()}",
    )
