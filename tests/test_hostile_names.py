"""Names that others chose, on the pages of compare, simulate and paper: text wherever they stand, never markup."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness.compare import compare_with
from harness.compare.page import write_comparison
from harness.errors import ConfigError
from harness.evidence import Evidence
from harness.paper.checked import check
from harness.paper.exponents import STUDY
from harness.paper.figures.exponents import Exponent
from harness.paper.page import render
from harness.paper.torchvision_weights import read_weights
from harness.published import find
from harness.simulation import draw_point, measured_exponents, read_simulation, tasks
from harness.simulation.answers import findings
from harness.simulation.sweep import in_order
from harness.simulation_page import write_simulation
from tests.synthetic import synthetic_evidence
from tests.test_report import Page
from tests.test_simulation import TINY

HOSTILE = (
    "<script>window.hacked=1</script>", "</script><script>window.hacked=1</script>", '"><img src=x onerror=hack()>',
    "a\nb", "😀", "../../etc/passwd", "{{ 7 * 7 }}", "&lt;b&gt;", "x" * 300,
)  # fmt: skip
each_hostile = pytest.mark.parametrize("name", HOSTILE, ids=ascii)


def shape(page: Page) -> Counter[tuple[str, tuple[str, ...]]]:
    """What the page is made of besides text; a break within a long word is no part of it."""
    return Counter((tag, tuple(sorted(attributes))) for tag, attributes in page.tags if tag != "wbr")


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return synthetic_evidence()


def compared(name: str, evidence: Evidence, folder: Path) -> Page:
    """The page of ``harness compare`` where all that is named is named so."""
    curves = tuple(
        replace(curve, name=name, paper=name, what=name, place=name)
        for choice in ("rosenfeld2020/cifar10", "besiroglu2024/replication") for curve in find(choice)
    )  # fmt: skip
    study = replace(evidence, study=name)
    rows = compare_with(curves, study, factor=1.25)
    return Page(write_comparison(rows, curves, study, command=name, folder=folder).read_text(encoding="utf-8"))


@each_hostile
def test_a_curve_s_and_a_study_s_name_are_text_on_the_page_of_compare(
    name: str, evidence: Evidence, tmp_path: Path
) -> None:
    page = compared(name, evidence, tmp_path / "hostile")
    assert shape(page) == shape(compared("plain", evidence, tmp_path / "plain"))
    assert page.text.count(name) >= 8
    assert {path.name for path in tmp_path.rglob("*")} & {"passwd", "etc"} == set()


@each_hostile
def test_a_question_and_a_command_are_text_on_the_page_of_simulate(name: str, tmp_path: Path) -> None:
    config = read_simulation({**TINY, "question": name})
    few = replace(config, sizes=(10, 200), draws=dict.fromkeys(config.draws, 4))
    points = in_order([draw_point(task) for task in tasks(few)])
    found, exponents = findings(points, few.setting), measured_exponents(points)
    pages = [
        Page(write_simulation(replace(few, question=said), points, found, exponents, command=said, folder=tmp_path)
             .read_text(encoding="utf-8"))
        for said in ("plain", name)
    ]  # fmt: skip
    assert shape(pages[0]) == shape(pages[1])
    assert pages[1].text.count(name) == 2


@pytest.mark.parametrize("name", ["../up", "/root", "a/b", "<script>", "a\nb", "😀", "x" * 300, ""], ids=ascii)
def test_a_simulation_s_name_can_not_leave_its_folder(name: str) -> None:
    with pytest.raises(ConfigError, match=r"simulation\.name"):
        read_simulation({**TINY, "name": name})


@pytest.mark.slow
def test_a_study_s_name_is_text_on_the_paper_s_page() -> None:
    checked = check(read_weights())
    shapes = [
        shape(Page(render(checked, (Exponent(name, STUDY, 5.0, (4.0, 6.0)),))))
        for name in ("plain", "".join(HOSTILE))
    ]  # fmt: skip
    assert shapes[0] == shapes[1]
