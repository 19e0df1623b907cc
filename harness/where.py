"""``where:`` of a study's block: a comparison over the run's own values, and nothing that could run code.

Known: numbers, text, ``model.width`` and the like, ``+ - * / **``, comparisons, ``and``, ``or``, ``not``, ``in``.
"""

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

from harness.errors import ConfigError

_LONGEST = 2000  # characters: a condition is a line
_LARGEST = 4096  # bits of a whole number: far past any size or count


def _number(value: Any) -> Any:
    """The value if arithmetic is meant on it: repeating a text or a list could fill the memory."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:40]!r} is not a number")
    if isinstance(value, int) and value.bit_length() > _LARGEST:
        raise OverflowError("a number is too large")
    return value


def _power(left: Any, right: Any) -> Any:
    """``left ** right`` where that is a number of a size that can be meant: 9**9**9**9 would take for ever."""
    left, right = _number(left), _number(right)
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _LARGEST:
        raise OverflowError("a number is too large")
    return _number(left**right)


_BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: lambda left, right: _number(left) * _number(right),
    ast.Div: operator.truediv,
    ast.Pow: _power,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}


def holds(condition: str, tree: Mapping[str, Any]) -> bool:
    """Whether ``condition`` is true of the resolved configuration ``tree``.

    Raises:
        ConfigError: it can't be read, names a key that is not there, or compares what can't be compared.
    """
    if len(condition) > _LONGEST:
        raise ConfigError(f"study: where: has {len(condition)} characters; {_LONGEST} at the most would do")
    try:
        return bool(_value(_parsed(condition), tree))
    except (SyntaxError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ConfigError(
            f"study: where '{condition}': {error}; compare keys of the run, e.g. model.width <= 64"
        ) from error


@functools.cache  # the same words for every point of a block
def _parsed(condition: str) -> ast.expr:
    return ast.parse(condition, mode="eval").body


def _value(node: ast.expr, tree: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return tree[name]
        case ast.Attribute(value=parent, attr=name):
            return _value(parent, tree)[name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [_value(item, tree) for item in items]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, tree) for part in parts)
        case ast.BoolOp(op=ast.Or(), values=parts):
            return any(_value(part, tree) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, tree)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, tree)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, tree), _value(right, tree))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            values = [_value(part, tree) for part in (left, *comparators)]
            return all(_BINARY[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False))
    raise TypeError(f"{type(node).__name__} is not known here")
