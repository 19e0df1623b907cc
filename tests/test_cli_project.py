"""``harness project``: a table of anyone's points, or a study, and what a target error takes."""

import json
from pathlib import Path

import pytest

from tests.command import harness
from tests.laws import law


@pytest.fixture
def table(tmp_path: Path) -> str:
    rows = zip(*law(0.25, 0.3, n=20, sigma=0.01), strict=True)
    (tmp_path / "points.csv").write_text("C,err\n" + "".join(f"{compute},{error}\n" for compute, error in rows))
    return "points.csv"


def test_a_table_is_answered_as_a_set_with_its_constants(table: str) -> None:
    done = harness("project", table, "--x", "C", "--y", "err", "--target", "0.06", "--hardware", "h100", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    flops = found["union"]["training_flops"]
    assert flops["kind"] == "interval"
    assert flops["low"] < flops["value"] < flops["high"]
    assert found["constants"]["usd_per_device_hour"]["date"] == "2026-11"
    assert found["back_test"]["hidden"] == 7
    assert [form["form"] for form in found["forms"]] == ["power_floor"]


def test_the_table_says_what_it_rests_on(table: str) -> None:
    done = harness("project", table, "--x", "C", "--y", "err", "--target", "0.02", "--utilisation", "0.1")
    assert done.returncode == 0, done.stderr
    assert "not reachable" in done.stdout
    assert "Not reachable under forms power_floor." in done.stdout
    assert "Back-test: " in done.stdout
    assert "10% used) at cloud_2026" in " ".join(done.stdout.split())


def test_the_error_of_guessing_brings_in_the_forms_with_a_ceiling(table: str) -> None:
    done = harness("project", table, "--x", "C", "--y", "err", "--target", "0.06", "--chance", "0.9", "--json")
    found = json.loads(done.stdout)
    assert "m4" in {form["form"] for form in found["forms"]} | {*found["out"]}
    assert "chance_error" not in found["out"].get("m4", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hardware", "b200"), "hardware: unknown choice 'b200'; known: a100, cpu, h100, t4, v100"),
        (("--price", "cloud"), "price: unknown choice 'cloud'; did you mean 'cloud_2026'?"),
        (("--group", "cell"), "points.csv: unknown column 'cell'"),
        (("--target", "0"), "target: row 0 is 0.0; a finite number above zero would do"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: tuple[str, ...], message: str, table: str) -> None:
    done = harness("project", table, "--x", "C", "--y", "err", "--target", "0.05", *arguments)
    assert done.returncode == 2
    assert f"error: {message}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_study_without_records_says_what_to_do() -> None:
    done = harness("project", "study=demo", "--target", "0.1")
    assert done.returncode == 2
    assert "error: study demo: no run has a record yet; train it first" in done.stderr
