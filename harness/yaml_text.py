"""YAML that others wrote: refused before it is read where a small file would stand for an endless one."""

import re

from yaml import AliasEvent, CollectionEndEvent, CollectionStartEvent, SafeLoader, YAMLError, parse

from harness.errors import ConfigError

_DEEPEST = 50
_COULD_BE_ALIAS = re.compile(r"(^|[\s,:\[{-])\*\w", flags=re.MULTILINE)


def refuse_bombs(text: str, *, where: str) -> None:
    """Raise ConfigError at what makes a small YAML file large: aliases, and nesting without end."""
    if not (_COULD_BE_ALIAS.search(text) or text.count("[") + text.count("{") > _DEEPEST):
        return  # most files: parsing takes a hundred times as long as looking
    depth = 0
    try:
        for event in parse(text, Loader=SafeLoader):
            if isinstance(event, AliasEvent):
                raise ConfigError(f"{where}: has a YAML alias (*name), which can stand for billions; write it out")
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > _DEEPEST:
                raise ConfigError(f"{where}: is nested more than {_DEEPEST} deep; a handful would do")
    except (YAMLError, ValueError) as error:
        raise ConfigError(f"{where}: is no YAML ({' '.join(str(error).split())[:160]}); mend the file") from error
