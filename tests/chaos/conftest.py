"""Every test here is chaos; what they injected, and what was lost of it, stands at the end of the session."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import attending
from harness.checkpoint import Progress, save
from harness.train import run_one
from tests.chaos.short_run import Killed, planned

HERE = Path(__file__).parent
LAST_STEP = 45  # of the 60 of a short run; 45 events are more than 4 kB
Tally = Callable[..., None]
Note = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.chaos)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Say that faults are about to be injected: ``tally("kill -9 of a worker")`` or ``tally("cut", 4096)``."""
    return lambda fault, count=1: record_property("fault", [fault, count])


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Say what was seen besides, for the end of the session."""
    return lambda words: record_property("note", words)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    study, run = planned(tmp_path_factory.mktemp("finished"))
    assert run_one(run, runtime=study.runtime) == "finished"
    return study.runs_folder / run.id


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was killed in the middle, one step after its last checkpoint."""
    study, run = planned(tmp_path_factory.mktemp("halfway"))

    def save_or_die(path: Path, *, progress: Progress, **state: Any) -> None:
        if progress.step == LAST_STEP:
            raise Killed
        save(path, progress=progress, **state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attending, "save", save_or_die)
        with pytest.raises(Killed):
            run_one(run, runtime=study.runtime)
    return study.runs_folder / run.id


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Faults by kind, as a table for docs/reliability.md; those of a test that failed are lost."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    said = [(report.failed, name, value) for report in reports for name, value in report.user_properties]
    injected: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for failed, name, value in said:
        if name == "fault":
            injected[value[0]] += value[1]
            lost[value[0]] += value[1] if failed else 0
    if not injected:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line("| fault | injected | survived | lost |")
    for fault, count in sorted(injected.items()):
        terminalreporter.write_line(f"| {fault} | {count:,} | {count - lost[fault]:,} | {lost[fault]:,} |")
    everything, gone = injected.total(), lost.total()
    terminalreporter.write_line(f"| all | {everything:,} | {everything - gone:,} | {gone:,} |")
    for _, _, words in (one for one in said if one[1] == "note"):
        terminalreporter.write_line(words)
