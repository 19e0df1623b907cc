"""A device is measured as a launch would use it."""

import os
from typing import Any

import pytest

from harness import device
from harness.cli.calibrating import measure
from harness.cli.launching import launch_missing
from harness.plan import plan_runs
from harness.study import load_study
from launch import LAUNCHERS
from tests.tiny import TEACHER


class Shared(Exception):
    """How the machine was to be shared out: workers, threads, GPUs."""


def only_say(*_: object, workers: int, threads: int, gpus: tuple[str, ...], on_event: object) -> None:
    raise Shared(workers, threads, gpus)


@pytest.mark.parametrize(
    ("words", "shared"),
    [
        ((), (8, 1, ("0", "1", "2", "3"))),
        (("runtime.processes=2",), (4, 1, ("0,1", "2,3"))),
        (("launcher.workers=3", "launcher.threads=2", "runtime.device=cpu"), (3, 2, ())),
    ],
)
def test_calibration_shares_the_machine_out_as_a_launch_does(
    words: tuple[str, ...], shared: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine of eight cores and four GPUs."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(device, "visible_gpus", lambda: ("0", "1", "2", "3"))
    monkeypatch.setitem(LAUNCHERS, "local", only_say)
    study = load_study([*TEACHER, "launcher.workers=null", "launcher.stack=1", "seed=range(0,8)", *words])
    with pytest.raises(Shared) as launched:
        launch_missing(study, plan_runs(study.runs.values(), runtime=study.runtime))
    with pytest.raises(Shared) as calibrated:
        measure(study, shapes=1)
    assert launched.value.args == calibrated.value.args == shared
