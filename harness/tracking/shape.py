"""How a run of ours looks in W&B: where it goes, its name, its configuration, its rows, its few final numbers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.config import RunConfig, TrackingConfig
from harness.errors import ConfigError
from harness.identity import TRAINING_VERSION, cell_id
from harness.records import Measured, Record
from harness.schema import to_dict

Mode = Literal["online", "offline", "disabled", "undecided"]

X_AXIS = "training_flops"
_TAG_LENGTH = 64  # W&B refuses longer ones
_MODES: dict[str, Mode] = {"online": "online", "offline": "offline", "dryrun": "offline", "disabled": "disabled"}
_FINAL = (
    "status", "test_error", "test_loss", "validation_error", "validation_loss", "train_error", "train_loss",
    "training_flops", "examples_seen", "steps", "params",
)  # fmt: skip
_TOOK = ("wall_seconds", "utilisation", "attempts")


@dataclass(frozen=True)
class Destination:
    """Where runs go in W&B. ``group`` and ``folder`` are the user's, else each run's cell and its own folder."""

    mode: Mode
    project: str
    tags: tuple[str, ...]
    group: str | None
    folder: Path | None


def destination(config: TrackingConfig, environment: Mapping[str, str] = os.environ) -> Destination:
    """What the configuration and W&B's own environment variables say together.

    Raises:
        ConfigError: WANDB_MODE says what we can't do.
    """
    mode: Mode = "disabled" if config.name == "none" else "undecided"
    if mode == "undecided":
        mode = config.mode or _mode(environment.get("WANDB_MODE", ""))
    if mode == "undecided" and "SLURM_JOB_ID" in environment:
        mode = "offline"  # a compute node: often no network, and hundreds of runs that start at once
    tags = (*config.tags, *(tag.strip() for tag in environment.get("WANDB_TAGS", "").split(",")))
    return Destination(
        mode=mode,
        project=environment.get("WANDB_PROJECT") or config.project,
        tags=tuple(dict.fromkeys(tag[:_TAG_LENGTH] for tag in tags if tag)),
        group=environment.get("WANDB_RUN_GROUP") or None,
        folder=Path(environment["WANDB_DIR"]) if environment.get("WANDB_DIR") else None,
    )


def _mode(word: str) -> Mode:
    if word and word not in _MODES:
        raise ConfigError(f"WANDB_MODE: '{word}' is not known here; use one of {', '.join(_MODES)}")
    return _MODES.get(word, "undecided")


def run_name(run: RunConfig) -> str:
    """A name to read in a list: ``mlp-w64-d3-n50000-c1e+09-s0``."""
    budget = run.budget
    length = (
        f"c{budget.training_flops:.3g}" if budget.training_flops is not None
        else f"e{budget.epochs:g}" if budget.epochs is not None
        else f"t{budget.steps}"
    )  # fmt: skip
    return "-".join(
        (run.model.name, f"w{run.model.width}", f"d{run.model.depth}", f"n{run.data.train_examples}", length,
         f"s{run.seed}")
    )  # fmt: skip


def run_config(run: RunConfig) -> dict[str, Any]:
    """The run's configuration, nested, and what it is compared by."""
    return {**to_dict(run), "cell": cell_id(run), "training_version": TRAINING_VERSION}


def row(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """A point of the learning curve, as an event or a record has it. Our step is in it: W&B counts its own."""
    return {
        "step": evaluation["step"],
        "examples_seen": evaluation["examples_seen"],
        "training_flops": evaluation["training_flops"],
        "wall_seconds": evaluation["wall_seconds"],
        "train/loss": evaluation["train_loss"],
        "validation/loss": evaluation["validation_loss"],
        "validation/error": evaluation["validation_error"],
    }


def record_rows(record: Record, measured: Measured) -> list[dict[str, Any]]:
    """The learning curve of a finished run."""
    points = zip(record.curve, measured.curve_seconds, strict=False)
    return [row({**to_dict(point), "wall_seconds": seconds}) for point, seconds in points]


def summary(record: Record, measured: Measured) -> dict[str, Any]:
    """The few final numbers that people sort by."""
    final = {name: getattr(record, name) for name in _FINAL}
    return final | {name: getattr(measured, name) for name in _TOOK}
