"""A study: a question, and the runs that answer it.

A study's grid is a list of blocks; a block is the product of its axes, filtered by ``where``; blocks are
concatenated and runs that they share are counted once. A sweep on the command line replaces the axis of that name in
every block that has it, or is a new axis of every block; a plain value fixes the axis.
"""

import functools
import hashlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.compose import MOST_POINTS, Overrides, Tree, compose_tree, is_group, parse_overrides, resolve
from harness.config import (
    NODES_OF_A_RUN,
    NOT_OF_A_RUN,
    LauncherConfig,
    RunConfig,
    RuntimeConfig,
    Split,
    change_run,
    read_node,
    split_tree,
)
from harness.errors import ConfigError
from harness.grid_cache import Grid, remembered_grid
from harness.identity import run_id
from harness.rules import Rules, read_rules
from harness.schema import check_folder_name, from_dict, unknown
from harness.secrets import refuse_secrets
from harness.where import holds

_NO_CHANGE = ("study=", "study.name=", "study.question=", "runtime", "tracking", "launcher", "data.root=", "hydra.")


@dataclass(frozen=True)
class Block:
    """A product of axes (key -> values), kept where ``where`` holds.

    ``arm`` names a side of a comparison within the study: a recipe's year, or where its learning rate was tuned.
    """

    axes: Mapping[str, tuple[Any, ...]]
    where: str | None = None
    arm: str | None = None


@dataclass(frozen=True)
class _Composition:
    """A block's tree for one choice of its groups, and the axes whose values are set in it."""

    tree: Tree
    values: Mapping[str, tuple[Any, ...]]
    where: str | None
    arm: str | None

    @property
    def pointing(self) -> bool:
        """Whether something points elsewhere in the tree, or out of it; that is resolved for each point, and slow."""
        of_runs = {key: value for key, value in self.tree.items() if key not in NOT_OF_A_RUN}
        return "${" in repr((of_runs, self.values))


@dataclass(frozen=True)
class StudyConfig:
    """The ``study`` node of the configuration."""

    name: str
    question: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Study:
    """A question and its runs, by id, in the order of the blocks; ``left_out`` points did not meet ``where``.

    ``arms`` has the ids of the runs of each named arm; a run may be in several. ``rules`` are how claims are judged.
    """

    name: str
    question: str
    overrides: tuple[str, ...]
    runs: Mapping[str, RunConfig]
    arms: Mapping[str, tuple[str, ...]]
    left_out: int
    rules: Rules
    runtime: RuntimeConfig
    launcher: LauncherConfig

    @property
    def changes(self) -> tuple[str, ...]:
        """The overrides that change which runs the study has: not its choice, its name, where or how it runs."""
        return tuple(word for word in self.overrides if not word.lstrip("+~").startswith(_NO_CHANGE))

    @property
    def folder(self) -> Path:
        """Where the study's table and report lie; a changed grid has its own, so that none overwrites another."""
        named = any(word.startswith("study.name=") for word in self.overrides)
        suffix = "" if named or not self.changes else f"-{hashlib.sha256(''.join(self.runs).encode()).hexdigest()[:6]}"
        return Path(self.runtime.output) / "studies" / f"{self.name}{suffix}"

    @property
    def frozen_file(self) -> Path:
        """Where the rules lie as they were before the first run; not in ``folder``, which can be deleted."""
        return Path(self.runtime.output) / "frozen" / f"{self.name}.json"

    @property
    def runs_folder(self) -> Path:
        """Where all runs lie, of this study and of others: a run that two studies share is trained once."""
        return Path(self.runtime.output) / "runs"


def load_study(arguments: Sequence[str]) -> Study:
    """The study that a command line of Hydra overrides describes, all its runs checked.

    Raises:
        ConfigError: anything unknown, of the wrong type, or that can't be trained.
    """
    overrides = parse_overrides(arguments)
    base = compose_tree(overrides.plain)
    refuse_secrets({**base, **overrides.sweeps})
    config = _study_config(base["study"])
    blocks = [_with_overrides(block, overrides) for block in config.blocks or (Block(axes={}),)]
    most = sum(math.prod(len(values) for values in block.axes.values()) for block in blocks)
    if most > MOST_POINTS:
        raise ConfigError(f"study {config.name}: {most:,} points; {MOST_POINTS:,} at the most: shorten an axis")
    composed = [one for block in blocks for one in _compositions(block, overrides.plain, base=base)]
    first = next((split for one in composed for split in _split_points(one) if split is not None), None)
    if first is None:
        raise ConfigError(f"study {config.name}: no run is left; widen an axis or loosen 'where'")
    _, runtime, launcher = first
    grid = _grid(composed, output=Path(runtime.output))
    return Study(
        name=config.name,
        question=config.question,
        overrides=tuple(arguments),
        runs=grid.runs,
        arms=grid.arms,
        left_out=grid.left_out,
        rules=read_rules(resolve(base)["claims"]),
        runtime=runtime,
        launcher=launcher,
    )


def load_rules(arguments: Sequence[str]) -> Rules:
    """The rules for judging claims that a command line of Hydra overrides describes."""
    return read_rules(resolve(compose_tree(arguments))["claims"])


def study_names() -> tuple[str, ...]:
    """The studies that the project has, by name."""
    names = (file.name for file in (files("conf") / "study").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def _study_config(tree: Tree) -> StudyConfig:
    config = from_dict(StudyConfig, tree, where="study")
    check_folder_name(config.name, where="study.name")
    return config


def _with_overrides(block: Block, overrides: Overrides) -> Block:
    axes = dict(block.axes)
    for key in axes:
        if key in overrides.values:
            axes[key] = (overrides.values[key],)
    return Block(axes={**axes, **overrides.sweeps}, where=block.where, arm=block.arm)


def _compositions(block: Block, plain: Sequence[str], *, base: Tree) -> Iterator[_Composition]:
    """One for each choice of the groups that are axes; ``base`` is composed from ``plain`` alone."""
    groups = [key for key in block.axes if is_group(key)]
    values = {key: axis for key, axis in block.axes.items() if not is_group(key)}
    for choices in itertools.product(*(block.axes[key] for key in groups)):
        chosen = [f"{key}={choice}" for key, choice in zip(groups, choices, strict=True)]
        yield _Composition(compose_tree([*plain, *chosen]) if chosen else base, values, block.where, block.arm)


def _grid(composed: Sequence[_Composition], *, output: Path) -> Grid:
    """All runs; of a large study they are remembered, if nothing that they follow from may change by itself."""
    if any(one.pointing for one in composed):  # to the environment, for example
        return _make_grid(composed)
    return remembered_grid(lambda: _make_grid(composed), output=output, points=repr(composed))


def _make_grid(composed: Sequence[_Composition]) -> Grid:
    points = [(split, one.arm) for one in composed for split in _split_points(one)]
    kept = [(run_id(split[0]), split[0], arm) for split, arm in points if split is not None]
    arms: dict[str, dict[str, None]] = {}
    for name, _, arm in kept:
        if arm is not None:
            arms.setdefault(arm, {})[name] = None
    return Grid(
        runs={name: run for name, run, _ in kept},
        arms={arm: tuple(ids) for arm, ids in arms.items()},
        left_out=len(points) - len(kept),
    )


def _split_points(composed: _Composition) -> Iterator[Split | None]:
    """Each point as its frozen parts, in order; None for one that doesn't meet ``where``.

    Points of one composition differ only in the nodes that an axis names. Of these there are few (a study of 100,000
    runs may have a hundred), and each is made once.
    """
    axes, pointing = list(composed.values.items()), composed.pointing
    places: dict[str, list[int]] = {}
    for place, (key, _) in enumerate(axes):
        places.setdefault(key.partition(".")[0], []).append(place)

    @functools.cache
    def node_at(node: str, at: tuple[int, ...]) -> Any:
        """The node's tree with the values of its axes at these positions."""
        tree = {key: _deep(value) if key == node else value for key, value in composed.tree.items()}
        for place, index in zip(places[node], at, strict=True):
            _set(tree, axes[place][0], axes[place][1][index])
        return tree[node]

    @functools.cache
    def part_at(node: str, at: tuple[int, ...]) -> Any:
        return read_node(node, node_at(node, at))

    first: Split | None = None
    for point in itertools.product(*(range(len(values)) for _, values in axes)):
        chosen = [(node, tuple([point[place] for place in of_node])) for node, of_node in places.items()]
        tree = {**composed.tree, **{node: node_at(node, at) for node, at in chosen}}
        tree = resolve(tree) if pointing else tree
        if composed.where is not None and not holds(composed.where, tree):
            yield None
        elif first is None or pointing or not places.keys() <= NODES_OF_A_RUN:
            first = split_tree(resolve(tree))
            yield first
        else:
            yield change_run(first, {node: part_at(node, at) for node, at in chosen})


def _deep(value: Any) -> Any:
    return {key: _deep(item) for key, item in value.items()} if isinstance(value, dict) else value


def _set(tree: Tree, key: str, value: Any) -> None:
    """Set a dotted key that must exist: an axis with a typo is an error, not a new key."""
    node: Any = tree
    *parents, last = key.split(".")
    for part in parents:
        node = node.get(part) if isinstance(node, dict) else None
    if not isinstance(node, dict) or last not in node:
        raise ConfigError(f"study: axis {unknown('key', key, _leaves(tree))}")
    node[last] = value


def _leaves(tree: Tree, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if key in ("study", "claims", "runtime", "tracking", "launcher"):
            continue
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key
