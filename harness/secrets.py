"""Keys, tokens and passwords: taken out of all text that we write, and refused in configurations.

Everything that a run leaves is written in clear: records, events with their tracebacks, logs, batch scripts, reports,
W&B's copy of the configuration. A secret belongs into the environment, which none of them holds.
"""

import functools
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import ConfigError

REDACTED = "[redacted]"

_WORD = r"(?:api_?key|access_?key|secret_?key|private_?key|secret|token|passwd|password|passphrase|credentials?)"
_NAME = re.compile(rf"(?:^|[._-]){_WORD}$", re.IGNORECASE)
_SHORTEST = 8  # characters of an environment variable's value that is taken out wherever it appears

# What the services' keys look like; the shapes are those that their own documentation and secret scanners give.
_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:wandb_v\d+_\w{20,}|local-[0-9a-f]{40}|hf_[A-Za-z0-9]{20,}|gh[opsur]_[A-Za-z0-9]{20,}"
    r"|github_pat_\w{20,}|glpat-[\w-]{20,}|sk-[\w-]{20,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{35}"
    r"|eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]+)"
)
_BARE_KEY = re.compile(r"\b[0-9a-f]{40}\b")  # W&B's older keys; also a git commit, so refused only in configurations
_ASSIGNED = re.compile(
    rf"(?P<name>\b\w*{_WORD}\b['\"]?\s*[=:]\s*['\"]?|\bauthorization\s*[=:]\s*(?:bearer\s+|basic\s+)?|\bbearer\s+)"
    r"(?P<value>[A-Za-z0-9_+=.-][A-Za-z0-9_+/=.~-]{7,})",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?P<before>://[^\s/:@]*:)(?P<value>[^\s/@]+)(?=@)")


def redact(text: str) -> str:
    """The text with every key, token and password in it replaced, those of this process's environment too."""
    for value in _environment_secrets():
        text = text.replace(value, REDACTED)
    text = _KEY.sub(REDACTED, text)
    text = _IN_ADDRESS.sub(rf"\g<before>{REDACTED}", text)
    return _ASSIGNED.sub(rf"\g<name>{REDACTED}", text)


def refuse_secrets(tree: Any, *, where: str = "config") -> None:
    """Raise ConfigError at any key or value that looks like a secret; the message does not repeat it."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            named = isinstance(value, str) and value and _NAME.search(str(key))
            if named or _is_secret(str(key)):
                raise _refusal(where if _is_secret(str(key)) else f"{where}.{key}")
            refuse_secrets(value, where=f"{where}.{key}")
    elif isinstance(tree, Sequence) and not isinstance(tree, str):
        for item in tree:
            refuse_secrets(item, where=where)
    elif isinstance(tree, str) and _is_secret(tree):
        raise _refusal(where)


@functools.lru_cache(maxsize=10_000)  # a sweep's runs share nearly all their words
def _is_secret(text: str) -> bool:
    return _BARE_KEY.search(text) is not None or redact(text) != text


def _refusal(where: str) -> ConfigError:
    return ConfigError(
        f"{where}: looks like a key, token or password, and configurations are written to disk in clear; take it out, "
        "and set it in the environment (W&B reads WANDB_API_KEY and ~/.netrc)"
    )


def _environment_secrets() -> list[str]:
    """Longest first, so that a secret that contains another goes whole."""
    found = {value for name, value in os.environ.items() if _NAME.search(name) and len(value) >= _SHORTEST}
    return sorted(found, key=len, reverse=True)
