"""The figures of a report: one specification each, drawn alike in the page, as PNG and as SVG."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import vl_convert

from harness.evidence import Evidence
from harness.plots.cost import utilisation, wall_time
from harness.plots.error import error_against_flops
from harness.plots.figure import Figure
from harness.plots.isoflop import isoflop_profiles
from harness.plots.numerals import without_superscripts
from harness.plots.residuals import residuals

FIGURES: tuple[Callable[[Evidence], Figure], ...] = (
    error_against_flops,
    residuals,
    isoflop_profiles,
    wall_time,
    utilisation,
)
VEGA_LITE = "6.4"
_PNG_SCALE = 2
_CLIP_NUMBER = re.compile(r'(?<=id="clip)\d+(?=")|(?<=url\(#clip)\d+(?=\))')


def figures(evidence: Evidence) -> dict[str, Figure]:
    """All figures by name, also those that could not be drawn: their captions say why."""
    drawn = [draw(evidence) for draw in FIGURES]
    return {figure.name: figure for figure in drawn}


def save_drawn(drawn: Iterable[Figure], folder: Path) -> tuple[Path, ...]:
    """Write each figure that could be drawn as ``<name>.svg`` and ``<name>.png`` and return the paths.

    Drawn without a browser, with the fonts of this machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for figure in drawn:
        if figure.chart is None:
            continue
        specification = without_superscripts(json.dumps(figure.specification, ensure_ascii=False, sort_keys=True))
        svg, png = folder / f"{figure.name}.svg", folder / f"{figure.name}.png"
        drawing = _renumbered(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE))
        svg.write_text(drawing, encoding="utf-8")
        png.write_bytes(vl_convert.svg_to_png(drawing, scale=_PNG_SCALE))
        written += [svg, png]
    return tuple(written)


def _renumbered(svg: str) -> str:
    """Clip paths numbered from 1: Vega counts them over the life of the process, which would change the bytes."""
    seen: dict[str, int] = {}
    return _CLIP_NUMBER.sub(lambda number: str(seen.setdefault(number[0], len(seen) + 1)), svg)


__all__ = ["FIGURES", "VEGA_LITE", "Figure", "figures", "save_drawn"]
