"""How claims are judged: level, margins, exclusions, and which are confirmatory. Values stand in ``conf/claims``.

Frozen before a study runs: the first launch writes the rules beside the runs while none has a record, and a verdict
under other rules, or without a frozen file, is exploratory. With them it writes a digest of the code that judges, and a
verdict by other code says so. That is told, not prevented.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import ConfigError
from harness.run_files import write_json
from harness.schema import from_dict, to_dict

_CODE = "judging_code"
Frozen = Literal["frozen", "changed", "not frozen"]
_JUDGING = ("claims", "fits", "forms", "hypotheses", "evidence.py", "judging.py")  # what a verdict follows from


@dataclass(frozen=True)
class Margins:
    """What counts as a difference and what as the same; ``conf/claims/default.yaml`` says why each is what it is.

    ``same_error`` is None in rules that were frozen or kept before there was such a margin.
    """

    aicc_difference: float
    decades_for_form: float
    decades_for_power: float
    explained_share: float
    same_factor: float
    progress_low: float
    progress_high: float
    projection_decades: float
    enough_factor: float
    cost_slope: float
    same_error: float | None = None


@dataclass(frozen=True)
class Exclusions:
    """Runs that no claim looks at: at ``at_chance`` times the error of guessing or above, and those named."""

    at_chance: float
    runs: Mapping[str, str]


@dataclass(frozen=True)
class Rules:
    """The ``claims`` node of the configuration.

    ``seen`` is what was known of the study's data or answers before these were written down; it is no rule, and may be
    owned up to at any time.
    """

    level: float
    confirmatory: tuple[str, ...]
    margins: Margins
    exclusions: Exclusions
    seen: str = ""


def read_rules(tree: Any) -> Rules:
    """The rules as a checked data class.

    Raises:
        ConfigError: an unknown key, a wrong type, or a level that is no probability.
    """
    rules = from_dict(Rules, tree, where="claims")
    if not 0 < rules.level < 0.5:
        raise ConfigError(f"claims.level: {rules.level}; a probability between 0 and 0.5, such as 0.05, would do")
    if not 0 < rules.exclusions.at_chance <= 1:
        raise ConfigError(f"claims.exclusions.at_chance: {rules.exclusions.at_chance}; a share of 1 would do")
    if len(set(rules.confirmatory)) < len(rules.confirmatory):
        raise ConfigError("claims.confirmatory: names a claim twice; once would do")
    return rules


@functools.cache
def judging_code(root: Path = Path(__file__).parent) -> str:
    """A digest of the files that make verdicts of a table of runs."""
    files = (file for name in _JUDGING for file in (root / name, *sorted((root / name).glob("*.py"))))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()[:12]


def freeze(rules: Rules, file: Path, *, started: bool) -> Frozen:
    """Write the rules to ``file`` unless a run of the study has been ``started``; where they stand after that."""
    if not started:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {**_judged_by(rules), _CODE: judging_code()})
    return compare_with_frozen(rules, file)


def compare_with_frozen(rules: Rules, file: Path) -> Frozen:
    """Whether these are the rules that were frozen; a margin that came into being since then changes none of them."""
    before = _read(file)
    if before is None:
        return "not frozen"
    now = _judged_by(rules)
    if "same_error" not in before.get("margins", {}):
        del now["margins"]["same_error"]
    return "frozen" if {name: value for name, value in before.items() if name != _CODE} == now else "changed"


def frozen_code(file: Path) -> str:
    """The digest of the judging code when the rules were frozen; empty where none was."""
    return str((_read(file) or {}).get(_CODE, ""))


def _judged_by(rules: Rules) -> dict[str, Any]:
    """The rules as they are frozen."""
    tree: dict[str, Any] = json.loads(json.dumps(to_dict(rules)))
    del tree["seen"]
    return tree


def _read(file: Path) -> dict[str, Any] | None:
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return tree if isinstance(tree, dict) else None
