"""Results that are kept: the page says what the files say, and both are the same each time."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims import Verdict
from harness.errors import RecordError
from harness.power import Power, Shares, Truth
from harness.results import Found, Held, Trained, in_words, read_found, write_found
from harness.results_page import MARKS, render, with_summary, write_page
from tests.command import harness
from tests.test_report import CONTEXT
from tests.tiny import HERE, STUDY

VERDICT = Verdict(
    claim="fourth_power",
    statement="Compute grows | at least with the fourth power.",
    source="arXiv 2007.05558",
    statistic="compute exponent",
    value=5.25,
    interval=(4.5, float("inf")),
    answer="supported",
    reason="over 3 decades.",
    standing="confirmatory",
)
FOUND = Found(
    name="made",
    question="Does error fall?",
    command="harness launch study=made && harness keep study=made",
    answer="It fell.",
    trained=Trained(runs=12, training_flops=3.2e12, wall_seconds=1800.0, hardware="a CPU", commit="abc"),
    table="runs.parquet",
    figure="error_against_flops.svg",
    verdicts=(in_words(VERDICT), in_words(replace(VERDICT, interval=None, standing="exploratory"))),
    held=(Held("kaplan2020/compute", "training FLOPs", "0.05", "0.1 [0.09 to 0.11]", "contradicted", "different."),),
    power=(Power(Truth("shallow", 0.1, 0.0), 10.0, (Shares("a floor", 0.5, 0.04),), 0.9, 0.2, 0.2),),
)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    assert read_found(write_found(FOUND, tmp_path)) == FOUND


def test_the_page_has_the_claims_that_were_named_before_first_and_the_others_below() -> None:
    page = render([FOUND])
    first, below = page.split("## made")
    assert "compute exponent | at least 4 | 5.25 [4.50 to ∞] | ✓ supported, confirmatory | over 3 decades. |" in first
    assert "fourth power. | compute exponent | 5.25 | ✓ supported |" in below
    assert "harness launch study=made\nharness keep study=made" in below
    assert "12 runs, 3.2e+12 training FLOPs, 0.5 hours of training on a CPU; commit abc. It fell." in below
    assert "| kaplan2020/compute | training FLOPs | 0.05 | 0.1 [0.09 to 0.11] | contradicted | different. |" in below


def test_an_interval_says_how_sure_its_ends_are() -> None:
    one, other = (in_words(replace(VERDICT, interval=(4.5, 6.0), level=level)).ours for level in (0.025, 0.05 / 3))
    assert (one, other) == ("5.25 [4.50 to 6.00], one-sided 97.5 %", "5.25 [4.50 to 6.00], one-sided 98.33 %")
    alone = render([replace(FOUND, verdicts=FOUND.verdicts[1:])])
    assert "| 0.1 [0.09 to 0.11], two-sided 95 % |" in alone


def test_both_tables_say_what_a_page_warns_of_what_was_seen_and_that_later_code_judged() -> None:
    later = replace(VERDICT, standing="confirmatory, judged by later code", seen="a pilot")
    found = replace(FOUND, verdicts=(in_words(later),), cautions=("rate not certified",))
    page = render([found])
    assert "✓ supported, confirmatory, judged by later code; seen before: a pilot; rate not certified |" in page
    assert "It fell. Rate not certified." in page
    front = with_summary("\n".join(MARKS), [found])
    assert "✓ supported | judged by later code; seen before: a pilot; rate not certified | `made` |" in front


def test_a_page_s_cautions_have_short_words() -> None:
    assert CONTEXT.cautions == ()
    assert replace(CONTEXT, caution="No exponent.", trunks="Two.").cautions == (
        "rate not certified",
        "cells share trunks",
    )


def test_an_exploratory_claim_without_a_number_is_left_to_the_study_s_page() -> None:
    without = in_words(replace(VERDICT, value=None, interval=None, answer="undecided", standing="exploratory"))
    page = render([replace(FOUND, verdicts=(FOUND.verdicts[0], without))])
    assert "Exploratory" not in page


def test_the_page_says_what_a_study_could_decide_before_what_it_did() -> None:
    assert "| true compute exponent | a floor |\n| --- | --- |\n| 10 (shallow) | 50% (4%) |" in render([FOUND])
    assert "can decide" not in render([replace(FOUND, power=())])


def test_a_bar_in_a_sentence_does_not_end_its_cell() -> None:
    rows = [line for line in render([FOUND]).splitlines() if "fourth power" in line]
    assert all("grows \\| at least" in row for row in rows)


def test_a_study_that_named_no_claim_shows_all() -> None:
    alone = replace(FOUND, verdicts=FOUND.verdicts[1:], held=())
    assert "exploratory" in render([alone]).split("## made")[0]
    assert "Exploratory, not named" not in render([alone])


def test_a_study_that_named_no_claim_but_a_curve_shows_that_first() -> None:
    first, below = render([replace(FOUND, verdicts=FOUND.verdicts[1:])]).split("## made")
    assert "| As in kaplan2020/compute. |" in first
    assert "fourth power" not in first
    assert "Exploratory, not named" in below


@pytest.mark.parametrize("text", ["{", '{"name": 3}', "[]"])
def test_a_file_that_is_none_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "found.json").write_text(text)
    with pytest.raises(RecordError, match=r"made/found\.json: can't be read .*harness keep"):
        write_page(tmp_path)


@pytest.mark.slow
def test_a_study_is_kept_with_its_report_table_and_figure_and_twice_gives_the_same(tmp_path: Path) -> None:
    words = (*STUDY, "budget.training_flops=2e6,5e6,1.2e7")
    assert harness("launch", *words, HERE, cwd=tmp_path).returncode == 0
    once = harness("keep", *words, "--with", "kaplan2020", cwd=tmp_path)
    assert once.returncode == 0, once.stderr
    kept = tmp_path / "docs" / "results"
    (folder,) = (path for path in kept.iterdir() if path.is_dir())
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"report.html", "report.json", "runs.parquet", "found.json", "figures/error_against_flops.svg"}
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    assert harness("keep", *words, "--with", "kaplan2020", cwd=tmp_path).returncode == 0
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before
    shutil.rmtree(tmp_path / "outputs")
    (folder / "report.html").write_text("an older page")
    assert harness("keep", "--again", cwd=tmp_path).returncode == 0
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before
    found = read_found(folder / "found.json")
    assert found.trained is not None
    assert (found.trained.runs, len(found.held) > 0) == (18, True)
    assert found.question in (kept / "README.md").read_text()


def test_evidence_that_nothing_was_trained_for_says_nothing_of_training() -> None:
    below = render([replace(FOUND, trained=None, table="", figure="")]).split("## made")[1]
    assert "\nIt fell.\n\n[Page](made/report.html).\n" in below
    assert "![" not in below


def test_a_study_and_the_paper_are_kept_one_at_a_time(tmp_path: Path) -> None:
    done = harness("keep", "study=demo", "--published", cwd=tmp_path)
    assert (done.returncode, "one at a time" in done.stderr) == (2, True)
