"""Counts certified by hand: sums of products of shapes, written out."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from harness.config import ModelConfig
from harness.errors import ConfigError
from harness.flops import Ledger, StepCost, count_model, count_module, count_step
from models import MODELS
from tests.small_models import small


def count(name: str, *, width: int, depth: int, image: tuple[int, int, int] = (1, 28, 28), batch: int = 64) -> StepCost:
    model = ModelConfig(name, width, depth, {})
    return count_step(model, image_shape=image, num_classes=10, batch_size=batch)


def ledger_of(module: nn.Module, *, image: tuple[int, ...] = (3, 8, 8), batch: int = 2, device: str = "meta") -> Ledger:
    images, labels = torch.rand(batch, *image, device=device), torch.zeros(batch, dtype=torch.int64, device=device)
    return count_module(module.to(device), images, labels)


def step_flops(ledger: Ledger) -> dict[str, int]:
    return {layer.name: layer.step_flops for layer in ledger.layers if layer.step_flops}


def test_an_mlp_costs_what_its_matrices_say() -> None:
    cost = count("mlp", width=32, depth=2)
    first, second, last = 784 * 32, 32 * 32, 32 * 10
    assert cost.params == first + 32 + second + 32 + last + 10
    assert cost.forward_flops == 2 * (first + second + last)
    # The first layer has no gradient of its input: 2 products there, 3 elsewhere.
    assert cost.step_flops == 64 * 2 * (2 * first + 3 * second + 3 * last)


def test_a_small_perceptron_that_is_counted_for_real_has_the_ledger_of_the_meta_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, shapes = ModelConfig("mlp", 16, 3, {}), {"image_shape": (1, 28, 28), "num_classes": 10, "batch_size": 128}
    for_real = count_model(model, **shapes)  # type: ignore[arg-type]
    monkeypatch.setattr("harness.flops.ledger._A_MOMENT", 0)
    assert count_model(model, **shapes) == for_real  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [1, 16, 256])
@pytest.mark.parametrize("depth", [1, 3])
def test_training_over_forward_of_an_mlp_is_three_minus_the_first_layer_s_share(width: int, depth: int) -> None:
    cost = count("mlp", width=width, depth=depth, batch=8)
    first = 2 * 784 * width
    assert cost.step_flops == 8 * (3 * cost.forward_flops - first)


def test_a_cnn_costs_what_its_kernels_say() -> None:
    cost = count("cnn", width=8, depth=1, image=(3, 32, 32), batch=4)
    stem = 32 * 32 * 9 * 3 * 8
    one = 32 * 32 * (9 * 8 * 8 + 9 * 8 * 8)
    two = 16 * 16 * (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16)
    three = 8 * 8 * (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32)
    head = 32 * 10
    forward = 2 * (stem + one + two + three + head)
    assert cost.forward_flops == forward
    assert cost.step_flops == 4 * (3 * forward - 2 * stem)
    kernels = 9 * 3 * 8 + 2 * 9 * 8 * 8 + 9 * 8 * 16 + 9 * 16 * 16 + 8 * 16 + 9 * 16 * 32 + 9 * 32 * 32 + 16 * 32
    normalisation = 2 * (8 + 8 + 8 + 16 + 16 + 32 + 32)
    assert cost.params == kernels + normalisation + 32 * 10 + 10


def test_a_vision_transformer_costs_what_its_products_say() -> None:
    model = ModelConfig("vit", 32, 3, {"patch": 4, "head_width": 8})
    cost = count_step(model, image_shape=(3, 16, 16), num_classes=10, batch_size=2)
    patches, tokens = 16, 17
    embedding, head = patches * 3 * 4 * 4 * 32, 32 * 10
    block = tokens * (3 + 1 + 4 + 4) * 32 * 32 + 2 * tokens * tokens * 32
    assert cost.forward_flops == 2 * (embedding + 3 * block + head)
    assert cost.step_flops == 2 * 2 * (2 * embedding + 3 * (3 * block + head))


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_the_backward_pass_of_a_grouped_convolution_is_twice_its_forward_pass(device: str) -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 64, 1),
        nn.Conv2d(64, 64, 3, padding=1, groups=64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
    first, depthwise, head = 8 * 8 * 3 * 64, 8 * 8 * 9 * 64, 64 * 10
    ledger = ledger_of(module, device=device)
    assert ledger.forward_flops == 2 * (first + depthwise + head)
    assert step_flops(ledger) == {"0": 2 * 2 * 2 * first, "1": 2 * 2 * 3 * depthwise, "4": 2 * 2 * 3 * head}


def test_a_transposed_convolution_lays_its_kernel_at_every_place_of_its_input() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ConvTranspose2d(4, 6, 2, stride=2), nn.Flatten(), nn.LazyLinear(2))
    module(torch.zeros(1, 3, 8, 8))
    ledger = ledger_of(module)
    layer = next(layer for layer in ledger.layers if layer.name == "1")
    assert layer.forward_flops == 2 * 8 * 8 * 4 * 6 * 4
    assert layer.step_flops == 2 * 3 * layer.forward_flops


class Attending(nn.Module):
    """A linear layer, attention of pixels over pixels in two heads, and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 3 * 16)
        self.head = nn.Linear(16, 2)

    def forward(self, images: Tensor) -> Tensor:
        query, key, value = self.first(images.flatten(1, 2)).unflatten(2, (3, 2, 8)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.head(mixed.transpose(1, 2).flatten(2).mean(dim=1))
        return result


@pytest.mark.parametrize("device", ["meta", "cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_attention_costs_the_same_whatever_the_device_and_its_kernel(device: str) -> None:
    ledger = ledger_of(Attending(), device=device)
    tokens = 3 * 8
    assert [(layer.name, layer.forward_flops) for layer in ledger.layers] == [
        ("", 2 * 2 * tokens * tokens * 16),
        ("first", 2 * tokens * 8 * 48),
        ("head", 2 * 16 * 2),
    ]
    assert [layer.step_flops / layer.forward_flops for layer in ledger.layers] == [2 * 3, 2 * 2, 2 * 3]
    assert not ledger.unknown


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_the_encoder_s_fast_path_of_evaluation_mode_costs_what_its_layers_cost(device: str) -> None:
    encoder = nn.TransformerEncoderLayer(16, nhead=2, dim_feedforward=40, batch_first=True)
    module = nn.Sequential(nn.Flatten(2), nn.Linear(64, 16), encoder, nn.Flatten(), nn.Linear(48, 2))
    ledger = ledger_of(module, device=device)
    assert not ledger.unknown
    assert ledger.forward_flops == 2 * (3 * 64 * 16 + 3 * (4 * 16 * 16 + 2 * 16 * 40) + 2 * 3 * 3 * 16 + 48 * 2)


def test_each_layer_costs_three_times_its_forward_pass_also_around_shortcuts_and_between_modules() -> None:
    class Tangled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.inner = nn.Linear(8, 8), nn.Linear(8, 8)
            self.free = nn.Parameter(torch.ones(8, 8))
            self.head = nn.Linear(8, 2)

        def forward(self, images: Tensor) -> Tensor:
            start = self.first(images.flatten(1, 2))
            mixed = start @ self.free  # belongs to the module itself
            mixed = mixed + self.inner(torch.relu(mixed)) + start
            result: Tensor = self.head(self.inner(mixed).mean(dim=1))  # inner runs twice
            return result

    ledger = ledger_of(Tangled())
    one = 2 * 24 * 8 * 8
    assert [(layer.name, layer.forward_flops) for layer in ledger.layers] == [
        ("", one), ("first", one), ("inner", 2 * one), ("head", 2 * 8 * 2)
    ]  # fmt: skip
    assert [layer.step_flops / layer.forward_flops for layer in ledger.layers] == [6, 4, 6, 6]


@pytest.mark.parametrize("reentrant", [False, True])
def test_recomputation_is_counted_in_its_layer_and_told_apart(reentrant: bool) -> None:
    class Recomputing(nn.Sequential):
        def forward(self, images: Tensor) -> Tensor:
            first = self[0](images.flatten(1))
            inner = checkpoint(self[1], first, use_reentrant=reentrant) if self.training else self[1](first)
            result: Tensor = self[2](inner)
            return result

    inner = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
    ledger = ledger_of(Recomputing(nn.Linear(192, 16), inner, nn.Linear(16, 2)))
    one = 2 * 2 * 16 * 16
    assert step_flops(ledger) == {"0": 2 * 2 * 2 * 192 * 16, "1.0": 4 * one, "1.2": 4 * one, "2": 3 * 2 * 2 * 16 * 2}
    assert ledger.recomputed_flops == 2 * one
    assert ledger.forward_flops == 2 * (192 * 16 + 2 * 16 * 16 + 16 * 2)


class Fourier(nn.Module):
    """An operator that the ledger has no formula for."""

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = torch.fft.rfft(images).abs()
        return result


def build_fourier(*, width: int, depth: int, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(image_shape[0], width, 1), Fourier(), nn.Flatten(), nn.Linear(width * 40, num_classes)
    )


def test_an_unknown_operator_is_named_and_its_model_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "fourier", build_fourier)
    model = ModelConfig("fourier", 4, 1, {})
    ledger = count_model(model, image_shape=(3, 8, 8), num_classes=2, batch_size=2)
    assert {(operator.name, operator.layer) for operator in ledger.unknown} == {
        ("aten._fft_r2c.default", "1"), ("aten._fft_c2c.default", "1")
    }  # fmt: skip
    with pytest.raises(
        ConfigError, match=r"model fourier: .* not known: .*aten._fft_r2c.default \(1 times in layer '1'\)"
    ):
        count_step(model, image_shape=(3, 8, 8), num_classes=2, batch_size=2)


def test_an_operator_that_is_not_torch_s_is_unknown() -> None:
    @torch.library.custom_op("tests::twice", mutates_args=())
    def twice(images: Tensor) -> Tensor:
        return 2 * images

    @twice.register_fake
    def _(images: Tensor) -> Tensor:
        return torch.empty_like(images)

    class Custom(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            result: Tensor = torch.ops.tests.twice(images)
            return result

    ledger = ledger_of(nn.Sequential(Custom(), nn.Flatten(), nn.Linear(192, 2)))
    assert [(operator.name, operator.layer) for operator in ledger.unknown] == [("tests.twice.default", "0")]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_forward_pass_is_what_torch_s_own_counter_says(name: str) -> None:
    """Whose formulas for it are right where attention is not fused, as on the meta device."""
    from harness.flops import build_model
    from harness.flops.build import parameters_on_meta

    with parameters_on_meta():
        module = build_model(small(name, width=16), image_shape=(3, 32, 32), num_classes=10)
    images = torch.empty(2, 3, 32, 32, device="meta")
    with FlopCounterMode(display=False) as theirs:
        module(images)
    ours = count_module(module, images, torch.zeros(2, dtype=torch.int64, device="meta"))
    assert 2 * ours.forward_flops == theirs.get_total_flops()


def test_what_an_example_does_not_pay_for_alone_is_still_counted_once_a_step() -> None:
    class Shared(nn.Module):
        """As Swin V2's table of positions: computed once for all examples."""

        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = nn.Linear(5, 192), nn.Linear(192, 2)

        def forward(self, images: Tensor) -> Tensor:
            result: Tensor = self.head(images.flatten(1) + self.table(images.new_ones(5)))
            return result

    ledger = ledger_of(Shared(), batch=3)
    assert ledger.forward_flops == 2 * (5 * 192 + 192 * 2)
    assert step_flops(ledger) == {"table": 2 * 2 * 5 * 192, "head": 3 * 3 * 2 * 192 * 2}


def test_uncounted_arithmetic_is_told_in_elements() -> None:
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 50), nn.Linear(50, 2))
    rectified = nn.Sequential(nn.Flatten(), nn.Linear(192, 50), nn.ReLU(), nn.Linear(50, 2))
    more = ledger_of(rectified).uncounted_elements - ledger_of(linear).uncounted_elements
    assert more == 2 * (2 * 50)  # forward and backward, two examples


def test_a_parameter_that_is_shared_or_not_trained_is_counted_once_or_not() -> None:
    one, other = nn.Linear(192, 192), nn.Linear(192, 192)
    other.weight = one.weight
    one.bias.requires_grad_(False)
    ledger = ledger_of(nn.Sequential(nn.Flatten(), one, other, nn.Linear(192, 2)), device="cpu")
    assert ledger.params == 192 * 192 + 192 + 192 * 2 + 2


def test_flops_are_proportional_to_the_batch() -> None:
    assert count("cnn", width=4, depth=1, batch=6).step_flops == 3 * count("cnn", width=4, depth=1, batch=2).step_flops


def test_counting_draws_no_random_number_and_leaves_no_hook() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    count_model(ModelConfig("torchvision:vit_b_32", 64, 1, {}), image_shape=(3, 32, 32), num_classes=2, batch_size=2)
    assert torch.equal(torch.rand(3), expected)
    assert nn.Linear(2, 2).weight.device.type == "cpu"


def test_an_unknown_model_and_an_unknown_option_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.name: unknown model 'mpl'; did you mean 'mlp'"):
        count("mpl", width=8, depth=1)
    with pytest.raises(ConfigError, match=r"model.options: unknown option 'dropout'"):
        count_step(ModelConfig("mlp", 8, 1, {"dropout": 0.1}), image_shape=(1, 8, 8), num_classes=2, batch_size=2)
