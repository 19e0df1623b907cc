"""Hydra composes: overrides in, plain trees out. Besides this file only ``harness run`` imports Hydra.

Composing costs some 45 ms and setting a value in a composed tree microseconds, so a sweep composes once for each
combination of configuration groups and sets the rest (see ``harness.study``).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from harness.errors import ConfigError
from harness.schema import unknown
from harness.yaml_text import refuse_bombs

Tree = dict[str, Any]

MOST_POINTS = 1_000_000  # of a study: more can't be meant, and would fill the memory before anything is said
_SHOWN = 200  # characters of what was typed, in an error message
_NODES = ("model", "data", "augment", "optim", "numerics", "runtime", "tracking", "launcher", "claims", "study")
_GROUPS = (*_NODES, "recipe")  # a recipe sets values in the others


@dataclass(frozen=True)
class Overrides:
    """A command line, parsed: what Hydra takes as it is, and the axes that it sweeps over.

    ``values`` maps the key of every plain value override to its value, so that a study can tell that one of its own
    axes was fixed.
    """

    plain: tuple[str, ...]
    values: dict[str, Any]
    sweeps: dict[str, tuple[Any, ...]]


def parse_overrides(arguments: Sequence[str]) -> Overrides:
    """Sort a command line's overrides into plain ones and sweeps; of two for one key the later counts.

    Raises:
        ConfigError: an argument that is no override.
    """
    plain: list[str] = []
    values: dict[str, Any] = {}
    sweeps: dict[str, tuple[Any, ...]] = {}
    for argument in arguments:
        override = _parse(argument)
        key = override.key_or_group
        sweeps.pop(key, None)
        values.pop(key, None)
        if override.is_sweep_override():
            sweeps[key] = _swept(override, argument)
        else:
            plain.append(_forced(argument, key) if not override.is_delete() else argument)
            if not override.is_delete():
                values[key] = _plain(override.value())
    return Overrides(plain=tuple(plain), values=values, sweeps=sweeps)


def _parse(argument: str) -> Override:
    try:
        override = OverridesParser.create().parse_overrides([argument])[0]
    except (HydraException, ValueError, ArithmeticError, RecursionError) as error:
        raise _no_override(argument, error) from error
    if not override.key_or_group:
        raise _no_override(argument, ValueError("it has no key"))
    return override


def _swept(override: Override, argument: str) -> tuple[Any, ...]:
    """The values of a sweep, as many as a study can have."""
    try:
        values = tuple(_plain(value) for value in islice(override.sweep_iterator(), MOST_POINTS + 1))
    except (HydraException, ValueError, ArithmeticError) as error:
        raise _no_override(argument, error) from error
    if len(values) > MOST_POINTS:
        raise ConfigError(
            f"command line: {override.key_or_group}: an axis of more than {MOST_POINTS:,} values; fewer would do"
        )
    return values


def _no_override(argument: str, error: Exception) -> ConfigError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ConfigError(
        f"command line: '{argument[:_SHOWN]}' is not an override ({reason[:_SHOWN]}); write key=value, e.g. "
        "model.width=64, or key=a,b,c for a sweep; quote it where the shell would read it"
    )


def _forced(argument: str, key: str) -> str:
    """The argument; ``++`` is put before a parameter of Slurm's, for which names are known is submitit's to say."""
    return f"++{argument.lstrip('+')}" if key.startswith("launcher.slurm.") else argument


def _plain(value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def compose_tree(plain: Sequence[str], *, config: str = "config") -> Tree:
    """The configuration composed from ``conf/<config>.yaml``, interpolations not yet resolved.

    Raises:
        ConfigError: an unknown key, group or option, with the nearest known one.
    """
    for word in ("pkg://conf", *_search_path(plain)):
        _refuse_bombs_in(word)
    try:
        with initialize_config_module("conf", version_base="1.3"):
            composed = compose(config, overrides=[quote_choice(word) for word in plain])
    except (HydraException, OmegaConfBaseException, ValueError, RecursionError, YAMLError) as error:
        raise ConfigError(_explain(str(error), config=config)) from error
    tree = _container(composed, resolve=False)
    for group in _NODES if config == "config" else ():
        if not isinstance(tree.get(group), dict):
            raise ConfigError(f"command line: {group}: is taken away; choose one of its files with {group}=NAME")
    return tree


def _search_path(plain: Sequence[str]) -> tuple[str, ...]:
    """The folders of configuration that the command line adds to our own."""
    words = [word.partition("=")[2] for word in plain if word.lstrip("+").startswith("hydra.searchpath=")]
    return tuple(re.findall(r"file://([^,\]'\"]+)", " ".join(words)))


@cache  # files are looked at once a process, and composed a hundred times
def _refuse_bombs_in(folder: str) -> None:
    """Refuse a file of configuration that stands for an endless one, whatever chooses it."""
    place = files("conf") if folder == "pkg://conf" else Path(folder)
    for file in _yaml_files(place):
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigError(f"{file}: can't be read ({error}); save it as UTF-8") from error
        refuse_bombs(text, where=str(file))


def _yaml_files(place: Traversable) -> Iterator[Traversable]:
    for entry in place.iterdir() if place.is_dir() else ():
        if entry.is_dir():
            yield from _yaml_files(entry)
        elif entry.name.endswith(".yaml"):
            yield entry


def quote_choice(word: str) -> str:
    """The override, a group's choice that looks like a number quoted: Hydra would take ``recipe=2015`` for an int."""
    key, _, value = word.partition("=")
    if not (is_group(key) and re.fullmatch(r"\d+(,\d+)*", value)):
        return word
    return f"{key}=" + ",".join(f"'{choice}'" for choice in value.split(","))


def resolve(tree: Tree) -> Tree:
    """The tree with every ``${...}`` replaced by what it points to."""
    if "${" not in repr(tree):
        return tree
    try:
        return _container(OmegaConf.create(tree), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"config: {str(error).splitlines()[0]}") from error


def is_group(key: str) -> bool:
    """Whether ``key`` names a configuration group (a folder of ``conf``) and not a value."""
    return key in _GROUPS


def _container(config: DictConfig, *, resolve: bool) -> Tree:
    tree = OmegaConf.to_container(config, resolve=resolve)
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


def _explain(message: str, *, config: str) -> str:
    """Hydra's message in one line, with the nearest known key where a key was not found."""
    wrong_key = re.search(r"Could not override '([^']+)'", message)
    if wrong_key:
        given = wrong_key[1]
        return f"command line: {unknown('key', given, _keys(compose_tree([], config=config)))}"
    wrong_option = re.search(r"Could not find '([\w/]+)/([^'/]+)'", message)
    if wrong_option:
        options = re.findall(r"^\t(\w+)$", message, flags=re.MULTILINE)
        return f"{wrong_option[1]}: {unknown('choice', wrong_option[2], options)}"
    return "config: " + " ".join(message.split())


def _keys(tree: Tree, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _keys(value, prefix + key + ".")
