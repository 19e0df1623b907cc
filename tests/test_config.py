import dataclasses
from typing import Any

import pytest

from harness.config import RunConfig, RuntimeConfig, cell_id, run_id
from harness.errors import ConfigError
from harness.study import load_study


def only_run(*overrides: str) -> RunConfig:
    (run,) = load_study(overrides).runs.values()
    return run


def test_the_id_of_the_default_run_is_the_golden_one() -> None:
    """Changing this changes the meaning of every id on every user's disk: raise TRAINING_VERSION and say so."""
    assert run_id(only_run()) == "b0fe13f56458"


@pytest.mark.parametrize(
    "override",
    ["runtime.device=cpu", "launcher.workers=7", "launcher.threads=3", "runtime.output=elsewhere", "data.root=/x",
     "runtime.checkpoint_seconds=1", "study.name=other"],
)  # fmt: skip
def test_the_id_ignores_what_cannot_change_a_result(override: str) -> None:
    assert run_id(only_run(override)) == run_id(only_run())


def leaves(tree: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not dataclasses.is_dataclass(tree):
        return [path]
    return [leaf for f in dataclasses.fields(tree) for leaf in leaves(getattr(tree, f.name), (*path, f.name))]


def with_leaf_changed(tree: Any, path: tuple[str, ...]) -> Any:
    name, *rest = path
    old = getattr(tree, name)
    if rest:
        return dataclasses.replace(tree, **{name: with_leaf_changed(old, tuple(rest))})
    new = {"x": 1} if isinstance(old, dict) else (old or 0) + 1 if not isinstance(old, str) else old + "x"
    return dataclasses.replace(tree, **{name: new})


def test_the_id_changes_with_every_single_value_of_the_run() -> None:
    run = only_run()
    ids = {run_id(with_leaf_changed(run, path)) for path in leaves(run)}
    assert len(ids) == len(leaves(run))
    assert run_id(run) not in ids


def test_the_cell_is_the_run_without_its_seed() -> None:
    assert cell_id(only_run("seed=3")) == cell_id(only_run())
    assert cell_id(only_run("model.width=65")) != cell_id(only_run())


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
