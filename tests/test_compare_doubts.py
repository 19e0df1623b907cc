"""What a comparison with published powers is not allowed to decide on: luck, bends, gates, and points left out."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from harness.along import OwnExponent, measure
from harness.claims import Arms
from harness.compare import compare_with
from harness.compare.comparison import judge
from harness.compare.page import comparison_rows, write_comparison
from harness.envelope import envelope
from harness.errors import FitError
from harness.evidence import Evidence, reduce_runs
from harness.published import Exponent, find
from harness.published.curve import Axis
from harness.rules import Exclusions
from harness.table import Collected
from tests.synthetic import evidence_of, synthetic_runs

SIZES = [1000 * 2**step for step in range(8)]
FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def sweep(
    errors: FloatArray, *, subsets: int = 1, seeds: int = 2, varied: str = "train_examples", model: str = "mlp"
) -> pl.DataFrame:
    """Runs of one network on ever more data: ``errors`` has shape (sizes, subsets, seeds)."""
    template = synthetic_runs(budgets=(1e10,), widths=(64,), seeds=1)
    rows = []
    for place, size in enumerate(SIZES[: len(errors)]):
        for subset in range(subsets):
            for seed in range(seeds):
                told = {"data": {"train_examples": size, "split_seed": subset}, "model": {"width": 64}, "seed": seed}
                if varied == "both":
                    told["model"] = {"width": size}
                error = float(errors[place, subset, seed])
                rows.append(
                    template.with_columns(
                        pl.lit(f"{size}-{subset}-{seed}-{model}").alias("run_id"),
                        pl.lit(f"{size}-{subset}-{model}").alias("cell"),
                        pl.lit(model).alias("model"),
                        pl.lit(size).cast(pl.Int64).alias("train_examples"),
                        pl.lit(seed).cast(pl.Int64).alias("seed"),
                        pl.lit(json.dumps(told)).alias("config"),
                        *(
                            pl.lit(error).alias(f"{part}_{what}")
                            for part in ("validation", "test")
                            for what in ("error", "loss")
                        ),
                    )
                )
    return pl.concat(rows)


def falling(power: float, *, shape: tuple[int, int] = (1, 2), noise: float = 0.005, bend: float = 0.0) -> FloatArray:
    """Errors (sizes, subsets, seeds) that fall as the power of the size, from 0.5, and bend in ln size."""
    size = np.log(np.array(SIZES) / SIZES[0])[:, None, None]
    scatter = noise * np.random.default_rng(4).standard_normal((len(SIZES), *shape))
    return np.asarray(0.5 * np.exp(-power * size + bend * size**2 + scatter))


def answer(evidence: Evidence, power: float, arms: Arms | None = None) -> tuple[str, str]:
    (curve,) = find("auf_mnist/data")
    published = replace(curve, exponents={"examples": Exponent(value=power)})
    (row,) = compare_with((published,), evidence, factor=1.25, arms=arms)
    return row.answer, row.reason


def test_subsets_of_one_size_are_averaged_and_the_luckiest_is_not_taken() -> None:
    errors = falling(0.3, shape=(4, 2), noise=0.1)
    found = envelope(evidence_of(sweep(errors, subsets=4)), "examples", response="error").cells
    assert found["size"].to_list() == SIZES
    assert found["test_error"].to_numpy() == pytest.approx(errors.mean(axis=(1, 2)))
    assert found["seeds"].to_list() == [8] * len(SIZES)
    assert all(len(ids) == 8 for ids in found["run_ids"])


def test_of_one_setting_every_size_stays_and_of_two_the_best_is_taken() -> None:
    errors = falling(0.3, noise=0.0)
    errors[5] *= 2.0
    alone, both = (
        envelope(evidence_of(sweep(errors, varied=varied)), "examples", response="error")
        for varied in ("train_examples", "both")
    )
    assert alone.cells["size"].to_list() == SIZES
    assert alone.what == "all sizes"
    assert both.cells["size"].to_list() == [size for size in SIZES if size != SIZES[5]]
    assert both.what == "the best cell at each size"


@pytest.mark.parametrize(("seeds", "weighted"), [(9, False), (16, True)])
def test_cells_count_by_their_own_scatter_where_replicates_are_enough_to_know_it(seeds: int, weighted: bool) -> None:
    errors = falling(0.3, shape=(1, seeds), noise=0.02)
    found = envelope(evidence_of(sweep(errors, seeds=seeds)), "examples", response="error")
    if not weighted:
        assert found.stderr is None
        return
    assert found.stderr == pytest.approx(errors[:, 0].std(axis=1, ddof=1) / np.sqrt(seeds))


def test_a_noisy_cell_counts_for_less() -> None:
    """One size of eight is 30 % off, and its replicates scatter by that."""
    errors = falling(0.3, shape=(1, 16), noise=0.01)
    errors[7, 0] *= 1.3 * np.where(np.arange(16) % 2, 0.1, 1.9)
    weighted = measure(evidence_of(sweep(errors, seeds=16)), "examples", response="error", floor=False)
    alike = measure(evidence_of(sweep(errors[:, :, :9], seeds=9)), "examples", response="error", floor=False)
    assert abs(weighted.value - 0.3) < 0.005
    assert abs(alike.value - 0.3) > 0.02
    assert weighted.how.endswith("on all sizes, each weighted by the scatter of its replicates")


def test_families_are_held_against_a_curve_one_by_one() -> None:
    families = {"mlp": falling(0.15), "cnn": falling(0.3)}
    tables = {name: sweep(errors, model=name) for name, errors in families.items()}
    collected = Collected(runs=pl.concat(tables.values()), missing=(), unreadable=())
    whole = reduce_runs("made", collected, exclusions=Exclusions(at_chance=0.9, runs={}))
    arms = Arms("made", {name: evidence_of(table) for name, table in tables.items()}, {"vit": "no run has a record"})
    rows = compare_with(find("auf_mnist/data"), whole, factor=1.25, arms=arms)
    assert [(row.arm, row.measured and round(row.measured.value, 2)) for row in rows] == [
        ("mlp", 0.15), ("cnn", 0.3), ("vit", None),
    ]  # fmt: skip
    assert [row[1] for row in comparison_rows(rows)] == ["examples, arm mlp", "examples, arm cnn", "examples, arm vit"]
    assert rows[-1].reason == "not comparable: no run has a record."


def test_a_straight_line_through_a_bent_curve_decides_nothing() -> None:
    straight, bent = (evidence_of(sweep(falling(0.6, bend=bend))) for bend in (0.0, 0.05))
    for power, decided in ((0.6, "supported"), (0.2, "contradicted")):
        assert answer(straight, power)[0] == decided
    for power in (0.36, 1.2):
        found, reason = answer(bent, power)
        assert found == "undecided"
        assert "a bend is left over (p = " in reason
        assert "the power changes from 0.52 over the first third to 0.19 over the last" in reason


def test_a_law_decides_nothing_at_sizes_of_which_it_is_not_said() -> None:
    evidence = evidence_of(sweep(falling(0.6)))
    (curve,) = find("hestness2017/theory")
    rows = [
        compare_with((replace(curve, axes={"examples": Axis("examples", range=span)}),), evidence, factor=1.25)[0]
        for span in ((1e3, 1.28e5), (1e4, 1e6))
    ]
    assert [row.answer for row in rows] == ["supported", "undecided"]
    assert rows[1].reason.startswith(
        "the law was seen to hold of examples from 10000 to 1e+06, and the study's go from 1000 to 128000;"
    )
    (measured,) = find("auf_mnist/data")
    span = replace(measured, axes={"examples": Axis("examples", range=(1e4, 1e6))})
    assert compare_with((span,), evidence, factor=1.25)[0].answer == "contradicted", "a measurement is of its own sizes"


def test_an_answer_that_cells_left_out_near_chance_would_change_is_none() -> None:
    errors = falling(0.3, noise=0.02)
    errors[0] = 0.86
    left_out = evidence_of(sweep(errors))
    assert len(left_out.dropped) == 2
    found, reason = answer(left_out, 0.3)
    assert found == "undecided"
    assert "with the cells that were left out near chance it is 0." in reason
    assert "which would be answered otherwise" in reason
    assert answer(left_out, 1.5)[0] == "contradicted", "that answer is the same with them"


def powers_measured(**changed: str) -> OwnExponent:
    return replace(
        OwnExponent(0.2, (0.19, 0.21), (0.192, 0.208), n=6, decades=2.0, how="by hand", gate="", fit=None),
        **changed,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("published", [0.2, 0.9])
def test_what_is_not_identified_decides_neither_way(published: float) -> None:
    (curve,) = find("auf_mnist/data")
    told, gated = (
        judge(curve, "examples", Exponent(value=published), powers_measured(gate=gate), factor=1.25)
        for gate in ("", "the reducible error falls too little")
    )
    assert told.answer == ("supported" if published == 0.2 else "contradicted")
    assert gated.answer == "undecided"
    assert gated.reason.startswith("the study alone does not identify a power: the reducible error falls too little;")
    assert (told.decisive, gated.decisive) == (True, False)


@pytest.mark.parametrize(
    ("name", "words"),
    [("hestness2017/theory", ("supported", "contradicted")), ("auf_mnist/data", ("the same here", "different here"))],
)
def test_other_data_is_different_and_only_a_law_is_contradicted(name: str, words: Sequence[str]) -> None:
    (curve,) = find(name)
    rows = [judge(curve, "examples", Exponent(value=value), powers_measured(), factor=1.25) for value in (0.2, 0.9)]
    assert [row[2] for row in comparison_rows(rows)] == list(words)


def test_a_page_says_how_many_would_differ_by_chance(tmp_path_factory: pytest.TempPathFactory) -> None:
    evidence = evidence_of(sweep(falling(0.3)))
    curves = find("hestness2017")
    rows = compare_with(curves, evidence, factor=1.25)
    page = write_comparison(
        rows, curves, evidence, command="harness compare", folder=tmp_path_factory.mktemp("compared")
    )
    tests = sum(row.decisive for row in rows)
    assert tests == 4
    said = "4 can be decided, each at 5 %: were all powers the published ones, about 0.2 would differ by chance."
    assert said in page.read_text(encoding="utf-8")
    assert "≠</span> different here</span>" in page.read_text(encoding="utf-8")


def test_runs_of_several_models_without_arms_have_no_power() -> None:
    both = pl.concat([sweep(falling(0.3), model=name) for name in ("mlp", "cnn")])
    with pytest.raises(FitError, match="more than one model"):
        evidence_of(both)
