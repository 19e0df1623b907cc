"""What is kept under docs/results comes out again: each page from its table, the page of all results from its parts."""

import json
from pathlib import Path

import pytest

from harness.basis import rebuild
from harness.claims import Simulated
from harness.compose import compose_tree, resolve
from harness.judging import judge_published, judge_simulated
from harness.paper.checked import check
from harness.paper.networks import leading_networks
from harness.paper.page import render as render_paper
from harness.paper.torchvision_weights import read_weights
from harness.results import FILE, in_words, read_all, read_found
from harness.results_page import MARKS, render, with_summary
from harness.simulation import measured_exponents, read_simulation
from harness.simulation.answers import findings
from harness.simulation.saved import FILE as DRAWN
from harness.simulation.saved import from_plain
from harness.simulation_page import write_simulation
from harness.study import load_rules
from harness.verification import check_page

RESULTS = Path(__file__).parents[1] / "docs" / "results"
STUDIES = sorted(path.parent.name for path in RESULTS.glob("*/report.json"))
TABLES_BYTES = 2e6


def test_the_studies_that_the_paper_asks_for_are_kept() -> None:
    asked = {"fashion_mlp", "fashion_cnn", "data_scaling", "teacher_theory", "width_law", "vintage", "tuned_up_or_down"}
    assert asked <= set(STUDIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_kept_report_comes_out_of_its_table_again(name: str) -> None:
    rebuilt = rebuild(RESULTS / name)
    assert check_page(RESULTS / name, rebuilt).answer == "same"
    assert tuple(map(in_words, rebuilt.conclusion.verdicts)) == read_found(RESULTS / name / FILE).verdicts


@pytest.mark.slow
def test_the_kept_page_of_the_paper_comes_out_of_the_published_figures_again() -> None:
    found, rules = read_found(RESULTS / "paper" / FILE), load_rules([])
    assert (RESULTS / "paper" / found.page).read_text(encoding="utf-8") == render_paper(check(read_weights()))
    verdicts = [in_words(one) for points in leading_networks() for one in judge_published(points, rules)]
    assert [(one.ours, one.answer) for one in found.verdicts] == [(one.ours, one.answer) for one in verdicts]


@pytest.mark.slow
def test_the_kept_simulation_gives_its_page_and_its_verdict_again(tmp_path: Path) -> None:
    folder = RESULTS / "linear_simulation"
    found = read_found(folder / FILE)
    points, setting = from_plain(json.loads((folder / DRAWN).read_text(encoding="utf-8")), where=DRAWN)
    config = read_simulation(resolve(compose_tree([], config="simulate"))["simulation"])
    assert config.setting == setting
    page = write_simulation(
        config,
        points,
        findings(points, setting),
        measured_exponents(points),
        command="harness simulate",
        folder=tmp_path,
    )
    assert page.read_bytes() == (folder / found.page).read_bytes()
    verdicts = judge_simulated(Simulated(points, setting), load_rules([]))
    assert tuple(map(in_words, verdicts)) == found.verdicts


def test_the_page_of_all_results_says_what_is_kept() -> None:
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == render(read_all(RESULTS))


def test_the_front_page_has_the_verdicts_on_claims_that_were_named_before() -> None:
    front = (RESULTS.parents[1] / "README.md").read_text(encoding="utf-8")
    assert all(mark in front for mark in MARKS)
    assert with_summary(front, read_all(RESULTS)) == front


def test_the_kept_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in RESULTS.glob("*/runs.parquet")) < TABLES_BYTES


def test_a_power_that_a_study_does_not_identify_decides_on_no_published_one() -> None:
    held = [one for found in read_all(RESULTS) for one in found.held if one.ours.startswith("not identified")]
    assert held
    assert {one.answer for one in held} == {"undecided"}


def test_no_number_is_given_for_a_power_that_may_be_infinite() -> None:
    held = [one.ours for found in read_all(RESULTS) for one in found.held if "∞" in one.ours]
    assert held
    assert all(ours.startswith("not identified") for ours in held)


def test_families_are_compared_with_published_powers_apart() -> None:
    rows = read_found(RESULTS / "data_scaling" / FILE).held
    assert {one.exponent_of for one in rows} == {"examples, arm mlp", "examples, arm cnn"}


def test_a_study_at_one_compute_says_in_its_headline_what_its_data_did() -> None:
    said = read_found(RESULTS / "data_scaling" / FILE).answer
    assert said.startswith("From 430 to 55,000 different training examples the best test error fell from 0.2")
