import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import harness.report
from harness.claims import Verdict
from harness.errors import ConfigError
from harness.evidence import Evidence
from harness.judging import judge_study
from harness.report import Context, answer, render, write_report
from harness.report_runs import listed_runs
from harness.report_tables import fit_rows
from tests.made import made_rules
from tests.synthetic import evidence_of, synthetic_evidence, synthetic_runs

CONTEXT = Context(
    title="Fashion-MNIST, MLPs of six widths",
    question="How does the test error of a multilayer perceptron fall with training compute?",
    command="harness demo study=demo 'seed=range(0,2)'",
    objective="least squares on ln error",
    flop_convention="1 multiply-add = 2 FLOPs",
    commit="0123abcdef",
    hardware="2 cores of a bench",
    test_set="shared by all runs",
    versions=(("torch", "2.15.0"),),
    machine=(("Host", "bench"),),
)
VERDICTS = tuple(
    Verdict(
        claim=answer_,
        statement=f"Claim that is {answer_}.",
        source="Somebody 2020, arXiv 2007.05558",
        statistic="a number",
        value=value,
        interval=interval,
        answer=answer_,
        reason=f"because it is {answer_}.",
    )
    for answer_, value, interval in (
        ("supported", 13.57, (12.8, float("inf"))),
        ("contradicted", 0.5, (0.25, 0.75)),
        ("undecided", None, None),
    )
)
ROOT = Path(__file__).parents[1]
HOSTILE = "</script><script>window.hacked=1</script><b>"


class Page(HTMLParser):
    """Tags with their attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden = ""
        self.text += " " if tag in ("td", "th") else ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return synthetic_evidence()


@pytest.fixture(scope="module")
def html(evidence: Evidence) -> str:
    return render(evidence, VERDICTS, CONTEXT)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_same_evidence_gives_the_same_bytes(evidence: Evidence, html: str) -> None:
    assert render(evidence, VERDICTS, CONTEXT) == html


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(html: str) -> None:
    program = (
        "import sys; from tests.synthetic import synthetic_evidence; from tests.test_report import *;"
        "sys.stdout.buffer.write(render(synthetic_evidence(), VERDICTS, CONTEXT).encode())"
    )
    again = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    assert again.stdout.decode() == html


def test_the_page_loads_nothing_from_anywhere(html: str, page: Page) -> None:
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "data", "poster", "action"):
            assert name not in attributes, f"<{tag} {name}={attributes.get(name)!r}>"
        if tag != "a":
            assert attributes.get("href") in (None, "data:,"), f"<{tag} href={attributes['href']!r}>"
    style = html[html.index("<style>") : html.index("</style>")]
    assert not re.search(r"url\(|@import", style)
    policies = [tag["content"] for name, tag in page.tags if name == "meta" and "http-equiv" in tag]
    assert policies
    assert policies[0].startswith("default-src 'none'")


def test_the_vega_bundle_is_there_once(html: str) -> None:
    assert html.count("window.vegaEmbed") == 1


def test_the_headline_comes_first_and_counts_the_verdicts(page: Page) -> None:
    headline = "of 3 claims the study supports 1, contradicts 1 and leaves 1 undecided."
    assert headline in page.text
    assert page.text.index(headline) < page.text.index("Claim that is supported.")


def test_each_verdict_stands_in_the_page_with_its_word_number_interval_reason_and_source(page: Page) -> None:
    text = " ".join(page.text.split())
    assert "✓ supported exploratory 13.6 12.8 to ∞" in text
    assert "✗ contradicted exploratory 0.500 0.250 to 0.750" in text
    assert "? undecided exploratory not identified" in text
    for verdict in VERDICTS:
        assert verdict.statement in text
        assert verdict.reason in text
        assert verdict.source in text


def test_what_stands_against_the_exponents_is_said_before_the_verdicts_and_again_below_the_fits(
    evidence: Evidence, page: Page
) -> None:
    caution, rate, trunks = "No exponent at its word", "not certified: 12 %", "6 cells rest on 3 trunks"
    cautious = Page(render(evidence, VERDICTS, replace(CONTEXT, caution=caution, learning_rate=rate, trunks=trunks)))
    for words in (caution, trunks):
        assert cautious.text.count(words) == 2
        assert cautious.text.index(words) < cautious.text.index("Claim that is supported.")
    assert f"{caution}. The rate is {rate}." in cautious.text
    assert not [tag for tag, attributes in page.tags if "caution" in (attributes.get("class") or "")]


def test_every_run_is_named(page: Page, evidence: Evidence) -> None:
    words = set(page.text.split())
    assert set(evidence.runs["run_id"]) <= words


def test_how_the_numbers_were_made_is_told(page: Page) -> None:
    told = (CONTEXT.command, CONTEXT.objective, CONTEXT.flop_convention, CONTEXT.commit, CONTEXT.hardware, "2.15.0")
    for fact in (*told, "chosen on validation error", "error = E + A * C**-alpha"):
        assert fact in page.text


def test_dropped_runs_missing_runs_and_refused_fits_stand_with_their_reasons() -> None:
    runs = synthetic_runs(budgets=(1e10,), widths=(16, 32))
    first = runs["run_id"][0]
    status = pl.when(pl.col("run_id") == first).then(pl.lit("diverged")).otherwise("status").alias("status")
    evidence = evidence_of(runs.with_columns(status), missing=("feedc0ffee",))
    text = Page(render(evidence, judge_study(evidence, made_rules()), CONTEXT)).text
    assert re.search(rf"{first}\s*diverged: a loss was not finite", text)
    assert "1 planned runs have no record yet" in text
    assert "feedc0ffee" in text
    for reason in evidence.refused.values():
        assert reason in text


def test_names_are_text_and_never_markup(evidence: Evidence, page: Page) -> None:
    hostile = synthetic_evidence(model=HOSTILE, commit=HOSTILE)
    dirty = replace(hostile, dropped=((HOSTILE, HOSTILE),), refused={HOSTILE: HOSTILE})
    seen = Page(render(dirty, VERDICTS, replace(CONTEXT, title=HOSTILE, command=HOSTILE)))
    assert seen.count("script") == page.count("script")
    assert seen.count("b") == 0
    assert seen.text.count(HOSTILE) >= 6


def test_an_exponent_that_the_data_do_not_carry_is_not_stated(evidence: Evidence) -> None:
    (power,) = [row for row in fit_rows(evidence) if row.label == "power law"]
    assert power.gate
    assert power.quantities[0].name == "exponent"
    assert power.quantities[0].value is None
    assert power.gate in render(evidence, VERDICTS, CONTEXT)


def test_what_all_runs_share_is_said_once(evidence: Evidence) -> None:
    table = listed_runs(evidence)
    headings = [column.heading for column in table.columns]
    assert ("model", "mlp") in table.shared
    assert "model" not in headings
    assert {"run", "width", "seed", "training FLOPs", "test error"} <= set(headings)
    assert len(table.rows) == len(evidence.runs)


def test_the_headline_says_how_far_the_error_fell(evidence: Evidence) -> None:
    assert answer(evidence, ()).startswith("From 10⁹ to 3×10¹¹ training FLOPs the best test error fell from 0.1")


def test_one_cell_has_no_range_in_its_headline() -> None:
    alone = synthetic_evidence(budgets=(1e10,), widths=(16,), seeds=1)
    assert answer(alone, VERDICTS[:1]) == (
        "The frontier is a single cell, with a test error of 0.142 at 10¹⁰ training FLOPs; "
        "of 1 claim the study supports 1."
    )


@pytest.mark.parametrize(
    "sweep",
    [
        {"status": "diverged"},
        {"budgets": (1e10,), "widths": (16,), "seeds": 1},
        {"budgets": (1e10, 3e10), "widths": (16,)},
        {"utilisation": None, "wall_seconds": None, "budget_flops": None},
        {"law": lambda params, examples: 0.5, "noise": 0.0},
        {"widths": range(4, 84), "seeds": 1},
    ],
    ids=["no cell", "one cell", "two cells", "unknowns", "constant error", "400 cells"],
)
def test_a_page_is_made_of_any_study(sweep: dict[str, object]) -> None:
    evidence = synthetic_evidence(**sweep)  # type: ignore[arg-type]
    page = Page(render(evidence, judge_study(evidence, made_rules()), CONTEXT))
    assert "undecided" in page.text
    assert set(evidence.runs["run_id"]) <= set(page.text.split())


def test_the_report_is_written_with_its_figures_beside_it(tmp_path: Path, evidence: Evidence, html: str) -> None:
    page = write_report(evidence, VERDICTS, CONTEXT, tmp_path / "study")
    assert page == tmp_path / "study" / "report.html"
    assert page.read_text(encoding="utf-8") == html
    assert (page.parent / "figures" / "error_against_flops.png").exists()
    assert sorted(path.name for path in page.parent.iterdir()) == ["figures", "report.html"]


def test_a_failure_leaves_the_old_page_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Evidence
) -> None:
    (tmp_path / "report.html").write_text("old")

    def fails(*arguments: object, **options: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(harness.report, "_page", fails)
    monkeypatch.setattr(harness.report, "save_drawn", lambda *arguments: ())
    with pytest.raises(ConfigError, match="No space left on device"):
        write_report(evidence, VERDICTS, CONTEXT, tmp_path)
    assert (tmp_path / "report.html").read_text() == "old"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, evidence: Evidence) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="file/study: the report can't be written"):
        write_report(evidence, VERDICTS, CONTEXT, tmp_path / "file" / "study")


def test_the_report_needs_no_torch() -> None:
    program = "import harness.report, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
