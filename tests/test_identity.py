import dataclasses
from typing import Any

import pytest

from harness.config import RunConfig
from harness.identity import cell_id, run_id
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
