"""What a Slurm job of ours does: the runs of its pack that have no record yet. Its own process imports no torch."""

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import RecordError
from harness.events import append_event
from harness.records import is_finished
from harness.run_files import read_json
from harness.schema import from_dict
from launch import Event, Failed, Finished, Started, packed
from launch.packing import gpu_sets

if TYPE_CHECKING:
    from harness.plan import PlannedRun

Runs = tuple[str, ...]  # the ids of an item: one run, or runs that are trained as one


def train_pack(folder: str) -> None:
    """Train what the pack in ``folder`` lacks. The job fails at its end, not before, if a run failed.

    Raises:
        RecordError: some runs came to no record; or the job does not run the code that was launched.
    """
    place = Path(folder)
    tree = read_json(place / "pack.json")
    _check_code(Path(tree["code"]))
    runs_folder = Path(tree["runtime"]["output"]) / "runs"
    items: list[Runs] = [tuple(run["id"] for run in item) for item in tree["items"]]
    missing = [item for item in items if not all(is_finished(runs_folder / run) for run in item)]
    append_event(place, "start", items=len(missing), workers=tree["workers"], job=os.environ.get("SLURM_JOB_ID", ""))
    failed: list[str] = []

    def note(event: Event[Runs, str]) -> None:
        match event:
            case Started(item=runs, slot=slot):
                append_event(place, "started", runs=runs, slot=slot)
            case Finished(item=runs, value=outcome):
                append_event(place, "finished", runs=runs, outcome=outcome)
                print(f"{outcome} {' '.join(runs)}", flush=True)
                failed.extend(run for run, ended in zip(runs, outcome.split(", "), strict=True) if ended == "failed")
            case Failed(item=runs, reason=reason, detail=detail):
                append_event(place, "failed", runs=runs, reason=reason)
                print(f"failed {' '.join(runs)}: {reason}\n{detail}", file=sys.stderr, flush=True)
                lost = [runs_folder / run for run in runs if not is_finished(runs_folder / run)]
                failed.extend(run.name for run in lost)
                for run in () if detail else lost:  # its worker died, and could not write down why
                    run.mkdir(parents=True, exist_ok=True)  # maybe before it made the folder
                    append_event(run, "failure", reason=reason, traceback="")

    packed.run(
        functools.partial(train_item, folder=place),
        missing,
        workers=tree["workers"],
        threads=tree["threads"],
        gpus=gpu_sets(
            [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name],
            tree["runtime"]["processes"],
        ),
        on_event=note,
    )
    append_event(place, "end", failed=len(failed))
    if failed:
        raise RecordError(f"runs failed: {len(failed)}, the first {failed[0]}; `harness failures` says why")


def train_item(runs: Runs, *, folder: Path) -> str:
    """Train the runs of an item, in a worker; how they ended."""
    from harness.config import RuntimeConfig
    from harness.train import run_stack

    tree, planned = _pack(folder)
    runtime = from_dict(RuntimeConfig, tree["runtime"], where="runtime")
    return ", ".join(run_stack([planned[run] for run in runs], runtime=runtime))


@functools.cache
def _pack(folder: Path) -> "tuple[dict[str, Any], dict[str, PlannedRun]]":
    """The pack, read once a worker."""
    from harness.plan import PlannedRun

    path = folder / "pack.json"
    tree = read_json(path)
    planned = (from_dict(PlannedRun, run, where=str(path)) for item in tree["items"] for run in item)
    return tree, {run.id: run for run in planned}


def _check_code(snapshot: Path) -> None:
    if not Path(__file__).is_relative_to(snapshot):
        raise RecordError(
            f"{__file__}: is not the code that was launched, which is in {snapshot}; look for a PYTHONPATH in the "
            "launcher's srun_args, or for a python of its own"
        )
