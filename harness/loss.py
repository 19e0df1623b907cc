"""The loss that a training step descends, at the precision of the run.

Cross-entropy in nats between the logits of augmented images and their labels; with mixup, of mixed images with both of
their labels (Zhang et al. 2018, arXiv 1710.09412, equation 2 and below); with label smoothing, a part of each label
spread evenly over all classes (Szegedy et al. 2016, arXiv 1512.00567, section 7). Only this loss has any of that:
whatever is scored is scored by plain cross-entropy on images as they are.
"""

from torch import Tensor, nn
from torch.nn import functional

from harness.augment import augment, mixing_share, neighbours
from harness.config import RunConfig
from harness.numerics import autocast


def training_loss(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    run: RunConfig,
    step: int,
    first: int = 0,
    of: int | None = None,
) -> Tensor:
    """The mean over the images, a scalar; what is random about it is a function of the run's seed and the step.

    The images are places ``first`` and on of a batch of ``of``, if not the whole batch.
    """
    images = augment(images, config=run.augment, seed=run.seed, step=step, first=first, of=of)
    share = mixing_share(run.augment, seed=run.seed, step=step)
    if share < 1.0:
        images = images.mul(share).add_(neighbours(images), alpha=1.0 - share)
    with autocast(run.numerics, images.device):
        logits = model(images)
        loss = functional.cross_entropy(logits, labels, label_smoothing=run.optim.label_smoothing)
        if share == 1.0:
            return loss
        others = functional.cross_entropy(logits, neighbours(labels), label_smoothing=run.optim.label_smoothing)
        return share * loss + (1.0 - share) * others
