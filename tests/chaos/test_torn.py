"""Files of a run's folder, cut at each of their last 4,096 bytes: refused by name or recovered, never other numbers."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from harness.checkpoint import restore
from harness.config import RunConfig
from harness.errors import RecordError
from harness.events import read_events
from harness.flops import build_model
from harness.optim import build_optimizer
from harness.ownership import is_owned, read_attempts
from harness.parametrisation import parametrise
from harness.records import open_run, read_record
from harness.run_files import read_json
from harness.states import describe_run, read_state
from harness.table import collect
from harness.train import run_one
from tests.chaos.conftest import Tally
from tests.chaos.short_run import planned

LAST_BYTES = 4096


@pytest.fixture
def cut(tmp_path: Path, tally: Tally) -> Callable[[Path, str, Callable[[Path], None]], None]:
    """Copy the folder, and look at it with its file cut at each byte in turn."""

    def cut(whole: Path, name: str, look: Callable[[Path], None]) -> None:
        folder = Path(shutil.copytree(whole, tmp_path / whole.name, dirs_exist_ok=True))
        content = (whole / name).read_bytes()
        sizes = range(max(0, len(content) - LAST_BYTES), len(content))
        tally(f"{name} cut short", len(sizes))
        for size in sizes:
            (folder / name).write_bytes(content[:size])
            look(folder)

    return cut


def refused(read: Callable[[], object]) -> str | None:
    """What a reader refuses with; None where it reads."""
    try:
        read()
    except RecordError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", ["record.json", "measured.json"])
def test_a_result_that_is_cut_short_is_refused_by_name_or_whole(
    finished: Path, name: str, cut: Callable[..., None]
) -> None:
    whole = read_record(finished)
    recovered = []

    def look(folder: Path) -> None:
        refusal = refused(lambda: read_record(folder))
        if refusal is None:
            assert read_record(folder) == whole
            recovered.append((folder / name).stat().st_size)
        else:
            assert str(folder / name) in refusal
            table = collect([folder.name], runs_folder=folder.parent)
            assert (len(table.runs), table.unreadable) == (0, ((folder.name, refusal),))

    cut(finished, name, look)
    assert recovered == [(finished / name).stat().st_size - 1], "only the last line's end says nothing"


def test_a_configuration_that_is_cut_short_is_refused_by_name_or_whole(
    halfway: Path, finished: Path, cut: Callable[..., None]
) -> None:
    run = read_record(finished)[0].config

    def look(folder: Path) -> None:
        refusal = refused(lambda: open_run(run, folder.parent))
        if refusal is None:
            assert read_json(folder / "config.json") == read_json(halfway / "config.json")
        else:
            assert str(folder / "config.json") in refusal

    cut(halfway, "config.json", look)


def test_a_finished_run_does_not_rest_on_the_other_files(finished: Path, cut: Callable[..., None]) -> None:
    whole = read_record(finished)

    def look(folder: Path) -> None:
        assert read_record(folder) == whole
        assert read_state(folder, now=0.0).state == "finished"

    for name in ("config.json", "attempt-1.json", "events.jsonl"):
        cut(finished, name, look)


def test_events_that_are_cut_short_are_the_first_ones(halfway: Path, cut: Callable[..., None]) -> None:
    whole = read_events(halfway)

    def look(folder: Path) -> None:
        events = read_events(folder)
        assert events == whole[: len(events)]
        assert len(events) >= (folder / "events.jsonl").read_bytes().count(b"\n")
        assert read_state(folder, now=whole[-1]["time"] + 1e6).state == "lost"
        described = describe_run(folder, now=0.0)
        assert described["step"] <= whole[-1]["step"]

    cut(halfway, "events.jsonl", look)


def test_an_attempt_that_is_cut_short_does_not_own_the_run_for_good(halfway: Path, cut: Callable[..., None]) -> None:
    (whole,) = read_attempts(halfway)

    def look(folder: Path) -> None:
        assert read_attempts(folder) in ((), (whole,))
        assert not is_owned(folder)

    cut(halfway, "attempt-1.json", look)


def test_a_checkpoint_that_is_cut_short_is_the_whole_one_or_none(halfway: Path, cut: Callable[..., None]) -> None:
    _, run = planned(halfway.parent.parent)
    reached = restore_into(halfway, run.config)[0]

    def look(folder: Path) -> None:
        step, weights = restore_into(folder, run.config)
        assert step in (0, reached)
        if step == 0:
            assert not (folder / "checkpoint.pt").exists()
            assert weights == restore_into(folder, run.config)[1], "half a checkpoint was put back"

    assert reached > 0
    cut(halfway, "checkpoint.pt", look)


def test_a_checkpoint_with_a_wrong_byte_is_not_put_back(halfway: Path, tmp_path: Path, tally: Tally) -> None:
    _, run = planned(halfway.parent.parent)
    folder = Path(shutil.copytree(halfway, tmp_path / halfway.name))
    content, whole = (halfway / "checkpoint.pt").read_bytes(), restore_into(halfway, run.config)
    places = range(0, len(content), len(content) // 300)
    tally("a wrong byte in checkpoint.pt", len(places))
    for place in places:
        wrong = bytes([content[place] ^ 0x40])
        (folder / "checkpoint.pt").write_bytes(content[:place] + wrong + content[place + 1 :])
        step, weights = restore_into(folder, run.config)
        assert step == 0 or (step, weights) == whole


def restore_into(folder: Path, run: RunConfig) -> tuple[int, list[float]]:
    """The step, and some weights, of the run as it would go on."""
    torch.manual_seed(run.seed)
    model = build_model(run.model, image_shape=(1, 8, 8), num_classes=10)
    factors = parametrise(model, run.model, run.optim, image_shape=(1, 8, 8), num_classes=10)
    optimizer = build_optimizer(run.optim, model, width=run.model.width, factors=factors)
    device = torch.device("cpu")
    progress = restore(folder / "checkpoint.pt", run_id=folder.name, model=model, optimizer=optimizer, device=device)
    return progress.step, [float(weight.detach().sum()) for weight in model.parameters()]


@pytest.mark.parametrize("name", ["checkpoint.pt", "events.jsonl", "attempt-1.json", "config.json"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_run_goes_on_from_a_folder_with_a_torn_file_to_the_same_record_or_says_why_not(
    halfway: Path, finished: Path, tmp_path: Path, name: str, kept: float, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "harness.ownership.SILENT_SECONDS", -1.0
    )  # a file system's clock has ticks: what is made in one is not silent
    study, run = planned(tmp_path)
    folder = Path(shutil.copytree(halfway, study.runs_folder / run.id))
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(kept * len(content))])
    tally(f"go on with {name} cut short")
    if name == "config.json":
        with pytest.raises(RecordError, match=r"config\.json"):
            run_one(run, runtime=study.runtime)
    else:
        assert run_one(run, runtime=study.runtime) == "finished"
        assert (folder / "record.json").read_bytes() == (finished / "record.json").read_bytes()
