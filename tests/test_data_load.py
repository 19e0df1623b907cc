"""What holds for every data set, tried on a small synthetic one."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from harness import data
from harness.data import DATASETS, Dataset, check_sizes, describe, load_dataset, status
from harness.data.dataset import channel_statistics, split
from harness.data.source import Examples, Shape
from harness.errors import ConfigError

OPTIONS: dict[str, Any] = {
    "input_dim": 16,
    "intrinsic_dim": 3,
    "num_classes": 4,
    "label_noise": 0.2,
    "teacher_width": 8,
    "teacher_seed": 1,
    "pool": 400,
    "test_examples": 100,
}


def load(train_examples: int = 200, **changes: Any) -> Dataset:
    settings = {"validation_examples": 100, "split_seed": 0, "options": OPTIONS, **changes}
    return load_dataset("teacher", train_examples=train_examples, **settings)


def images_as_set(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_tensors_have_the_promised_shapes_and_types() -> None:
    loaded = load(200)
    for images, labels, count in (
        (loaded.train.images, loaded.train.labels, 200),
        (loaded.validation.images, loaded.validation.labels, 100),
        (loaded.test.images, loaded.test.labels, 100),
    ):
        assert images.shape == (count, 1, 4, 4)
        assert images.dtype == torch.float32
        assert labels.shape == (count,)
        assert labels.dtype == torch.int64
    assert loaded.num_classes == 4


def test_a_smaller_training_set_is_the_beginning_of_a_larger_one() -> None:
    largest = load(300)
    for count in (1, 7, 150):
        assert torch.equal(load(count).train.images, largest.train.images[:count])
        assert torch.equal(load(count).train.labels, largest.train.labels[:count])


def test_training_sets_are_stratified_at_every_size() -> None:
    labels = load(300).train.labels
    shares = torch.bincount(labels) / 300
    for count in range(1, 301):
        seen = torch.bincount(labels[:count], minlength=4)
        assert (seen - count * shares).abs().max() <= 1


def test_validation_is_the_same_set_at_every_size() -> None:
    assert torch.equal(load(10).validation.images, load(300).validation.images)
    assert torch.equal(load(10).validation.labels, load(300).validation.labels)


def test_no_example_is_in_two_parts() -> None:
    loaded = load(300)
    parts = [images_as_set(images) for images in (loaded.train.images, loaded.validation.images, loaded.test.images)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 500


def test_the_train_part_is_normalised() -> None:
    images = load(300).train.images.double()
    assert images.mean().abs() < 1e-6
    assert images.std(correction=0) == pytest.approx(1, abs=1e-6)


def test_test_images_are_normalised_by_the_train_part_and_not_by_themselves() -> None:
    few, many = load(10), load(300)
    assert torch.equal(few.test.images, many.test.images)
    assert abs(float(many.test.images.mean())) > 1e-6


def test_the_same_seeds_give_the_same_digest() -> None:
    first = load(200)
    data._prepare.cache_clear()
    assert load(200).digest == first.digest


@pytest.mark.parametrize(
    "change",
    [
        {"train_examples": 199},
        {"validation_examples": 99},
        {"split_seed": 1},
        {"options": {**OPTIONS, "teacher_seed": 2}},
        {"options": {**OPTIONS, "label_noise": 0.21}},
    ],
)
def test_whatever_changes_the_examples_changes_the_digest(change: dict[str, Any]) -> None:
    assert load(**change).digest != load().digest


def test_another_split_seed_chooses_other_validation_examples() -> None:
    assert images_as_set(load(split_seed=0).validation.images) != images_as_set(load(split_seed=1).validation.images)


def test_a_second_size_reads_nothing_again() -> None:
    data._prepare.cache_clear()
    load(10), load(20)
    assert data._prepare.cache_info().misses == 1


def test_too_many_training_examples_say_the_most_possible() -> None:
    with pytest.raises(ConfigError) as caught:
        load(301)
    assert str(caught.value) == (
        "data.train_examples: 301 asked for, 300 at most (a pool of 400 less 100 for validation)"
    )


@pytest.mark.parametrize(
    ("train_examples", "validation_examples", "key"),
    [(0, 10, "train_examples"), (10, 0, "validation_examples"), (1, 60, "validation_examples")],
)
def test_sizes_that_can_not_be_are_refused_without_data(
    train_examples: int, validation_examples: int, key: str
) -> None:
    shape = Shape(image_shape=(1, 2, 2), num_classes=2, train_pool=60, test_examples=10)
    with pytest.raises(ConfigError, match=key):
        check_sizes(shape, train_examples=train_examples, validation_examples=validation_examples)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        describe("fashion_mnst", {})
    assert str(caught.value) == (
        "data.name: unknown data set 'fashion_mnst'; did you mean 'fashion_mnist'? "
        "known: cifar10, cifar100, fashion_mnist, image_folder, mnist, mnist1d, sparse_parity, svhn, teacher"
    )


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"data\.options: unknown key 'pol'; did you mean 'pool'\?"):
        describe("teacher", {**OPTIONS, "pol": 3})


def test_a_missing_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"data\.options: missing pool; add it"):
        describe("teacher", {key: value for key, value in OPTIONS.items() if key != "pool"})


@pytest.mark.parametrize(("key", "value"), [("pool", 8.5), ("pool", True), ("pool", "8"), ("label_noise", "0.1")])
def test_an_option_of_another_type_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"data\.options\.{key}: expected \w+, got {value!r}"):
        describe("teacher", {**OPTIONS, key: value})


def test_shapes_are_known_without_torch() -> None:
    code = (
        "import sys\n"
        "from harness.data import describe, status\n"
        "assert describe('fashion_mnist', {}).image_shape == (1, 28, 28)\n"
        "assert status('teacher').ready\n"
        "assert not status('image_folder').ready\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_set_without_files_is_always_ready() -> None:
    assert status("teacher").ready
    assert status("teacher").folder is None
    assert data.get("teacher") is None


@pytest.mark.parametrize("name", DATASETS)
def test_the_values_in_conf_describe_a_set_of_these_sizes(name: str) -> None:
    from importlib.resources import files

    from omegaconf import OmegaConf

    values: Any = OmegaConf.to_container(OmegaConf.create((files("conf") / "data" / f"{name}.yaml").read_text()))
    shape = describe(values["name"], values["options"])
    check_sizes(shape, train_examples=values["train_examples"], validation_examples=values["validation_examples"])
    assert values["train_examples"] + values["validation_examples"] == shape.train_pool
    assert values["name"] == name


def test_a_channel_has_its_own_mean_and_spread() -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 5)).astype(np.uint8)
    images[:, 1] //= 2
    mean, std = channel_statistics(images)
    assert mean.ravel() == pytest.approx(images.mean(axis=(0, 2, 3)), rel=1e-6)
    assert std.ravel() == pytest.approx(images.std(axis=(0, 2, 3)), rel=1e-6)


@pytest.mark.parametrize("field", ["pool_images", "pool_labels", "test_images", "test_labels"])
def test_one_changed_byte_anywhere_changes_the_digest(field: str) -> None:
    draw = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "pool_images": draw.integers(0, 256, (20, 1, 2, 2)).astype(np.uint8),
        "pool_labels": draw.integers(0, 2, 20),
        "test_images": draw.integers(0, 256, (5, 1, 2, 2)).astype(np.uint8),
        "test_labels": draw.integers(0, 2, 5),
    }
    changed = arrays[field].copy()
    changed.ravel()[0] ^= 1
    digests = {
        split(
            Examples(**(arrays | {field: array}), irreducible_error=None),
            Shape((1, 2, 2), num_classes=2, train_pool=20, test_examples=5),
            validation_examples=8,
            split_seed=0,
        ).whole.digest
        for array in (arrays[field], changed)
    }
    assert len(digests) == 2
