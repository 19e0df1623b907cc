"""The comparison as a page and as rows for the terminal."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from harness.along import LEVEL
from harness.compare.comparison import Comparison
from harness.compare.figure import overlays
from harness.compare.powers import powers
from harness.evidence import Evidence
from harness.plain_page import PageSection, PlainPage, write_plain
from harness.plots.numerals import interval, number
from harness.published import Curve, Exponent, implied_exponents

COLUMNS = ("curve", "exponent of", "same", "published", "the study's [95 %]", "difference [95 %]", "why")
YARDSTICK_COLUMNS = ("curve", "floor subtracted", "implied compute exponent", "from")
_MANY = 1e6  # from here on a size reads better in powers of ten
CURVE_COLUMNS = ("curve", "what", "form and parameters", "units and range", "source", "mark")


def write_comparison(
    rows: Sequence[Comparison], curves: Sequence[Curve], evidence: Evidence, *, command: str, folder: Path
) -> Path:
    """Write ``compare.html`` and its figures into the study's folder; the page's path."""
    figures = (*powers(rows), *overlays(curves, evidence))
    page = PlainPage(
        title=f"Study {evidence.study} beside published curves",
        question="Does error fall here as others found that it falls?",
        answer=_answer(rows),
        sections=(
            *((PageSection(heading="The curves", figures=figures),) if figures else ()),
            PageSection(
                heading="The exponents",
                lead=(
                    "Powers are positive where the response falls, and compared with the floor treated as the paper "
                    "treats it. The difference is the study's minus the published one."
                ),
                columns=COLUMNS,
                rows=comparison_rows(rows),
            ),
            PageSection(
                heading="One yardstick: the compute exponent that each implies",
                lead=(
                    "Compute grows as this power of one over the reducible error: with a floor subtracted the powers "
                    "are smaller, and much of the distance between 4 and 9 is of that size."
                ),
                columns=YARDSTICK_COLUMNS,
                rows=(*_study_yardstick(evidence), *yardstick_rows(curves)),
            ),
            PageSection(heading="What was published", columns=CURVE_COLUMNS, rows=tuple(map(curve_row, curves))),
        ),
        command=command,
    )
    return write_plain(page, folder, "compare")


def _answer(rows: Sequence[Comparison]) -> str:
    counts = Counter(row.answer for row in rows if row.measured is not None)
    left = sum(row.measured is None for row in rows)
    compared = sum(counts.values())
    apart = f"{counts['contradicted']} differ and {counts['undecided']} are undecided"
    tests = sum(row.decisive for row in rows)
    chance = (
        f" {tests} can be decided, each at {100 * LEVEL:g} %: were all powers the published ones, about "
        f"{number(LEVEL * tests, 1)} would differ by chance."
        if tests
        else ""
    )
    lonely = f"; {left} without a counterpart in this study" if left else ""
    return (
        f"Of {compared} exponent{'s'[: compared != 1]} that can be compared, {counts['supported']} are the same, "
        f"{apart}{lonely}.{chance}"
    )


def comparison_rows(rows: Sequence[Comparison]) -> tuple[tuple[str, ...], ...]:
    """A row a comparison, as text."""
    return tuple(_row(row) for row in rows)


def _row(row: Comparison) -> tuple[str, ...]:
    published = "none" if row.published is None else exponent_text(row.published)
    of = row.axis.replace("_", " ") + (f", arm {row.arm}" if row.arm else "")
    head = (row.curve.name, of, row.said, published)
    if row.measured is None or row.difference is None or row.interval is None:
        return (*head, "", "", row.reason)
    ends, apart = f"[{interval(row.measured.interval)}]", f"[{interval(row.interval, 2)}]"
    if row.measured.gate:  # no number where the data carry none
        return (*head, f"not identified {ends}", apart, row.reason)
    measured, difference = number(row.measured.value), number(row.difference, 2)
    return (*head, f"{measured} {ends}", f"{difference} {apart}", row.reason)


def exponent_text(exponent: Exponent) -> str:
    """``0.348 [0.317 to 0.373]``, a range alone, or the value alone where no uncertainty was given."""
    if exponent.value is None:
        return f"from {interval(exponent.interval)}"
    return f"{number(exponent.value)} [{interval(exponent.interval)}]" if exponent.uncertain else number(exponent.value)


def yardstick_rows(curves: Sequence[Curve]) -> tuple[tuple[str, ...], ...]:
    """A row a curve that implies a compute exponent, smallest first."""
    implied = sorted((one for curve in curves for one in implied_exponents(curve)), key=lambda one: one.value)
    floors = {"fitted": "yes", "none": "no", "not stated": "not stated"}
    return tuple(
        (
            one.curve.name,
            floors[one.floor],
            number(one.value)
            + (f" [{interval(one.interval)}]" if any(one.curve.exponents[axis].uncertain for axis in one.axes) else ""),
            " and ".join(axis.replace("_", " ") for axis in one.axes),
        )
        for one in implied
    )


def _study_yardstick(evidence: Evidence) -> tuple[tuple[str, ...], ...]:
    rows = []
    for form, floor in (("power_floor", "yes"), ("power", "no")):
        if form in evidence.curves:
            fit = evidence.curves[form]
            low, high = fit.interval("exponent")
            ends = (1 / high, 1 / low if low > 0 else math.inf)
            text = f"{number(1 / fit.value('exponent'))} [{interval(ends)}]"
            rows.append((f"this study, {evidence.study}", floor, text, "training flops"))
    return tuple(rows)


def curve_row(curve: Curve) -> tuple[str, ...]:
    """What a curve is, in one row of text."""
    return (
        curve.name,
        curve.what,
        "; ".join(formula_lines(curve)),
        "; ".join(unit_lines(curve)),
        f"{curve.paper}; {curve.place}",
        curve.mark,
    )


def formula_lines(curve: Curve) -> list[str]:
    """The form, each exponent and each parameter with its uncertainty."""
    from harness.published.laws import LAWS

    lines = [LAWS[curve.law].formula] if curve.law else []
    lines += [f"power of {axis.replace('_', ' ')} {exponent_text(one)}" for axis, one in curve.exponents.items()]
    for name, value in curve.scales.items():
        spread = f" (standard error {curve.stderrs[name]:g})" if name in curve.stderrs else ""
        lines.append(f"{name.replace('_', ' ')} {value:g}{spread}")
    if curve.points:
        lines.append(f"{len(curve.points)} points")
    lines += [f"{name}: {level:g}" for name, level in curve.levels.items()]
    lines.append({"fitted": "floor subtracted", "none": "no floor", "not stated": "floor not stated"}[curve.floor])
    return lines


def unit_lines(curve: Curve) -> list[str]:
    """Every axis with its unit and range, and the response with its unit."""
    lines = []
    for name, axis in curve.axes.items():
        over = f" from {_end(axis.range[0])} to {_end(axis.range[1])}" if axis.range else ""
        lines.append(f"{name.replace('_', ' ')} in {axis.unit}{over}")
    return [*lines, f"{curve.response.quantity.replace('_', ' ')} in {curve.response.unit}"]


def _end(size: float) -> str:
    """``11,585`` with all its digits, ``7×10⁷`` where they are too many."""
    return f"{size:,.0f}" if size.is_integer() and size < _MANY else number(size)
