"""What every test has: one thread, the tiny study, and no way to leave files in the checkout."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections import Counter
from pathlib import Path

import pytest

SLOW_SECONDS = 3.0  # of a test that is marked slow without saying how many


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first: each is one worker's, and who gets a long one last keeps all waiting."""
    seconds: Counter[Path] = Counter()
    for item in items:
        if mark := item.get_closest_marker("slow"):
            seconds[item.path] += mark.args[0] if mark.args else SLOW_SECONDS
    items.sort(key=lambda item: -seconds[item.path])


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test runs in a folder of its own, so relative paths land there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def require(condition: bool, reason: str) -> None:
    """Skip with the reason where a part of the machine is missing; under CI that is a failure."""
    if not condition:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have what this test needs: {reason}")
        pytest.skip(reason)
