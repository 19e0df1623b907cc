"""`harness sync` against servers of our own: all of it, nothing twice, on from where it was, and never for long."""

import json
import time
from pathlib import Path

import pytest

from harness.records import Record, finish, open_run
from harness.schema import to_dict
from tests.command import harness_alone
from tests.made import made_measured, made_record
from tests.wandb_server import KEY, WandbServer, serving

pytestmark = pytest.mark.slow  # each starts processes of the harness and of wandb

CURVE = (0.9, 0.5, 0.25)


@pytest.fixture(autouse=True)
def only_this_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_MODE", "WANDB_PROJECT", "WANDB_TAGS", "WANDB_RUN_GROUP", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")


def made_run(output: Path, seed: int) -> tuple[Path, Record]:
    """A finished run that was never followed."""
    record = made_record(f"seed={seed}")
    points = [
        {**to_dict(record.curve[0]), "step": 100 * i, "validation_error": error} for i, error in enumerate(CURVE, 1)
    ]
    record = made_record(f"seed={seed}", curve=tuple(type(record.curve[0])(**point) for point in points))
    folder = open_run(record.config, output / "runs")
    finish(folder, record, made_measured(curve_seconds=(0.5, 1.0, 1.5)))
    return folder, record


def test_runs_that_were_never_followed_are_uploaded_whole_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [made_run(tmp_path / "outputs", seed)[1] for seed in range(2)]
    (tmp_path / "outputs" / "runs" / "0123456789ab").mkdir()  # a run that has no record yet
    with serving(WandbServer()) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        planned = harness_alone("sync", "--dry-run", cwd=tmp_path)
        assert (planned.returncode, planned.stdout.count("would upload run"), server.asked) == (0, 2, [])
        done = harness_alone("sync", "--json", cwd=tmp_path)
        asked = len(server.asked)
        again = harness_alone("sync", "--json", cwd=tmp_path)
        assert len(server.asked) == asked
    assert (done.returncode, again.returncode) == (0, 0)
    assert [json.loads(one.stdout)["uploaded"] for one in (done, again)] == [2, 0]
    assert json.loads(again.stdout)["there"] == 2
    assert set(server.runs) == {record.run_id for record in records}
    for record in records:
        seen = server.runs[record.run_id]
        assert (seen.group, seen.job_type, seen.exit_code) == (record.cell, "train", 0)
        assert [row["step"] for row in seen.history] == [100, 200, 300]
        assert [row["wall_seconds"] for row in seen.history] == [0.5, 1.0, 1.5]
        assert seen.summary["test_error"] == record.test_error
        assert seen.config["seed"] == record.config.seed


def test_a_run_whose_record_changed_is_uploaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, record = made_run(tmp_path / "outputs", 0)
    with serving(WandbServer()) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        harness_alone("sync", record.run_id[:6], cwd=tmp_path)
        finish(folder, record, made_measured(wall_seconds=9.0))
        assert json.loads(harness_alone("sync", record.run_id, "--json", cwd=tmp_path).stdout)["uploaded"] == 1
    assert server.runs[record.run_id].summary["wall_seconds"] == 9.0
    assert len(server.runs[record.run_id].history) == len(CURVE)


def test_an_upload_that_the_server_s_death_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, record = made_run(tmp_path / "outputs", 0)
    with serving(WandbServer(dies_at_row=1)) as dying:
        monkeypatch.setenv("WANDB_BASE_URL", dying.address)
        began = time.monotonic()
        cut = harness_alone("sync", "--seconds", "5", cwd=tmp_path)
        took = time.monotonic() - began
    assert (cut.returncode, (folder / "wandb.json").exists()) == (1, False)
    assert took < 60
    with serving(WandbServer()) as server:
        server.runs = dying.runs  # the same server, up again
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        assert harness_alone("sync", cwd=tmp_path).returncode == 0
    assert [row["step"] for row in server.runs[record.run_id].history] == [100, 200, 300]
    assert server.runs[record.run_id].exit_code == 0


def test_without_a_server_nothing_is_lost_and_it_is_said_at_once(tmp_path: Path) -> None:
    made_run(tmp_path / "outputs", 0)
    done = harness_alone("sync", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: http://127.0.0.1:9: does not answer within 3 s; nothing is lost")


def test_a_silent_server_is_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_run(tmp_path / "outputs", 0)
    with serving(WandbServer(silent=True)) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        assert "does not answer within 3 s" in harness_alone("sync", cwd=tmp_path, timeout=30).stderr


def test_without_a_key_the_error_says_where_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_run(tmp_path / "outputs", 0)
    monkeypatch.delenv("WANDB_API_KEY")
    done = harness_alone("sync", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no key for it; say `wandb login`, or set WANDB_API_KEY" in done.stderr


def test_a_study_s_report_goes_along_as_an_artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "outputs" / "studies" / "single"
    (folder / "figures").mkdir(parents=True)
    for name in ("report.html", "runs.csv", "figures/error.svg"):
        (folder / name).write_text(f"made up {name}")
    with serving(WandbServer()) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        done = harness_alone("sync", "single", "--json", cwd=tmp_path)
        again = harness_alone("sync", "single", "--json", cwd=tmp_path)
    assert [json.loads(one.stdout)["uploaded"] for one in (done, again)] == [1, 0]
    assert server.runs["report-single"].job_type == "report"
    sent = {name.removeprefix("/artifact/"): body for name, body in server.files.items() if "/artifact/" in name}
    assert sent == {
        name: f"made up {name}".encode() for name in ("report.html", "runs.csv", "figures/error.svg")
    }  # fmt: skip
    assert "CommitArtifact" in server.asked
