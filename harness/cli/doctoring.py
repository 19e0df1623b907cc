"""The verb that looks at this machine before anything is trained: doctor."""

import json
import shutil
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from harness.cli.arguments import Json, Overrides

if TYPE_CHECKING:
    from harness.config import LauncherConfig
    from harness.doctor import Check

COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct")
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    about = "device, threads, disk, clock, Slurm, W&B. Takes half a minute, on a busy machine two. Exit code 1 if not."
    app.command(help=f"Look whether this machine is fit: {about}")(doctor)


def doctor(
    overrides: Overrides = None,
    *,
    device: Annotated[str | None, typer.Option(help="cpu or cuda. Default: what runtime.device says.")] = None,
    as_json: Json = False,
) -> None:
    """A line a check, as soon as it is done, with what would do."""
    from harness.study import load_study

    chosen = [f"runtime.device={device}"] if device else []
    study = load_study([*(overrides or []), *chosen])

    from harness.doctor import examine
    from harness.schema import to_dict

    console, checks = Console(), []
    for check in chain(examine(study.runtime, study.launcher), slurm_checks(study.launcher)):
        checks.append(check)
        if not as_json:
            style = _STYLES[check.answer]
            remedy = f"\n     {'':12} [bold]{escape(check.remedy)}[/bold]" if check.remedy else ""
            console.print(
                f"[{style}]{check.answer:4}[/{style}] {check.name:12} {escape(check.found)}{remedy}", highlight=False
            )
    if as_json:
        print(json.dumps([to_dict(check) for check in checks], indent=1))
    raise typer.Exit(1 if any(check.answer == "fail" for check in checks) else 0)


def slurm_checks(launcher: "LauncherConfig") -> "Iterator[Check]":
    """Slurm's commands and limits; without them only a launcher that needs them has failed."""
    from harness.doctor import Check
    from launch import slurm

    missing = [command for command in COMMANDS if shutil.which(command) is None]
    needed = launcher.name == "slurm"
    if missing == list(COMMANDS):
        remedy = "launch where Slurm's commands are, or with launcher=local" if needed else ""
        yield Check("Slurm", "fail" if needed else "ok", "not on this machine", remedy)
        return
    if missing:
        yield Check("Slurm", "fail" if needed else "warn", f"no {', '.join(missing)}", "have them put on the PATH")
    try:
        size, partitions = slurm.array_size(), slurm.partitions()
    except slurm.SlurmError as error:
        yield Check("Slurm", "fail" if needed else "warn", str(error), "is the controller up? `scontrol ping` says")
        return
    limits = ", ".join(f"{name} {limit} on {nodes} nodes" for name, limit, nodes in partitions)
    yield Check("Slurm", "ok", f"partitions {limits}; arrays of up to {size}")
    wanted = str(launcher.slurm.get("partition") or launcher.slurm.get("slurm_partition") or "")
    if needed and wanted and wanted not in {name.rstrip("*") for name, _, _ in partitions}:
        known = ", ".join(name.rstrip("*") for name, _, _ in partitions)
        yield Check("partition", "fail", f"there is no partition {wanted}", f"launcher.slurm.partition= one of {known}")
