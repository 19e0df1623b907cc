"""What a run is called: names that follow from its whole configuration."""

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from harness.config import NODES_OF_A_RUN, PARTS_OF_A_RUN, RunConfig
from harness.parts import compact, plain, spaced

# Part of every run's id. Raise it when the same configuration would train to another result. To be mended at the next
# raise: epochs can lose a step to rounding (plan.count_steps; 0.29 epochs of 10,000 examples by 100 are 28 steps).
TRAINING_VERSION = 2


def run_id(run: RunConfig, *, training_version: int = TRAINING_VERSION) -> str:
    """The run's name: 12 hex digits of SHA-256 over the whole configuration and the training version."""
    return _digest(run, "run", training_version=training_version)


def cell_id(run: RunConfig, *, training_version: int = TRAINING_VERSION) -> str:
    """The cell's name: as the run's, with the seed left out, so that runs that differ only by seed share it."""
    return _digest(run, "cell", training_version=training_version, without=("seed",))


def trunk_id(run: RunConfig) -> str | None:
    """The name of the runs that are one up to their cooldowns, if there can be any: as the cell's, for all budgets.

    Such a run rises and stays as every other of its trunk and seed does, for as long as both stay.
    """
    optim = run.optim
    if optim.schedule != "warmup_stable_decay" or (optim.warmup_steps is None and optim.warmup_fraction):
        return None
    return _digest(run, "trunk", training_version=TRAINING_VERSION, without=("seed", "budget", "evaluations"))


def run_tree(run: RunConfig) -> dict[str, Any]:
    """As ``to_dict``, with the mappings of parts that runs share shared: to be read, not changed."""
    fields = ((field.name, getattr(run, field.name)) for field in dataclasses.fields(run))
    return {name: plain(value) if name in PARTS_OF_A_RUN else value for name, value in fields}


def run_text(run: RunConfig) -> str:
    """The whole configuration as JSON with sorted keys."""
    return _json(run, spaced, between=(", ", ": "))


def _digest(run: RunConfig, kind: str, *, training_version: int, without: tuple[str, ...] = ()) -> str:
    """12 hex digits of SHA-256 over compact JSON with sorted keys, put together from that of the parts."""
    whole = {kind: _json(run, compact, between=(",", ":"), without=without), "training_version": training_version}
    text = ",".join(f'"{name}":{whole[name]}' for name in sorted(whole))
    return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()[:12]


def _json(
    run: RunConfig, text: Callable[[Any], str], *, between: tuple[str, str], without: tuple[str, ...] = ()
) -> str:
    """The run as JSON with sorted keys, its parts by ``text``; a number is no part, and many are different."""
    values, form = _form(between, without)
    return form % tuple([value if type(value) is int else text(value) for value in values(run)])


@functools.cache
def _form(between: tuple[str, str], without: tuple[str, ...]) -> tuple[Callable[[RunConfig], tuple[Any, ...]], str]:
    comma, colon = between
    names = [name for name in sorted(NODES_OF_A_RUN) if name not in without]
    pairs = comma.join(f'"{name}"{colon}%s' for name in names)
    return attrgetter(*names), f"{{{pairs}}}"
