"""The one file that imports wandb, and all that is asked of it: is it there, open a run, close a run.

Every wait is bounded. wandb's own are not: a start without a server takes 102 s and then ends the program, a finish
without one never returns (measured with wandb 0.31). So a server is asked first, with a short time-out, and each run is
opened with limits of ours. Many settings keep wandb from looking at what is not its business here: the terminal, the
process, the machine, the git checkout; our records have those.
"""

import netrc
import os
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from harness.config import RunConfig
from harness.identity import cell_id, run_id
from harness.tracking.shape import X_AXIS, Destination, run_config, run_name

PROBE_SECONDS = 3.0
START_SECONDS = 15.0

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read at import: else each start looks a server's name up
os.environ.setdefault("WANDB_SILENT", "true")


def server() -> str:
    """The address of the server that wandb is set up for."""
    import wandb

    return str(wandb.setup().settings.base_url).rstrip("/")


def has_key(address: str) -> bool:
    """Whether there is a key for the server, in the environment or in the netrc file."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    with suppress(OSError, netrc.NetrcParseError):
        path = os.environ.get("NETRC") or Path("~/.netrc").expanduser()
        return netrc.netrc(path).authenticators(urlsplit(address).hostname or "") is not None
    return False


def answers(address: str) -> bool:
    """Whether a server answers at all within ``PROBE_SECONDS``; what it answers does not matter."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=PROBE_SECONDS):
            return True
    except urllib.error.HTTPError as answer:
        answer.close()
        return True
    except (OSError, ValueError):
        return False


def open_run(
    run: RunConfig, where: Destination, *, mode: Literal["online", "offline"], folder: Path, finish_seconds: float
) -> Any:
    """A W&B run with our id and FLOPs as its x axis, new or continued; its files go below ``folder``."""
    return open_any(
        where,
        mode=mode,
        folder=folder,
        finish_seconds=finish_seconds,
        id=run_id(run),
        name=run_name(run),
        group=where.group or cell_id(run),
        job_type="train",
        config=run_config(run),
    )


def open_any(
    where: Destination, *, mode: Literal["online", "offline"], folder: Path, finish_seconds: float, **given: Any
) -> Any:
    """``wandb.init`` as we want it; raises whatever it raises, after ``START_SECONDS`` and some more at the latest."""
    import wandb

    folder.mkdir(parents=True, exist_ok=True)  # wandb takes another place in silence where it is missing
    opened = wandb.init(
        project=where.project,
        tags=list(where.tags),
        mode=mode,
        dir=str(folder),
        resume="allow",
        reinit="create_new",
        settings=wandb.Settings(
            init_timeout=START_SECONDS,
            finish_timeout=finish_seconds,
            finish_timeout_raises=True,
            console="off",
            silent=True,
            disable_git=True,
            save_code=False,
            x_disable_stats=True,
            x_disable_meta=True,
            x_disable_machine_info=True,
        ),
        **given,
    )
    opened.define_metric(X_AXIS)
    opened.define_metric("*", step_metric=X_AXIS)
    return opened


def artifact(name: str, folder: Path, *, files: tuple[str, ...]) -> Any:
    """The files of a folder as a W&B artifact of type "report"."""
    import wandb

    made = wandb.Artifact(name, type="report")
    for file in files:
        made.add_file(str(folder / file), name=file)
    return made


def end_session() -> None:
    """Forget everything: after a start that failed, wandb refuses another with the same id."""
    import wandb

    wandb.teardown()
