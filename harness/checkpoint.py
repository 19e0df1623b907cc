"""The state of a run in the middle, and how it is put on disk.

Written under a temporary name, flushed, then renamed: a reader finds the last whole checkpoint or none. Only tensors
and plain values are kept, so that the safe loader (``weights_only=True``) always suffices and a checkpoint from
elsewhere can't run code.
"""

import pickle
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.distributed import ALONE, World, gathered
from harness.energy import Reading
from harness.optimizer import Optimizer
from harness.records import Evaluation
from harness.run_files import replacing
from harness.schema import from_dict, to_dict


@dataclass
class Progress:
    """How far a run has come. It changes while the run trains.

    ``loss_sum`` adds the batch losses since the last evaluation, on the device: reading it would wait for the device.
    ``inherited_steps`` were taken by a shorter run of the same trunk (see ``harness.trunks``).
    ``stacked`` is the most runs that ever shared a step with it, itself included.
    ``metered`` is what the device's meter showed when this attempt began, if it has one.
    """

    step: int
    loss_sum: Tensor
    wall_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    curve: list[Evaluation] = field(default_factory=list)
    curve_seconds: list[float] = field(default_factory=list)
    inherited_steps: int = 0
    stacked: int = 1
    saved_at: float = field(default_factory=time.monotonic)
    metered: Reading | None = None


_OF_THIS_ATTEMPT = {"saved_at", "metered"}
_OF_PROGRESS = {one.name for one in fields(Progress)} - _OF_THIS_ATTEMPT
_SAVED = {"run_id", "model", "optimizer", "random_state", "others"} | _OF_PROGRESS


def save(
    path: Path, *, run_id: str, model: nn.Module, optimizer: Optimizer, progress: Progress, world: World = ALONE
) -> None:
    """Replace the checkpoint at ``path``. Of several processes all must call this, and the leading one writes."""
    own, *others = gathered(world, _own_state(progress))
    if not world.leads:
        return
    kept = optimizer.state_dict()
    kept["state"] = {place: _whole(values) for place, values in kept["state"].items()}
    state = {
        "run_id": run_id,
        "model": _whole(model.state_dict()),
        "optimizer": kept,
        **own,
        "others": others,
        "step": progress.step,
        "wall_seconds": progress.wall_seconds,
        "evaluation_seconds": progress.evaluation_seconds,
        "curve": [to_dict(evaluation) for evaluation in progress.curve],
        "curve_seconds": progress.curve_seconds,
        "inherited_steps": progress.inherited_steps,
        "stacked": progress.stacked,
    }
    assert state.keys() - {"cuda_random_state"} == _SAVED, "what is saved must be what is put back"
    with replacing(path) as file:
        torch.save(state, file)


def _whole(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same without views: with a view of a stack the whole stack would be saved."""
    return {name: value.clone() if isinstance(value, Tensor) else value for name, value in values.items()}


def _own_state(progress: Progress) -> dict[str, Tensor]:
    """What each process of a run has for itself: the state of its generators, and the losses of its share."""
    state = {"random_state": torch.get_rng_state(), "loss_sum": progress.loss_sum.clone()}
    if progress.loss_sum.device.type == "cuda":
        state["cuda_random_state"] = torch.cuda.get_rng_state(progress.loss_sum.device)
    return state


def restore(
    path: Path, *, run_id: str, model: nn.Module, optimizer: Optimizer, device: torch.device, world: World = ALONE
) -> Progress:
    """Put model, optimizer and random states back; a run without a checkpoint, or with a damaged one, starts anew.

    Where there were more or fewer processes when the checkpoint was saved, each gets the mean of their sums, and one
    that there was not keeps its own random state.
    """
    state = _load(path, device=device)
    if state is None or state["run_id"] != run_id:
        floats = next(model.parameters()).dtype
        return Progress(step=0, loss_sum=torch.zeros((), device=device, dtype=floats))
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    _lay_out(optimizer)
    kept = [state, *state["others"]]
    if world.rank < len(kept):
        own = kept[world.rank]
        torch.set_rng_state(own["random_state"].cpu())
        if "cuda_random_state" in own:
            torch.cuda.set_rng_state(own["cuda_random_state"].cpu(), device)
    sums = [one["loss_sum"].to(device) for one in kept]
    return Progress(
        step=state["step"],
        loss_sum=sums[world.rank] if len(sums) == world.size else torch.stack(sums).mean(dim=0),
        wall_seconds=state["wall_seconds"],
        evaluation_seconds=state["evaluation_seconds"],
        curve=[from_dict(Evaluation, evaluation, where=str(path)) for evaluation in state["curve"]],
        curve_seconds=state["curve_seconds"],
        inherited_steps=state["inherited_steps"],
        stacked=state["stacked"],
    )


def _lay_out(optimizer: Optimizer) -> None:
    """Put what the optimizer keeps of a parameter into its memory format: a fused kernel takes it for granted."""
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.stride() != parameter.stride():
                values[name] = torch.empty_like(parameter).copy_(value)


def _load(path: Path, *, device: torch.device) -> dict[str, Any] | None:
    """What was saved; None where nothing was, or by another version, or where it was damaged and is now removed.

    Raises:
        RuntimeError: there is no memory for it; the file stays.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True) if _is_whole(path) else None
    except (FileNotFoundError, EOFError, pickle.UnpicklingError, KeyError):  # the first: another removed it
        state = None
    if state is None:
        path.unlink(missing_ok=True)  # damaged on disk: the run starts anew, and its record will be the same
    return state if state and state.keys() - {"cuda_random_state"} == _SAVED else None


def _is_whole(path: Path) -> bool:
    """Whether the file is a zip, as torch writes them, with every checksum right. The loader itself looks at none."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError):
        return False
