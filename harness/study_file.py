"""Values of the optimizer written into a study's YAML, everything else in it left as it stands, comments too."""

import os
import re
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path

from omegaconf import OmegaConf

from harness.errors import ConfigError

_BLOCK = re.compile(r"^optim:[ \t]*(#.*)?$", flags=re.MULTILINE)


def writable_file(study: str) -> Path | None:
    """``conf/study/<study>.yaml``, where it is a file that may be written."""
    with as_file(files("conf") / "study" / f"{study}.yaml") as path:
        return path if path.is_file() and os.access(path, os.W_OK) else None


def with_optim(text: str, values: Mapping[str, float]) -> str:
    """The study's text with these values in its ``optim`` block, which is added before ``study`` where there is none.

    Raises:
        ConfigError: an axis of the study sets one of the values, so what stands above it would not count.
    """
    before = OmegaConf.create(text)
    for key in values:
        if f"optim.{key}" in text:
            raise ConfigError(f"study: an axis sets optim.{key}; write the tuned value there yourself")
    if not _BLOCK.search(text):
        text = re.sub(r"^study:", "optim:\n\nstudy:", text, count=1, flags=re.MULTILINE)
    for key, value in values.items():
        text = _with_line(text, key, f"  {key}: {value:g} # tuned")
    expected = OmegaConf.merge(before, {"optim": dict(values)})
    assert OmegaConf.create(text) == expected, "only these values may change"
    return text


def _with_line(text: str, key: str, line: str) -> str:
    head, opening, rest = _split(text)
    inside = re.match(r"(?:[ \t]+[^\n]*\n|[ \t]*\n(?=[ \t]))*", rest)
    assert inside is not None
    block, after = inside[0], rest[inside.end() :]
    found = re.compile(rf"^  {key}:.*$", flags=re.MULTILINE)
    block = found.sub(line, block) if found.search(block) else f"{block}{line}\n"
    return f"{head}{opening}\n{block}{after}"


def _split(text: str) -> tuple[str, str, str]:
    """What stands before the block, its first line, and what follows that."""
    opening = _BLOCK.search(text)
    assert opening is not None
    return text[: opening.start()], opening[0], text[opening.end() + 1 :]
