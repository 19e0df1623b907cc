"""The published networks as evidence for claims: each benchmark by each measure of computation that is known."""

import numpy as np

from harness.claims import Published
from harness.paper.data import BENCHMARKS, Axis, Edition, complete, family_members, points

_MEASURES: dict[Axis, str] = {
    "hardware_burden": "hardware burden",
    "network_operations": "training FLOPs",
    "forward_flops": "FLOPs of a forward pass",
}
_SOURCE = "figures of Thompson, Greenewald, Lee & Manso, arXiv 2007.05558"
_FEWEST = 5
_MAC = 2e9  # FLOPs of a billion multiply-adds


def published_networks() -> tuple[Published, ...]:
    """Every set of networks that is large enough to say anything, and ImageNet's with their families."""
    editions: tuple[Edition, ...] = (2020, 2022)
    chosen = [
        (edition, benchmark, axis)
        for edition in editions
        for benchmark in BENCHMARKS
        for axis in _MEASURES
        if (edition == 2022 or axis == "hardware_burden") and len(complete(edition, benchmark, axis)) >= _FEWEST
    ]
    return (*(_published(*one) for one in chosen), _families())


def leading_networks() -> tuple[Published, ...]:
    """ImageNet's two most telling sets: by training FLOPs, as a study of ours counts, and with their families."""
    return _published(2022, "imagenet", "network_operations"), _families()


def _published(edition: Edition, benchmark: str, axis: Axis) -> Published:
    found = points(edition, benchmark, axis)
    return Published(
        name=f"{BENCHMARKS[benchmark]} {edition}, {_MEASURES[axis]}",
        source=_SOURCE,
        measure=_MEASURES[axis],
        compute=found.compute,
        error=found.error,
        year=found.year,
        of_training=axis != "forward_flops",
    )


def _families() -> Published:
    """Two families of ImageNet networks among all others, by the cost of a forward pass."""
    field, members = points(2022, "imagenet", "forward_flops"), family_members().rows
    return Published(
        name="ImageNet families, FLOPs of a forward pass",
        source=_SOURCE,
        measure=_MEASURES["forward_flops"],
        compute=np.concatenate([field.compute, [_MAC * one.multiply_adds for one in members]]),
        error=np.concatenate([field.error, [one.error for one in members]]),
        family=(*[""] * len(field), *(one.family for one in members)),
        of_training=False,
    )
