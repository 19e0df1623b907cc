"""The loss that a step descends."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.augment import augment, mixing_share
from harness.config import RunConfig
from harness.loss import training_loss
from harness.plan import plan_runs
from harness.records import Record, read_record
from harness.study import load_study
from harness.train import run_one
from tests.tiny import TEACHER

IMAGES = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 3, 0, 1])
CLASSES = 4


def configured(*overrides: str) -> RunConfig:
    (run,) = load_study(overrides).runs.values()
    return run


def a_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, CLASSES))


def log_probabilities(images: Tensor) -> Tensor:
    with torch.no_grad():
        return functional.log_softmax(a_model()(images), dim=1)


def one_hot(labels: Tensor) -> Tensor:
    return functional.one_hot(labels, CLASSES).float()


def test_the_loss_is_cross_entropy_of_the_images_as_the_step_sees_them() -> None:
    run = configured("augment=standard", "seed=3")
    seen = augment(IMAGES, config=run.augment, seed=3, step=5)
    expected = -(one_hot(LABELS) * log_probabilities(seen)).sum(dim=1).mean()
    torch.testing.assert_close(training_loss(a_model(), IMAGES, LABELS, run=run, step=5).detach(), expected)


def test_smoothing_spreads_a_part_of_every_label_over_all_classes() -> None:
    run = configured("optim.label_smoothing=0.1")
    targets = 0.9 * one_hot(LABELS) + 0.1 / CLASSES
    expected = -(targets * log_probabilities(IMAGES)).sum(dim=1).mean()
    torch.testing.assert_close(training_loss(a_model(), IMAGES, LABELS, run=run, step=0).detach(), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_mixup_mixes_images_and_labels_by_the_same_share(smoothing: float) -> None:
    run = configured("augment.mixup=0.4", f"optim.label_smoothing={smoothing}", "seed=1")
    share = mixing_share(run.augment, seed=1, step=2)
    assert 0.0 < share < 1.0
    other = torch.tensor([1, 0, 3, 2, 5, 4])
    mixed = share * IMAGES + (1 - share) * IMAGES[other]
    targets = share * one_hot(LABELS) + (1 - share) * one_hot(LABELS[other])
    targets = (1 - smoothing) * targets + smoothing / CLASSES
    expected = -(targets * log_probabilities(mixed)).sum(dim=1).mean()
    torch.testing.assert_close(training_loss(a_model(), IMAGES, LABELS, run=run, step=2).detach(), expected)


def test_mixing_does_not_write_into_the_data() -> None:
    images = IMAGES.clone()
    training_loss(a_model(), images, LABELS, run=configured("augment.mixup=1.0"), step=0)
    assert torch.equal(images, IMAGES)


def test_a_run_is_scored_by_plain_cross_entropy_whatever_it_descends() -> None:
    """Smoothing by s lifts the least loss that can be descended to; the score of the same answers does not have it."""

    def train(*overrides: str) -> Record:
        study = load_study([*TEACHER, "model.width=32", "budget.training_flops=null", "budget.steps=400", *overrides])
        (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
        assert run_one(planned, runtime=study.runtime) == "finished"
        return read_record(study.runs_folder / planned.id)[0]

    plain, smoothed, mixed = train(), train("optim.label_smoothing=0.5"), train("augment.mixup=1.0")
    for other in (smoothed, mixed):
        assert other.training_flops == plain.training_flops
        assert other.train_loss is not None
        assert other.curve[-1].train_loss > other.train_loss > 0
    assert smoothed.curve[-1].train_loss > 1.67  # the entropy of a label of 10 classes, half of it spread, is 1.677
    assert dataclasses.replace(plain.config, optim=smoothed.config.optim) == smoothed.config
