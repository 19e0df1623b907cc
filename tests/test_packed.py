"""What a job does with its pack, here without a Slurm."""

import json
import shutil
import time
from pathlib import Path

import pytest

from harness.cli import packed
from harness.cli.packed import train_pack
from harness.errors import RecordError
from harness.events import read_events
from harness.plan import plan_runs
from harness.records import is_finished
from harness.run_files import write_json
from harness.schema import to_dict
from harness.states import read_state
from harness.study import Study, load_study
from harness.train import run_one
from tests import launched
from tests.tiny import TEACHER

ROOT = Path(__file__).parents[1]
SHORT = (*TEACHER, "model.width=4", "model.depth=1", "budget.training_flops=null", "budget.steps=20,30,40",
         "runtime.device=cpu")  # fmt: skip


def written_pack(folder: Path, *, code: Path = ROOT) -> Study:
    study = load_study(SHORT)
    planned = plan_runs(study.runs.values(), runtime=study.runtime)
    tree = {"code": str(code), "items": [[to_dict(run)] for run in planned], "runtime": to_dict(study.runtime),
            "workers": 2, "threads": 1}  # fmt: skip
    folder.mkdir()
    write_json(folder / "pack.json", tree)
    return study


@pytest.mark.slow
def test_a_pack_trains_what_it_lacks_says_what_failed_and_is_done_the_next_time(tmp_path: Path) -> None:
    study = written_pack(tmp_path / "pack")
    done, unlucky, other = (study.runs_folder / run for run in study.runs)
    (planned,) = (run for run in plan_runs(study.runs.values(), runtime=study.runtime) if run.id == done.name)
    run_one(planned, runtime=study.runtime)
    unlucky.mkdir()
    (unlucky / "config.json").write_text("{}")
    with pytest.raises(RecordError, match=f"runs failed: 1, the first {unlucky.name}"):
        train_pack(str(tmp_path / "pack"))
    assert is_finished(other)
    events = read_events(tmp_path / "pack")
    assert sorted(event["runs"] for event in events if event["event"] == "started") == sorted(
        [[unlucky.name], [other.name]]
    )
    assert (events[0]["event"], events[-1]["event"], events[-1]["failed"]) == ("start", "end", 1)
    shutil.rmtree(unlucky)
    train_pack(str(tmp_path / "pack"))
    train_pack(str(tmp_path / "pack"))
    assert all(is_finished(study.runs_folder / run) for run in study.runs)
    assert [event["items"] for event in read_events(tmp_path / "pack") if event["event"] == "start"] == [2, 1, 0]


def test_a_worker_that_dies_before_its_run_has_a_folder_fails_that_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = written_pack(tmp_path / "pack")
    first = json.loads((tmp_path / "pack/pack.json").read_bytes())["items"][0][0]["id"]
    monkeypatch.setattr(packed, "train_item", launched.die_at_the_first)
    with pytest.raises(RecordError, match=f"runs failed: 1, the first {first}"):
        train_pack(str(tmp_path / "pack"))
    events = read_events(tmp_path / "pack")
    assert sum(event["event"] == "finished" for event in events) == len(study.runs) - 1
    state = read_state(study.runs_folder / first, now=time.time())
    assert (state.state, state.reason) == ("failed", "worker killed by signal 9")


def test_a_job_refuses_to_run_other_code_than_was_launched(tmp_path: Path) -> None:
    written_pack(tmp_path / "pack", code=tmp_path / "elsewhere")
    with pytest.raises(RecordError, match=r"is not the code that was launched, which is in .*elsewhere"):
        train_pack(str(tmp_path / "pack"))
