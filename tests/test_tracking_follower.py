"""The follower against W&B as it is offline, and against servers that answer, refuse, are silent, and die."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.config import TrackingConfig
from harness.events import append_event
from harness.identity import cell_id
from harness.records import Record, finish, open_run
from harness.schema import to_dict
from harness.tracking.follower import LAST_SECONDS
from tests.made import made_measured, made_record
from tests.wandb_files import read_offline
from tests.wandb_server import KEY, WandbServer, serving

WINDOW = TrackingConfig(name="wandb", mode=None, project="compute-limits", tags=("demo",))
START = 20.0  # seconds that a process and wandb may need to start on a busy machine
PATIENCE = 90.0  # where the test is not of the bound
FOLLOWER = "import harness.tracking.follower as it; it.LAST_SECONDS = {}; it.main()"
CURVE = (0.9, 0.5, 0.25)


def made_run(runs: Path, *, ended: str = "end") -> tuple[Path, Record]:
    """A run's folder as training leaves it: an attempt with an evaluation a hundred steps, and its end."""
    record = made_record()
    folder = open_run(record.config, runs)
    append_event(folder, "attempt", step=0, wall_seconds=0.0)
    for i, error in enumerate(CURVE, 1):
        evaluation = {**to_dict(record.curve[0]), "step": 100 * i, "training_flops": i * 10**6}
        append_event(folder, "evaluation", wall_seconds=0.5 * i, **evaluation | {"validation_error": error})
    if ended == "end":
        finish(folder, record, made_measured())
    elif ended:
        append_event(folder, ended, reason="as asked", step=300)
    return folder, record


def follow_to_the_end(
    folder: Path, *, within: tuple[str, ...] = (), last_seconds: float = PATIENCE, **environment: str
) -> float:
    """Have a follower told of the run and, at once, of the trainer's end; the seconds that it took.

    It is of the lowest priority, so that beside other tests wandb's start alone may take more than ``LAST_SECONDS``.
    """
    line = json.dumps({"folder": str(folder), "tracking": to_dict(WINDOW)}) + "\n"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "SLURM"))}
    home = {"HOME": str(folder.parent), "WANDB_CACHE_DIR": str(folder.parent / "cache")}
    began = time.monotonic()
    done = subprocess.run(
        [*within, sys.executable, "-c", FOLLOWER.format(last_seconds)],
        input=line.encode(), env={**clean, **home, **environment}, capture_output=True, check=False,
        timeout=START + last_seconds + 30,
    )  # fmt: skip
    assert done.stderr == b""
    return time.monotonic() - began


def log_of(folder: Path) -> str:
    path = folder.parent.parent / "tracking.log"
    return path.read_text() if path.exists() else ""


def test_a_run_reads_back_whole_from_its_offline_file(tmp_path: Path) -> None:
    folder, record = made_run(tmp_path / "runs")
    follow_to_the_end(folder, WANDB_TAGS="mine, yours", WANDB_PROJECT="elsewhere")
    found = read_offline(folder)
    assert (found.run.run_id, found.run.run_group, found.run.job_type) == (record.run_id, record.cell, "train")
    assert (found.run.display_name, found.run.project) == ("mlp-w64-d2-n55000-c1e+09-s0", "elsewhere")
    assert list(found.run.tags) == ["demo", "mine", "yours"]
    assert found.config["model"] == to_dict(record.config.model)
    assert found.config["cell"] == cell_id(record.config)
    assert [row["step"] for row in found.history] == [100, 200, 300]
    assert [row["validation/error"] for row in found.history] == list(CURVE)
    assert found.metrics["*"] == "training_flops"
    assert found.summary["test_error"] == record.test_error
    assert found.exit_code == 0
    assert log_of(folder) == ""


@pytest.mark.slow
@pytest.mark.parametrize(("ended", "preempting"), [("signal", True), ("failure", False), ("", False)])
def test_a_run_without_a_record_is_closed_as_not_finished(tmp_path: Path, ended: str, preempting: bool) -> None:
    folder, _ = made_run(tmp_path / "runs", ended=ended)
    follow_to_the_end(folder)
    found = read_offline(folder)
    assert (found.exit_code, found.preempting) == (1, preempting)
    assert len(found.history) == len(CURVE)


@pytest.mark.slow
def test_a_run_that_is_taken_up_again_has_its_whole_curve_once(tmp_path: Path) -> None:
    folder, record = made_run(tmp_path / "runs", ended="signal")
    append_event(folder, "attempt", step=200, wall_seconds=1.0)
    for step in (300, 400):
        append_event(folder, "evaluation", wall_seconds=2.0, **{**to_dict(record.curve[0]), "step": step})
    finish(folder, record, made_measured())
    follow_to_the_end(folder)
    found = read_offline(folder)
    assert [row["step"] for row in found.history] == [100, 200, 300, 400]
    assert (found.exit_code, found.preempting) == (0, False)


@pytest.mark.slow
def test_a_compute_node_is_offline_though_a_server_answers(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    with serving(WandbServer()) as server:
        follow_to_the_end(folder, WANDB_BASE_URL=server.address, WANDB_API_KEY=KEY, SLURM_JOB_ID="1")
    assert server.asked == []
    assert read_offline(folder).exit_code == 0


@pytest.mark.slow
def test_a_server_that_answers_has_all_of_it(tmp_path: Path) -> None:
    folder, record = made_run(tmp_path / "runs")
    with serving(WandbServer()) as server:
        follow_to_the_end(folder, WANDB_BASE_URL=server.address, WANDB_API_KEY=KEY)
    assert list(server.runs) == [record.run_id]
    seen = server.runs[record.run_id]
    assert (seen.group, seen.job_type, seen.tags, seen.exit_code) == (record.cell, "train", ("demo",), 0)
    assert [(row["step"], row["validation/error"]) for row in seen.history] == list(
        zip((100, 200, 300), CURVE, strict=True)
    )
    assert seen.summary["test_error"] == record.test_error
    assert json.loads((folder / "wandb.json").read_text())["server"] == server.address
    assert KEY not in "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_restarted_run_goes_on_where_the_server_has_it(tmp_path: Path) -> None:
    folder, record = made_run(tmp_path / "runs", ended="signal")
    with serving(WandbServer()) as server:
        reach = {"WANDB_BASE_URL": server.address, "WANDB_API_KEY": KEY}
        follow_to_the_end(folder, **reach)
        assert server.runs[record.run_id].exit_code == 1
        assert server.runs[record.run_id].preempting
        append_event(folder, "attempt", step=300, wall_seconds=1.5)
        append_event(folder, "evaluation", wall_seconds=2.0, **{**to_dict(record.curve[0]), "step": 400})
        finish(folder, record, made_measured())
        follow_to_the_end(folder, **reach)
    seen = server.runs[record.run_id]
    assert [row["step"] for row in seen.history] == [100, 200, 300, 400]
    assert seen.exit_code == 0


@pytest.mark.slow
def test_a_server_that_refuses_leaves_the_run_offline(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    follow_to_the_end(folder, WANDB_BASE_URL="http://127.0.0.1:9", WANDB_API_KEY=KEY)
    assert read_offline(folder).exit_code == 0
    assert "does not answer; offline from here on, `harness sync` uploads later" in log_of(folder)


@pytest.mark.slow
def test_a_silent_server_costs_the_probe_and_leaves_the_run_offline(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    with serving(WandbServer(silent=True)) as server:
        follow_to_the_end(folder, WANDB_BASE_URL=server.address, WANDB_API_KEY=KEY)
    assert read_offline(folder).exit_code == 0
    assert "does not answer" in log_of(folder)


@pytest.mark.slow
def test_a_server_that_dies_in_the_middle_costs_a_bounded_time_and_no_marker(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    with serving(WandbServer(dies_at_row=1)) as server:
        took = follow_to_the_end(folder, last_seconds=LAST_SECONDS, WANDB_BASE_URL=server.address, WANDB_API_KEY=KEY)
    assert not (folder / "wandb.json").exists()
    assert took < START + LAST_SECONDS + 5


@pytest.mark.slow
def test_without_a_key_a_run_is_offline_and_the_log_says_what_would_help(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    with serving(WandbServer()) as server:
        follow_to_the_end(folder, WANDB_BASE_URL=server.address, WANDB_MODE="online")
    assert server.asked == []
    assert read_offline(folder).exit_code == 0
    assert "no key for" in log_of(folder)


@pytest.mark.slow
def test_a_folder_that_can_t_be_written_is_a_line_in_the_log(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    (tmp_path / "file").write_text("")
    follow_to_the_end(folder, WANDB_DIR=str(tmp_path / "file"))
    assert "NotADirectoryError" in log_of(folder)


def test_a_broken_wandb_is_a_line_in_the_log(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "wandb.py").write_text("raise ImportError('broken on purpose')")
    follow_to_the_end(folder, PYTHONPATH=str(tmp_path / "broken"))
    assert "ImportError: broken on purpose" in log_of(folder)


@pytest.mark.slow
def test_a_full_disk_costs_neither_time_nor_the_record(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    full = tmp_path / "full"
    full.mkdir()
    mount = 'mount -t tmpfs -o size=16k none "$0" && exec "$@"'
    within = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(full))
    if subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no one mount a small disk of their own")
    before = (folder / "record.json").read_bytes()
    took = follow_to_the_end(folder, within=within, last_seconds=LAST_SECONDS, WANDB_DIR=str(full))
    assert took < START + LAST_SECONDS + 5
    assert not (folder / "wandb.json").exists()
    assert (folder / "record.json").read_bytes() == before


@pytest.mark.slow
def test_a_follower_that_hangs_ends_soon_after_its_trainer(tmp_path: Path) -> None:
    folder, _ = made_run(tmp_path / "runs")
    (tmp_path / "hanging").mkdir()
    (tmp_path / "hanging" / "wandb.py").write_text("import time\ntime.sleep(300)")
    took = follow_to_the_end(folder, last_seconds=LAST_SECONDS, PYTHONPATH=str(tmp_path / "hanging"))
    assert LAST_SECONDS <= took < START + LAST_SECONDS


@pytest.mark.slow
def test_wandb_s_own_reader_reads_it_too(tmp_path: Path) -> None:
    folder, record = made_run(tmp_path / "runs")
    follow_to_the_end(folder)
    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    words = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--summary", "--json", str(file)]
    environment = {**os.environ, "HOME": str(tmp_path), "WANDB_ERROR_REPORTING": "false"}
    told: Any = json.loads(subprocess.run(words, env=environment, capture_output=True, check=True).stdout)
    assert record.run_id in json.dumps(told)
    assert "test_error" in json.dumps(told)
