"""The vision transformer of Dosovitskiy et al. (2021, arXiv 2010.11929), with patches small enough for small images.

``width`` is the size of a token and ``depth`` the number of encoder blocks; an MLP is four times as wide. A head is
``head_width`` wide, so heads grow with the width; a width below it makes one head. With width 768, depth 12, patch 16
and head_width 64 this is ViT-B/16. Away from the attention products, FLOPs and parameters grow with the square of the
width; all grow linearly in the depth.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

MLP_RATIO = 4  # arXiv 2010.11929, table 1
POSITION_SPREAD = 0.02  # standard deviation of the first position embeddings, as in the authors' code


class Attention(nn.Module):
    """Every token looks at every token, in ``heads`` ways; ``attention_scale`` multiplies what queries and keys say."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_scale = 1 / math.sqrt(width // heads)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, width) to the same."""
        batch, length, width = tokens.shape
        split = self.qkv(tokens).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value, scale=self.attention_scale)
        joined: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return joined


class Block(nn.Module):
    """Attention, then an MLP, each with normalisation before it and a shortcut around it."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width), Attention(width, heads=heads))
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, MLP_RATIO * width),
            nn.GELU(),
            nn.Linear(MLP_RATIO * width, width),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, width) to the same."""
        tokens = torch.add(tokens, self.attention(tokens))
        return torch.add(tokens, self.mlp(tokens))


class Tokens(nn.Module):
    """Cut the image into patches, embed each, put the class token in front, add the positions."""

    def __init__(self, width: int, *, patch: int, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, across = image_shape
        self.patches = nn.Conv2d(channels, width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        count = (height // patch) * (across // patch) + 1
        self.positions = nn.Parameter(torch.randn(1, count, width) * POSITION_SPREAD)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) to (batch, patches + 1, width)."""
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1)
        return tokens + self.positions


class ClassToken(nn.Module):
    """Keep the first token."""

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, width) to (batch, width)."""
        return tokens[:, 0]


def build(
    *, width: int, depth: int, image_shape: tuple[int, int, int], num_classes: int, patch: int, head_width: int
) -> nn.Module:
    """Patches of ``patch`` x ``patch`` pixels, ``depth`` encoder blocks, and a linear head on the class token.

    Raises:
        ValueError: the patches do not tile the image, or the heads do not divide the width.
    """
    _, height, across = image_shape
    if patch < 1 or height % patch or across % patch:
        raise ValueError(f"options.patch: patches of {patch} x {patch} do not tile images of {height} x {across}")
    if head_width < 1 or (width > head_width and width % head_width):
        raise ValueError(f"width: {width} is no multiple of options.head_width = {head_width}")
    heads = max(1, width // head_width)
    return nn.Sequential(
        Tokens(width, patch=patch, image_shape=image_shape),
        *(Block(width, heads=heads) for _ in range(depth)),
        nn.LayerNorm(width),
        ClassToken(),
        nn.Linear(width, num_classes),
    )
