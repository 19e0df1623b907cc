from typing import Any

import numpy as np
import pytest

from harness.data import describe, sparse_parity
from harness.errors import ConfigError

OPTIONS: dict[str, Any] = {
    "tasks": 20,
    "bits": 12,
    "parity_bits": 3,
    "zipf_excess": 0.4,
    "task_seed": 0,
    "pool": 40_000,
    "test_examples": 2_000,
}


def examples(**changes: Any) -> Any:
    return sparse_parity.load({**OPTIONS, **changes}, None)


def parts(images: Any) -> tuple[Any, Any]:
    """The tasks that the examples name (examples,) and their bits (examples, bits)."""
    rows = images.reshape(len(images), -1)
    return rows[:, :20].argmax(1), rows[:, 20:].astype(int)


def test_the_shape_is_that_of_the_examples() -> None:
    shape, drawn = describe("sparse_parity", OPTIONS), examples()
    assert drawn.pool_images.shape == (shape.train_pool, *shape.image_shape) == (40_000, 1, 1, 32)
    assert drawn.test_images.shape == (shape.test_examples, *shape.image_shape)
    assert drawn.pool_images.dtype == np.float32
    assert set(np.unique(drawn.pool_labels)) == {0, 1}


def test_every_example_names_one_task() -> None:
    rows = examples().pool_images.reshape(40_000, -1)
    assert (rows[:, :20].sum(1) == 1).all()
    assert set(np.unique(rows)) == {0.0, 1.0}


def test_a_label_is_the_parity_of_three_bits_that_belong_to_its_task() -> None:
    """Found by trying all triples: for every task exactly one of them gives every label."""
    drawn = examples()
    tasks, bits = parts(drawn.pool_images)
    triples = [(a, b, c) for a in range(12) for b in range(a) for c in range(b)]
    for task in range(20):
        mine, labels = bits[tasks == task], drawn.pool_labels[tasks == task]
        explained = [triple for triple in triples if (mine[:, triple].sum(1) % 2 == labels).all()]
        assert len(explained) == 1


@pytest.mark.parametrize("zipf_excess", [0.1, 0.8, 2.0])
def test_tasks_come_as_often_as_the_power_law_says(zipf_excess: float) -> None:
    tasks, _ = parts(examples(zipf_excess=zipf_excess).pool_images)
    expected = np.arange(1, 21) ** -(1 + zipf_excess)
    expected /= expected.sum()
    counts = np.bincount(tasks, minlength=20)
    assert (np.abs(counts - 40_000 * expected) < 4.5 * np.sqrt(40_000 * expected)).all()


def test_a_larger_pool_begins_with_the_smaller_one_and_has_the_same_test_set() -> None:
    small, large = examples(pool=1_000), examples(pool=5_000)
    assert (large.pool_images[:1_000] == small.pool_images).all()
    assert (large.pool_labels[:1_000] == small.pool_labels).all()
    assert (large.test_images == small.test_images).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": 0}, "data.options.tasks: 0; 1 at least"),
        ({"zipf_excess": 0.0}, "data.options.zipf_excess: 0.0; more than 0, else rare tasks are not rare"),
        ({"parity_bits": 13}, "data.options.parity_bits: a parity of 13 does not fit in bits=12; 12 at most"),
    ],
)
def test_options_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        examples(**changes)
    assert str(caught.value) == message
