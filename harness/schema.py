"""Plain containers in, frozen data classes out, and nothing converted in silence.

Configurations, records and published curves all pass through here. ``8.5`` for an int is refused, a float that is a
whole number (``1e4``) is taken as the int that it is; unknown keys are refused with the nearest known one.
"""

import copy
import dataclasses
import difflib
import functools
import re
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from harness.errors import ConfigError

T = TypeVar("T")

_LARGEST = sys.float_info.max  # nan is not below it, nor is 10**400
_NUMBERS = (int, float)
_ATOMS = {str, int, float, bool, type(None)}
LISTED = 12  # names in an error message: past that only the nearest, so that the message stays readable


def from_dict(kind: type[T], tree: Any, *, where: str) -> T:
    """Build the data class ``kind`` from a plain container; ``where`` names the place in errors.

    Raises:
        ConfigError: a missing or unknown key, or a value of another type.
    """
    if type(tree) is not dict and not isinstance(tree, Mapping):
        raise ConfigError(f"{where}: expected a mapping, got {tree!r}")
    hints, required, plain = _fields(kind)  # type: ignore[arg-type]
    if tree.keys() != hints.keys():
        _require_fields(tree, hints, required, where=where)
    return kind(
        **{
            key: value
            if (given := type(value)) in plain[key] and (given not in _NUMBERS or -_LARGEST <= value <= _LARGEST)
            else convert(hints[key], value, where=f"{where}.{key}")
            for key, value in tree.items()
        }
    )


def _require_fields(tree: Mapping[str, Any], hints: Mapping[str, Any], required: Iterable[str], *, where: str) -> None:
    for key in tree:
        if key not in hints:
            raise ConfigError(f"{where}: {unknown('key', key, hints)}")
    missing = [name for name in required if name not in tree]
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}; add it to the configuration")


@functools.cache  # a study of 10,000 runs asks for the same dozen classes 100,000 times
def _fields(kind: type) -> tuple[dict[str, Any], tuple[str, ...], dict[str, frozenset[type]]]:
    """The type of each field, the fields that have no default, and the types of values that each takes unchanged."""
    hints = get_type_hints(kind)
    required = tuple(field.name for field in dataclasses.fields(kind) if _has_no_default(field))
    return hints, required, {name: _taken_unchanged(hint) for name, hint in hints.items()}


def _taken_unchanged(kind: Any) -> frozenset[type]:
    """The types of values that are the annotated type as they are, numbers if they are finite."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return frozenset(one for one in kinds if one in _ATOMS or dataclasses.is_dataclass(one))


def convert(kind: Any, value: Any, *, where: str) -> Any:
    """The value as the annotated type ``kind``, or a ConfigError that names ``where``."""
    if type(value) is kind and kind in (int, float) and abs(value) <= _LARGEST:
        return value  # most values of most files
    origin, arguments, is_class = _parts(kind)
    if is_class:
        return from_dict(kind, value, where=where)
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, value, where=where)
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{where}: {unknown('value', str(value), map(str, arguments))}")
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(convert(arguments[0], item, where=f"{where}[{i}]") for i, item in enumerate(value))
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {str(key): convert(arguments[1], item, where=f"{where}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    return _convert_scalar(kind, value, where=where)


@functools.cache
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """An annotation's origin and arguments, and whether it is a data class."""
    return get_origin(kind), get_args(kind), dataclasses.is_dataclass(kind)


def _convert_union(kinds: tuple[Any, ...], value: Any, *, where: str) -> Any:
    for kind in kinds:  # an exact type first: a bool must not pass as an int
        if type(value) is kind:
            return convert(kind, value, where=where)
    problems = []
    for kind in kinds:
        try:
            return convert(kind, value, where=where)
        except ConfigError as error:
            problems.append(str(error))
    raise ConfigError(problems[0])


def _convert_scalar(kind: Any, value: Any, *, where: str) -> Any:
    if kind is type(None) and value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and kind in (int, float) and not abs(value) <= _LARGEST:  # nan is not, nor 10**400
        raise ConfigError(f"{where}: {value} is not a finite number")
    if kind is float and number:
        return float(value)
    if kind is int and number and value == int(value):
        return int(value)
    if kind in (str, bool) and type(value) is kind:
        return value
    raise ConfigError(f"{where}: expected {getattr(kind, '__name__', kind)}, got {value!r}")


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def to_dict(instance: Any) -> dict[str, Any]:
    """The data class as plain containers that JSON holds; as ``dataclasses.asdict``, several times as fast."""
    tree = {}
    for name in _names(type(instance)):  # type: ignore[arg-type]
        value = getattr(instance, name)
        tree[name] = value if type(value) in _ATOMS else _plain(value)
    return tree


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in (list, tuple):
        return kind(item if type(item) in _ATOMS else _plain(item) for item in value)
    if kind is dict:
        return {key: item if type(item) in _ATOMS else _plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        return to_dict(value)
    return copy.deepcopy(value)


def check_folder_name(name: str, *, where: str) -> None:
    """Raise ConfigError for a name that could leave the folder it is to stand in, or that a file system may refuse."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name):
        raise ConfigError(f"{where}: {name!r} can't name a folder; use up to 100 letters, digits, '_', '-' and '.'")


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """``unknown key 'widht'; did you mean 'width'? known: depth, width`` for an error message."""
    names = sorted(known)
    near = difflib.get_close_matches(given, names, n=1)
    guess = f"did you mean '{near[0]}'? " if near else ""
    shown = names if len(names) <= LISTED else [*difflib.get_close_matches(given, names, n=LISTED, cutoff=0.0), "..."]
    return f"unknown {what} '{given}'; {guess}known: {', '.join(shown)}"
