"""Digests of files that are remembered: what was touched is read again, and nothing else."""

import hashlib
import os
from pathlib import Path

import pytest

from harness import file_clock
from harness.data import contents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    for name in ("one", "two"):
        (tmp_path / "files" / name).write_bytes(name.encode() * 1000)
    return tmp_path / "files"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written just now are remembered too, so that no test waits."""
    monkeypatch.setattr(file_clock, "SETTLED_SECONDS", -1.0)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(os.scandir(folder), key=lambda file: file.name)
    found = contents.digests(files, remembered=folder.parent / "memory" / "files.json")
    return {file.name: digest for file, digest in zip(files, found, strict=True)}


def sha256(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def read_now(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names: list[str] = []
    digest = contents._digest
    monkeypatch.setattr(contents, "_digest", lambda file: names.append(file.name) or digest(file))
    return names


@pytest.mark.usefixtures("settled")
def test_what_was_not_touched_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests(folder)
    assert before == sha256(folder)
    read = read_now(monkeypatch)
    assert digests(folder) == before
    assert read == []


@pytest.mark.usefixtures("settled")
def test_what_was_touched_added_or_replaced_is_read_again_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests(folder)
    (folder / "new").write_bytes(b"new")
    (folder / "other").write_bytes(b"TWO" * 1000)
    (folder / "other").rename(folder / "two")
    read = read_now(monkeypatch)
    assert digests(folder) == sha256(folder)
    assert sorted(read) == ["new", "two"]


@pytest.mark.usefixtures("settled")
def test_other_bytes_of_the_same_length_under_the_old_time_of_writing_are_noticed(folder: Path) -> None:
    digests(folder)
    one = folder / "one"
    status = one.stat()
    one.write_bytes(b"ONE" * 1000)
    os.utime(one, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (one.stat().st_size, one.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert digests(folder) == sha256(folder)


def test_a_file_that_was_written_just_now_is_not_remembered(folder: Path) -> None:
    """Two writes in one tick of the file system's clock look alike; so do these, one after another."""
    for letter in b"abcdefgh":
        (folder / "one").write_bytes(bytes([letter]) * 3000)
        assert digests(folder) == sha256(folder)
    assert not (folder.parent / "memory").exists()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", [b"", b"{", b"\xff"])
def test_a_damaged_memory_means_that_all_is_read(folder: Path, damage: bytes) -> None:
    digests(folder)
    (folder.parent / "memory" / "files.json").write_bytes(damage)
    assert digests(folder) == sha256(folder)


@pytest.mark.usefixtures("settled")
def test_where_nothing_can_be_remembered_all_is_read_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "memory").write_text("a file in the way")
    digests(folder)
    read = read_now(monkeypatch)
    assert digests(folder) == sha256(folder)
    assert sorted(read) == ["one", "two"]
