"""Recipes of different years: what conf/recipe says, and that the claim about progress finds them."""

import itertools
import math
from importlib.resources import files

import pytest

from harness.claims.algorithmic_progress import CLAIM, is_year
from harness.compose import quote_choice
from harness.config import RunConfig
from harness.errors import ConfigError
from harness.study import load_study
from tests.command import harness_alone

YEARS = ("1998", "2012", "2015", "2018", "2021")


def configured(*overrides: str) -> RunConfig:
    (run,) = load_study(overrides).runs.values()
    return run


def test_there_is_a_recipe_of_each_year() -> None:
    names = {file.name.removesuffix(".yaml") for file in (files("conf") / "recipe").iterdir()}
    assert {name for name in names if is_year(name)} == set(YEARS)


@pytest.mark.parametrize("year", YEARS)
def test_a_recipe_says_where_it_comes_from_and_what_its_tuning_cost(year: str) -> None:
    text = (files("conf") / "recipe" / f"{year}.yaml").read_text()
    source = text.partition("# Source:")[2].partition("\n# Not as there:")[0]
    assert year in source
    assert "arXiv " in source or "doi 10." in source
    assert "# Tuning " in text


def test_recipes_have_what_their_years_brought() -> None:
    recipes = {year: configured(f"recipe={year}") for year in YEARS}
    assert [recipes[year].optim.schedule for year in YEARS] == ["step", "step", "step", "cosine", "cosine"]
    assert [recipes[year].augment.flip for year in YEARS] == [False, True, True, True, True]
    assert [recipes[year].augment.mixup > 0 for year in YEARS] == [False, False, False, True, True]
    assert [recipes[year].optim.label_smoothing for year in YEARS] == [0.0, 0.0, 0.0, 0.1, 0.1]
    assert recipes["1998"].model.options["dropout"] == 0.0 < recipes["2012"].model.options["dropout"]
    assert [recipes[year].model.name for year in YEARS] == [
        "plain_cnn", "plain_cnn", "resnet", "resnet", "efficientnet_v2"
    ]  # fmt: skip


def test_no_recipe_is_the_default() -> None:
    assert configured("recipe=none") == configured()


def test_a_recipe_goes_with_any_data_and_its_values_can_be_overridden() -> None:
    run = configured("recipe=2015", "data=cifar10", "model.width=3", "optim.batch_size=32")
    assert (run.model.name, run.model.width, run.data.name, run.optim.batch_size) == ("resnet", 3, "cifar10", 32)


def test_recipes_can_be_swept() -> None:
    assert {run.model.name for run in load_study(["recipe=1998,2015"]).runs.values()} == {"plain_cnn", "resnet"}


def test_an_unknown_year_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"recipe: unknown choice '2016'; did you mean '2021'\? known: 1998, 2012"):
        load_study(["recipe=2016"])


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("recipe=2015", "recipe='2015'"), ("recipe=1998,2012", "recipe='1998','2012'"), ("recipe=none", "recipe=none"),
     ("seed=3", "seed=3"), ("-m", "-m")],
)  # fmt: skip
def test_a_choice_that_looks_like_a_number_is_quoted(word: str, quoted: str) -> None:
    assert quote_choice(word) == quoted


def test_a_run_by_hydra_takes_a_recipe() -> None:
    done = harness_alone("run", "recipe=2012", "--cfg", "job")
    assert done.returncode == 0
    assert "dropout: 0.5" in done.stdout


def test_the_study_of_recipes_has_an_arm_a_year_each_over_a_decade_and_a_half() -> None:
    study = load_study(["study=vintage"])
    assert tuple(study.arms) == YEARS
    assert CLAIM.arms_lack(study.arms) == ""
    for ids in study.arms.values():
        budgets = {study.runs[run_id].budget.training_flops or 0.0 for run_id in ids}
        assert len(budgets) == 4
        assert math.log10(max(budgets) / min(budgets)) == pytest.approx(1.5, abs=0.03)
    assert len(set(study.runs)) == sum(map(len, study.arms.values()))  # no run is of two recipes


def test_every_recipe_has_the_same_tuning_budget() -> None:
    study = load_study(["study=vintage_tuning"])
    assert tuple(study.arms) == YEARS
    assert {len(ids) for ids in study.arms.values()} == {7}
    for year, ids in study.arms.items():
        rates = sorted(study.runs[run_id].optim.learning_rate for run_id in ids)
        assert all(after == pytest.approx(2 * before) for before, after in itertools.pairwise(rates))
        assert rates[0] < configured(f"recipe={year}").optim.learning_rate < rates[-1]
