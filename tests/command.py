"""The command line as a user has it: in this process where the process is not the subject, since most of what one takes
is importing torch, and in a process of its own."""

import io
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from harness.cli import main

HARNESS = Path(sys.executable).with_name("harness")
WIDTH = "160"  # columns of the terminal
CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)

Done = subprocess.CompletedProcess[str]


def typed(*arguments: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Run ``harness`` with the arguments in this process: exit code, and what was printed as an error."""
    monkeypatch.setattr(sys, "argv", ["harness", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0), capsys.readouterr().err


def harness(*arguments: str, cwd: Path | None = None) -> Done:
    """Run ``harness`` with the arguments in this process and give back its exit code and what it printed.

    Not for ``run``, since Hydra keeps its state; what worker processes print is not in it.
    """
    output, errors = io.StringIO(), io.StringIO()
    handlers = list(map(signal.getsignal, CAUGHT))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.setattr(sys, "argv", ["harness", *arguments])
        patch.setenv("COLUMNS", WIDTH)
        if cwd:
            patch.chdir(cwd)
        with pytest.raises(SystemExit) as end:
            main()
    assert list(map(signal.getsignal, CAUGHT)) == handlers, "it goes on catching signals after its end"
    return Done(arguments, int(end.value.code or 0), output.getvalue(), errors.getvalue())


def harness_alone(*arguments: str, cwd: Path | None = None, timeout: float = 120.0) -> Done:
    """The same in a process of its own, as a shell runs it."""
    environment = {**os.environ, "COLUMNS": WIDTH, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [HARNESS, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
