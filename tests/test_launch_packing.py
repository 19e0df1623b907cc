import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launch.packing import Pack, fill_packs


def packed(seconds: list[float], *, workers: int = 1, limit: float = 100.0, at_least: int = 1) -> tuple[Pack[int], ...]:
    return fill_packs(
        range(len(seconds)), seconds=lambda item: seconds[item], workers=workers, limit=limit, at_least=at_least
    )


def lanes_of(pack: Pack[int], seconds: list[float], *, workers: int) -> list[float]:
    """What the pool of a job does with the pack: whoever is free takes the next."""
    loads = [0.0] * workers
    for item in pack.items:
        loads[loads.index(min(loads))] += seconds[item]
    return loads


def test_no_items_make_no_packs() -> None:
    assert packed([]) == ()


def test_what_fits_goes_into_one_pack_the_longest_first() -> None:
    assert packed([1.0, 30.0, 5.0]) == (Pack((1, 2, 0), 36.0),)


def test_several_workers_share_a_pack() -> None:
    (pack,) = packed([60.0, 50.0, 40.0, 30.0], workers=2)
    assert pack == Pack((0, 1, 2, 3), 90.0)


def test_a_second_pack_is_made_where_one_does_not_fit_the_limit() -> None:
    packs = packed([60.0, 50.0, 40.0, 30.0])
    assert [pack.items for pack in packs] == [(0, 3), (1, 2)]


def test_an_item_longer_than_the_limit_has_a_worker_to_itself() -> None:
    packs = packed([500.0, 60.0, 40.0])
    assert [pack.items for pack in packs] == [(0,), (1, 2)]


def test_at_least_so_many_packs_share_what_there_is() -> None:
    packs = packed([1.0] * 200, at_least=4)
    assert [len(pack.items) for pack in packs] == [50, 50, 50, 50]
    assert [len(pack.items) for pack in packed([1.0, 1.0], at_least=4)] == [1, 1]
    assert sorted(len(pack.items) for pack in packed([1.0] * 6, at_least=4, workers=3)) == [1, 1, 2, 2]


def test_a_limit_that_leaves_no_time_gives_each_worker_one_item() -> None:
    assert sorted(len(pack.items) for pack in packed([1.0] * 5, workers=2, limit=-10.0)) == [1, 2, 2]


@given(
    st.lists(st.just(0.0) | st.floats(0.01, 150.0), min_size=1, max_size=60),
    st.integers(1, 4),
    st.floats(-1.0, 200.0),
    st.integers(1, 5),
)
def test_every_item_is_packed_once_and_no_pack_takes_longer_than_the_limit(
    seconds: list[float], workers: int, limit: float, at_least: int
) -> None:
    packs = packed(seconds, workers=workers, limit=limit, at_least=at_least)
    assert sorted(itertools.chain(*(pack.items for pack in packs))) == list(range(len(seconds)))
    assert len(packs) >= min(at_least, len(seconds))
    assert all(pack.items for pack in packs)
    for pack in packs:
        longest = max(seconds[item] for item in pack.items)
        assert list(pack.items) == sorted(pack.items, key=lambda item: -seconds[item])
        assert pack.seconds <= max(limit, longest) * (1 + 1e-9)
        assert pack.seconds >= longest
        assert max(lanes_of(pack, seconds, workers=workers)) <= pack.seconds * 4 / 3 + 1e-9


@given(st.integers(50, 300), st.floats(0.3, 1.2), st.integers(1, 3), st.integers(1, 60))
def test_many_items_of_one_size_are_packed_within_the_limit(
    count: int, seconds: float, workers: int, at_least: int
) -> None:
    packs = packed([seconds] * count, workers=workers, limit=1.0, at_least=at_least)
    assert sorted(itertools.chain(*(pack.items for pack in packs))) == list(range(count))
    assert all(pack.items for pack in packs)
    assert all(pack.seconds <= max(1.0, seconds) * (1 + 1e-9) for pack in packs)


@pytest.mark.parametrize("limit", [10.0, 50.0, 1000.0])
def test_a_thousandfold_spread_of_costs_is_packed_close_to_the_fewest_packs(limit: float) -> None:
    seconds = [10 ** (3 * index / 999) / 100 for index in range(1000)]
    packs = packed(seconds, workers=4, limit=limit)
    assert len(packs) <= sum(seconds) / (4 * limit) * 1.1 + 1
