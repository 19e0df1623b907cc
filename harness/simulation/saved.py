"""A drawn simulation as plain containers, and back: closed forms are not kept, they follow from the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.schema import from_dict, to_dict
from harness.simulation.closed_forms import closed_form
from harness.simulation.setting import Setting
from harness.simulation.sweep import Drawn, Point

FILE = "simulation.json"


@dataclass(frozen=True)
class _Saved:
    """A whole simulation."""

    setting: Setting
    points: tuple[Drawn, ...]


def to_plain(points: Sequence[Point], setting: Setting) -> dict[str, Any]:
    """The points and their world as containers that JSON holds."""
    rows = [to_dict(point) for point in points]
    for row in rows:
        del row["closed_form"]
    return {"setting": to_dict(setting), "points": rows}


def from_plain(tree: Any, *, where: str) -> tuple[list[Point], Setting]:
    """The points and their world again.

    Raises:
        ConfigError: something is missing or of another type.
    """
    saved = from_dict(_Saved, tree, where=where)
    return [_whole(point, saved.setting) for point in saved.points], saved.setting


def _whole(point: Drawn, setting: Setting) -> Point:
    world = Setting(point.features, setting.relevant, setting.left_out, setting.noise)
    values: Mapping[str, Any] = to_dict(point)
    return Point(**values, closed_form=closed_form(point.method, world, examples=point.examples))
