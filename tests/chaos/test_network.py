"""The network is gone: whatever would use it goes on without, or says so in one error line."""

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.chaos.conftest import Tally
from tests.command import HARNESS
from tests.conftest import require
from tests.tiny import TEACHER

ROOT = Path(__file__).parents[2]
NETWORKING = {"ftplib", "http", "httpx", "requests", "smtplib", "socketserver", "ssl", "urllib3", "wandb", "xmlrpc"}
SHORT = (*TEACHER, "study.name=offline", "model.width=4", "model.depth=1", "budget.training_flops=null",
         "budget.steps=20", "runtime.output=outputs")  # fmt: skip
KEY = "0" * 40


def offline(*words: str, before: str = "") -> "subprocess.CompletedProcess[str]":
    """``harness`` with no network but itself, the shell command ``before`` run first in a mount space of its own."""
    possible = os.geteuid() == 0 and shutil.which("unshare") is not None
    require(possible, "the right to take the network away: root, and unshare")
    script = f'{before or ":"} && exec "$0" "$@"'
    environment = {**os.environ, "WANDB_API_KEY": KEY, "XDG_CACHE_HOME": str(Path("cache").resolve())}
    return subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, HARNESS, *words],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def test_only_the_files_that_are_tested_here_open_connections() -> None:
    found = set()
    for path in (path for package in ("harness", "models", "launch") for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in NETWORKING or name.startswith("urllib.request") for name in names):
                found.add(str(path.relative_to(ROOT)))
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("socket."):
                assert ast.unparse(node.func) == "socket.gethostname", path
    assert found == {"harness/tracking/window.py"}
    assert "download=True" in (ROOT / "harness/data/download.py").read_text(), "in a process of its own"


@pytest.mark.parametrize(
    ("words", "before", "said"),
    [
        (("data", "get", "cifar10"), "", "cifar10: not on this machine and not to be had from here"),
        (
            ("data", "get", "fashion_mnist"),
            "mkdir -p nothing && { [ ! -d /usr/share/datasets ] || mount --bind nothing /usr/share/datasets; }",
            "fashion_mnist: not on this machine and not to be had from here",
        ),
        (("launch", "data=svhn", "budget.training_flops=null", "budget.steps=20"), "", "svhn: not on this machine"),
    ],
    ids=["torchvision's download", "Debian's package", "a launch without its data"],
)
def test_data_that_can_not_be_fetched_are_one_error_line_that_says_what_would_do(
    words: tuple[str, ...], before: str, said: str, tally: Tally
) -> None:
    tally("no network: " + ("data" if words[0] == "data" else "launch"))
    done = offline(*words, before=before)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert (done.returncode, len(errors)) == (2, 1), done.stderr
    assert said in errors[0]
    assert "Any one of these would do" in errors[0]
    assert "Traceback" not in done.stderr + done.stdout


def test_a_tracked_study_is_trained_offline_and_its_upload_is_one_error_line_that_loses_nothing(tally: Tally) -> None:
    tally("no network: W&B while training, and its upload", 2)
    done = offline("launch", *SHORT, "tracking=wandb")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 done, 0 failed" in done.stderr
    assert (
        "does not answer; offline from here on, `harness sync` uploads later"
        in Path("outputs/tracking.log").read_text()
    )
    done = offline("sync", *SHORT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("error: ")
    assert "does not answer within 3 s; nothing is lost" in done.stderr


def test_what_reads_files_alone_asks_no_network(tally: Tally) -> None:
    tally("no network: plan, status, data list, published list", 4)
    asked = {("plan", *SHORT): 0, ("status", *SHORT): 1, ("data", "list"): 0, ("published", "list"): 0}
    for words, code in asked.items():  # 1: no run of the study is finished
        done = offline(*words)
        assert (done.returncode, done.stderr) == (code, "")
