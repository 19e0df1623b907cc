import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from harness import doctor
from harness.cli import doctoring
from harness.cli.doctoring import COMMANDS, slurm_checks
from harness.device_check import DeviceFinding
from harness.doctor import Check, examine
from harness.study import Study, load_study
from tests.command import harness_alone


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the device's own test, which has tests of its own."""
    monkeypatch.setattr(doctor, "check_device", lambda *_, **__: (DeviceFinding("products", "passed", ""),))


def checks_of(study: Study) -> dict[str, Check]:
    return {check.name: check for check in examine(study.runtime, study.launcher)}


@pytest.mark.usefixtures("quick")
def test_each_part_of_the_machine_is_said_to_be_well_or_what_would_do() -> None:
    found = checks_of(load_study(["launcher.workers=1"]))
    assert set(found) == {
        "versions", "code", "device", "math mode", "device test", "threads", "disk space", "clock", "file locks",
        "write speed", "W&B",
    }  # fmt: skip
    assert all((check.answer == "ok") == (check.remedy == "") for check in found.values())
    assert found["W&B"].found.startswith("tracking=none")


@pytest.mark.usefixtures("quick")
def test_what_can_t_be_written_and_what_is_not_there_has_failed_and_stops_no_other_check() -> None:
    found = checks_of(load_study(["runtime.output=/proc/nowhere", "runtime.device=cpu"]))
    assert found["disk"].answer == "fail"
    assert "runtime.output=FOLDER" in found["disk"].remedy
    assert found["W&B"].answer == "ok"
    if found["device"].found.startswith("cpu"):
        gpu = checks_of(load_study(["runtime.device=cuda"]))
        assert gpu["device"] == Check(
            "device", "fail", "runtime.device: cuda is asked for, but torch sees no GPU", "use runtime.device=cpu"
        )


@pytest.mark.usefixtures("quick")
def test_more_workers_than_cores_are_too_many() -> None:
    check = checks_of(load_study(["launcher.workers=1000", "launcher.threads=2"]))["threads"]
    assert check.answer == "warn"
    assert "launcher.workers=" in check.remedy


def test_a_device_whose_numbers_are_wrong_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = (DeviceFinding("float32 products", "failed", "off by 3 %"), DeviceFinding("compile", "absent", "none"))
    monkeypatch.setattr(doctor, "check_device", lambda *_, **__: findings)
    found = checks_of(load_study([]))
    assert (found["float32 products"].answer, found["float32 products"].found) == ("fail", "off by 3 %")
    assert found["device test"].found == "0 parts agree with float64; not here: compile"


@pytest.mark.usefixtures("quick")
def test_a_wandb_server_that_is_away_is_a_warning_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(["tracking=wandb", "tracking.mode=online"])
    monkeypatch.setattr(doctor.window, "server", lambda: "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    began = time.monotonic()
    check = checks_of(study)["W&B"]
    assert time.monotonic() - began < 30
    assert check.answer == "warn"
    assert "does not answer within" in check.found
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("NETRC", "/dev/null")
    assert "no key" in checks_of(study)["W&B"].found


def test_without_slurm_only_its_launcher_has_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    local = load_study([]).launcher
    assert [check.answer for check in slurm_checks(local)] == ["ok"]
    (needed,) = slurm_checks(replace(local, name="slurm"))
    assert (needed.answer, needed.found) == ("fail", "not on this machine")
    for command in COMMANDS:
        (tmp_path / command).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / command).chmod(0o755)
    (away,) = slurm_checks(replace(local, name="slurm"))
    assert (away.answer, away.remedy) == ("fail", "is the controller up? `scontrol ping` says")


@pytest.mark.slow
def test_each_line_is_said_as_soon_as_it_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def examine(*_: object) -> Iterator[Check]:
        yield Check("first", "ok", "found")
        said.append(capsys.readouterr().out)
        yield Check("second", "fail", "found", "would do")

    monkeypatch.setattr("harness.doctor.examine", examine)
    monkeypatch.setattr("harness.cli.doctoring.slurm_checks", lambda _: iter(()))
    with pytest.raises(typer.Exit):
        doctoring.doctor()
    assert "first" in said[0]


def test_doctor_as_a_user_types_it() -> None:
    done = harness_alone("doctor", "--device", "cpu", "--json")
    checks = json.loads(done.stdout)
    assert done.returncode == int(any(check["answer"] == "fail" for check in checks)), done.stderr
    assert {"device test", "write speed", "Slurm"} <= {check["name"] for check in checks}
