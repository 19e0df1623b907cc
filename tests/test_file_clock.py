import time
from pathlib import Path

import pytest

from harness import file_clock
from harness.file_clock import UNSURE_SECONDS, settled_before


@pytest.mark.parametrize("off", [-7200.0, 7200.0])
def test_what_was_written_just_now_is_not_settled_whatever_this_machine_s_clock_says(
    off: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(file_clock.time, "time", lambda: real() + off)
    before = settled_before(tmp_path)
    (tmp_path / "file").touch()
    written = (tmp_path / "file").stat().st_ctime_ns
    assert written - 60e9 < before < written
    assert not list(tmp_path.glob("tmp*"))


def test_where_nothing_can_be_written_what_changed_within_a_day_is_not_settled(tmp_path: Path) -> None:
    assert settled_before(tmp_path / "none") / 1e9 == pytest.approx(time.time() - UNSURE_SECONDS, abs=60)
