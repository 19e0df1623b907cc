"""What others wrote (a configuration, a record, a checkpoint, a name) is data: it runs no code and leaves no folder."""

import ast
import os
import pickle
from pathlib import Path

import pytest
import torch

from harness.checkpoint import restore
from harness.cli.standing import find_run
from harness.errors import ConfigError, RecordError
from harness.launches import launches_folder, read_launches
from harness.plan import plan_runs
from harness.records import open_run, read_record
from harness.run_files import write_json
from harness.study import load_study
from harness.train import run_one
from tests.made import made_record
from tests.tiny import TEACHER

ROOT = Path(__file__).parents[1]
SOURCES = [path for package in ("harness", "models", "launch") for path in (ROOT / package).rglob("*.py")]
# Calls that can turn data into code. The two of pickle read a pipe between our own processes.
DANGEROUS = {"eval", "exec", "instantiate", "call", "get_class", "get_method", "get_object", "unsafe_load", "full_load"}
OUR_PIPES = {"launch/local.py", "launch/worker.py"}


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def calls(path: Path) -> list[tuple[str, str, ast.Call]]:
    """(what it is called on, name, the call) of every call in a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.append((ast.unparse(node.func.value), node.func.attr, node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.append(("", node.func.id, node))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_turns_data_into_code(path: Path) -> None:
    for where, name, call in calls(path):
        words = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert not (name in DANGEROUS and where in ("", "hydra.utils", "yaml", "utils")), ast.unparse(call)
        if name in ("load", "loads") and where in ("pickle", "cloudpickle", "dill", "joblib"):
            assert str(path.relative_to(ROOT)) in OUR_PIPES
        if (where, name) == ("torch", "load"):
            assert words["weights_only"] == "True"
        if (where, name) in (("np", "load"), ("numpy", "load")):
            assert words.get("allow_pickle", "False") == "False"
        assert words.get("shell", "False") == "False"


@pytest.mark.parametrize("key", ["+model._target_=os.system", "+data.options._target_=x", "+launcher.slurm._target_=x"])
def test_a_target_is_refused_wherever_it_stands(key: str) -> None:
    with pytest.raises(ConfigError, match="_target_"):
        load_study([*TEACHER, "launcher=slurm", key])


@pytest.mark.parametrize("name", ["../up", "/root", "a/b", ".hidden", "", "x" * 200, "a\nb"])
def test_a_study_s_name_can_not_leave_its_folder(name: str) -> None:
    with pytest.raises(ConfigError, match=r"study\.name"):
        load_study([*TEACHER, f"study.name='{name}'"])


@pytest.mark.parametrize("name", ["../runs", "..", "/etc", "*"])
def test_a_run_s_name_can_not_leave_its_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "runs/abcdef").mkdir(parents=True)
    with pytest.raises(RecordError, match="no run begins so"):
        find_run(tmp_path / "runs", name)


def test_a_checkpoint_from_elsewhere_runs_no_code_and_the_run_starts_anew(tmp_path: Path) -> None:
    study = load_study([*TEACHER, "model.width=4", "model.depth=1", "budget.training_flops=null", "budget.steps=20"])
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    folder = open_run(run.config, study.runs_folder)
    for write in (
        lambda file: torch.save({"run_id": run.id, "model": Harmful(tmp_path / "harm")}, file),
        lambda file: file.write_bytes(pickle.dumps(Harmful(tmp_path / "harm"), protocol=2)),
    ):
        write(folder / "checkpoint.pt")
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters())
        progress = restore(
            folder / "checkpoint.pt", run_id=run.id, model=model, optimizer=optimizer, device=torch.device("cpu")
        )
        assert progress.step == 0
    torch.save({"run_id": run.id, "model": Harmful(tmp_path / "harm")}, folder / "checkpoint.pt")
    assert run_one(run, runtime=study.runtime) == "finished"
    assert not (tmp_path / "harm").exists()


def test_a_record_from_elsewhere_runs_no_code(tmp_path: Path) -> None:
    folder = open_run(made_record().config, tmp_path)
    (folder / "measured.json").write_text("{}")
    (folder / "record.json").write_bytes(pickle.dumps(Harmful(tmp_path / "harm")))
    with pytest.raises(RecordError, match="can't be read"):
        read_record(folder)
    write_json(folder / "record.json", {"schema_version": 1, "_target_": "os.mkdir", "path": str(tmp_path / "harm")})
    with pytest.raises(RecordError):
        read_record(folder)
    assert not (tmp_path / "harm").exists()


def test_a_ledger_from_elsewhere_runs_no_code_and_its_pickles_are_not_read(tmp_path: Path) -> None:
    folder = launches_folder(tmp_path) / "x"
    (folder / "submitit").mkdir(parents=True)
    (folder / "submitit/1_0_result.pkl").write_bytes(pickle.dumps(Harmful(tmp_path / "harm")))
    launch = {"name": "x", "study": "x", "overrides": [], "began": 1.0, "code": "c", "report_job": "",
              "packs": [{"runs": ["a"], "seconds": 1.0, "job": "1"}]}  # fmt: skip
    write_json(folder / "launch.json", launch)
    assert read_launches(tmp_path)[0].packs[0].job == "1"
    assert not (tmp_path / "harm").exists()
