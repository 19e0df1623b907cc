"""What the quick reader takes is what ``from_dict`` makes of the same text; what that refuses, it never takes."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import run_reader
from harness.errors import ConfigError
from harness.json_text import quick_reader
from harness.records import Evaluation, Measured, Record
from harness.schema import from_dict, to_dict
from tests.made import made_measured, made_record

CURVE = (Evaluation(50, 3200, 19_200_000, 0.7, 0.6, 0.3), Evaluation(100, 6400, 38_400_000, 0.5, 0.5, 0.25))
RECORD, MEASURED = replace(made_record(), curve=CURVE), replace(made_measured(), curve_seconds=(1.0, 2.0))
READ = {Record: quick_reader(Record, config=run_reader()), Measured: quick_reader(Measured)}
WRITTEN: dict[type, Any] = {Record: RECORD, Measured: MEASURED}

kinds = pytest.mark.parametrize("kind", [Record, Measured])


def text(tree: Any) -> bytes:
    return json.dumps(tree, sort_keys=True, indent=1).encode()


@kinds
def test_what_we_write_is_read_quickly(kind: type) -> None:
    assert READ[kind](text(to_dict(WRITTEN[kind]))) == WRITTEN[kind]


def test_parts_of_the_configuration_are_shared_by_all_that_have_the_same() -> None:
    one, other = (READ[Record](text(to_dict(replace(RECORD, steps=steps)))) for steps in (1, 2))
    assert one.config.model is other.config.model


def paths(tree: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in the tree, from the top."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    return [here, *(path for key, item in items for path in paths(item, (*here, key)))]


def put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The tree with ``value`` at the path; ``...`` takes the entry away."""
    if not path:
        return value
    copy: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    if value is ... and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


numbers = st.integers() | st.floats() | st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, 10**20 + 1, 10**400, 1e4, -0.0])
values = st.none() | st.booleans() | numbers | st.text(max_size=4) | st.sampled_from([[], {}, {"a": 1}, [1, "x"]])


@kinds
@given(data=st.data())
def test_no_value_anywhere_is_taken_for_another_or_past_a_refusal(kind: type, data: st.DataObject) -> None:
    tree = json.loads(text(to_dict(WRITTEN[kind])))
    path = data.draw(st.sampled_from(paths(tree)[1:]))
    same_or_refused(kind, text(put(tree, path, data.draw(st.just(...) | values))))


@kinds
@given(data=st.data())
def test_no_unknown_key_anywhere_is_passed_over(kind: type, data: st.DataObject) -> None:
    tree = json.loads(text(to_dict(WRITTEN[kind])))
    mappings = [path for path in paths(tree) if isinstance(at(tree, path), dict)]
    path = data.draw(st.sampled_from(mappings))
    same_or_refused(kind, text(put(tree, path, {**at(tree, path), "weather": data.draw(values)})))


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


@kinds
@given(data=st.data())
def test_no_change_of_the_text_is_read_otherwise(kind: type, data: st.DataObject) -> None:
    whole = text(to_dict(WRITTEN[kind]))
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, min(len(whole), begin + 8)))
    same_or_refused(kind, whole[:begin] + data.draw(st.binary(max_size=4)) + whole[end:])


def same_or_refused(kind: type, written: bytes) -> None:
    found = taken(READ[kind], written)
    if found is not None:
        careful = taken(lambda text: from_dict(kind, json.loads(text.decode()), where="file"), written)
        assert repr(found) == repr(careful), "equal, and of the same types"


def taken(read: Callable[[bytes], Any], written: bytes) -> Any:
    try:
        return read(written)
    except (ConfigError, ValueError, RecursionError):
        return None
