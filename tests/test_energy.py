"""Energy by a stand-in for a GPU's meter, which no machine of ours has, and by the real package without a driver."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from harness import energy
from harness.energy import LEAST_SECONDS, Reading, joules_since, read_meter
from harness.events import append_event
from harness.ownership import ownership
from harness.plan import plan_runs
from harness.records import open_run
from harness.result import make_measured
from harness.session import set_up
from harness.study import load_study
from tests.tiny import TEACHER

GPU = torch.device("cuda", 1)
UUID = "0a1b"


class NVMLError(Exception):
    pass


@dataclass
class Meter:
    """What pynvml has, of one GPU."""

    millijoules: int = 5_000_000
    processes: tuple[int, ...] = (1,)
    asked: list[str] = field(default_factory=list)
    running: int = 0

    def nvmlInit(self) -> None:
        self.running += 1

    def nvmlShutdown(self) -> None:
        self.running -= 1

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        self.asked.append(uuid)
        return uuid

    def nvmlDeviceGetComputeRunningProcesses(self, _gpu: str) -> tuple[int, ...]:
        return self.processes

    def nvmlDeviceGetTotalEnergyConsumption(self, _gpu: str) -> int:
        if self.millijoules < 0:
            raise NVMLError("Not Supported")
        return self.millijoules

    NVMLError = NVMLError


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    made = Meter()
    monkeypatch.setitem(sys.modules, "pynvml", made)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _device: SimpleNamespace(uuid=UUID))
    return made


def long_ago(reading: Reading | None) -> Reading:
    assert reading is not None
    return replace(reading, seconds=reading.seconds - LEAST_SECONDS)


def test_what_the_meter_counted_in_between_is_what_was_used(meter: Meter) -> None:
    before = long_ago(read_meter(GPU))
    meter.millijoules += 1_234_500
    assert joules_since(before) == pytest.approx(1234.5)
    assert set(meter.asked) == {f"GPU-{UUID}"}  # the GPU that computes, whatever number it has
    assert meter.running == 0


def test_a_few_seconds_are_too_few_to_tell(meter: Meter) -> None:
    before = read_meter(GPU)
    meter.millijoules += 1000
    assert joules_since(before) is None


@pytest.mark.parametrize("processes", [(1, 2), ()], ids=["two", "hidden"])
def test_a_gpu_that_others_may_compute_on_has_no_number_of_ours(meter: Meter, processes: tuple[int, ...]) -> None:
    before = long_ago(read_meter(GPU))
    meter.processes = processes
    assert read_meter(GPU) is None
    assert joules_since(before) is None


def test_a_gpu_without_a_meter_has_none(meter: Meter) -> None:
    meter.millijoules = -1
    assert read_meter(GPU) is None
    assert meter.running == 0


def test_without_the_package_or_without_a_gpu_there_is_no_number(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_meter(torch.device("cpu")) is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert read_meter(GPU) is None
    assert joules_since(None) is None


def test_the_real_package_without_a_driver_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    pynvml = pytest.importorskip("pynvml")
    for name in dir(Meter):
        assert name.startswith("_") or not name.startswith("nvml") or hasattr(pynvml, name)
    if torch.cuda.is_available():
        pytest.skip("there is a driver")
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _device: SimpleNamespace(uuid=UUID))
    assert read_meter(GPU) is None


@pytest.mark.parametrize(
    ("attempts", "stacked", "inherited", "expected"),
    [(1, 1, 0, 40.0), (2, 1, 0, None), (1, 2, 0, None), (1, 1, 5, None)],
)
def test_a_run_has_the_energy_of_all_its_steps_or_none(
    attempts: int, stacked: int, inherited: int, expected: float | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("harness.session.read_meter", lambda device: Reading(device, 100.0, 0.0))
    monkeypatch.setattr(energy, "read_meter", lambda device: Reading(device, 140.0, LEAST_SECONDS))
    study = load_study([*TEACHER, "model.width=4", "budget.training_flops=2e6", f"runtime.output={tmp_path}"])
    (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
    with ownership(open_run(planned.config, study.runs_folder)) as owner:
        assert owner is not None
        session = set_up(planned, runtime=study.runtime, owner=owner)
        for _ in range(attempts):
            append_event(session.folder, "attempt", wall_seconds=0.0)
        session.progress.stacked, session.progress.inherited_steps = stacked, inherited
        session.progress.wall_seconds = 1.0
        assert make_measured(session).energy_joules == expected
