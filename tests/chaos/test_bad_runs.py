"""A run that does not fit into memory and one whose loss is not finite: the others finish, and all is said."""

import json
import re
from pathlib import Path

from harness.cli.reading import report_study
from harness.records import is_finished, read_record
from harness.states import read_states
from harness.study import load_study
from tests.chaos.conftest import Tally
from tests.chaos.launching import LEFT_ALONE, launcher
from tests.command import harness_alone
from tests.tiny import TEACHER

HUGE, ABSURD = 3_000_000, 1e30  # units: 0.8 GB of weights, and as much for each gradient and moment; a learning rate
ROOM = 1_500_000_000  # bytes for a process besides what importing torch takes
BLOCKS = (
    "{axes:{model.width:[4,8,16],seed:[0,1]}}",
    f"{{axes:{{model.width:[{HUGE}]}}}}",
    f"{{axes:{{model.width:[4],optim.learning_rate:[{ABSURD}]}}}}",
)
WORDS = ("study.name=bad_runs", *TEACHER, "model.depth=1", "budget.training_flops=null", "budget.steps=20",
         f"study.blocks=[{','.join(BLOCKS)}]")  # fmt: skip


def address_space() -> int:
    """What this process has mapped, in bytes, with torch imported."""
    found = re.search(r"^VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    assert found
    return 1024 * int(found[1])


def test_a_run_out_of_memory_and_a_diverged_one_leave_the_others_alone_and_are_named(
    tmp_path: Path, tally: Tally
) -> None:
    words = (*WORDS, f"runtime.output={tmp_path / 'outputs'}")
    study = load_study(words)
    (huge,) = (name for name, run in study.runs.items() if run.model.width == HUGE)
    (absurd,) = (name for name, run in study.runs.items() if run.optim.learning_rate == ABSURD)
    tally("memory runs out in one run")
    tally("a loss that is not finite in one run")
    with launcher(*words, cwd=tmp_path, memory=address_space() + ROOM) as process:
        code = process.wait(LEFT_ALONE)
    assert code == 1, (tmp_path / "launcher.log").read_text()
    states = read_states(study.runs, runs_folder=study.runs_folder, now=0.0)
    assert {name: state.state for name, state in states.items()} == {
        **dict.fromkeys(study.runs, "finished"),
        huge: "failed",
        absurd: "diverged",
    }
    said = json.loads(harness_alone("failures", "--json", *words).stdout)
    failures = {one["kind"]: one["run_ids"] for one in said["failures"]}
    assert failures == {"out of memory": [huge], "diverged": [absurd]}
    assert not is_finished(study.runs_folder / huge)
    record, _ = read_record(study.runs_folder / absurd)
    assert (record.status, record.test_error) == ("diverged", None)
    drawn, page = report_study(study)
    assert drawn.evidence.missing == (huge,)
    assert dict(drawn.evidence.dropped)[absurd] == "diverged: a loss was not finite"
    assert absurd in page.read_text()
    drawn_ids, dropped = set(drawn.evidence.cells.explode("run_ids")["run_ids"]), set(dict(drawn.evidence.dropped))
    assert drawn_ids.isdisjoint({huge, absurd})
    assert drawn_ids | dropped == set(study.runs) - {huge}, (
        "a run that learnt nothing in twenty steps is dropped by name"
    )
