"""P1 to P10: what the lines say about errors that nobody has reached, and how they did on later models."""

import math

import numpy as np

from harness.paper.data import BENCHMARKS, points
from harness.paper.projections import GIGA, Projected, form_fits, forms_interval, model_line, model_reach, projections
from harness.paper.refit import consolidated_burden
from harness.paper.regression import fit_line
from harness.paper.resampling import bootstrap_lines, percentile_interval
from harness.paper.row import Number, Row, claim_of, quoted, row, theirs

_TODAY, _TARGET = 0.115, 0.05  # ImageNet, as P1 has them
_SPLIT = 2019


def rows() -> tuple[Row, ...]:
    """A row a claim."""
    tables = tuple(table(f"P{number}") for number in range(1, 6))
    return (*tables, hundred_thousand(), editions(), quoted("P8"), quoted("P9", note=_SPECTRUM), back_test())


_SPECTRUM = "What the authors' first edition says about 5 % stands in P1 and P6; no figure of the article was at hand."


def table(id: str) -> Row:
    """P1 to P5: computation in GFLOP for each target and model; money and carbon stand in the table of projections."""
    cells = [one for one in projections() if one.reported.id == id]
    numbers = [
        Number(
            f"GFLOP, {one.reported.target} ({one.reported.error:.3g}), {one.reported.model}",
            str(one.reported.gflop),
            one.gflop,
            one.gflop_interval,
            down=True,
            power=True,
            mark=claim_of(id).mark,
        )
        for one in cells
    ]
    apart = [one for one in cells if math.floor(one.gflop) != one.reported.gflop]
    note = "".join(
        f"{_place(one)} comes to 10^{one.gflop:.2f} and is quoted as {one.reported.gflop}. " for one in apart
    )
    return row(id, numbers, note=f"{note}The table of projections has the same in dollars and pounds of CO2.")


def _place(cell: Projected) -> str:
    return f"{BENCHMARKS[cell.reported.benchmark]}, {cell.reported.target}, {cell.reported.model},"


def hundred_thousand() -> Row:
    """P6: the ratio of two points of a line, and what is known about it."""
    chosen = points(2020, "imagenet", "hardware_burden")
    line = model_line(chosen, "power")
    decades = float(np.log10(_TODAY / _TARGET))
    draws = bootstrap_lines(-np.log10(chosen.error), np.log10(chosen.compute))
    with np.errstate(divide="ignore"):
        ratio = np.where(draws[:, 1] > 0, decades / draws[:, 1], np.inf)
        goal = np.where(draws[:, 1] > 0, (-np.log10(_TARGET) - draws[:, 0]) / draws[:, 1] - GIGA, np.inf)
    spread, falling = percentile_interval(goal), percentile_interval(goal[draws[:, 1] > 0])
    low, high = forms_interval(form_fits(chosen), _TARGET)
    numbers = [
        theirs("P6", "power of ten, 11.5 % to 5 %", decades / line.slope, percentile_interval(ratio), power=True),
        theirs("P6", "power of ten by the line, 11.5 % to 5 %", decades / line.slope, power=True),
        theirs("P6", "GFLOP at 5 %, bootstrap", None, spread, power=True),
        Number("GFLOP at 5 %, draws in which error falls", interval=falling, power=True),
        Number("GFLOP at 5 %, any form", interval=(low - GIGA, high - GIGA), power=True),
    ]
    return row(
        "P6",
        numbers,
        note=f"The number comes out; what it is worth does not. Resampling the {line.n} points moves the target over "
        f"{spread[1] - spread[0]:.0f} decades ({falling[1] - falling[0]:.0f} without the draws in which error does not "
        "fall, which is what gives the 22 that others found), and with a floor the target may not be reachable at all.",
    )


def editions() -> Row:
    """P7: the first edition's lines against the second's."""
    first, coco_first = (points(2020, name, "hardware_burden") for name in ("imagenet", "ms-coco"))
    second, coco_second = consolidated_burden("imagenet"), consolidated_burden("ms-coco")
    wanted = {
        "ImageNet 5 %, 2022, polynomial": model_reach(second, "power", 0.05),
        "ImageNet 5 %, 2022, exponential": model_reach(second, "exponential", 0.05),
        "ImageNet 1 %, 2022, polynomial": model_reach(second, "power", 0.01),
        "ImageNet 1 %, 2022, exponential": model_reach(second, "exponential", 0.01),
        "ImageNet 5 %, 2020, polynomial": model_reach(first, "power", 0.05),
        "ImageNet 1 %, 2020, polynomial": model_reach(first, "power", 0.01),
        "MS COCO 30 %, 2020, polynomial": model_reach(coco_first, "power", 0.30),
        "MS COCO 30 %, 2022, polynomial": model_reach(coco_second, "power", 0.30),
    }
    moved = wanted["ImageNet 5 %, 2020, polynomial"] - wanted["ImageNet 5 %, 2022, polynomial"]
    coco = wanted["MS COCO 30 %, 2020, polynomial"] - wanted["MS COCO 30 %, 2022, polynomial"]
    return row(
        "P7",
        [theirs("P7", name, value, power=True) for name, value in wanted.items()],
        note=f"In FLOP. Two years of data moved ImageNet's projection by {moved:.0f} decades and MS COCO's by "
        f"{coco:.0f}.",
    )


def back_test() -> Row:
    """P10: a line through the past, on the models that came after."""
    known = points(2022, "imagenet", "hardware_burden")
    past = known.year <= _SPLIT
    compute, error = np.log10(known.compute), np.log10(known.error)
    line = fit_line(error[past], compute[past])
    earlier = model_line(points(2020, "imagenet", "hardware_burden"), "power")
    above = error[~past] - (line.intercept + line.slope * compute[~past])
    above_earlier = error[~past] + (earlier.intercept + earlier.slope * compute[~past])
    ours = {
        "points up to 2019": float(line.n),
        "slope": line.slope,
        "standard error": line.stderr[1],
        "compute exponent": line.exponent,
        "models of 2020 to 2022": float((~past).sum()),
        "share of them below the line, %": 100 * float((above < 0).mean()),
        "median of actual over predicted error": float(np.median(10**above)),
        "the same by the line of 2020": float(np.median(10**above_earlier)),
    }
    return row(
        "P10",
        [theirs("P10", name, value) for name, value in ours.items()],
        note="The projection was too pessimistic, since algorithms moved as well (G2).",
    )
