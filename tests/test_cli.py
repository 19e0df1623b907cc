"""What a stranger types, right and wrong: one ``error:`` line and exit code 2, never a traceback."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.study import load_study
from tests.command import HARNESS, harness, harness_alone, typed
from tests.tiny import HERE, STUDY, TEACHER


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (("plan", "study=dmeo"), "study: unknown choice 'dmeo'; did you mean 'demo'?"),
        (("plan", "model.widht=3"), "command line: unknown key 'model.widht'; did you mean 'model.width'?"),
        (("plan", "budget.training_flops=1e3"), "budget.training_flops: 1e+03 pays for"),
        (("plan", "data.train_examples=60000"), "data.train_examples: 60000 asked for, 55000 at most"),
        (("plan", "+model.options.dropout=0.5"), "model.options: unknown option 'dropout'"),
        (("launch", *STUDY, "launcher.name=slrum"), "launcher.name: unknown launcher 'slrum'"),
        (("launch", *STUDY, "runtime.output=/proc/nowhere"), "/proc/nowhere"),
        (("report", "study=demo"), "study demo: no run has a record yet; train it first"),
        (("show", "abc"), "outputs/runs/abc: no run begins so"),
        (("fit", "nothing.csv"), "nothing.csv: no such file"),
        (("collect", "--to", "table.xlsx"), "table.xlsx: unknown kind of table"),
        (("data", "get", "fashion"), "data.name: unknown data set 'fashion'; did you mean 'fashion_mnist'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], start: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = typed(*arguments, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    (line,) = said.splitlines()
    assert line.startswith(f"error: {start}")


def test_a_mistake_in_a_hydra_run_is_one_line_and_exit_code_2_too() -> None:
    done = harness_alone("run", "model.width=8.5")
    assert (done.returncode, done.stderr) == (2, "error: config.model.width: expected int, got 8.5\n")


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


POINTS = "C,err,name\n1e9,0.2,a\n1e10,0.15,b\n1e11,0.12,c\n1e12,0.1,d\n1e13,0.09,e\n1e14,0.083,f\n"


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (POINTS, ("--x", "c", "--y", "err"), "unknown column 'c'; "),
        (POINTS, ("--x", "name", "--y", "err"), "column 'name', row 1: 'a' is not a number"),
        (POINTS.replace("0.12", ""), ("--x", "C", "--y", "err"), "column 'err' is empty in 1 rows, the first is row 3"),
        (
            POINTS.replace("0.12", "NaN"),
            ("--x", "C", "--y", "err"),
            "row 3: nan is not a finite number; mend or drop it",
        ),
        (POINTS.replace("1e9", "-1"), ("--x", "C", "--y", "err"), "no form could be fitted"),
        ("C,err\n1e9,0.1\n", ("--x", "C", "--y", "err"), "no form could be fitted"),
    ],
)
def test_points_that_can_t_be_fitted_are_refused_with_the_reason(
    text: str,
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "points.csv").write_text(text)
    code, said = typed("fit", "points.csv", *arguments, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    (line,) = said.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_fit_takes_anyone_s_table(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("﻿" + POINTS.replace("\n", "\r\n"))
    done = harness("fit", "points.csv", "--x", "C", "--y", "err", "--json")
    assert done.returncode == 0, done.stderr
    fits = json.loads(done.stdout)
    assert 0.05 < fits["power"]["params"]["exponent"] < 0.12
    assert fits["power"]["n"] == 6


def test_help_answers_without_importing_what_is_slow() -> None:
    code = (
        "import sys, harness.cli\n"
        "slow = {'torch', 'polars', 'scipy', 'altair', 'hydra', 'omegaconf', 'numpy', 'vl_convert', 'wandb'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([HARNESS.with_name("python"), "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    said = harness("--help")
    assert said.returncode == 0
    assert "Exit codes" in said.stdout


def test_reading_verbs_import_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from harness.cli import reading\n"
        "import harness.report, harness.claims, harness.evidence, harness.table, harness.study, harness.data\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([HARNESS.with_name("python"), "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_run_is_an_ordinary_hydra_application(tmp_path: Path) -> None:
    shown = harness_alone("run", "model.width=17", "--cfg", "job")
    assert shown.returncode == 0, shown.stderr
    assert "width: 17" in shown.stdout
    done = harness_alone("run", "-m", *TEACHER, "model.width=4,8", "budget.training_flops=3e6", "model.depth=1")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outputs"], "Hydra left files of its own"
    assert len(list((tmp_path / "outputs/runs").glob("*/record.json"))) == 2


@pytest.mark.slow
def test_one_failing_run_does_not_stop_the_others_and_is_shown_at_once(tmp_path: Path) -> None:
    few = [*STUDY, "model.width=4", "seed=0"]
    plan = json.loads(harness("plan", "--json", *few).stdout)
    unlucky = plan["runs"][0]["id"]
    folder = tmp_path / "outputs/runs" / unlucky
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    done = harness("launch", *few)
    assert done.returncode == 1
    assert f"failed {unlucky}" in done.stderr
    assert "4 of 5 done, 1 failed" in done.stderr
    assert len(list((tmp_path / "outputs/runs").glob("*/record.json"))) == 4


@pytest.mark.slow
def test_ctrl_c_on_a_single_run_saves_it_too(tmp_path: Path) -> None:
    command = [HARNESS, "run", *TEACHER, "budget.training_flops=3e9"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(list((tmp_path / "outputs/runs").glob("*/events.jsonl"))) == 1, process)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 130, said + errors
    assert said.startswith("interrupted")
    assert "Traceback" not in errors
    assert len(list((tmp_path / "outputs/runs").glob("*/checkpoint.pt"))) == 1


def test_ctrl_c_saves_what_runs_and_the_same_command_goes_on(tmp_path: Path) -> None:
    long = [*TEACHER, "study.name=long", "model.width=8,16", "budget.training_flops=3e9"]
    process = subprocess.Popen([HARNESS, "launch", *long], stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: len(list((tmp_path / "outputs/runs").glob("*/events.jsonl"))) == 2, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Interrupted; what was running is saved" in said
    assert "Traceback" not in said
    assert len(list((tmp_path / "outputs/runs").glob("*/checkpoint.pt"))) == 2
    status = harness("status", "--json", *long)
    assert {state["state"] for state in json.loads(status.stdout)["runs"].values()} == {"interrupted"}


def test_points_are_read_from_the_tables_that_people_have(tmp_path: Path) -> None:
    """Semicolons, blanks around words, an empty line in the middle and one at the end."""
    (tmp_path / "points.csv").write_text(
        " C ; top-1 error\n1e9; 0.2\n1e10;0.15 \n;\n1e11; 0.12\n1e12;0.1\n1e13;0.09\n\n"
    )
    done = harness("fit", "points.csv", "--x", "C", "--y", "top-1 error", "--form", "power", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["power"]["n"] == 5


def test_a_changed_grid_does_not_overwrite_the_study_s_own_report() -> None:
    whole, slice_ = load_study(["study=demo"]), load_study(["study=demo", "budget.training_flops=1e9"])
    assert whole.folder.name == "demo"
    assert slice_.folder.name.startswith("demo-")
    assert load_study(["study=demo", "launcher.workers=1", "runtime.device=cpu"]).folder == whole.folder
    assert load_study(["study=demo", "seed=0", "study.name=mine"]).folder.name == "mine"


@pytest.mark.slow
def test_a_damaged_record_is_said_by_every_reader_and_stops_none(tmp_path: Path) -> None:
    few = [*STUDY, "model.width=4", "seed=0"]
    assert harness("launch", *few, HERE).returncode == 0
    record = next((tmp_path / "outputs/runs").glob("*/record.json"))
    record.write_text('{"garbage": 1}')
    status = harness("status", "--json", *few)
    assert status.returncode == 1
    states = json.loads(status.stdout)["runs"]
    assert states[record.parent.name]["state"] == "unreadable"
    assert "record.json: format None" in states[record.parent.name]["reason"]
    launched = harness("launch", *few, HERE)
    assert launched.returncode == 1
    assert f"unreadable {record.parent.name}" in launched.stderr
    assert harness("report", *few).returncode == 0
    assert harness("show", record.parent.name).returncode == 2
