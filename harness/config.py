"""From Hydra's tree to frozen data classes, and from those to a run's identity.

The types are here, every value is in ``conf/``. ``RunConfig`` holds what can change a result and is hashed whole into
the run's id; ``RuntimeConfig`` and ``LauncherConfig`` hold what cannot.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from harness.errors import ConfigError
from harness.schema import convert, from_dict, to_dict, unknown

Option = bool | int | float | str
Precision = Literal["float64", "float32", "tf32", "bfloat16"]

# Part of every run's id. Raise it when the same configuration would train to another result.
TRAINING_VERSION = 2

NOT_OF_A_RUN = {
    "runtime",
    "tracking",
    "launcher",
    "claims",
    "study",
}  # nodes of the configuration that can't change a result


@dataclass(frozen=True)
class ModelConfig:
    """An architecture: a name of ``models.MODELS`` and its arguments."""

    name: str
    width: int
    depth: int
    options: Mapping[str, Option]


@dataclass(frozen=True)
class DataConfig:
    """A data set: a name of ``harness.data.DATASETS`` and the part of it to train on."""

    name: str
    train_examples: int
    validation_examples: int
    split_seed: int
    options: Mapping[str, Option]


@dataclass(frozen=True)
class AugmentConfig:
    """What each step does to its images: pixels of padding before a random crop, mirror images, a hole's side.

    ``mixup`` is the parameter of the Beta distribution that pairs of examples are mixed by; 0 mixes none.
    """

    crop_padding: int
    flip: bool
    cutout: int
    mixup: float


@dataclass(frozen=True)
class OptimConfig:
    """An optimizer, its schedule, and the rule that gives the learning rate at any width.

    Warm-up takes ``warmup_fraction`` of the steps, or ``warmup_steps`` where given, so that budgets can share a trunk.
    """

    name: Literal["adamw", "sgd"]
    parametrisation: Literal["standard", "mup"]
    batch_size: int
    learning_rate: float
    reference_width: int
    width_exponent: float
    weight_decay: float
    beta1: float
    beta2: float
    schedule: Literal["constant", "cosine", "step", "warmup_stable_decay"]
    warmup_fraction: float
    warmup_steps: int | None
    cooldown_fraction: float
    label_smoothing: float


@dataclass(frozen=True)
class NumericsConfig:
    """What the arithmetic is done in. Both change numbers, so both are part of a run's identity."""

    precision: Precision
    compile: bool


@dataclass(frozen=True)
class BudgetConfig:
    """How long to train: exactly one of the three is given."""

    training_flops: float | None
    epochs: float | None
    steps: int | None


@dataclass(frozen=True)
class RunConfig:
    """All that can change a run's result."""

    model: ModelConfig
    data: DataConfig
    augment: AugmentConfig
    optim: OptimConfig
    numerics: NumericsConfig
    budget: BudgetConfig
    evaluations: int
    seed: int


@dataclass(frozen=True)
class TrackingConfig:
    """Whether runs are shown in W&B while they train, and where; ``mode`` None leaves it to the environment."""

    name: Literal["none", "wandb"]
    mode: Literal["online", "offline"] | None
    project: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class RuntimeConfig:
    """What cannot change a result: where to compute, where to write, how often to save."""

    device: Literal["auto", "cpu", "cuda"]
    output: str
    checkpoint_seconds: float
    heartbeat_seconds: float
    evaluation_batch: int
    loader_workers: int
    seconds_per_step: float
    flops_per_second: float
    data_root: str | None
    processes: int
    accumulation: int
    tracking: TrackingConfig


@dataclass(frozen=True)
class LauncherConfig:
    """Who runs the runs: a name of ``launch.LAUNCHERS`` or ``slurm``, how many at once, with how many threads each.

    ``stack`` is the most runs of one shape that are trained as one batched network; 1 keeps them apart.
    The rest is Slurm's: ``workers`` are then those of one job, ``packs`` the fewest jobs to spread over,
    ``max_queued`` the most of ours in the queue, ``slurm`` what submitit's executor takes, by its names.
    """

    name: str
    workers: int | None
    threads: int | None
    stack: int
    packs: int | None = None
    max_queued: int | None = None
    slurm: Mapping[str, Any] = field(default_factory=dict)


Split = tuple[RunConfig, RuntimeConfig, LauncherConfig]


def split_tree(tree: Mapping[str, Any]) -> Split:
    """A composed and resolved configuration as its three frozen parts.

    ``data.root`` stands with the data because that is where one looks for it, but the bytes are verified wherever
    they come from, so it belongs to the runtime and not to the identity.

    Raises:
        ConfigError: unknown keys (also those that were added with ``+``), wrong types, impossible values.
    """
    known = {field.name for field in dataclasses.fields(RunConfig)} | NOT_OF_A_RUN
    for key in tree:
        if key not in known:
            raise ConfigError(f"config: {unknown('key', str(key), known)}")
    refuse_targets(tree)
    data = dict(tree["data"])
    from_elsewhere = {"data_root": data.pop("root"), "tracking": tree["tracking"]}
    runtime = from_dict(RuntimeConfig, {**tree["runtime"], **from_elsewhere}, where="runtime")
    run_part = {key: value for key, value in tree.items() if key not in NOT_OF_A_RUN}
    run = from_dict(RunConfig, {**run_part, "data": data}, where="config")
    _check(run)
    return run, runtime, from_dict(LauncherConfig, tree["launcher"], where="launcher")


def change_run(before: Split, tree: Mapping[str, Any], nodes: Collection[str]) -> Split:
    """As ``split_tree(tree)``, for a tree that differs from that of ``before`` only in ``nodes``: a study's next run.

    Raises:
        ConfigError: as ``split_tree``.
    """
    kinds = _node_kinds()
    if any(node not in kinds for node in nodes):
        return split_tree(tree)
    parts = {node: tree[node] for node in nodes}
    if "_target_" in repr(parts):  # quicker than to look at every key
        refuse_targets(parts)
    if "data" in parts:
        parts["data"] = {key: value for key, value in parts["data"].items() if key != "root"}
    run, runtime, launcher = before
    changed = dataclasses.replace(
        run, **{node: convert(kinds[node], part, where=f"config.{node}") for node, part in parts.items()}
    )
    _check(changed)
    return changed, runtime, launcher


@functools.cache
def _node_kinds() -> dict[str, Any]:
    return get_type_hints(RunConfig)


def refuse_targets(tree: Any, *, where: str = "config") -> None:
    """Raise ConfigError at any ``_target_``: we instantiate nothing by name, so it could only mean harm."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if str(key).startswith("_target_"):
                raise ConfigError(f"{where}: '_target_' is not used here; parts are chosen by name from the registries")
            refuse_targets(value, where=f"{where}.{key}")
    elif isinstance(tree, Sequence) and not isinstance(tree, str):
        for item in tree:
            refuse_targets(item, where=where)


def _check(run: RunConfig) -> None:
    given = {name: value for name, value in to_dict(run.budget).items() if value is not None}
    if len(given) != 1:
        named = ", ".join(f"{name}={value:g}" for name, value in given.items()) or "none"
        raise ConfigError(
            f"budget: give exactly one of training_flops, epochs, steps; got {named}; "
            "set the others to null, e.g. budget.training_flops=null budget.steps=1000"
        )
    positive = {
        **{f"budget.{name}": value for name, value in given.items()},
        "model.width": run.model.width,
        "model.depth": run.model.depth,
        "data.train_examples": run.data.train_examples,
        "data.validation_examples": run.data.validation_examples,
        "optim.batch_size": run.optim.batch_size,
        "optim.learning_rate": run.optim.learning_rate,
        "optim.reference_width": run.optim.reference_width,
        "optim.warmup_steps": 1 if run.optim.warmup_steps is None else run.optim.warmup_steps,
        "evaluations": run.evaluations,
    }
    for name, value in positive.items():
        if not value > 0:
            raise ConfigError(f"{name}: {value} must be positive")
    for name, low, value, high in (
        ("optim.beta1", 0.0, run.optim.beta1, 1.0),
        ("optim.beta2", 0.0, run.optim.beta2, 1.0),
        ("optim.warmup_fraction", 0.0, run.optim.warmup_fraction, 1.0),
        ("optim.cooldown_fraction", 0.0, run.optim.cooldown_fraction, 1.0),
        ("optim.label_smoothing", 0.0, run.optim.label_smoothing, 1.0),
    ):
        if not low <= value < high:
            raise ConfigError(f"{name}: {value} must lie in [{low}, {high})")
    for name, value in (
        ("augment.crop_padding", run.augment.crop_padding),
        ("augment.cutout", run.augment.cutout),
        ("augment.mixup", run.augment.mixup),
        ("optim.weight_decay", run.optim.weight_decay),
        ("seed", run.seed),
    ):
        if value < 0:
            raise ConfigError(f"{name}: {value} must not be negative")
    if run.optim.parametrisation == "mup" and run.optim.width_exponent:
        raise ConfigError(
            f"optim.width_exponent: {run.optim.width_exponent} would scale the learning rate with the width a second "
            "time, which optim.parametrisation=mup does already; set it to 0"
        )


def run_id(run: RunConfig, *, training_version: int = TRAINING_VERSION) -> str:
    """The run's name: 12 hex digits of SHA-256 over the whole configuration and the training version."""
    return _digest({"run": to_dict(run), "training_version": training_version})


def cell_id(run: RunConfig, *, training_version: int = TRAINING_VERSION) -> str:
    """The cell's name: as the run's, with the seed left out, so that runs that differ only by seed share it."""
    tree = to_dict(run)
    del tree["seed"]
    return _digest({"cell": tree, "training_version": training_version})


def trunk_id(run: RunConfig) -> str | None:
    """The name of the runs that are one up to their cooldowns, if there can be any: as the cell's, for all budgets.

    Such a run rises and stays as every other of its trunk and seed does, for as long as both stay.
    """
    optim = run.optim
    if optim.schedule != "warmup_stable_decay" or (optim.warmup_steps is None and optim.warmup_fraction):
        return None
    tree = to_dict(run)
    for own in ("seed", "budget", "evaluations"):
        del tree[own]
    return _digest({"trunk": tree, "training_version": TRAINING_VERSION})


def _digest(tree: dict[str, Any]) -> str:
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
