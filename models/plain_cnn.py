"""A plain convolutional network: no normalisation and no shortcuts, as networks were before 2015.

Two stages of ``depth`` 5x5 convolutions, of ``width`` and 2 ``width`` channels, each stage halved by pooling; then a
hidden layer of 8 ``width`` units, and logits. With ``activation`` tanh, average ``pooling`` and depth 1 it has the form
of LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998, doi 10.1109/5.726791, section II.B); with relu, max pooling and
``dropout`` around the hidden layer, that of the networks after Krizhevsky, Sutskever, Hinton (2012,
doi 10.1145/3065386, sections 3 and 4.2). FLOPs and parameters grow with the square of the width, the first layer apart.
"""

from torch import nn

HIDDEN = 8  # units for a unit of width; LeNet-5's 120 for 6 and 16 channels is between 7.5 and 20

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}
POOLINGS: dict[str, type[nn.AvgPool2d] | type[nn.MaxPool2d]] = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}


def build(
    *,
    width: int,
    depth: int,
    image_shape: tuple[int, int, int],
    num_classes: int,
    activation: str,
    pooling: str,
    dropout: float,
) -> nn.Module:
    """Two stages of ``depth`` convolutions, a hidden layer, and a linear head.

    Raises:
        ValueError: an unknown activation or pooling, a dropout that is no probability below 1, or an image too small.
    """
    for name, value, known in (("activation", activation, ACTIVATIONS), ("pooling", pooling, POOLINGS)):
        if value not in known:
            raise ValueError(f"options.{name}: {value} is none of {', '.join(known)}")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"options.dropout: {dropout} must lie in [0, 1)")
    inputs, height, across = image_shape
    if min(height, across) < 4:
        raise ValueError(f"image: {height} x {across}; it is halved twice, so 4 x 4 at least")
    layers: list[nn.Module] = []
    for outputs in (width, 2 * width):
        for _ in range(depth):
            layers += [nn.Conv2d(inputs, outputs, 5, padding=2), ACTIVATIONS[activation]()]
            inputs = outputs
        layers.append(POOLINGS[pooling](2))
    hidden = HIDDEN * width
    layers += [nn.Flatten(), nn.Dropout(dropout), nn.Linear(inputs * (height // 4) * (across // 4), hidden)]
    layers += [ACTIVATIONS[activation](), nn.Dropout(dropout), nn.Linear(hidden, num_classes)]
    return nn.Sequential(*layers)
