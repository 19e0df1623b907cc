"""The whole line on a tiny real study: train, fit, judge, report; then everything a user does next."""

import json
from pathlib import Path

import pytest

from tests.command import harness, harness_alone
from tests.tiny import STUDY


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tiny study has been trained and reported, once for all tests of this file."""
    folder = tmp_path_factory.mktemp("trained")
    done = harness_alone("demo", "study=single", *STUDY, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said.txt").write_text(done.stdout)
    (folder / "progress.txt").write_text(done.stderr)
    return folder


def test_the_demo_ends_with_verdicts_the_report_s_path_and_a_next_command(trained: Path) -> None:
    said = (trained / "said.txt").read_text()
    page = trained / "outputs/studies/tiny/report.html"
    assert "for the population that its 2,000 examples are a sample of" in page.read_text()
    assert str(page) in said
    assert page.exists()
    assert "harness launch study=single" in said
    assert sum(word in said for word in ("supported", "contradicted", "undecided")) >= 1
    assert "30 of 30 done, 0 failed" in (trained / "progress.txt").read_text()


@pytest.mark.slow
def test_the_next_command_that_the_demo_names_works(trained: Path) -> None:
    (line,) = [line for line in (trained / "said.txt").read_text().splitlines() if line.startswith("Next")]
    command = line.removeprefix("Next").split("&&")[0].split()
    assert command[:2] == ["harness", "launch"]
    planned = harness("plan", "--json", *[word.strip("'") for word in command[2:]], cwd=trained)
    assert planned.returncode == 0, planned.stderr
    states = [run["state"] for run in json.loads(planned.stdout)["runs"]]
    assert (len(states), states.count("done")) == (45, 30)


def test_the_plan_is_what_ran(trained: Path) -> None:
    plan = json.loads(harness("plan", "--json", "study=single", *STUDY, cwd=trained).stdout)
    runs = {run["id"]: run for run in plan["runs"]}
    assert set(runs) == {path.name for path in (trained / "outputs/runs").iterdir()}
    for run_id, run in runs.items():
        record = json.loads((trained / "outputs/runs" / run_id / "record.json").read_text())
        for name in ("params", "forward_flops", "training_flops", "steps", "config"):
            assert record[name] == run[name]


def test_relaunching_a_finished_study_does_nothing_and_says_so(trained: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (trained / "outputs/runs").rglob("*")}
    again = harness("launch", "study=single", *STUDY, cwd=trained)
    assert again.returncode == 0
    assert "all 30 runs are done; nothing to train" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in (trained / "outputs/runs").rglob("*")} == before


def test_the_same_records_give_the_same_report_to_the_byte(trained: Path) -> None:
    folder = trained / "outputs/studies/tiny"
    written = [path for path in folder.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in written}
    assert {"report.html", "runs.csv", "error_against_flops.png", "error_against_flops.svg"} <= {p.name for p in before}
    for path in written:
        path.unlink()
    done = harness("report", "--json", "study=single", *STUDY, cwd=trained)
    assert done.returncode == 0, done.stderr
    judged = {verdict["claim"] for verdict in json.loads(done.stdout)["verdicts"]}
    assert judged == {"power_law", "fourth_power", "ninth_power", "variance", "above_bound", "target_factor"}
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_status_collect_show_and_fit_read_what_is_there(trained: Path) -> None:
    status = harness("status", "--json", "study=single", *STUDY, cwd=trained)
    assert status.returncode == 0
    states = json.loads(status.stdout)["runs"]
    assert {state["state"] for state in states.values()} == {"finished"}

    collected = harness("collect", "--json", "study=single", *STUDY, "--to", "runs.parquet", cwd=trained)
    assert json.loads(collected.stdout) == {"table": "runs.parquet", "rows": 30, "missing": [], "unreadable": {}}

    run_id = next(iter(states))
    shown = json.loads(harness("show", run_id[:8], "--json", cwd=trained).stdout)
    assert shown["record"]["run_id"] == run_id
    assert shown["measured"]["wall_seconds"] > 0

    fitted = harness("fit", "runs.parquet", "--group", "cell", "--json", cwd=trained)
    assert fitted.returncode == 0, fitted.stderr
    assert {"power", "power_floor"} <= set(json.loads(fitted.stdout))


@pytest.mark.slow
def test_a_study_that_is_partly_done_is_reported_as_such(trained: Path) -> None:
    wider = [override.replace("range(0,2)", "range(0,3)") for override in STUDY]
    status = harness("status", "--json", "study=single", *wider, cwd=trained)
    assert status.returncode == 1
    assert sum(state["state"] == "planned" for state in json.loads(status.stdout)["runs"].values()) == 15
    report = harness(
        "report", "study=single", "study.name=partial", *[o for o in wider if "name" not in o], cwd=trained
    )
    assert "15 runs of the study have no record" in report.stdout
