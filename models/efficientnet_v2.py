"""EfficientNetV2 (Tan & Le 2021, arXiv 2104.00298) in a form for small images.

As there, early stages are of fused blocks (a 3x3 convolution that widens, a 1x1 that narrows), late ones of inverted
bottlenecks (1x1, depthwise 3x3, squeeze-and-excitation, 1x1), all with batch normalisation and SiLU; whole blocks are
dropped at random (stochastic depth), the later the likelier. For images of 28 or 32 pixels: a stem of stride 1 and
three stages of ``width``, 2 ``width`` and 4 ``width`` channels and ``depth`` blocks each, the resolution halved at the
start of the second and the third, which is of bottlenecks. FLOPs and parameters grow with the square of the width and
linearly in the depth.
"""

import torch
from torch import Tensor, nn

EXPANSION = 4  # arXiv 2104.00298, table 4, of most stages
SQUEEZE = 4  # arXiv 2104.00298, table 4: SE of a quarter of the block's inputs
HEAD = 4  # channels before the pooling, for a channel of the last stage; table 4 has 1280 for 256


class Squeeze(nn.Module):
    """Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): each channel times a gate that has seen all pixels."""

    def __init__(self, channels: int, *, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.SiLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) to the same."""
        gate: Tensor = self.gate(images)
        return images * gate


class StochasticDepth(nn.Module):
    """In training, zeros for an example with probability ``dropped``, and the others scaled so that the mean stays.

    Source: Huang et al. 2016, arXiv 1603.09382.
    """

    def __init__(self, dropped: float) -> None:
        super().__init__()
        self.dropped = dropped

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) to the same."""
        if not self.training or not self.dropped:
            return images
        kept = torch.empty(len(images), 1, 1, 1, device=images.device, dtype=images.dtype)
        return images * kept.bernoulli_(1.0 - self.dropped).div_(1.0 - self.dropped)


class Block(nn.Module):
    """A fused block or an inverted bottleneck, with a shortcut where the shape stays the same."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, fused: bool, dropped: float) -> None:
        super().__init__()
        wide = EXPANSION * inputs
        if fused:
            layers = _convolution(inputs, wide, 3, stride=stride)
        else:
            layers = [
                *_convolution(inputs, wide, 1),
                *_convolution(wide, wide, 3, stride=stride, groups=wide),
                Squeeze(wide, squeezed=max(1, inputs // SQUEEZE)),
            ]
        layers += _convolution(wide, outputs, 1)[:-1]
        self.body = nn.Sequential(*layers)
        self.shortcut = inputs == outputs and stride == 1
        self.drop = StochasticDepth(dropped)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, inputs, height, width) to (batch, outputs, height / stride, width / stride)."""
        result: Tensor = self.body(images)
        return torch.add(images, self.drop(result)) if self.shortcut else result


def _convolution(inputs: int, outputs: int, size: int, *, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.SiLU()]


def build(
    *,
    width: int,
    depth: int,
    image_shape: tuple[int, int, int],
    num_classes: int,
    dropout: float,
    dropped_blocks: float,
) -> nn.Module:
    """A stem of ``width`` channels, three stages of ``depth`` blocks, a wide last layer, and a linear head.

    ``dropped_blocks`` is the probability for the last block; it grows from zero linearly.

    Raises:
        ValueError: dropout or dropped_blocks is no probability below 1.
    """
    for name, value in (("dropout", dropout), ("dropped_blocks", dropped_blocks)):
        if not 0.0 <= value < 1.0:
            raise ValueError(f"options.{name}: {value} must lie in [0, 1)")
    layers = _convolution(image_shape[0], width, 3)
    inputs, blocks = width, 3 * depth
    for stage, outputs in enumerate((width, 2 * width, 4 * width)):
        for block in range(depth):
            dropped = dropped_blocks * (stage * depth + block) / max(1, blocks - 1)
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(Block(inputs, outputs, stride=stride, fused=stage < 2, dropped=dropped))
            inputs = outputs
    layers += _convolution(inputs, HEAD * inputs, 1)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(HEAD * inputs, num_classes)]
    return nn.Sequential(*layers)
