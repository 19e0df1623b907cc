"""The certificate of a study's learning rate: what half and twice the rate do at its smallest and its largest size.

Three runs a size, equal but for the rate, and a parabola in its logarithm: the implied gain is the share of the error
that the best rate would take away. A mistuned rate bends the curve and leaves nothing in its residuals, so past
``GAIN_LIMIT`` no exponent of the study can be taken at its word.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import FitError, RecordError
from harness.fits.parabola import fit_parabola
from harness.records import read_record
from harness.run_files import read_json, write_json
from harness.schema import from_dict, to_dict

GAIN_LIMIT = 0.01  # of the error: 5 % at one end of 3 decades, at a 4-fold wrong rate, moves the exponent by 3 to 9 %
FACTORS = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Certified:
    """A size and the ids of its runs at half, once and twice the rate."""

    width: int
    params: int
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """The sizes that were tried, and the implied gain of each as a share of its error (inf where a run diverged)."""

    sizes: tuple[Certified, ...]
    gains: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """Whether no size would gain more than ``GAIN_LIMIT``."""
        return max(self.gains) <= GAIN_LIMIT


def implied_gain(errors: Sequence[float]) -> float:
    """The share of the middle error that the best rate would take away; errors at half, once and twice the rate.

    A rate at which training diverged has an infinite error, and is as bad as any.
    """
    finite = [(math.log(factor), math.log(error)) for factor, error in zip(FACTORS, errors, strict=True)
              if math.isfinite(error)]  # fmt: skip
    here = errors[FACTORS.index(1.0)]
    if not math.isfinite(here):
        return math.inf
    lowest = min(level for _, level in finite)
    try:
        parabola = fit_parabola(*zip(*finite, strict=True))
    except FitError:
        pass  # it bends downwards, or a rate diverged: the lowest of the points is what is known
    else:
        lowest = min(lowest, parabola.lowest)
    return 1 - math.exp(lowest - math.log(here))


def write_certificate(sizes: Sequence[Certified], path: Path) -> None:
    """Note which runs the certificate rests on; what they found stays in their records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"sizes": [to_dict(size) for size in sizes]})


def read_certificate(path: Path, *, runs_folder: Path) -> Certificate | None:
    """The certificate from the runs' records; None where there is none, or where one of its runs has no record."""
    if not path.exists():
        return None
    tree: Any = read_json(path)["sizes"]
    sizes = tuple(from_dict(Certified, size, where=str(path)) for size in tree)
    try:
        gains = tuple(
            implied_gain([validation_error(run_id, runs_folder=runs_folder) for run_id in size.runs]) for size in sizes
        )
    except RecordError:
        return None
    return Certificate(sizes, gains)


def validation_error(run_id: str, *, runs_folder: Path) -> float:
    """The error that a rate is chosen by: inf where training diverged, half a mistake where it made none.

    Raises:
        RecordError: the run has no record.
    """
    record, _ = read_record(runs_folder / run_id)
    if record.validation_error is None:
        return math.inf
    return max(record.validation_error, 0.5 / record.config.data.validation_examples)
