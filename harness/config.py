"""From Hydra's tree to frozen data classes.

The types are here, every value is in ``conf/``. ``RunConfig`` holds what can change a result and is hashed whole into
the run's id (``harness/identity.py``); ``RuntimeConfig`` and ``LauncherConfig`` hold what cannot.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from harness.errors import ConfigError
from harness.json_text import quick_reader
from harness.parts import once_a_part, refuse_targets, shared, shared_text
from harness.schema import convert, from_dict, to_dict, unknown

Option = bool | int | float | str
Precision = Literal["float64", "float32", "tf32", "bfloat16"]

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
    run = read_run({**run_part, "data": data}, where="config")
    _check(run)
    return run, runtime, from_dict(LauncherConfig, tree["launcher"], where="launcher")


def change_run(before: Split, parts: Mapping[str, Any]) -> Split:
    """The same with these parts in place of the run's own: a study's next run.

    Raises:
        ConfigError: impossible values, as ``split_tree``.
    """
    run, runtime, launcher = before
    changed = dataclasses.replace(run, **parts)
    _check(changed)
    return changed, runtime, launcher


def read_node(name: str, tree: Any) -> Any:
    """A node of a configuration as it stands in a run; ``data`` without the place that it lies in.

    Raises:
        ConfigError: as ``split_tree``.
    """
    return _converted({name: _without_root(tree) if name == "data" else tree}, where="config")[name]


def read_run(tree: Mapping[str, Any], *, where: str) -> RunConfig:
    """As ``from_dict(RunConfig, tree)``, its parts shared with all runs that have the same.

    Raises:
        ConfigError: as ``from_dict``.
    """
    kinds = _node_kinds()
    parts = {name: part for name, part in tree.items() if name in kinds} if isinstance(tree, Mapping) else {}
    return from_dict(RunConfig, {**tree, **_converted(parts, where=where)} if parts else tree, where=where)


@functools.cache
def run_reader() -> Callable[[bytes], RunConfig]:
    """What does as ``read_run`` with JSON (see ``quick_reader``)."""
    return quick_reader(
        RunConfig, **{name: functools.partial(shared_text, _node_kinds()[name]) for name in PARTS_OF_A_RUN}
    )


def _converted(parts: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """The nodes of a run's tree as they stand in ``RunConfig``."""
    kinds = _node_kinds()
    return {
        name: shared(kinds[name], part, where=f"{where}.{name}")
        if name in PARTS_OF_A_RUN
        else convert(kinds[name], part, where=f"{where}.{name}")
        for name, part in parts.items()
    }


def _without_root(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "root"}


@functools.cache
def _node_kinds() -> dict[str, Any]:
    return get_type_hints(RunConfig)


_POSITIVE = (
    "training_flops", "epochs", "steps", "width", "depth", "train_examples", "validation_examples", "batch_size",
    "learning_rate", "reference_width", "warmup_steps",
)  # fmt: skip
_SHARES = ("beta1", "beta2", "warmup_fraction", "cooldown_fraction", "label_smoothing")
_NOT_NEGATIVE = ("crop_padding", "cutout", "mixup", "weight_decay")


def _check(run: RunConfig) -> None:
    _check_budget(run.budget)
    for name in ("budget", "model", "data", "optim", "augment"):
        _check_part(getattr(run, name))
    if run.evaluations <= 0:
        raise ConfigError(f"evaluations: {run.evaluations} must be positive")
    if run.seed < 0:
        raise ConfigError(f"seed: {run.seed} must not be negative")


@once_a_part
def _check_budget(budget: BudgetConfig) -> None:
    given = {name: value for name, value in to_dict(budget).items() if value is not None}
    if len(given) != 1:
        named = ", ".join(f"{name}={value:g}" for name, value in given.items()) or "none"
        raise ConfigError(
            f"budget: give exactly one of training_flops, epochs, steps; got {named}; "
            "set the others to null, e.g. budget.training_flops=null budget.steps=1000"
        )


@once_a_part
def _check_part(part: Any) -> None:
    """Refuse a value that nothing can be trained with; no two parts of a run have a number of one name."""
    node = type(part).__name__.removesuffix("Config").lower()
    for name, value in to_dict(part).items():
        if name in _POSITIVE and value is not None and not value > 0:
            raise ConfigError(f"{node}.{name}: {value} must be positive")
        if name in _SHARES and not 0.0 <= value < 1.0:
            raise ConfigError(f"{node}.{name}: {value} must lie in [0.0, 1.0)")
        if name in _NOT_NEGATIVE and value < 0:
            raise ConfigError(f"{node}.{name}: {value} must not be negative")
    if isinstance(part, OptimConfig) and part.parametrisation == "mup" and part.width_exponent:
        raise ConfigError(
            f"optim.width_exponent: {part.width_exponent} would scale the learning rate with the width a second "
            "time, which optim.parametrisation=mup does already; set it to 0"
        )


NODES_OF_A_RUN = frozenset(field.name for field in dataclasses.fields(RunConfig))
# The nodes that are data classes themselves; many runs share one.
PARTS_OF_A_RUN = frozenset(name for name, kind in get_type_hints(RunConfig).items() if dataclasses.is_dataclass(kind))
