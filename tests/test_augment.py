import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest
from torch import Tensor

from harness.augment import NONE, augment, mixing_share, neighbours
from harness.config import AugmentConfig
from harness.plan import plan_runs
from harness.records import Record, read_record
from harness.study import load_study
from harness.train import run_one
from tests.tiny import TEACHER

BATCH, HEIGHT, WIDTH = 64, 9, 12
# Every pixel of every image has a value of its own, and none is 0.
IMAGES = torch.arange(1.0, 1 + BATCH * 2 * HEIGHT * WIDTH).reshape(BATCH, 2, HEIGHT, WIDTH)
CROP = AugmentConfig(crop_padding=3, flip=False, cutout=0, mixup=0.0)
FLIP = AugmentConfig(crop_padding=0, flip=True, cutout=0, mixup=0.0)
CUTOUT = AugmentConfig(crop_padding=0, flip=False, cutout=5, mixup=0.0)
ALL = AugmentConfig(crop_padding=3, flip=True, cutout=5, mixup=0.0)


def seen(config: AugmentConfig, *, images: Tensor = IMAGES, seed: int = 0, step: int = 0) -> Tensor:
    return augment(images, config=config, seed=seed, step=step)


def test_none_gives_the_very_images() -> None:
    assert seen(NONE) is IMAGES


@pytest.mark.parametrize("config", [CROP, FLIP, CUTOUT, ALL])
def test_the_given_images_are_not_changed(config: AugmentConfig) -> None:
    images = IMAGES.clone()
    assert not torch.equal(seen(config, images=images), images)
    assert torch.equal(images, IMAGES)


@pytest.mark.parametrize("config", [CROP, FLIP, CUTOUT, ALL])
def test_a_step_sees_the_same_whenever_it_is_asked_and_whatever_was_drawn_elsewhere(config: AugmentConfig) -> None:
    first = seen(config, seed=3, step=7)
    torch.rand(5)
    seen(config, seed=3, step=8)
    assert torch.equal(seen(config, seed=3, step=7), first)


@pytest.mark.parametrize("config", [CROP, FLIP, CUTOUT])
def test_steps_and_seeds_see_different_images(config: AugmentConfig) -> None:
    assert not torch.equal(seen(config, step=0), seen(config, step=1))
    assert not torch.equal(seen(config, seed=0), seen(config, seed=1))


def test_the_random_state_of_the_run_is_left_alone() -> None:
    before = torch.get_rng_state()
    seen(ALL)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_crop_is_a_window_of_the_padded_image() -> None:
    padded = np.pad(IMAGES.numpy(), ((0, 0), (0, 0), (3, 3), (3, 3)))
    places = []
    for image, around in zip(seen(CROP).numpy(), padded, strict=True):
        found = [
            (y, x) for y in range(7) for x in range(7)
            if np.array_equal(image, around[:, y : y + HEIGHT, x : x + WIDTH])
        ]  # fmt: skip
        assert len(found) == 1
        places += found
    assert {y for y, _ in places} == {x for _, x in places} == set(range(7))


def test_every_place_of_a_crop_and_a_hole_is_equally_likely() -> None:
    images = torch.ones(400, 1, 3, 3)
    corner = AugmentConfig(crop_padding=1, flip=False, cutout=0, mixup=0.0)
    kept = torch.stack([seen(corner, images=images, step=step) for step in range(25)]).mean(dim=(0, 1, 2))
    # A padding of 1 loses a border pixel in a third of 10,000 draws a side: three standard errors are 0.015.
    expected = torch.tensor([[4 / 9, 6 / 9, 4 / 9], [6 / 9, 1, 6 / 9], [4 / 9, 6 / 9, 4 / 9]])
    assert (kept - expected).abs().max() < 0.015
    hole = AugmentConfig(crop_padding=0, flip=False, cutout=1, mixup=0.0)
    left = torch.stack([seen(hole, images=images, step=step) for step in range(25)]).mean(dim=(0, 1, 2))
    assert (left - 8 / 9).abs().max() < 0.01


def test_half_of_the_images_are_mirrored_and_the_others_left_alone() -> None:
    flipped = seen(FLIP)
    mirrored = (flipped == IMAGES.flip(3)).all(dim=(1, 2, 3))
    same = (flipped == IMAGES).all(dim=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 20 <= int(mirrored.sum()) <= 44  # 32 and three standard errors of 4


def test_a_hole_is_a_square_around_a_pixel_through_all_channels() -> None:
    for image, original in zip(seen(CUTOUT), IMAGES, strict=True):
        hole = (image == 0).all(dim=0)
        assert torch.equal(image == 0, hole.expand(2, HEIGHT, WIDTH))
        rows, columns = hole.any(dim=1).nonzero().ravel(), hole.any(dim=0).nonzero().ravel()
        assert hole.sum() == len(rows) * len(columns)
        # Five by five, cut off where it would leave the image, and never more than half of it.
        for lines, length in ((rows, HEIGHT), (columns, WIDTH)):
            assert torch.equal(lines, torch.arange(int(lines[0]), int(lines[-1]) + 1))
            assert len(lines) == 5 or (3 <= len(lines) < 5 and (lines[0] == 0 or lines[-1] == length - 1))
        assert torch.equal(torch.where(hole, 0.0, original), image)


def test_switching_one_kind_off_changes_nothing_about_the_others() -> None:
    both = seen(dataclasses.replace(ALL, cutout=0))
    crop_only = seen(CROP)
    mirrored = (seen(FLIP) == IMAGES.flip(3)).all(dim=(1, 2, 3))
    assert torch.equal(both, torch.where(mirrored[:, None, None, None], crop_only.flip(3), crop_only))


@pytest.mark.parametrize("config", [CROP, FLIP, CUTOUT, ALL])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_no_value_depends_on_the_memory_format_or_the_precision(config: AugmentConfig, layout: Any) -> None:
    assert torch.equal(seen(config, images=IMAGES.contiguous(memory_format=layout)), seen(config))
    assert torch.equal(seen(config, images=IMAGES.double()), seen(config).double())


@pytest.mark.parametrize("config", [CROP, FLIP, CUTOUT, ALL])
def test_nothing_is_drawn_on_the_device(config: AugmentConfig) -> None:
    """The meta device has no numbers: what can be done there draws on the CPU and computes anywhere."""
    assert seen(config, images=IMAGES.to("meta")).shape == IMAGES.shape


def test_mixing_shares_are_beta_distributed_and_a_function_of_seed_and_step() -> None:
    config = dataclasses.replace(NONE, mixup=0.5)
    shares = [mixing_share(config, seed=1, step=step) for step in range(2000)]
    assert shares[7] == mixing_share(config, seed=1, step=7) != mixing_share(config, seed=2, step=7)
    assert kstest(shares, beta(0.5, 0.5).cdf).pvalue > 0.01
    assert mixing_share(NONE, seed=1, step=7) == 1.0


@pytest.mark.parametrize(("size", "order"), [(4, [1, 0, 3, 2]), (5, [1, 0, 3, 2, 4]), (1, [0])])
def test_neighbours_change_places_in_pairs(size: int, order: list[int]) -> None:
    assert neighbours(torch.arange(size)).tolist() == order
    assert torch.equal(neighbours(IMAGES[:size]), IMAGES[order])


def test_mixing_leaves_the_lots_of_the_other_kinds_alone() -> None:
    assert torch.equal(seen(dataclasses.replace(ALL, mixup=0.3)), seen(ALL))


def train(*overrides: str) -> Record:
    study = load_study([*TEACHER, "model.width=4", "budget.training_flops=null", "budget.steps=40", *overrides])
    (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(planned, runtime=study.runtime) == "finished"
    return read_record(study.runs_folder / planned.id)[0]


def test_a_run_trains_on_augmented_images_and_its_identity_says_so() -> None:
    plain, augmented = train(), train("augment=standard")
    assert plain.config.augment == NONE
    assert augmented.config.augment == AugmentConfig(crop_padding=4, flip=True, cutout=0, mixup=0.0)
    assert plain.run_id != augmented.run_id
    assert plain.curve[0].train_loss != augmented.curve[0].train_loss
    assert plain.data_digest == augmented.data_digest
