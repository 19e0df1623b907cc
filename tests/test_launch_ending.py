"""However a launch ends, its workers end too, and those that can save their state do."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from launch import local
from tests import launched
from tests.launched import pids

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def wait_until(condition: Callable[[], Any], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@contextlib.contextmanager
def launcher_process(function: str, folder: Path, *, items: int) -> Iterator[subprocess.Popen[str]]:
    """A launcher in a process group of its own, as a shell starts one."""
    script = folder / "launcher.py"
    script.write_text(
        textwrap.dedent(f"""
            import signal
            from pathlib import Path
            from tests import launched
            from launch import local
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
            if __name__ == "__main__":
                folder = Path({str(folder)!r})
                try:
                    local.run(launched.{function}, [folder] * {items}, workers=2, threads=1, gpus=(),
                              on_event=lambda event: None)
                except KeyboardInterrupt:
                    print("interrupted")
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(pids(folder)) == 2, seconds=20)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_an_exception_of_the_caller_stops_the_workers_and_goes_on(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop_when_running(event: Any) -> None:
        if len(pids(tmp_path)) == 2:
            raise Enough

    with pytest.raises(Enough):
        local.run(
            launched.checkpoint_on_sigterm,
            [tmp_path] * 4,
            workers=2,
            threads=1,
            gpus=(),
            on_event=stop_when_running,
        )
    assert len(pids(tmp_path)) == len(list(tmp_path.glob("*.checkpoint"))) == 2
    assert not any(alive(pid) for pid in pids(tmp_path))


def test_a_function_deaf_to_sigterm_is_killed_after_the_grace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GRACE_SECONDS", 0.5)

    def interrupt_when_running(event: Any) -> None:
        if pids(tmp_path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        local.run(launched.deaf_to_sigterm, [tmp_path], workers=1, threads=1, gpus=(), on_event=interrupt_when_running)
    assert not any(alive(pid) for pid in pids(tmp_path))


def test_control_c_in_the_terminal_lets_every_worker_checkpoint(tmp_path: Path) -> None:
    with launcher_process("checkpoint_on_sigterm", tmp_path, items=5) as launcher:
        os.killpg(launcher.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
        output, errors = launcher.communicate(timeout=20)
    assert output == "interrupted\n"
    assert errors == ""
    assert len(pids(tmp_path)) == len(list(tmp_path.glob("*.checkpoint"))) == 2


def test_control_c_while_workers_start_shows_no_traceback_of_theirs() -> None:
    code = textwrap.dedent("""
        import os, signal
        from tests import launched
        from launch import local

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it

        def press_control_c(event):
            os.killpg(0, signal.SIGINT)

        try:
            local.run(launched.double, [1], workers=1, threads=1, gpus=(), on_event=press_control_c)
        except KeyboardInterrupt:
            print("interrupted")
    """)
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, start_new_session=True
    )
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_workers_of_a_killed_launcher_checkpoint_and_end(tmp_path: Path) -> None:
    with launcher_process("checkpoint_on_sigterm", tmp_path, items=2) as launcher:
        launcher.kill()
        launcher.wait()
        wait_until(lambda: not any(alive(pid) for pid in pids(tmp_path)), seconds=3)
    assert len(list(tmp_path.glob("*.checkpoint"))) == 2


def test_workers_of_a_killed_launcher_end_without_a_handler_too(tmp_path: Path) -> None:
    with launcher_process("sleep_after_writing_pid", tmp_path, items=2) as launcher:
        launcher.kill()
        launcher.wait()
        wait_until(lambda: not any(alive(pid) for pid in pids(tmp_path)), seconds=3)
