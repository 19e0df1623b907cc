"""One run on several processes: the same result, one writer, and what happens when one of them dies.

The processes are real and talk through gloo on this machine; only that they have no GPUs differs from a node.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from harness.cli.launching import launch_missing
from harness.distributed import ALONE, World, any_of, draw_apart, gathered, joined, of_leader
from harness.errors import ConfigError, HarnessError
from harness.events import read_events
from harness.plan import PlannedRun, plan_runs
from harness.processes import on_processes
from harness.records import Measured, Record, read_record
from harness.stacking import at_once
from harness.study import Study, load_study
from harness.train import run_one
from launch.packing import gpu_sets
from tests.tiny import TEACHER

EXACT = (
    *TEACHER,
    "numerics=float64",
    "budget.training_flops=null",
    "budget.steps=40",
    "runtime.heartbeat_seconds=0.05",
)
MIXED = ("augment=standard", "augment.mixup=0.4", "optim.label_smoothing=0.1")
LONG_STEPS = 1000
LONG = (
    *EXACT,
    "model.width=8",
    "model.depth=1",
    f"budget.steps={LONG_STEPS}",
    "runtime.checkpoint_seconds=0.05",
    "runtime.heartbeat_seconds=0.02",
)


def planned(*overrides: str) -> tuple[Study, PlannedRun]:
    study = load_study(overrides)
    (run,) = plan_runs(study.runs.values(), runtime=study.runtime)
    return study, run


def train(*overrides: str) -> tuple[Record, Measured, Path]:
    study, run = planned(*overrides)
    assert run_one(run, runtime=study.runtime) == "finished"
    folder = study.runs_folder / run.id
    return *read_record(folder), folder


def require_same(one: Record, other: Record) -> None:
    """To ten digits in float64: the sums are the same, their order is not."""
    assert one.run_id == other.run_id
    assert (one.steps, one.training_flops, one.correct) == (other.steps, other.training_flops, other.correct)
    assert one.test_loss == pytest.approx(other.test_loss, rel=1e-10)
    for mine, theirs in zip(one.curve, other.curve, strict=True):
        assert mine.train_loss == pytest.approx(theirs.train_loss, rel=1e-10)
        assert mine.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_two_processes_train_what_one_does(model: str) -> None:
    """Also with random crops, mixed pairs, and batch normalisation in the convolutional network."""
    of_a_network = (*EXACT, *MIXED, f"model={model}", "model.width=4")
    alone, measured_alone, _ = train(*of_a_network, "runtime.output=alone")
    together, measured, folder = train(*of_a_network, "runtime.output=together", "runtime.processes=2")
    require_same(together, alone)
    assert (measured_alone.processors, measured.processors) == (1, 2)
    assert measured.hardware_burden == pytest.approx(2 * measured.peak_flops * measured.wall_seconds)
    events = [event["event"] for event in read_events(folder)]
    assert events.count("attempt") == events.count("end") == 1
    assert events.count("evaluation") == len(together.curve)


@pytest.mark.parametrize("model", ["mlp", "vit"])
def test_a_batch_in_parts_trains_what_a_whole_one_does(model: str) -> None:
    of_a_network = (*EXACT, *MIXED, f"model={model}", "model.width=4", "model.depth=1")
    whole, _, _ = train(*of_a_network, "runtime.output=whole")
    parts, _, _ = train(*of_a_network, "runtime.output=parts", "runtime.accumulation=4")
    require_same(parts, whole)


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (
            ("runtime.accumulation=3",),
            "optim.batch_size: 16 is no multiple of 3, for 1 processes x runtime.accumulatio",
        ),
        (
            ("runtime.accumulation=16", "augment.mixup=1"),
            "optim.batch_size: 16 is no multiple of 32, .* x pairs to mix",
        ),
        (("runtime.accumulation=0",), "runtime.processes, runtime.accumulation: 1 and 0; give 1 or more"),
        (("runtime.processes=0",), "runtime.processes, runtime.accumulation: 0 and 1; give 1 or more"),
        (("runtime.accumulation=2", "model=cnn"), "runtime.accumulation: 2 parts would each be normalised alone"),
    ],
)
def test_parts_that_would_change_the_result_are_refused(overrides: tuple[str, ...], reason: str) -> None:
    study, run = planned(*EXACT, *overrides)
    with pytest.raises(ConfigError, match=reason):
        run_one(run, runtime=study.runtime)


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.slow
def test_torchrun_starts_the_processes_too() -> None:
    alone, _, _ = train(*EXACT, "model.width=4", "runtime.output=alone")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1",
               f"--master-port={a_free_port()}", "-m", "harness.cli", "run", *EXACT, "model.width=4"]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(alone.run_id) == 1
    record, measured = read_record(Path("outputs/runs") / alone.run_id)
    require_same(record, alone)
    assert measured.processors == 2


def start(output: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "harness.cli", "run", *LONG, "runtime.processes=2", f"runtime.output={output}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_for_checkpoint(folder: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.pt").exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.01)


def children(parent: int) -> list[int]:
    """Those that compute, the leading one first: Python's resource tracker is a child too."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sorted(int(pid) for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    _, _, folder = train(*LONG, "runtime.processes=2", f"runtime.output={tmp_path_factory.mktemp('undisturbed')}")
    return folder


@pytest.mark.slow(25)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found through /proc")
@pytest.mark.parametrize("killed", [0, 1])
def test_a_process_that_dies_ends_the_others_and_the_run_goes_on_from_its_checkpoint(
    killed: int, undisturbed: Path, tmp_path: Path
) -> None:
    study, run = planned(*LONG, "runtime.processes=2", f"runtime.output={tmp_path / 'killed'}")
    folder = study.runs_folder / run.id
    process = start(tmp_path / "killed")
    wait_for_checkpoint(folder, process)
    ranks = children(process.pid)
    assert len(ranks) == 2
    os.kill(ranks[killed], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"error: process {killed} of 2: killed by SIGKILL; what was saved stays" in said
    assert not any(Path(f"/proc/{pid}").exists() for pid in ranks)
    assert not (folder / "record.json").exists()
    assert (read_events(folder)[-1]["event"] == "failure") == (
        killed == 1
    )  # the leading process is the one that writes
    assert run_one(run, runtime=study.runtime) == "finished"
    resumed_at = [event["step"] for event in read_events(folder) if event["event"] == "attempt"]
    assert resumed_at[0] == 0 < resumed_at[1] < LONG_STEPS
    assert (folder / "record.json").read_bytes() == (undisturbed / "record.json").read_bytes()


@pytest.mark.slow
def test_a_signal_saves_the_run_and_ends_all_its_processes(tmp_path: Path) -> None:
    study, run = planned(*LONG, f"runtime.output={tmp_path}")
    folder = study.runs_folder / run.id
    process = start(tmp_path)
    wait_for_checkpoint(folder, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert read_events(folder)[-1]["event"] == "signal"
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["step"] == read_events(folder)[-1]["step"]


def fail_as_the_second() -> str:
    with joined("cpu") as world:
        if world.rank == 1:
            raise ConfigError("here: what; do")
        gathered(world, "never comes")  # fails too, and later
    return "never said"


@pytest.mark.slow
def test_a_failure_is_told_in_the_words_of_the_process_that_was_first() -> None:
    with pytest.raises(HarnessError, match=r"^process 1 of 2: here: what; do; what was saved stays, and"):
        on_processes(fail_as_the_second, 2, stop=threading.Event())
    assert not multiprocessing.active_children()


def test_a_run_on_several_processes_is_in_no_stack_and_shares_the_cores() -> None:
    one, several = load_study(["launcher.workers=null"]), load_study(["launcher.workers=null", "runtime.processes=2"])
    in_parts = load_study(["runtime.accumulation=2"])
    cores = os.cpu_count() or 1
    assert at_once(one.launcher, one.runtime) == (cores, one.launcher.stack)
    assert at_once(several.launcher, several.runtime) == (max(1, cores // 2), 1)
    assert at_once(in_parts.launcher, in_parts.runtime)[1] == 1


def test_torchrun_starts_no_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    study, run = planned(*EXACT)
    with pytest.raises(ConfigError, match="launch: torchrun starts the processes of one run, so use `harness run`"):
        launch_missing(study, [run], quiet=True)


def test_each_process_draws_numbers_of_its_own() -> None:
    draws = []
    for rank in range(3):
        torch.manual_seed(7)
        draw_apart(World(rank=rank, size=3), seed=7)
        draws.append(torch.rand(4))
    torch.manual_seed(7)
    assert torch.equal(draws[0], torch.rand(4))  # the leading one goes on as a lone process does
    assert not torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[1], draws[2])


def test_each_slot_has_its_own_gpus() -> None:
    assert gpu_sets((), 2) == ()
    assert gpu_sets(("0", "1", "2"), 1) == ("0", "1", "2")
    assert gpu_sets(("4", "5", "6", "7", "8"), 2) == ("4,5", "6,7")
    assert gpu_sets(("0",), 2) == ("0",)


def test_shares_are_all_places_once_and_in_order() -> None:
    for count in (1, 7, 64):
        shares = [World(rank=rank, size=3).share(count) for rank in range(3)]
        assert [place for first, end in shares for place in range(first, end)] == list(range(count))


def test_alone_everything_is_as_it_is() -> None:
    assert any_of(ALONE, True, False) == (True, False)
    assert of_leader(ALONE, lambda: "x") == "x"
    assert gathered(ALONE, 3) == [3]
