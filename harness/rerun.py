"""Do runs come out again? Some of a study's, trained once more in another place and held against their records."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import torch
from scipy import stats

from harness.config import RunConfig, RuntimeConfig
from harness.plan import plan_runs
from harness.records import Measured, Record, is_finished, read_record
from harness.train import run_one
from harness.verification import Finding

LEVEL = 0.95  # of the range in which two runs that differ by their seed alone lie


def rerun(
    runs: Mapping[str, RunConfig], *, count: int, seed: int, runtime: RuntimeConfig, table: pl.DataFrame, place: Path
) -> Iterator[Finding]:
    """Train ``count`` of the finished runs again, drawn by ``seed``, with outputs below ``place``; a finding each.

    ``table`` has the study's runs, from which the noise of seeds is known.

    Raises:
        HarnessError: a run can't be started here.
    """
    finished = sorted(name for name in runs if is_finished(Path(runtime.output) / "runs" / name))
    again = replace(runtime, output=str(place), tracking=replace(runtime.tracking, name="none"))
    for name in random.Random(seed).sample(finished, min(count, len(finished))):
        before, measured = read_record(Path(runtime.output) / "runs" / name)
        torch.set_num_threads(measured.threads)  # sums over another number of threads round in another way
        (planned,) = plan_runs([runs[name]], runtime=again)
        run_one(planned, runtime=again)
        noise = seed_noise(table.filter(pl.col("run_id") != name))  # by the others: its own number is in doubt
        yield compare(before, measured, *read_record(place / "runs" / name), noise=noise)


def seed_noise(table: pl.DataFrame) -> tuple[float, int]:
    """The standard deviation of ln test error between seeds, pooled over cells, and its degrees of freedom.

    A run without a mistake stands at half a mistake, here and in ``compare``.
    """
    log_error = pl.max_horizontal("test_error", 0.5 / pl.col("test_examples")).log()
    cells = (
        table.filter(pl.col("test_error").is_not_null())
        .group_by("cell")
        .agg(log_error.var().alias("variance"), (pl.len().cast(pl.Int64) - 1).alias("freedom"))
        .filter(pl.col("freedom") > 0)
    )
    freedom = int(cells["freedom"].sum())
    return (math.sqrt((cells["variance"] * cells["freedom"]).sum() / freedom) if freedom else math.nan), freedom


def compare(before: Record, then: Measured, after: Record, now: Measured, *, noise: tuple[float, int]) -> Finding:
    """Whether the second training said the same as the first, to the last bit, or as near as another seed would."""
    what = f"run {before.run_id}, trained again"
    where = f"on {_machine(now)}" + ("" if _machine(now) == _machine(then) else f"; before on {_machine(then)}")
    if after == before:
        return Finding(what, "same", f"every number of its record, {where}")
    if before.data_digest != after.data_digest:
        return Finding(what, "different", f"its data are not the bytes that they were, {where}")
    if before.test_error is None or after.test_error is None:
        said = f"{before.status}, test error {before.test_error}; now {after.status}, {after.test_error}"
        return Finding(what, "different", f"{said}, {where}")
    if before.test_error == after.test_error:
        said = f"test error {before.test_error:.6g} again; other numbers of its record differ"
        return Finding(what, "within seed noise", f"{said}, {where}")
    sd, freedom = noise
    least = 0.5 / before.test_examples
    apart = abs(math.log(max(after.test_error, least) / max(before.test_error, least)))
    said = f"test error {before.test_error:.6g} is now {after.test_error:.6g}"
    if not freedom:
        return Finding(what, "different", f"{said}; no cell has two seeds that would tell the noise, {where}")
    most = float(stats.t.ppf(0.5 + LEVEL / 2, freedom)) * math.sqrt(2) * sd
    answer = f"{100 * math.expm1(apart):.2g} % apart, and {100 * LEVEL:.0f} % of pairs of seeds are within " \
             f"{100 * math.expm1(most):.2g} %, {where}"  # fmt: skip
    return Finding(what, "within seed noise" if apart <= most else "different", f"{said}; {answer}")


def _machine(measured: Measured) -> str:
    mode = f"{measured.device}, {measured.math_mode}, {measured.threads} threads, torch {measured.versions['torch']}"
    return f"{measured.device_name} ({mode})"
