"""Every test here is chaos; what they injected, and what was lost of it, stands at the end of the session."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import train
from harness.train import run_one
from tests.chaos.short_run import Killed, planned

HERE = Path(__file__).parent
Tally = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.chaos)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Say that faults are about to be injected: ``tally("kill -9 of a worker")`` or ``tally("cut", 4096)``."""
    return lambda fault, count=1: record_property("fault", [fault, count])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    study, run = planned(tmp_path_factory.mktemp("finished"))
    assert run_one(run, runtime=study.runtime) == "finished"
    return study.runs_folder / run.id


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was killed before it could publish its result."""
    study, run = planned(tmp_path_factory.mktemp("halfway"))

    def die(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "finish", die)
        with pytest.raises(Killed):
            run_one(run, runtime=study.runtime)
    return study.runs_folder / run.id


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Faults by kind; those of a test that failed are lost."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    injected: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "fault":
                injected[value[0]] += value[1]
                lost[value[0]] += value[1] if report.failed else 0
    if not injected:
        return
    terminalreporter.section("faults")
    width = max(map(len, injected))
    terminalreporter.write_line(f"{'fault':{width}} {'injected':>9} {'survived':>9} {'lost':>5}")
    for fault, count in (*sorted(injected.items()), ("all", injected.total())):
        gone = lost.total() if fault == "all" else lost[fault]
        terminalreporter.write_line(f"{fault:{width}} {count:9,} {count - gone:9,} {gone:5,}")
