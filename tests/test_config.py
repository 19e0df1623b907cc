import dataclasses

import pytest

from harness.config import RunConfig, RuntimeConfig
from harness.errors import ConfigError
from harness.study import load_study


def test_no_field_is_in_two_configurations() -> None:
    run = {f.name for f in dataclasses.fields(RunConfig)}
    assert run.isdisjoint(f.name for f in dataclasses.fields(RuntimeConfig))


@pytest.mark.parametrize(
    ("override", "start"),
    [
        ("model.widht=3", "command line: unknown key 'model.widht'; did you mean 'model.width'?"),
        ("+model.widht=3", "config.model: unknown key 'widht'; did you mean 'width'?"),
        ("+modle=3", "config: unknown key 'modle'; did you mean 'model'?"),
        ("model=mpl", "model: unknown choice 'mpl'; did you mean 'mlp'? known: cnn, efficientnet_v2, mlp"),
        ("study=dmeo", "study: unknown choice 'dmeo'; did you mean 'demo'?"),
        ("model.width=8.5", "config.model.width: expected int, got 8.5"),
        ("model.width=wide", "config.model.width: expected int, got 'wide'"),
        ("model.width=0", "model.width: 0 must be positive"),
        ("optim.beta1=1.0", "optim.beta1: 1.0 must lie in [0.0, 1.0)"),
        ("seed=-1", "seed: -1 must not be negative"),
        ("augment.cutout=-1", "augment.cutout: -1 must not be negative"),
        ("augment=standart", "augment: unknown choice 'standart'; did you mean 'standard'? known: none, standard"),
        ("budget.steps=9", "budget: give exactly one of training_flops, epochs, steps; got training_flops=1e+09, st"),
        ("budget.training_flops=null", "budget: give exactly one of training_flops, epochs, steps; got none"),
        ("+model._target_=os.system", "config.model: '_target_' is not used here"),
        ("study.name=../x", "study.name: '../x' can't name a folder"),
        ("width", "command line: 'width' is not an override"),
        ("optim.schedule=cosin", "config.optim.schedule: unknown value 'cosin'; did you mean 'cosine'?"),
        ("model.width=${nothing}", "config: Interpolation key 'nothing' not found"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place_and_a_guess(override: str, start: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_study([override])
    assert str(caught.value).startswith(start)
    assert "\n" not in str(caught.value)
