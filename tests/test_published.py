"""Published curves: every file is whole, formulas give the papers' own numbers, and a bad file is refused in words."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from harness.errors import ConfigError
from harness.paper.data import efficiencies, paper_claims, points
from harness.published import Curve, catalogue, choose, find, implied_exponents, read_paper
from harness.published.laws import LAWS
from harness.published.units import UNITS, factor
from tests.command import harness

EVERY = [curve for paper in catalogue().values() for curve in paper.curves.values()]

GOOD = """\
paper: Somebody 2030, arXiv 3001.00001
title: A law
curves:
  mine:
    what: error of something
    law: power_floor
    axes: {training_flops: {unit: MAC, range: [1.0e9, 1.0e12]}}
    response: {quantity: error, unit: percent}
    floor: fitted
    exponents: {training_flops: {value: 0.25, stderr: 0.01}}
    scales: {scale: 5000.0, floor: 5.0}
    mark: seen
    place: table 1
"""


def curve(name: str) -> Curve:
    (found,) = find(name)
    return found


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_curve_says_what_it_is_where_it_stands_and_how_well_it_is_known(one: Curve) -> None:
    assert one.what
    assert one.place
    assert "," in one.paper or "(" in one.paper or " " in one.paper
    assert one.mark in ("seen", "refit", "as popularly quoted")
    assert one.axes
    assert one.exponents or one.law or one.points or one.levels


@pytest.mark.parametrize("one", [one for one in EVERY if one.law and one.exponents], ids=lambda one: one.name)
def test_a_law_falls_over_its_range_at_no_more_than_its_powers(one: Curve) -> None:
    assert one.law is not None
    spans = {name: axis.range for name, axis in one.axes.items() if axis.range}
    sizes = {name: np.geomspace(span[0], span[1], 50) for name, span in spans.items()}
    values = one.value(sizes)
    assert (np.diff(values) < 0).all()
    steepest = (-np.diff(np.log(values)) / np.diff(np.log(next(iter(sizes.values()))))).max()
    reach = sum(
        power * np.log(sizes[axis][-1] / sizes[axis][0]) for axis, power in one.exponent_values.items()
    ) / np.log(next(iter(sizes.values()))[-1] / next(iter(sizes.values()))[0])  # fmt: skip
    assert steepest <= reach * (1 + 1e-9)


@pytest.mark.parametrize(
    ("name", "sizes", "expected", "tolerance"),
    [
        ("kaplan2020/params", {"params": 8.8e13}, 1.0, 1e-9),  # the critical size is where the loss is one nat
        ("kaplan2020/joint", {"params": 1.5e9, "examples": 1e30}, (6.4e13 / 1.5e9) ** 0.076, 1e-4),
        ("hoffmann2022/parametric", {"params": 70e9, "examples_seen": 1.4e12}, 1.937, 0.01),  # Chinchilla itself
        ("rosenfeld2020/cifar10", {"examples": 6e4, "params": 4.48e7}, 0.0535, 0.001),
        ("rosenfeld2020/imagenet", {"examples": 1.2e6, "params": 2.55e7}, 0.28, 0.01),
        ("cherti2022/openclip", {"training_flops": 191 * 34e9}, 0.22, 0.01),  # ViT-H/14 on 34 billion samples
        ("auf_mnist/data", {"examples": 10000.0}, 0.0374, 0.004),
        ("sharma2020/intrinsic_dimension", {"intrinsic_dim": 8.0}, 0.5, 1e-9),
        ("michaud2023/data_theory", {"zipf_excess": 0.5}, 1 / 3, 1e-9),
        ("henighan2020/image32_compute", {"training_flops": 8.64e19}, 2.35, 0.02),
    ],
)
def test_the_formulas_give_the_numbers_that_the_papers_are_known_for(
    name: str, sizes: dict[str, float], expected: float, tolerance: float
) -> None:
    value = curve(name).value({axis: np.array([size]) for axis, size in sizes.items()})
    assert value[0] == pytest.approx(expected, abs=tolerance)


def test_a_line_through_published_networks_passes_through_their_mean() -> None:
    for key, axis, own in (
        ("imagenet_per_pass", "forward_flops", "forward_flops"),
        ("imagenet_operations", "network_operations", "training_flops"),
        ("imagenet_burden", "hardware_burden", "hardware_burden"),
    ):
        networks = points(2022, "imagenet", axis)  # type: ignore[arg-type]
        residuals = np.log10(networks.error) - np.log10(curve(f"thompson2022/{key}").value({own: networks.compute}))
        assert abs(residuals.mean()) < 0.001


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vigl2026/parametric", 2.4), ("rosenfeld2020/imagenet", 3.0), ("rosenfeld2020/cifar10", 3.4),
        ("rosenfeld2020/cifar100", 3.4), ("zhai2021/finetuned", 2.9), ("besiroglu2024/replication", 5.6),
        ("hoffmann2022/parametric", 6.5), ("henighan2020/image32_compute", 10.0), ("umass_poster/width", 8.6),
        ("umass_poster/depth", 6.2), ("cherti2022/openclip", 9.1), ("cherti2022/openai_clip", 6.2),
        ("kaplan2020/compute", 20.0), ("thompson2020/imagenet_burden", 13.6), ("thompson2022/imagenet_burden", 10.7),
        ("thompson2022/imagenet_per_pass", 12.2), ("model_zoos/torchvision", 9.6),
        ("model_zoos/torchvision_imagenet1k", 10.9), ("model_zoos/timm", 9.1), ("thompson2020/theory", 4.0),
    ],
)  # fmt: skip
def test_the_yardstick_has_its_known_marks(name: str, expected: float) -> None:
    (implied,) = implied_exponents(curve(name))
    assert implied.value == pytest.approx(expected, abs=0.051)
    assert implied.interval[0] <= implied.value <= implied.interval[1]


def test_the_measured_powers_of_sparse_parity_lie_near_the_quantization_law() -> None:
    measured, law = curve("michaud2023/data"), curve("michaud2023/data_theory")
    assert len(measured.points) == 15
    predicted = law.value({"zipf_excess": np.array([point.x for point in measured.points])})
    above = [point for point, theory in zip(measured.points, predicted, strict=True) if point.y > theory]
    assert {point.x for point in above} >= {0.10, 0.15, 0.20, 0.25, 0.30, 0.35}, "flatter than the law for small z"


def test_what_is_only_quoted_says_so() -> None:
    quoted = {one.name for one in EVERY if one.mark == "as popularly quoted"}
    assert quoted == {
        "hestness2017/imagenet_top1", "hestness2017/imagenet_top5", "hestness2017/theory", "thompson2020/theory",
        "thompson2020/ninth_power",
    }  # fmt: skip


@pytest.mark.parametrize("level", ["alexnet", "resnet50"])
def test_the_curves_of_efficiency_are_the_table_that_the_paper_s_page_rests_on(level: str) -> None:
    target = {"alexnet": "alexnet-level imagenet", "resnet50": "resnet-50-level imagenet"}[level]
    dates = [(row, date.fromisoformat(row.date)) for row in efficiencies().rows if row.target == target]
    expected = [(row.model, row.compute, day.year + (day.timetuple().tm_yday - 1) / 365) for row, day in dates]
    drawn = curve(f"hernandez2020/{level}_level").points
    assert [(point.label, point.y) for point in drawn] == [(name, compute) for name, compute, _ in expected]
    assert [point.x for point in drawn] == pytest.approx([year for *_, year in expected], abs=0.011)


def test_what_was_read_by_way_of_other_pages_is_marked_as_quoted() -> None:
    _, claims = paper_claims()
    assert {claims[name].mark for name in ("L6", "L7")} == {"as popularly quoted"}


def test_units_convert_as_they_should() -> None:
    assert factor("training_flops", "MAC") == 2
    assert factor("training_flops", "petaflop/s-day") == 8.64e19
    assert factor("training_flops", "teraflop/s-day") == 8.64e16
    assert factor("error", "percent") == 0.01
    assert factor("loss", "bits") == pytest.approx(0.6931, abs=1e-4)
    assert factor("examples", "tokens") is None
    assert factor("examples", "tokens", tokens_per_example=1024) == 1 / 1024
    assert factor("training_flops", "TPUv3 core-day") is None
    assert all(
        None in units.values() or all(value and value > 0 for value in units.values()) for units in UNITS.values()
    )


def test_a_file_of_one_s_own_is_read_like_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (found,) = find("mine.yaml/mine")
    assert found.name == "mine/mine"
    assert found.axis_factor("training_flops") == 2
    assert found.response_factor == 0.01
    assert found.value({"training_flops": np.array([1e12])})[0] == pytest.approx(5 + 5000 * 1e12**-0.25)
    assert [one.name for one in choose(["mine.yaml,kaplan2020/params", "kaplan2020/params"])] == [
        "mine/mine", "kaplan2020/params",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: MAC, ", "", "mine.yaml: mine.axes.training_flops: missing unit; add it"),
        ("unit: MAC", "unit: MACs", "mine.axes.training_flops.unit: unknown unit 'MACs'; did you mean 'MAC'?"),
        ("{training_flops: {unit", "{training_flop: {unit", "mine.axes.training_flop: unknown axis 'training_flop'"),
        ("unit: percent", "unit: fraction", "mine.law at the lower end: is 33.1171; a fraction "
         "between 0 and 1 would do, or response.unit: percent"),
        ("{quantity: error, unit: percent}", "{quantity: error}", "mine.response: missing unit"),
        ("quantity: error", "quantity: accuracy", "mine.response: unknown axis 'accuracy'"),
        ("law: power_floor", "law: powerfloor", "mine.law: unknown law 'powerfloor'; did you mean 'power_floor'?"),
        (", floor: 5.0", "", "mine.scales: scale; power_floor takes scale, floor"),
        ("value: 0.25", "value: -0.25", "mine.exponents.training_flops: -0.25 "),
        ("range: [1.0e9, 1.0e12]", "range: [1.0e12, 1.0e9]", "mine.axes.training_flops.range: "),
        (", range: [1.0e9, 1.0e12]", "", "mine.axes.training_flops.range: missing; a law says where it holds"),
        ("mark: seen", "mark: remembered", "mine.mark: unknown value 'remembered'"),
        ("place: table 1", "page: table 1", "unknown key 'page'; did you mean 'place'?"),
        ("    place: table 1\n", "", "mine.yaml: mine: missing place"),
        ("title: A law\n", "", "mine.yaml: missing title"),
        ("exponents: {training_flops", "exponents: {params", "mine.exponents.params: is no axis of the curve"),
        ("scale: 5000.0", "scale: 1e3.5", "mine.scales.scale: expected float, got '1e3.5'"),
        ("{training_flops: {unit: MAC", "{training_flops: {unit: MAC, unit: FLOP", "mine.yaml: is no YAML"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_file_key_and_remedy(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in GOOD
    (tmp_path / "mine.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        read_paper(tmp_path / "mine.yaml")
    assert "mine.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_points_in_percent_that_call_themselves_fractions_are_refused(tmp_path: Path) -> None:
    bad = GOOD.replace("law: power_floor\n", "points: [{x: 1.0e9, y: 12.5}]\n").replace(
        "unit: percent", "unit: fraction"
    )
    (tmp_path / "mine.yaml").write_text(bad.replace("    scales: {scale: 5000.0, floor: 5.0}\n", ""))
    with pytest.raises(ConfigError, match=r"mine.points\[0\].y: is 12.5; a fraction between 0 and 1 would do"):
        read_paper(tmp_path / "mine.yaml")


def test_a_name_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown paper 'kaplan2002'; did you mean 'kaplan2020'"):
        find("kaplan2002")
    with pytest.raises(ConfigError, match="published rosenfeld2020: unknown curve 'cifar'; did you mean 'cifar10'"):
        find("rosenfeld2020/cifar")
    with pytest.raises(ConfigError, match=r"nothing.yaml: No such file"):
        find("nothing.yaml")


def test_every_law_is_used_and_has_a_formula() -> None:
    assert {one.law for one in EVERY if one.law} == set(LAWS) - {"shifted_power_floor"}
    assert all(law.formula for law in LAWS.values())


@pytest.mark.slow
def test_show_prints_form_parameters_uncertainty_units_source_and_place() -> None:
    done = harness("published", "show", "besiroglu2024/replication")
    assert done.returncode == 0, done.stderr
    for words in (
        "floor + params_scale * N**-a + data_scale * D**-b", "power of params 0.348 [0.317 to 0.373]",
        "params scale 482 (standard error 124.5)", "params in parameters from 7×10⁷ to 1.6×10¹⁰",
        "examples seen in tokens", "loss in nats", "arXiv 2404.10102", "analyzing-chinchilla, notebook",
        "mark         seen", "compute exponent 5.61",
    ):  # fmt: skip
        assert words in done.stdout


@pytest.mark.slow
def test_list_as_json_holds_every_curve_and_a_quotation_is_marked_where_one_reads_it() -> None:
    done = harness("published", "list", "--json")
    assert {one["name"] for one in json.loads(done.stdout)} == {one.name for one in EVERY}
    assert "as popularly quoted" in harness("published", "list").stdout
    assert "as popularly quoted" in harness("published", "show", "thompson2020/ninth_power").stdout
