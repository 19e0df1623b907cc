"""Sizes and functions that others published."""

import pytest
import torch
from torch import nn

from harness.config import ModelConfig
from harness.errors import ConfigError
from harness.flops import build_model, count_step
from models import from_torchvision

RELU = {"activation": "relu", "pooling": "max", "dropout": 0.0}
TORCHVISION_SIZE = (from_torchvision.PUBLISHED_WIDTH, 1)


def params(name: str, *, width: int, depth: int, image: int = 32, classes: int = 10, **options: int | float) -> int:
    model = ModelConfig(name, width, depth, options)
    return count_step(model, image_shape=(3, image, image), num_classes=classes, batch_size=2).params


@pytest.mark.parametrize(
    ("depth", "published"), [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.73")]
)
def test_the_residual_networks_have_the_parameters_of_he_et_al(depth: int, published: str) -> None:
    """Millions, arXiv 1512.03385, table 6; there the last is 1.7."""
    assert f"{params('resnet', width=16, depth=depth) / 1e6:.2f}" == published


@pytest.mark.parametrize(
    ("depth", "widening", "published"),
    [(40, 1, "0.6"), (40, 2, "2.2"), (40, 4, "8.9"), (40, 8, "35.7"), (28, 10, "36.5"), (28, 12, "52.5"),
     (22, 8, "17.2"), (22, 10, "26.8"), (16, 8, "11.0"), (16, 10, "17.1")],
)  # fmt: skip
def test_the_wide_residual_networks_have_the_parameters_of_zagoruyko_and_komodakis(
    depth: int, widening: int, published: str
) -> None:
    """Millions, arXiv 1605.07146, table 4."""
    counted = params("wide_resnet", width=16 * widening, depth=depth, dropout=0.0)
    assert f"{counted / 1e6:.1f}" == published


@pytest.mark.parametrize(
    ("width", "published"), [(192, 5_717_416), (384, 22_050_664), (768, 86_567_656)], ids=["Ti", "S", "B"]
)
def test_the_vision_transformers_have_the_parameters_of_the_published_ones(width: int, published: int) -> None:
    """ViT-B/16 as torchvision has it; Ti and S as DeiT has them (Touvron et al. 2021, arXiv 2012.12877, table 1)."""
    size = params("vit", width=width, depth=12, image=224, classes=1000, patch=16, head_width=64)
    assert size == published


def test_the_vision_transformer_is_torchvision_s_function() -> None:
    from torchvision.models import VisionTransformer

    theirs = VisionTransformer(
        image_size=16, patch_size=4, num_layers=2, num_heads=3, hidden_dim=24, mlp_dim=96, num_classes=5
    ).eval()
    config = ModelConfig("vit", 24, 2, {"patch": 4, "head_width": 8})
    ours = build_model(config, image_shape=(3, 16, 16), num_classes=5).eval()
    for normalisation in ours.modules():
        if isinstance(normalisation, nn.LayerNorm):
            normalisation.eps = 1e-6  # as theirs: a choice of no consequence
    nn.init.normal_(theirs.heads.head.weight)  # which they begin at zero
    copy_in_order(theirs, ours)
    images = torch.randn(3, 3, 16, 16)
    torch.testing.assert_close(ours(images), theirs(images))


def copy_in_order(source: nn.Module, target: nn.Module) -> None:
    """Both name their parameters in the order of use; the stem's four are sorted by their shapes."""
    given = sorted(source.named_parameters(), key=lambda item: not item[0].startswith(("class", "conv", "encoder.pos")))
    stem = {tuple(value.shape): value for _, value in given[:4]}
    taken = list(target.named_parameters())
    pairs = [(value, stem[tuple(value.shape)]) for _, value in taken[:4]]
    pairs += [(value, other) for (_, value), (_, other) in zip(taken[4:], given[4:], strict=True)]
    with torch.no_grad():
        for value, other in pairs:
            value.copy_(other)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (ModelConfig("resnet", 16, 21, {}), "depth: 21 layers is not 6 n \\+ 2; take 8, 14, 20"),
        (ModelConfig("resnet", 16, 2, {}), "depth: 2 layers is not 6 n \\+ 2"),
        (ModelConfig("wide_resnet", 16, 20, {"dropout": 0.0}), "depth: 20 layers is not 6 n \\+ 4; take 10, 16, 22"),
        (ModelConfig("wide_resnet", 16, 16, {"dropout": 1.0}), r"options.dropout: 1.0 must lie in \[0, 1\)"),
        (ModelConfig("plain_cnn", 8, 1, {**RELU, "activation": "gelu"}), "options.activation: gelu is none of tanh, r"),
        (ModelConfig("plain_cnn", 8, 1, {**RELU, "dropout": 1.0}), "options.dropout: 1.0 must lie in"),
        (ModelConfig("efficientnet_v2", 8, 1, {"dropout": 0.0, "dropped_blocks": 1.0}), "options.dropped_blocks: 1.0"),
        (ModelConfig("wide_resnet", 16, 16, {}), "model.options: missing dropout; conf/model/wide_resnet.yaml"),
        (ModelConfig("vit", 64, 4, {"patch": 5, "head_width": 16}), "options.patch: patches of 5 x 5 do not tile"),
        (ModelConfig("vit", 72, 4, {"patch": 4, "head_width": 16}), "width: 72 is no multiple of options.head_width"),
        (ModelConfig("torchvision:resnet18", 1, 1, {}), "width, depth: 1, 1; torchvision's networks have their pub"),
        (ModelConfig("torchvision:resnet18", *TORCHVISION_SIZE, {"dropuot": 1}), "unexpected keyword .* 'dropuot'"),
        (ModelConfig("torchvision:vit_b_16", *TORCHVISION_SIZE, {"patch_size": 5}), "patch_size"),
        (ModelConfig("torchvision:maxvit_t", *TORCHVISION_SIZE, {}), r"Input size \(8, 8\) of block 0 is not divisib"),
        (ModelConfig("torchvision:alexnet", *TORCHVISION_SIZE, {}), "batches of 2 images of 3 x 32 x 32 don't fit: "),
        (ModelConfig("torchvision:resnt18", *TORCHVISION_SIZE, {}), "unknown model 'torchvision:resnt18'; did you"),
    ],
)  # fmt: skip
def test_a_size_that_can_t_be_built_is_refused_with_the_reason(model: ModelConfig, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        count_step(model, image_shape=(3, 32, 32), num_classes=10, batch_size=2)
    assert "\n" not in str(caught.value)


def test_a_vision_transformer_narrower_than_a_head_has_one_head() -> None:
    model = build_model(ModelConfig("vit", 7, 1, {"patch": 4, "head_width": 16}), image_shape=(1, 8, 8), num_classes=2)
    assert {module.heads for module in model.modules() if hasattr(module, "heads")} == {1}


def test_the_shortcut_of_a_residual_network_skips_pixels_and_pads_channels_with_zeros() -> None:
    from models.resnet import Block

    block = Block(2, 4, stride=2).eval()
    nn.init.zeros_(list(block.parameters())[3])  # the second kernel, so that the body adds nothing
    images = torch.rand(1, 2, 4, 4)
    result = block(images)
    assert torch.equal(result[:, 1:3], images[:, :, ::2, ::2])
    assert not result[:, [0, 3]].any()


def test_torchvision_sees_a_grey_image_in_all_three_colours() -> None:
    torch.manual_seed(0)
    config = ModelConfig("torchvision:squeezenet1_1", *TORCHVISION_SIZE, {})
    grey = build_model(config, image_shape=(1, 32, 32), num_classes=4).eval()
    torch.manual_seed(0)
    coloured = build_model(config, image_shape=(3, 32, 32), num_classes=4).eval()
    images = torch.rand(2, 1, 32, 32)
    assert torch.equal(grey(images), coloured(images.repeat(1, 3, 1, 1)))
    with pytest.raises(ConfigError, match="image: 4 channels; it takes grey images or three colours"):
        build_model(config, image_shape=(4, 32, 32), num_classes=4)


def test_an_option_goes_to_torchvision_s_constructor() -> None:
    half = params("torchvision:mobilenet_v2", width=64, depth=1, classes=1000, width_mult=0.5)
    assert half == 1_968_680  # of 3,504,872


def test_the_plain_network_as_it_stands_is_of_lenet_5_s_form() -> None:
    """Two 5x5 convolutions, each followed by tanh and 2x2 averages, then a hidden layer (doi 10.1109/5.726791)."""
    options = {"activation": "tanh", "pooling": "average", "dropout": 0.0}
    network = build_model(ModelConfig("plain_cnn", 6, 1, options), image_shape=(1, 28, 28), num_classes=10)
    kinds = [type(module) for module in network.children()]
    stage = [nn.Conv2d, nn.Tanh, nn.AvgPool2d]
    assert kinds == [*stage, *stage, nn.Flatten, nn.Dropout, nn.Linear, nn.Tanh, nn.Dropout, nn.Linear]
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    first = network[0]
    assert isinstance(first, nn.Conv2d)
    assert sum(p.numel() for p in first.parameters()) == 156  # layer C1 of the paper


def test_stochastic_depth_drops_whole_examples_in_training_and_keeps_the_mean() -> None:
    from models.efficientnet_v2 import StochasticDepth

    torch.manual_seed(0)
    drop, images = StochasticDepth(0.25), torch.ones(10_000, 2, 3, 3)
    seen = drop.train()(images)
    assert sorted({round(value, 4) for image in seen for value in (float(image.min()), float(image.max()))}) == [
        0,
        1.3333,
    ]
    assert torch.equal(seen.amin(dim=(1, 2, 3)), seen.amax(dim=(1, 2, 3)))
    assert float(seen.mean()) == pytest.approx(1.0, abs=0.02)  # three standard errors of 0.0058
    assert drop.eval()(images) is images


def test_squeeze_and_excitation_is_torchvision_s_function() -> None:
    from torchvision.ops import SqueezeExcitation

    from models.efficientnet_v2 import Squeeze

    theirs = SqueezeExcitation(8, 2, activation=nn.SiLU)
    ours = Squeeze(8, squeezed=2)
    with torch.no_grad():
        for value, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            value.copy_(other)
    images = torch.randn(3, 8, 5, 5)
    torch.testing.assert_close(ours(images), theirs(images))
