"""Architectures by name. Torch only: nothing here knows of the harness.

A model is one file with ``build(*, width, depth, image_shape, num_classes, **options)`` and one line in ``MODELS``.
``image_shape`` is (channels, height, width); the built module maps (batch, *image_shape) to (batch, num_classes)
logits. Parameters grow in width and in depth, whose units each file states; a size or an option that can't be built
is a ``ValueError`` that begins with its name. ``torchvision:<name>`` is every classification network of torchvision.
"""

from collections.abc import Callable

from torch import nn

from models import cnn, efficientnet_v2, from_torchvision, mlp, plain_cnn, resnet, vit, wide_resnet

MODELS: dict[str, Callable[..., nn.Module]] = {
    "cnn": cnn.build,
    "efficientnet_v2": efficientnet_v2.build,
    "mlp": mlp.build,
    "plain_cnn": plain_cnn.build,
    "resnet": resnet.build,
    "vit": vit.build,
    "wide_resnet": wide_resnet.build,
}


def find(name: str) -> Callable[..., nn.Module]:
    """The ``build`` of the model called ``name``.

    Raises:
        KeyError: there is none; the arguments are the names that come into question.
    """
    if name in MODELS:
        return MODELS[name]
    if not name.startswith(from_torchvision.PREFIX):
        raise KeyError(*MODELS, from_torchvision.PREFIX + "<name>")
    known = from_torchvision.names()
    if name.removeprefix(from_torchvision.PREFIX) not in known:
        raise KeyError(*(from_torchvision.PREFIX + other for other in known))
    return from_torchvision.builder(name.removeprefix(from_torchvision.PREFIX))
