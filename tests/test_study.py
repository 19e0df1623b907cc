import pytest

from harness.compose import resolve
from harness.errors import ConfigError
from harness.identity import run_id
from harness.study import Study, load_study
from harness.where import holds


def values(study: Study, *path: str) -> list[object]:
    found = []
    for run in study.runs.values():
        value: object = run
        for name in path:
            value = getattr(value, name)
        found.append(value)
    return found


def test_a_sweep_on_the_command_line_is_an_axis() -> None:
    study = load_study(["model.width=8,16", "seed=range(0,3)"])
    assert sorted(zip(values(study, "model", "width"), values(study, "seed"), strict=True)) == [
        (8, 0), (8, 1), (8, 2), (16, 0), (16, 1), (16, 2),
    ]  # fmt: skip


def test_a_sweep_replaces_the_axis_of_the_study() -> None:
    wide = load_study(["study=demo", "seed=range(0,3)"])
    assert set(values(wide, "seed")) == {0, 1, 2}
    assert set(load_study(["study=demo"]).runs) < set(wide.runs)


def test_a_plain_value_fixes_the_axis_of_the_study() -> None:
    assert set(values(load_study(["study=demo", "seed=5"]), "seed")) == {5}


def test_of_two_overrides_for_one_key_the_later_counts() -> None:
    assert set(values(load_study(["seed=1,2", "seed=5"]), "seed")) == {5}
    assert set(values(load_study(["seed=5", "seed=1,2"]), "seed")) == {1, 2}


def test_a_group_can_be_an_axis() -> None:
    study = load_study(["model=mlp,cnn", "model.width=8"])
    assert sorted(str(name) for name in values(study, "model", "name")) == ["cnn", "mlp"]
    assert set(values(study, "model", "width")) == {8}


def test_the_where_of_the_demo_leaves_points_out_and_counts_them() -> None:
    study = load_study(["study=demo", "model.width=64", "seed=0"])
    assert 0 < len(study.runs) < 11
    assert len(study.runs) + study.left_out == 11


def test_an_axis_with_a_typo_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"axis unknown key 'model.dpeth'; did you mean 'model.depth'"):
        load_study(["model.dpeth=1,2"])
    with pytest.raises(ConfigError, match=r"axis unknown key 'sed'; did you mean 'seed'"):
        load_study(["sed=range(0,3)"])


def test_a_grid_that_is_filtered_empty_is_refused() -> None:
    with pytest.raises(ConfigError, match="study demo: no run is left"):
        load_study(["study=demo", "model.width=100000"])


TREE = {"model": {"width": 8, "name": "mlp"}, "seed": 3}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("model.width == 8 and seed < 4", True),
        ("not model.width * 2 ** 2 <= 31", True),
        ("4 <= model.width <= 6 or seed in (1, 2)", False),
        ("model.name == 'mlp' and -seed < 0", True),
        ("model.name not in ['cnn']", True),
    ],
)
def test_where_compares_values_of_the_run(condition: str, expected: bool) -> None:
    assert holds(condition, TREE) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "(lambda: 1)()",
        "model.widht > 3",
        "model.width >",
        "model < 3",
        "open",
        "seed / 0",
    ],
)
def test_where_refuses_everything_else(condition: str) -> None:
    with pytest.raises(ConfigError, match="where"):
        holds(condition, TREE)


def test_a_point_of_a_sweep_is_the_run_that_its_values_give_alone() -> None:
    swept = load_study(["model.width=8,16", "data.train_examples=2000,1e4", "budget.training_flops=1e9,2e9"])
    alone = [
        *load_study(["model.width=16", "data.train_examples=2000", "budget.training_flops=2e9"]).runs.values(),
        *load_study(["model.width=16", "data.train_examples=10000", "budget.training_flops=1e9"]).runs.values(),
    ]
    assert [swept.runs[run_id(run)] for run in alone] == alone
    assert [run_id(run) for run in swept.runs.values()] == list(swept.runs)


def test_a_later_point_of_a_sweep_is_checked_as_the_first() -> None:
    with pytest.raises(ConfigError, match=r"config\.model\.width: expected int, got 8\.5"):
        load_study(["model.width=8,8.5"])
    with pytest.raises(ConfigError, match="'_target_' is not used here"):
        load_study(["model.options={},{_target_:os.system}"])
    with pytest.raises(ConfigError, match=r"model\.width: 0 must be positive"):
        load_study(["model.width=8,0"])


def test_what_points_elsewhere_in_the_tree_is_resolved_once_and_not_for_every_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Resolving takes OmegaConf 15 ms: two minutes for 10,000 runs."""
    asked = []
    monkeypatch.setattr("harness.study.resolve", lambda tree: asked.append(1) or resolve(tree))
    study = load_study(["seed=range(0,50)", "tracking=wandb"])
    assert (len(study.runs), study.runtime.tracking.tags) == (50, ("single",))
    assert len(asked) <= 3
    assert load_study(["model.depth=${seed}", "seed=1,2"]).runs.keys() == {
        *load_study(["model.depth=1", "seed=1"]).runs,
        *load_study(["model.depth=2", "seed=2"]).runs,
    }
