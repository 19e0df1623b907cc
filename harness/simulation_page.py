"""The simulation as a page: what it finds, the two pictures, and the exponents with the definition that each needs."""

from collections.abc import Sequence
from pathlib import Path

from harness.plain_page import PageSection, PlainPage, write_plain
from harness.plots.numerals import number
from harness.plots.simulation import computation_against_examples, error_against_examples
from harness.simulation import Definition, Exponent, Point, Setting, SimulationConfig, definitions
from harness.simulation.answers import Finding

NAME = "simulation"
EXPONENT_COLUMNS = (
    "world", "performance", "closed form, 10³ to 10⁶ examples", "closed form, sizes drawn", "drawn [90 %]",
    "with counted FLOPs", "equal within 10 %",
)  # fmt: skip


def write_simulation(
    config: SimulationConfig,
    points: Sequence[Point],
    found: Sequence[Finding],
    exponents: Sequence[Exponent],
    *,
    command: str,
    folder: Path,
) -> Path:
    """Write ``simulation.html`` and its figures into the folder; the page's path."""
    page = PlainPage(
        title="The simulation: what it is worth to know which features matter",
        question=config.question,
        answer=answer(found, config.setting),
        sections=(
            PageSection(
                heading="The pictures",
                figures=(
                    error_against_examples(points, config.setting),
                    computation_against_examples(points, config.setting),
                ),
            ),
            PageSection(
                heading="What it finds",
                columns=("statement", "answer", "numbers"),
                rows=tuple((one.statement, "supported" if one.holds else "contradicted", one.numbers) for one in found),
            ),
            PageSection(
                heading="Which power of performance compute grows with",
                lead=(
                    "Compute is examples times features, what one pass over the data costs. The fourth power needs "
                    "features in proportion to examples, a sparse signal, regularisation, and performance as one over "
                    "the root mean squared error, all at once."
                ),
                columns=EXPONENT_COLUMNS,
                rows=exponent_rows(exponents),
                notes=("The lasso's closed form is its rate, up to a constant that may itself drift with size.",),
            ),
        ),
        command=command,
    )
    return write_plain(page, folder, NAME)


def answer(found: Sequence[Finding], setting: Setting) -> str:
    """The page's headline."""
    return (
        f"Of {len(found)} statements about {setting.features:,} features of which {setting.relevant} matter, "
        f"{sum(finding.holds for finding in found)} hold. The same world gives compute exponents of 1, 2, 2.2, 4.4 "
        "or none, by what grows and by what is called performance."
    )


def exponent_rows(exponents: Sequence[Exponent]) -> tuple[tuple[str, ...], ...]:
    """A row a definition: the closed forms, what was drawn, and whether they are equal."""
    drawn = {(one.definition.sweep, one.definition.performance): one for one in exponents}
    return tuple(_row(one, drawn.get((one.sweep, one.performance))) for one in definitions())


def _row(definition: Definition, drawn: Exponent | None) -> tuple[str, ...]:
    known = (f"{definition.world} ({definition.note})", definition.performance, number(definition.exponent, 2))
    if drawn is None:
        return (*known, "not drawn", "", "", "undecided")
    low, high = drawn.interval
    measured = f"{number(drawn.value, 3)} [{number(low, 3)}, {number(high, 3)}]"
    return (*known, number(drawn.expected, 3), measured, number(drawn.counted, 3), drawn.answer)
