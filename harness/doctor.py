"""Is this machine fit to train? Each check is one line: what was found, and what would do where it is not well.

Nothing here changes anything: a file is written and removed where runs would go, and W&B's server is asked with a short
time-out. What takes half a minute is the device, on which small networks are trained (``harness.device_check``). Slurm
is the command line's to ask.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from harness import provenance
from harness.config import LauncherConfig, RuntimeConfig
from harness.device import choose_device, device_name, tf32_is_on
from harness.device_check import check_device
from harness.errors import HarnessError
from harness.run_files import require_writable
from harness.tracking import window
from harness.tracking.shape import destination

WRITTEN_BYTES = 32 << 20  # for the write speed: more than a small cache, and half a second on a slow disk
SLOW_BYTES_A_SECOND = 20e6  # a checkpoint of 100 MB would take five seconds of each half minute
LEAST_FREE_BYTES, FEW_FREE_BYTES = 1e9, 10e9  # some checkpoints of a large network; a study's worth of them
CLOCK_SECONDS = 2.0  # apart; a run that is silent for 60 s is given up

Answer = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, what was found, and what would do; the last is empty where all is well."""

    name: str
    answer: Answer
    found: str
    remedy: str = ""


def examine(runtime: RuntimeConfig, launcher: LauncherConfig) -> Iterator[Check]:
    """Every check of this machine but Slurm's, as each is done. A check that breaks has failed and stops none."""
    checks: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("versions", _versions),
        ("device", lambda: _device(runtime)),
        ("threads", lambda: _threads(launcher)),
        ("disk", lambda: _disk(Path(runtime.output))),
        ("W&B", lambda: _wandb(runtime)),
    )
    for name, check in checks:
        try:
            yield from check()
        except HarnessError as error:
            what, _, remedy = str(error).partition("; ")
            yield Check(name, "fail", what, remedy)
        except Exception as error:  # whatever a driver or a file system says is the finding
            yield Check(name, "fail", f"{type(error).__name__}: {error}", "mend what it names, then look again")


def _versions() -> Iterator[Check]:
    found = ", ".join(f"{name} {number}" for name, number in provenance.versions().items() if number)
    yield Check("versions", "ok", found)
    commit = provenance.commit()
    edited = "+" in commit
    yield Check(
        "code",
        "warn" if edited else "ok",
        commit or "not a git checkout",
        "commit the edits, so that records name code that can be found again" if edited else "",
    )


def _device(runtime: RuntimeConfig) -> Iterator[Check]:
    device = choose_device(runtime.device)
    unseen = device.type == "cpu" and runtime.device != "cpu" and shutil.which("nvidia-smi") is not None
    yield Check(
        "device",
        "warn" if unseen else "ok",
        f"{device.type}: {device_name(device)}",
        "there is an nvidia-smi, but torch sees no GPU: is it a CUDA build, and what says CUDA_VISIBLE_DEVICES?"
        if unseen
        else "",
    )
    forced = os.environ.get("NVIDIA_TF32_OVERRIDE", "")
    yield Check(
        "math mode",
        "warn" if forced else "ok",
        f"float32 products in {'TF32' if tf32_is_on(device) else 'float32'} unless a run asks otherwise",
        f"NVIDIA_TF32_OVERRIDE={forced} changes numbers whatever a run asks for; unset it" if forced else "",
    )
    findings = check_device(device, with_compile=False)
    failed = [finding for finding in findings if finding.answer == "failed"]
    for finding in failed:
        remedy = "results from this device can't be trusted; train with runtime.device=cpu, or update driver and torch"
        yield Check(finding.check, "fail", finding.detail, remedy)
    absent = [finding.check for finding in findings if finding.answer == "absent"]
    passed = len(findings) - len(failed) - len(absent)
    yield Check(
        "device test",
        "ok",
        f"{passed} parts agree with float64" + (f"; not here: {', '.join(absent)}" if absent else ""),
    )


def _threads(launcher: LauncherConfig) -> Iterator[Check]:
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = (launcher.workers or os.cpu_count() or 1) * (launcher.threads or 1)
    many = launcher.name == "local" and wanted > there
    yield Check(
        "threads",
        "warn" if many else "ok",
        f"{there} cores for this process, {torch.get_num_threads()} torch threads; a launch would use {wanted}",
        f"threads would wait for each other: launcher.workers={max(1, there // (launcher.threads or 1))}"
        if many
        else "",
    )


def _disk(output: Path) -> Iterator[Check]:
    require_writable(output)
    free = shutil.disk_usage(output).free
    answer: Answer = "fail" if free < LEAST_FREE_BYTES else "warn" if free < FEW_FREE_BYTES else "ok"
    yield Check(
        "disk space",
        answer,
        f"{free / 1e9:.1f} GB free below {output}",
        "" if answer == "ok" else "make room, or choose another place with runtime.output=FOLDER",
    )
    with tempfile.NamedTemporaryFile(dir=output) as file:
        apart = abs(os.stat(file.name).st_mtime - time.time())
        yield Check(
            "clock",
            "warn" if apart > CLOCK_SECONDS else "ok",
            f"{apart:.1f} s from that of the file system",
            "silent runs may be misjudged: set the clocks of this machine and of the file server (NTP)"
            if apart > CLOCK_SECONDS
            else "",
        )
        yield _locks(file.fileno())
        began = time.perf_counter()
        file.write(os.urandom(WRITTEN_BYTES))
        file.flush()
        os.fsync(file.fileno())
        speed = WRITTEN_BYTES / (time.perf_counter() - began)
        yield Check(
            "write speed",
            "warn" if speed < SLOW_BYTES_A_SECOND else "ok",
            f"{speed / 1e6:.0f} MB/s",
            "checkpoints take long: a faster place with runtime.output=FOLDER, or a larger runtime.checkpoint_seconds"
            if speed < SLOW_BYTES_A_SECOND
            else "",
        )


def _locks(descriptor: int) -> Check:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        remedy = "a run that is killed is only taken over after a minute of silence; a place with locks would do better"
        return Check("file locks", "warn", f"the file system has none ({error.strerror})", remedy)
    return Check("file locks", "ok", "the file system has them")


def _wandb(runtime: RuntimeConfig) -> Iterator[Check]:
    where = destination(runtime.tracking)
    if where.mode in ("disabled", "offline"):
        off = "tracking=none" if where.mode == "disabled" else "offline"
        yield Check("W&B", "ok", f"{off}; `harness sync` uploads finished runs at any later time")
        return
    server = window.server()
    if not window.has_key(server):
        yield Check("W&B", "warn", f"no key for {server}: runs would be offline", "`wandb login`, or set WANDB_API_KEY")
    elif not window.answers(server):
        yield Check(
            "W&B",
            "warn",
            f"{server} does not answer within {window.PROBE_SECONDS:g} s: runs would be offline",
            "nothing is lost: `harness sync` uploads later; WANDB_BASE_URL names another server",
        )
    else:
        yield Check("W&B", "ok", f"{server} answers; project {where.project}")
