"""JSON straight into frozen data classes, in a tenth of the time that ``json`` and ``harness.schema`` take together.

What is read here is what these two would read. Where that is not certain, since the text is no JSON, a key unknown, a
type another or a whole number very large, it is not read at all: they say what is wrong with it, or take it after all.
"""

import dataclasses
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from harness.errors import ConfigError

T = TypeVar("T")

_WHOLE = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


def quick_reader(kind: type[T], **parts: Callable[[bytes], Any]) -> Callable[[bytes], T]:
    """What reads the data class from JSON; it raises ConfigError, whatever is wrong, where it is not certain.

    The text of a field that ``parts`` names is read by that function.
    """
    look = quick_look(kind, but=tuple(parts))

    def read(text: bytes) -> T:
        found = look(text)
        try:
            for name, read_part in parts.items():
                setattr(found, name, read_part(bytes(getattr(found, name))))
            return msgspec.convert(found, kind, from_attributes=True)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise _not_certain(kind, error) from error

    return read


def quick_look(kind: type, *, but: tuple[str, ...]) -> Callable[[bytes], Any]:
    """As ``quick_reader``, but these fields are left as text; what is read has the names of the data class's fields."""
    decode = msgspec.json.Decoder(_strict(kind, without=but)).decode

    def look(text: bytes) -> Any:
        try:
            return decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise _not_certain(kind, error) from error

    return look


def _not_certain(kind: type, error: Exception) -> ConfigError:
    return ConfigError(f"{kind.__name__}: {error}; read it with care")


def _strict(kind: type, *, without: tuple[str, ...] = ()) -> type[msgspec.Struct]:
    """The class as one that refuses unknown keys, which msgspec passes over in a data class."""
    hints = get_type_hints(kind)
    fields = [
        (field.name, msgspec.Raw if field.name in without else _strict_hint(hints[field.name]), *_default(field))
        for field in dataclasses.fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, fields, forbid_unknown_fields=True)


def _strict_hint(hint: Any) -> Any:
    """The annotation with strict data classes, and with whole numbers up to the largest that all machines hold."""
    if hint is int:
        return _WHOLE
    if dataclasses.is_dataclass(hint):
        return _strict(hint)  # type: ignore[arg-type]
    origin, arguments = get_origin(hint), tuple(map(_strict_hint, get_args(hint)))
    if origin in (Union, UnionType):
        return Union[arguments]  # noqa: UP007, a tuple of them
    return origin[arguments] if origin is tuple else hint


def _default(field: "dataclasses.Field[Any]") -> tuple[Any, ...]:
    return () if field.default is dataclasses.MISSING else (field.default,)
