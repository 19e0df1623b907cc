"""What a drawing function returns."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import altair as alt


@dataclass(frozen=True)
class Figure:
    """A figure with the words around it.

    ``caption`` says in a sentence what to see; where ``chart`` is None it says why nothing could be drawn.
    """

    name: str
    title: str
    caption: str
    chart: alt.LayerChart | None

    @cached_property
    def specification(self) -> dict[str, Any]:
        """The chart in the grammar's own words, checked; made once, for it is drawn in three places."""
        assert self.chart is not None
        specification: dict[str, Any] = self.chart.to_dict()
        return specification
