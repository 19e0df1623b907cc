"""Which items go into one job together: runs differ in cost by a thousand, and a queue has no love for short jobs.

A pack is one job, in which several workers take the items in turn, the longest first. The items, longest first too, are
dealt each to the least loaded worker there is (LPT: Graham 1969, at most 4/3 of the best possible), over as few packs
as keep every worker within the limit. Workers that end together are put into one pack, so that none holds a node alone.
"""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from launch.events import Item


@dataclass(frozen=True)
class Pack(Generic[Item]):
    """Items for one job, longest first; ``seconds`` until its busiest worker is done, as predicted."""

    items: tuple[Item, ...]
    seconds: float


@dataclass(frozen=True)
class _Lane(Generic[Item]):
    """What one worker of a pack does in turn."""

    items: list[Item]
    seconds: float


def fill_packs(
    items: Sequence[Item], *, seconds: Callable[[Item], float], workers: int, limit: float, at_least: int
) -> tuple[Pack[Item], ...]:
    """The packs, the longest first; there are ``at_least`` so many of them if there are so many items.

    An item that takes longer than ``limit`` has a worker of its own: its job will be stopped and go on later.
    """
    assert min(workers, at_least) >= 1, (workers, at_least)
    if not items:
        return ()
    ordered = sorted(items, key=seconds, reverse=True)
    count = min(at_least, len(items))
    if limit > 0:
        fewest = math.ceil(sum(min(seconds(item), limit) for item in items) / (limit * workers))
        count = min(len(items), max(count, fewest))
    while True:
        lanes = _deal(ordered, seconds=seconds, lanes=count * workers)
        if all(lane.seconds <= limit or len(lane.items) == 1 for lane in lanes):
            break
        # one more, or 2 % more where there are many: a thousand packs need few rounds; one an item always does
        count = min(len(items), count + 1 + count // 50)
    lanes.sort(key=lambda lane: lane.seconds, reverse=True)
    groups = (lanes[len(lanes) * one // count : len(lanes) * (one + 1) // count] for one in range(count))
    packs = (
        Pack(
            tuple(sorted((item for lane in group for item in lane.items), key=seconds, reverse=True)), group[0].seconds
        )
        for group in groups
    )
    return tuple(sorted(packs, key=lambda pack: pack.seconds, reverse=True))


def _deal(ordered: Sequence[Item], *, seconds: Callable[[Item], float], lanes: int) -> list[_Lane[Item]]:
    """Each item to the least loaded lane, of equals to that with the fewest: no lane is left without an item."""
    hands: list[list[Item]] = [[] for _ in range(min(lanes, len(ordered)))]
    loads = [(0.0, 0, lane) for lane in range(len(hands))]
    for item in ordered:
        load, count, lane = heapq.heappop(loads)
        hands[lane].append(item)
        heapq.heappush(loads, (load + seconds(item), count + 1, lane))
    totals = {lane: load for load, _, lane in loads}
    return [_Lane(hand, totals[lane]) for lane, hand in enumerate(hands)]


def gpu_sets(names: Sequence[str], size: int) -> tuple[str, ...]:
    """The GPUs of each slot, as ``CUDA_VISIBLE_DEVICES`` has them: as many whole sets of ``size`` as there are.

    Where there are fewer than ``size``, the one set has them all.
    """
    sets = max(1, len(names) // size) if names else 0
    return tuple(",".join(names[number * size : (number + 1) * size]) for number in range(sets))
