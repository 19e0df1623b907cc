"""A plain page: an answer, then sections of figures and tables. For what is simpler than a study's report."""

from dataclasses import dataclass
from pathlib import Path

from harness.html import page_specification, page_template, page_text, vega_bundle, write_page, writing_into
from harness.plots import Figure, save_drawn
from harness.report import SYMBOLS as OF_CLAIMS

SYMBOLS = {**OF_CLAIMS, "the same here": "=", "different here": "≠"}  # the last two of powers on other data


@dataclass(frozen=True)
class PageSection:
    """A heading with what stands under it; a cell that is a verdict's word is shown as one."""

    heading: str
    lead: str = ""
    figures: tuple[Figure, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlainPage:
    """All that the page says; ``command`` makes it again."""

    title: str
    question: str
    answer: str
    sections: tuple[PageSection, ...]
    command: str

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of all sections."""
        return tuple(figure for section in self.sections for figure in section.figures)


def render_plain(page: PlainPage) -> str:
    """The page as text: the same page gives the same bytes."""
    specifications = {one.name: page_specification(one) for one in page.figures if one.chart is not None}
    return page_template("plain.html.j2").render(
        page=page,
        symbols=SYMBOLS,
        specifications=specifications,
        vega=vega_bundle() if specifications else "",
        style=page_text("report.css"),
        script=page_text("report.js"),
    )


def write_plain(page: PlainPage, folder: Path, name: str) -> Path:
    """Write ``<name>.html`` and its figures into the folder; the page's path.

    Raises:
        ConfigError: the folder can't be written.
    """
    with writing_into(folder):
        save_drawn(page.figures, folder / "figures")
        return write_page(render_plain(page), folder / f"{name}.html")
