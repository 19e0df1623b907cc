"""What a run leaves on disk, and how it is read back. No torch.

A folder a run, ``runs/<id>/``::

    config.json     the run's configuration, written first
    attempt-<n>.json  who made the n-th attempt, and the right to write (see ``harness.ownership``)
    events.jsonl    append-only: attempts, heartbeats, evaluations, signals, failures
    checkpoint.pt   where to go on from (see ``harness.checkpoint``)
    measured.json   what the clock and the machine said: seconds, utilisation, host, versions
    record.json     the result; renamed into place last, so its presence means that the run is finished

``record.json`` is a function of configuration, code and machine type: an interrupted and resumed run leaves the same
bytes as an uninterrupted one. All that may differ between two trainings of one configuration is in ``measured.json``.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.config import RunConfig, read_run, run_reader
from harness.errors import ConfigError, RecordError
from harness.events import append_event
from harness.identity import cell_id, run_id
from harness.json_text import quick_look, quick_reader
from harness.run_files import ANOTHER_PLACE, half_written, read_bytes, read_json, write_json
from harness.schema import from_dict, to_dict

SCHEMA_VERSION = 1  # of record.json
MEASURED_VERSION = 2  # of measured.json; 1 had no version, no Slurm ids, and no hash of edits in the commit

Status = Literal["finished", "diverged"]


@dataclass(frozen=True)
class Evaluation:
    """One point of a run's learning curve: a diagnostic, since the schedule has not decayed yet.

    ``train_loss`` is the mean over the batches since the evaluation before of the loss that was descended: on augmented
    and mixed images and with smoothed labels, where the run has those. All other losses, the record's ``train_loss``
    too, are plain cross-entropy on images as they are.
    """

    step: int
    examples_seen: int
    training_flops: int
    train_loss: float
    validation_loss: float
    validation_error: float


@dataclass(frozen=True)
class Record:
    """A finished run's result. Losses in nats, errors in [0, 1], FLOPs with a multiply-add as two.

    ``correct`` is the test set's correctness bitmap, most significant bit first, base64; with it the noise that all
    runs share because they share the test set can be estimated. A diverged run has no final scores.
    """

    schema_version: int
    training_version: int
    run_id: str
    cell: str
    status: Status
    config: RunConfig
    flops_convention: str
    params: int
    forward_flops: int
    step_flops: int
    training_flops: int
    steps: int
    examples_seen: int
    learning_rate: float
    data_digest: str
    num_classes: int
    test_examples: int
    irreducible_error: float | None
    train_loss: float | None
    train_error: float | None
    validation_loss: float | None
    validation_error: float | None
    test_loss: float | None
    test_error: float | None
    correct: str | None
    curve: tuple[Evaluation, ...]

    @property
    def chance_error(self) -> float:
        """The error of guessing, 1 - 1/K."""
        return 1.0 - 1.0 / self.num_classes


@dataclass(frozen=True)
class RecordHead:
    """What a record says of how far the run came, without its configuration and its scores."""

    status: Status
    steps: int
    training_flops: int


@dataclass(frozen=True)
class Measured:
    """What a run took, and where. ``hardware_burden`` = processors x peak FLOP/s x training seconds.

    ``wall_seconds`` is the training that the result rests on; ``lost_seconds`` is training that was done again after
    an attempt ended past its last checkpoint. ``commit`` and ``slurm``: see ``harness.provenance``; ``slurm`` is of
    the last attempt, and empty outside Slurm. ``inherited_flops`` were spent by a shorter run of the same trunk; FLOPs,
    seconds and burden are nevertheless those of the whole run, since its result rests on them.
    ``stacked`` is the most runs that were trained as one with it, itself included: their seconds were shared out.
    ``energy_joules`` is what the GPU's meter counted from the first step to the scored test set, evaluations included;
    empty without a meter, and where the run was not alone on it from beginning to end (see ``harness.energy``).
    """

    schema_version: int
    wall_seconds: float
    evaluation_seconds: float
    setup_seconds: float
    lost_seconds: float
    curve_seconds: tuple[float, ...]
    attempts: int
    processors: int
    peak_flops: float
    peak_source: str
    hardware_burden: float
    utilisation: float
    energy_joules: float | None
    peak_memory_bytes: int
    device: str
    device_name: str
    math_mode: str
    threads: int
    host: str
    versions: Mapping[str, str]
    commit: str
    slurm: Mapping[str, str]
    inherited_flops: int = 0
    stacked: int = 1


def open_run(run: RunConfig, runs_folder: Path) -> Path:
    """The run's folder, made if need be, with its configuration in it.

    Raises:
        RecordError: the folder can't be written, or holds another configuration.
    """
    folder = runs_folder / run_id(run)
    config = folder / "config.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not config.exists():
            write_json(config, to_dict(run))
    except OSError as error:
        raise RecordError(f"{folder}: can't be written ({error.strerror}); {ANOTHER_PLACE}") from error
    try:
        held = from_dict(RunConfig, read_json(config), where=str(config))
    except ConfigError as error:
        raise RecordError(f"{error}; another version wrote it, or it was edited; remove {folder}") from error
    if held != run:
        raise RecordError(f"{config}: holds another configuration than its id says; it was edited; remove {folder}")
    return folder


def finish(folder: Path, record: Record, measured: Measured) -> None:
    """Publish the result: the record last, then the checkpoint is of no more use."""
    write_json(folder / "measured.json", to_dict(measured))
    write_json(folder / "record.json", to_dict(record))
    append_event(folder, "end", status=record.status)
    for useless in (folder / "checkpoint.pt", *half_written(folder)):
        useless.unlink(missing_ok=True)


def is_finished(folder: Path) -> bool:
    """Whether the run has its record."""
    return os.path.exists(f"{folder}/record.json")


def read_record(folder: Path) -> tuple[Record, Measured]:
    """The run's result and what it took.

    Raises:
        RecordError: a file is missing, cut short, of another format version, or of another run.
    """
    record, measured = _read_quickly(folder) or _read_with_care(folder)
    if record.run_id != folder.name:
        raise RecordError(
            f"{folder / 'record.json'}: is of run {record.run_id}; the folder was renamed; name it so again"
        )
    nonsense = next(_nonsense(record, measured), None)
    if nonsense is not None:
        raise RecordError(f"{folder}: {nonsense}; a file was edited or damaged; remove {folder} and run again")
    return record, measured


def read_head(folder: Path) -> RecordHead | None:
    """How the run came out, if it has a record that is whole and its own; its numbers ``read_record`` alone checks.

    Raises:
        RecordError: as ``read_record``.
    """
    try:
        record = _look_at_record(read_bytes(f"{folder}/record.json"))
        whole = (record.schema_version, record.run_id) == (SCHEMA_VERSION, folder.name)
        if whole and os.path.exists(f"{folder}/measured.json"):
            return RecordHead(record.status, record.steps, record.training_flops)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ConfigError):
        pass
    record = read_record(folder)[0]  # or says what is wrong
    return RecordHead(record.status, record.steps, record.training_flops)


def _read_quickly(folder: Path) -> tuple[Record, Measured] | None:
    """The two files where they are as this version writes them, else None: most are, and it is ten times as quick."""
    try:
        record = _quick_record(read_bytes(f"{folder}/record.json"))
        measured = _quick_measured(read_bytes(f"{folder}/measured.json"))
    except (OSError, ConfigError):
        return None
    of_now = (record.schema_version, measured.schema_version) == (SCHEMA_VERSION, MEASURED_VERSION)
    return (record, measured) if of_now else None


_quick_record, _quick_measured = quick_reader(Record, config=run_reader()), quick_reader(Measured)
_look_at_record = quick_look(Record, but=("config",))


def _read_with_care(folder: Path) -> tuple[Record, Measured]:
    of_record, of_measured = f"{folder}/record.json", f"{folder}/measured.json"
    tree = read_json(of_record)
    _require_version(tree, SCHEMA_VERSION, where=of_record)
    took = read_json(of_measured)
    if "schema_version" not in took:
        took |= {"schema_version": MEASURED_VERSION, "slurm": {}}  # format 1
    _require_version(took, MEASURED_VERSION, where=of_measured)
    try:
        if "config" in tree:
            tree["config"] = read_run(tree["config"], where=f"{of_record}.config")
        return from_dict(Record, tree, where=of_record), from_dict(Measured, took, where=of_measured)
    except ConfigError as error:
        raise RecordError(f"{error}; the file was edited or damaged; remove {folder} and run again") from error


def _nonsense(record: Record, measured: Measured) -> Iterator[str]:
    """What no run can have left, in words."""
    for name in ("train_error", "validation_error", "test_error"):
        error = getattr(record, name)
        if error is not None and not 0 <= error <= 1:
            yield f"{name} is {error}, and an error lies in [0, 1]"
        if error is None and record.status == "finished":
            yield f"{name} is missing of a finished run"
    for name in ("params", "forward_flops", "step_flops", "num_classes", "test_examples"):
        if getattr(record, name) <= 0:
            yield f"{name} is {getattr(record, name)}, and must be positive"
    version = record.training_version
    if record.run_id != run_id(record.config, training_version=version):
        yield f"its configuration is not that of run {record.run_id}"
    if record.cell != cell_id(record.config, training_version=version):
        yield f"its configuration is not of cell {record.cell}"
    if record.training_flops != record.steps * record.step_flops:
        yield "training_flops are not steps x step_flops"
    if min(measured.wall_seconds, measured.evaluation_seconds, measured.setup_seconds, measured.lost_seconds) < 0:
        yield "a time is negative"
    if "torch" not in measured.versions:
        yield "versions do not say which torch it was"


def _require_version(tree: Mapping[str, Any], version: int, *, where: str) -> None:
    if tree.get("schema_version") != version:
        raise RecordError(
            f"{where}: format {tree.get('schema_version')}, this version reads {version}; use the version that "
            "wrote it, or remove the folder and run again"
        )
