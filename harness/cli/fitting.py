"""The verb that fits a table of points that need not be ours: curves in compute, or surfaces in sizes."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from harness.cli.arguments import Json
from harness.errors import ConfigError, FitError

if TYPE_CHECKING:
    import polars as pl

    from harness.fits.curve import CurveFit
    from harness.fits.frontier import Frontier

COMPUTE = "training_flops"

T = TypeVar("T")


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Fit error against compute, or sizes, in any table of points, CSV or Parquet, ours or not.")(fit)


@dataclass(frozen=True)
class Asked:
    """What the verb was asked for: columns of the table by name, and options."""

    x: str
    y: str
    n: str | None
    d: str | None
    unique: str | None
    group: str | None
    stderr: str | None
    test_examples: str | None
    chance: float | None
    forms: tuple[str, ...]
    objective: str
    delta: float | None
    calibrate: bool


def fit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table of points: CSV, TSV or Parquet.")],
    *,
    x: Annotated[str, typer.Option(help="The column of compute, in FLOPs or any unit.")] = COMPUTE,
    y: Annotated[str, typer.Option(help="The column of error, in (0, 1], or of a loss.")] = "test_error",
    n: Annotated[str | None, typer.Option(help="The column of parameters; with --d a surface is fitted.")] = None,
    d: Annotated[str | None, typer.Option(help="The column of examples (or tokens) seen; goes with --n.")] = None,
    unique: Annotated[
        str | None, typer.Option(help="For a surface: the column of different examples, where they were repeated.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="The column that names the cell; its rows are averaged.")] = None,
    chance: Annotated[float | None, typer.Option(help="The error of guessing, 1 - 1/classes: a ceiling.")] = None,
    stderr: Annotated[str | None, typer.Option(help="The column of standard errors of the error.")] = None,
    test_examples: Annotated[
        str | None, typer.Option(help="A number or a column: the error is a share of so many test examples.")
    ] = None,
    form: Annotated[
        list[str] | None, typer.Option(help="A functional form, or auto; may be repeated. Default: all.")
    ] = None,
    objective: Annotated[str, typer.Option(help="least_squares, huber or lad.")] = "least_squares",
    delta: Annotated[float | None, typer.Option(help="Huber's threshold in ln error. Default: from the noise.")] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Hold predictions against hidden blocks.")] = False,
    at: Annotated[list[float] | None, typer.Option(help="Predict at this compute; may be repeated.")] = None,
    level: Annotated[float, typer.Option(help="Of confidence.")] = 0.95,
    as_json: Json = False,
) -> None:
    """Every form fitted to the same points, on one scale."""
    from harness.cli.fit_tables import curves_as_numbers, curves_table, surfaces_as_numbers, surfaces_table
    from harness.cli.tables import show
    from harness.table import read_table

    if (n is None) != (d is None):
        raise ConfigError(f"{'--d' if n else '--n'}: missing; a surface needs both --n and --d")
    asked = Asked(
        x, y, n, d, unique, group, stderr, test_examples, chance, tuple(form or ()), objective, delta, calibrate
    )
    table = read_table(file)
    if n is None:
        curves, refused = fit_curves(table, asked, where=str(file))
        plain = curves_as_numbers(curves, at=at or (), level=level)
        shown = curves_table(plain, refused, title=f"{y} against {x} in {file}", level=level)
    else:
        surfaces, refused = fit_surfaces(table, asked, where=str(file))
        plain = surfaces_as_numbers(surfaces, at=at or (), level=level)
        shown = surfaces_table(plain, refused, title=f"{y} against {n} and {d} in {file}", level=level)
    if as_json:
        print(json.dumps(plain | {name: {"refused": reason} for name, reason in refused.items()}))
    else:
        show(shown)
    if not plain:
        raise FitError(f"{file}: no form could be fitted; {next(iter(refused.values()))}")


def fit_curves(table: "pl.DataFrame", asked: Asked, *, where: str) -> "tuple[dict[str, CurveFit], dict[str, str]]":
    """The fits of the forms that were asked for (all where none was), and why the others were refused.

    Raises:
        ConfigError: a column is not in the table or holds no numbers.
        FitError: an unknown objective.
    """
    from harness.fits.curve import fit_curve
    from harness.fits.robust import known_objective
    from harness.forms import FORMS

    compute, error = (numbers(table, name, where=where) for name in (asked.x, asked.y))
    options: dict[str, Any] = {
        "stderr": None if asked.stderr is None else numbers(table, asked.stderr, where=where),
        "test_examples": _number_or_column(table, asked.test_examples, where=where),
        "groups": labels(table, asked.group, where=where),
        "chance_error": asked.chance,
        "objective": known_objective(asked.objective, delta=asked.delta),
        "delta": asked.delta,
        "calibrate": asked.calibrate,
    }
    return _each(asked.forms or tuple(FORMS), lambda form: fit_curve(compute, error, form=form, **options))


def fit_surfaces(table: "pl.DataFrame", asked: Asked, *, where: str) -> "tuple[dict[str, Frontier], dict[str, str]]":
    """The same for surfaces in parameters and examples, with the frontier that follows from each.

    Raises:
        ConfigError: a column is not in the table or holds no numbers, or an option that only curves have.
        FitError: an unknown objective.
    """
    from harness.fits.frontier import frontier
    from harness.fits.robust import known_objective
    from harness.fits.surface import SURFACES

    only_curves = {"--stderr": asked.stderr, "--test-examples": asked.test_examples, "--calibrate": asked.calibrate}
    if given := [name for name, value in only_curves.items() if value]:
        raise ConfigError(f"{given[0]}: a surface takes the noise from its residuals; leave it out")
    assert asked.n is not None
    assert asked.d is not None
    points = [numbers(table, name, where=where) for name in (asked.n, asked.d, asked.y)]
    has_compute = asked.x != COMPUTE or asked.x in table.columns
    options: dict[str, Any] = {
        "compute": numbers(table, asked.x, where=where) if has_compute else None,
        "groups": labels(table, asked.group, where=where),
        "objective": known_objective(asked.objective, delta=asked.delta),
        "delta": asked.delta,
        "chance_error": asked.chance,
        "unique_examples": _number_or_column(table, asked.unique, where=where),
    }
    without_ceiling = tuple(name for name in SURFACES if asked.chance is not None or "ceiling" not in name)
    return _each(asked.forms or without_ceiling, lambda form: frontier(*points, form=form, **options))


def _each(forms: tuple[str, ...], fitted: Callable[[str], T]) -> tuple[dict[str, T], dict[str, str]]:
    fits: dict[str, T] = {}
    refused: dict[str, str] = {}
    for form in forms:
        try:
            fits[form] = fitted(form)
        except FitError as reason:
            refused[form] = str(reason)
    return fits, refused


def numbers(table: "pl.DataFrame", name: str, *, where: str) -> list[float]:
    """The column as floats.

    Raises:
        ConfigError: it is not there, or an entry is empty or no number.
    """
    import polars as pl

    from harness.schema import unknown

    if name not in table.columns:
        raise ConfigError(f"{where}: {unknown('column', name, table.columns)}")
    column = table[name]
    if column.null_count():
        row = int(column.is_null().arg_max() or 0) + 1
        raise ConfigError(
            f"{where}: column '{name}' is empty in {column.null_count()} rows, the first is row {row}; fill or drop it"
        )
    if not column.dtype.is_numeric():
        for row, entry in enumerate(column.cast(pl.String), start=1):
            if pl.Series([entry]).cast(pl.Float64, strict=False).null_count():
                raise ConfigError(f"{where}: column '{name}', row {row}: {entry!r} is not a number; mend or drop it")
    values = [float(value) for value in column]
    for row, value in enumerate(values, start=1):
        if not math.isfinite(value):
            raise ConfigError(f"{where}: column '{name}', row {row}: {value} is not a finite number; mend or drop it")
    return values


def labels(table: "pl.DataFrame", name: str | None, *, where: str) -> list[Any] | None:
    """The column of labels, None where none was asked for.

    Raises:
        ConfigError: it is not there.
    """
    from harness.schema import unknown

    if name is not None and name not in table.columns:
        raise ConfigError(f"{where}: {unknown('column', name, table.columns)}")
    return None if name is None else list(table[name])


def _number_or_column(table: "pl.DataFrame", text: str | None, *, where: str) -> float | list[float] | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return numbers(table, text, where=where)


def finite(tree: Any) -> Any:
    """The tree with None for every number that JSON does not know."""
    if isinstance(tree, dict):
        return {key: finite(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [finite(item) for item in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree
