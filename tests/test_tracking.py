"""What tracking may not do: change, slow or fail a run; and where it sends one."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.config import RuntimeConfig, TrackingConfig
from harness.errors import ConfigError
from harness.identity import run_id
from harness.plan import plan_runs
from harness.study import load_study
from harness.tracking import trainer as training_side
from harness.tracking.shape import destination
from harness.tracking.trainer import follow
from harness.train import run_one
from tests.tiny import TEACHER

OFF = TrackingConfig(name="none", mode=None, project="compute-limits", tags=())
ON = replace(OFF, name="wandb")
SHORT = (*TEACHER, "budget.training_flops=2e6", "model.width=4", "model.depth=1")


@pytest.fixture
def fresh_follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has not started one yet, with no W&B of this machine's user."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    training_side._follower.cache_clear()
    yield
    if training_side._follower.cache_info().currsize:
        process = training_side._follower()
        training_side._dismiss(process)
        process.kill()
        process.wait()
    training_side._follower.cache_clear()


def trained(output: Path, tracking: TrackingConfig) -> Path:
    study = load_study((*SHORT, f"runtime.output={output}"))
    runtime: RuntimeConfig = replace(study.runtime, tracking=tracking)
    (planned,) = plan_runs(study.runs.values(), runtime=runtime)
    assert run_one(planned, runtime=runtime) == "finished"
    return output / "runs" / planned.id


@pytest.mark.slow
def test_the_record_is_the_same_bytes_with_tracking_on_off_and_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_follower: None
) -> None:
    off = trained(tmp_path / "off", OFF)
    on = trained(tmp_path / "on", ON)
    training_side._dismiss(training_side._follower())
    assert list(on.glob("wandb/offline-run-*/run-*.wandb"))
    training_side._follower.cache_clear()
    (tmp_path / "wandb.py").write_text("raise ImportError('broken on purpose')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    broken = trained(tmp_path / "broken", ON)
    assert (off / "record.json").read_bytes() == (on / "record.json").read_bytes()
    assert (off / "record.json").read_bytes() == (broken / "record.json").read_bytes()


def test_a_follower_that_can_t_be_started_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_follower: None
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    follow(tmp_path, ON)


@pytest.mark.parametrize("program", ["pass", "import time; time.sleep(60)"])
def test_a_follower_that_died_or_hangs_never_holds_the_run_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_follower: None, program: str
) -> None:
    start = subprocess.Popen
    monkeypatch.setattr(training_side, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(
        training_side.subprocess, "Popen", lambda _, **options: start([sys.executable, "-c", program], **options)
    )
    for _ in range(2_000):  # far more than a pipe holds
        follow(tmp_path, ON)


def test_tracking_is_off_unless_asked_for_and_is_no_part_of_a_run_s_identity() -> None:
    plain, tracked = (load_study(words) for words in ([], ["tracking=wandb", "tracking.project=mine"]))
    assert (plain.runtime.tracking.name, tracked.runtime.tracking.name) == ("none", "wandb")
    assert tracked.runtime.tracking.tags == ("single",)
    assert [run_id(run) for run in plain.runs.values()] == [run_id(run) for run in tracked.runs.values()]
    assert plain.folder == tracked.folder


@pytest.mark.parametrize(
    ("config", "environment", "mode"),
    [
        (OFF, {"WANDB_MODE": "online"}, "disabled"),
        (ON, {}, "undecided"),
        (ON, {"SLURM_JOB_ID": "7"}, "offline"),
        (ON, {"SLURM_JOB_ID": "7", "WANDB_MODE": "online"}, "online"),
        (ON, {"WANDB_MODE": "disabled"}, "disabled"),
        (ON, {"WANDB_MODE": "dryrun"}, "offline"),
        (replace(ON, mode="offline"), {"WANDB_MODE": "online"}, "offline"),
    ],
)
def test_the_mode_is_the_configuration_s_then_the_environment_s(
    config: TrackingConfig, environment: dict[str, str], mode: str
) -> None:
    assert destination(config, environment).mode == mode


def test_the_environment_s_project_group_tags_and_folder_are_obeyed() -> None:
    environment = {"WANDB_PROJECT": "p", "WANDB_RUN_GROUP": "g", "WANDB_TAGS": "a, b,a", "WANDB_DIR": "/somewhere"}
    where = destination(replace(ON, tags=("demo", "x" * 100)), environment)
    assert (where.project, where.group, where.folder) == ("p", "g", Path("/somewhere"))
    assert where.tags == ("demo", "x" * 64, "a", "b")


def test_a_mode_that_is_unknown_is_refused() -> None:
    with pytest.raises(ConfigError, match="WANDB_MODE: 'shared' is not known here; use one of online"):
        destination(ON, {"WANDB_MODE": "shared"})
