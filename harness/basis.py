"""What a report rests on: the table of its runs, and ``report.json`` with all else that its words are made of.

From the two, which lie beside it, a report can be made again without a record, a study file or a clock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from harness.claims import Arms, Verdict
from harness.errors import ConfigError, RecordError
from harness.evidence import Evidence, gather, mixed, reduce_runs
from harness.judging import gather_arms, judge_study
from harness.report import Context, render
from harness.rules import Frozen, Rules
from harness.run_files import replacing
from harness.schema import from_dict, to_dict
from harness.table import RUN_COLUMNS, Collected

FILE = "report.json"
TABLES = ("runs.parquet", "runs.csv")  # of which the first that is there counts


@dataclass(frozen=True)
class Basis:
    """All that a report says besides what its table of runs does.

    ``words`` are the study's overrides, ``arms`` the ids of the runs of each named arm, ``missing`` the ids without a
    record, ``unreadable`` maps the ids of damaged ones to the reason. ``frozen_code`` is the digest of the judging code
    that was frozen with the rules, empty where none was.
    """

    study: str
    words: tuple[str, ...]
    rules: Rules
    frozen: Frozen
    arms: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    unreadable: Mapping[str, str]
    context: Context
    frozen_code: str = ""


@dataclass(frozen=True)
class Conclusion:
    """The evidence of the runs, the same arm by arm, and a verdict on every claim that they can speak to."""

    evidence: Evidence
    arms: Arms | None
    verdicts: tuple[Verdict, ...]


def conclude(
    collected: Collected,
    *,
    study: str,
    rules: Rules,
    frozen: Frozen,
    arms: Mapping[str, Sequence[str]],
    frozen_code: str = "",
) -> Conclusion:
    """Fit and judge. Arms of different models are fitted and judged arm by arm alone.

    Raises:
        FitError: no run has finished, or they are of several data sets or models and the study has no arms.
    """
    evidence, of_arms = gather_all(collected, study=study, rules=rules, arms=arms)
    whole = None if of_arms is not None and mixed(collected.runs) else evidence
    verdicts = judge_study(whole, rules, arms=of_arms, frozen=frozen, frozen_code=frozen_code)
    return Conclusion(evidence, of_arms, verdicts)


def gather_all(
    collected: Collected, *, study: str, rules: Rules, arms: Mapping[str, Sequence[str]]
) -> tuple[Evidence, Arms | None]:
    """The evidence of all runs and of each arm; without a fit to all where arms are of different models.

    Raises:
        FitError: as ``conclude``.
    """
    of_arms = gather_arms(study, arms, collected, exclusions=rules.exclusions)
    if of_arms is not None and mixed(collected.runs):
        return reduce_runs(study, collected, exclusions=rules.exclusions), of_arms
    return gather(study, collected, exclusions=rules.exclusions), of_arms


@dataclass(frozen=True)
class Rebuilt:
    """A report made again: what it rests on, what it concludes, and the page as text."""

    basis: Basis
    conclusion: Conclusion
    page: str


def write_basis(basis: Basis, folder: Path) -> Path:
    """Write ``report.json`` into the report's folder; arms stay in their order, which the page has."""
    path = folder / FILE
    with replacing(path) as file:
        file.write(json.dumps(to_dict(basis), indent=1, allow_nan=False).encode() + b"\n")
    return path


def rebuild(folder: Path) -> Rebuilt:
    """The report of the folder, made again from the table and ``report.json`` beside it.

    Raises:
        RecordError: one of the two is missing or damaged.
    """
    basis, runs = _read_basis(folder / FILE), read_runs(folder)
    collected = Collected(runs=runs, missing=basis.missing, unreadable=tuple(basis.unreadable.items()))
    drawn = conclude(
        collected,
        study=basis.study,
        rules=basis.rules,
        frozen=basis.frozen,
        frozen_code=basis.frozen_code,
        arms=basis.arms,
    )
    return Rebuilt(basis, drawn, render(drawn.evidence, drawn.verdicts, basis.context, arms=drawn.arms))


def _read_basis(path: Path) -> Basis:
    try:
        return from_dict(Basis, json.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (OSError, ValueError, ConfigError) as error:
        raise RecordError(f"{path}: can't be read ({error}); `harness report` writes it anew") from error


def read_runs(folder: Path) -> pl.DataFrame:
    """The table of runs of a report's folder, each number as it was written; what an older table lacks is empty.

    Raises:
        RecordError: as ``read_kept``.
    """
    return pl.concat([pl.DataFrame(schema=RUN_COLUMNS), read_kept(folder)], how="diagonal")


def read_kept(folder: Path) -> pl.DataFrame:
    """The columns of the table of runs that the folder's has, which may be older or newer than ``RUN_COLUMNS``.

    Raises:
        RecordError: there is none, or it is no table of runs.
    """
    path = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if path is None:
        raise RecordError(f"{folder}: holds no table of runs ({' or '.join(TABLES)}); give a folder with a report")
    try:
        kept = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
        kept.select("run_id", "cell", "training_flops", "test_error")  # without which it is another kind of table
        return kept.select(pl.col(name).cast(kind) for name, kind in RUN_COLUMNS.items() if name in kept.columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RecordError(f"{path}: can't be read as a table of runs ({reason}); `harness report` writes it") from error
