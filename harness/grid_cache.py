"""Which runs a large study has, by their ids, so that a verb that needs no configuration need not make all of them.

What is kept follows from the composed configuration, the axes and the code, all of which name the file; see
``harness.cache_folder``. Configurations are made when the first is asked for.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.cache_folder import cache_file, keep
from harness.config import RunConfig

WORTH_KEEPING = 2000  # runs: some hundredths of a second
# What a grid depends on besides what it is composed from.
MAKERS = ("study.py", "grid_cache.py", "compose.py", "where.py", "config.py", "identity.py", "parts.py", "schema.py",
          "json_text.py")  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """The runs of a study by id, those of each arm, and how many points did not meet ``where``."""

    runs: Mapping[str, RunConfig]
    arms: Mapping[str, tuple[str, ...]]
    left_out: int


class _Deferred(Mapping[str, RunConfig]):
    """Runs whose ids are known; the first that is asked for has all of them made."""

    def __init__(self, ids: tuple[str, ...], make: Callable[[], Grid]) -> None:
        self._ids, self._make = dict.fromkeys(ids), make

    @cached_property
    def _runs(self) -> Mapping[str, RunConfig]:
        return self._make().runs

    def __getitem__(self, run_id: str) -> RunConfig:
        return self._runs[run_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)


def remembered_grid(make: Callable[[], Grid], *, output: Path, points: str) -> Grid:
    """As ``make()``; ``points`` spells out all that the grid follows from."""
    path = cache_file(output, "grid.json", code=MAKERS, of=points)
    try:
        ids, arms, left_out = json.loads(path.read_bytes())
        return Grid(_Deferred(tuple(ids), make), {arm: tuple(of_arm) for arm, of_arm in arms.items()}, left_out)
    except (OSError, ValueError, TypeError, AttributeError):  # none yet, or damaged
        grid = make()
    if len(grid.runs) >= WORTH_KEEPING and output.is_dir():
        keep(path, lambda file: file.write_text(json.dumps([list(grid.runs), grid.arms, grid.left_out])))
    return grid
