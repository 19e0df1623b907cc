"""The parts of configurations that many runs share, each converted, checked and written as text once.

A study of 100,000 runs has perhaps a hundred different parts (a model of one width, an optimizer of one rate), and
parts are frozen. What is remembered only saves time: it can be forgotten at any moment.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from harness.errors import ConfigError
from harness.schema import from_dict, to_dict

T = TypeVar("T")

MOST = 20_000  # parts that are remembered: some tens of MB
_made: dict[tuple[type, str], Any] = {}
_read: dict[tuple[type, bytes], Any] = {}


def shared(kind: type[T], tree: Any, *, where: str) -> T:
    """As ``from_dict``, but equal trees, types of their values included, become one object.

    Raises:
        ConfigError: as ``from_dict``, and as ``refuse_targets``.
    """
    key = (kind, repr(tree))  # tells 1 from 1.0 and from True, which are equal
    part = _made.get(key)
    if part is None:
        refuse_targets(tree, where=where)
        if len(_made) >= MOST:
            _made.clear()
        part = _made[key] = from_dict(kind, tree, where=where)
    return part


def shared_text(kind: type[T], text: bytes) -> T:
    """As ``shared`` of what the JSON holds; an equal text is not read again.

    Raises:
        ConfigError, ValueError: as ``shared``, and where it is no JSON.
    """
    part = _read.get((kind, text))
    if part is None:
        if len(_read) >= MOST:
            _read.clear()
        part = _read[kind, text] = shared(kind, json.loads(text.decode()), where=kind.__name__)
    return part


def once_a_part(work: Callable[[Any], T]) -> Callable[[Any], T]:
    """The same function, called once for each part; a part is frozen, so what it gave stays true."""
    known: dict[int, tuple[Any, T]] = {}  # with the part itself, so that no other can get its id

    def remembered(part: Any) -> T:
        found = known.get(id(part))
        if found is None:
            if len(known) >= MOST:
                known.clear()
            found = known[id(part)] = (part, work(part))
        return found[1]

    return remembered


@once_a_part
def plain(part: Any) -> dict[str, Any]:
    """As ``to_dict``, one mapping for all that share the part: to be read, not changed."""
    return to_dict(part)


@once_a_part
def compact(part: Any) -> str:
    """As JSON that is hashed: sorted keys, no spaces."""
    return json.dumps(to_dict(part), sort_keys=True, separators=(",", ":"), allow_nan=False)


@once_a_part
def spaced(part: Any) -> str:
    """As JSON that is read: sorted keys."""
    return json.dumps(to_dict(part), sort_keys=True)


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
