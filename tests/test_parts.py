import json

import pytest

from harness import parts
from harness.config import OptimConfig, RunConfig, read_run
from harness.errors import ConfigError
from harness.identity import cell_id, run_id, run_text
from harness.parts import shared
from harness.schema import from_dict, to_dict
from harness.study import load_study
from tests.made import made_record


def test_runs_share_the_parts_that_are_the_same() -> None:
    one, two = load_study(["optim.learning_rate=1e-3,2e-3", "seed=0"]).runs.values()
    assert one.optim != two.optim
    assert one.model is two.model
    three = read_run(to_dict(one), where="here")
    assert three == one
    assert three.optim is one.optim


def test_equal_numbers_of_another_type_are_not_taken_for_each_other() -> None:
    tree = to_dict(made_record().config.model)
    assert shared(type(made_record().config.model), tree, where="here").width == 64
    with pytest.raises(ConfigError, match=r"here.depth: expected int, got True"):
        shared(type(made_record().config.model), {**tree, "depth": True}, where="here")


def test_what_was_read_from_a_part_is_its_own_and_not_the_readers_mapping() -> None:
    tree = to_dict(made_record("model=cnn").config)
    run = read_run(tree, where="here")
    tree["model"]["width"] = 12345
    assert run == made_record("model=cnn").config
    assert read_run(tree, where="here").model.width == 12345


def test_the_ids_are_hashes_of_the_whole_text_however_it_is_put_together() -> None:
    run = made_record("seed=3", "model=torchvision", "augment=standard").config
    assert json.loads(run_text(run)) == to_dict(run)
    assert run_text(run) == json.dumps(to_dict(run), sort_keys=True)
    for seed in (3, 4):
        other = from_dict(RunConfig, {**to_dict(run), "seed": seed}, where="here")
        assert (run_id(other) == run_id(run)) == (seed == 3)
        assert cell_id(other) == cell_id(run)


def test_what_is_remembered_is_forgotten_when_it_is_much_and_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST", 2)
    rates = [f"optim.learning_rate={rate}" for rate in (1e-3, 2e-3, 3e-3, 4e-3)]
    ids = [run_id(made_record(rate).config) for rate in rates for _ in range(2)]
    assert ids[::2] == ids[1::2]
    assert len(set(ids)) == 4


def test_a_bad_part_is_refused_each_time_with_its_place() -> None:
    tree = {**to_dict(made_record().config.optim), "batch_size": 8.5}
    for place in ("here", "there"):
        with pytest.raises(ConfigError, match=rf"{place}.batch_size: expected int, got 8.5"):
            shared(OptimConfig, tree, where=place)
