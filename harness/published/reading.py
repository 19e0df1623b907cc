"""The curves of a file, read strictly: one that can't be meant is refused with its name, the key, and a remedy."""

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from harness.errors import ConfigError
from harness.published.checking import check
from harness.published.curve import Curve, Paper
from harness.schema import from_dict, unknown
from harness.yaml_text import refuse_bombs


def read_paper(file: Path | Traversable) -> Paper:
    """The curves of a file, checked.

    Raises:
        ConfigError: no such file, no YAML, an unknown or missing key, unit or axis, or a number that can't be meant.
    """
    tree = _tree(file)
    for key in ("paper", "title", "curves"):
        if key not in tree:
            raise ConfigError(f"{file.name}: missing {key}; add it at the top of the file")
    for key in tree:
        if key not in ("paper", "title", "curves"):
            raise ConfigError(f"{file.name}: {unknown('key', str(key), ('paper', 'title', 'curves'))}")
    stem = file.name.removesuffix(".yaml")
    curves = {}
    if not isinstance(tree["curves"] or {}, Mapping):
        raise ConfigError(f"{file.name}: curves: expected a mapping from names to curves")
    for key, one in (tree["curves"] or {}).items():
        where = f"{file.name}: {key}"
        if not isinstance(one, Mapping):
            raise ConfigError(f"{where}: expected a mapping, got {one!r}")
        curve = from_dict(Curve, {"name": f"{stem}/{key}", "paper": tree["paper"], **one}, where=where)
        check(curve, where=where)
        curves[str(key)] = curve
    if not curves:
        raise ConfigError(f"{file.name}: curves: is empty; one or more would do")
    return Paper(name=stem, source=str(tree["paper"]), title=str(tree["title"]), curves=curves)


def _tree(file: Path | Traversable) -> dict[Any, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file.name}: is no UTF-8 text ({error.reason}); save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file}: {getattr(error, 'strerror', None) or error}; `harness published list` names what is there"
        ) from error
    try:
        refuse_bombs(text, where=file.name)
        tree = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except (OmegaConfBaseException, YAMLError, ValueError, AssertionError, RecursionError) as error:
        raise ConfigError(f"{file.name}: is no YAML ({' '.join(str(error).split())[:160]})") from error
    if not isinstance(tree, dict):
        raise ConfigError(f"{file.name}: expected a mapping at the top, with paper, title and curves")
    return tree
