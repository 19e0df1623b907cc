"""Confirmatory and exploratory: Holm's procedure, rules frozen before the first run, arms, and the verb that judges."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.claims import CLAIMS, Verdict
from harness.errors import ConfigError, FitError
from harness.evidence import gather
from harness.judging import _holm, gather_arms, judge_published, judge_study, lacking
from harness.paper.networks import published_networks
from harness.rules import Exclusions, Frozen, compare_with_frozen, freeze, frozen_code, judging_code
from harness.study import load_study
from harness.table import Collected
from tests.command import harness
from tests.made import made_rules
from tests.synthetic import evidence_of, synthetic_evidence, synthetic_runs
from tests.test_claims import law
from tests.tiny import HERE, STUDY


def by_p_value(values: dict[str, float]) -> Callable[[str, float], Verdict]:
    """Verdicts that are decided where the p value is at most the level."""

    def verdict(name: str, level: float) -> Verdict:
        answer = "supported" if values[name] <= level else "undecided"
        return Verdict(name, "s.", "2020", "p", values[name], None, answer, "r.", level=level)  # type: ignore[arg-type]

    return verdict


@pytest.mark.parametrize(
    ("values", "rejected"),
    [
        ({"a": 0.01, "b": 0.02, "c": 0.04}, {"a", "b", "c"}),  # 0.05/3, 0.05/2, 0.05
        ({"a": 0.01, "b": 0.03, "c": 0.04}, {"a"}),  # b fails at 0.025, and c is not tried
        ({"a": 0.02, "b": 0.03, "c": 0.04}, set()),
        ({"a": 0.012, "b": 0.013, "c": 0.049}, {"a", "b", "c"}),
        ({"a": 0.2}, set()),
    ],
)
def test_holm_decides_what_holm_decides(values: dict[str, float], rejected: set[str]) -> None:
    found = _holm(tuple(values), by_p_value(values), 0.05, family=len(values))
    assert {name for name, one in found.items() if one.answer == "supported"} == rejected
    assert set(found) == set(values)


def test_holm_equals_the_step_down_on_ordered_p_values() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        values = {name: float(p) for name, p in zip("abcde", rng.beta(0.5, 6, 5), strict=True)}
        expected: set[str] = set()
        for rank, name in enumerate(sorted(values, key=values.__getitem__)):
            if values[name] > 0.05 / (5 - rank):
                break
            expected.add(name)
        found = _holm(tuple(values), by_p_value(values), 0.05, family=5)
        assert {name for name, one in found.items() if one.answer == "supported"} == expected


def test_a_confirmatory_claim_without_evidence_still_counts_in_the_family() -> None:
    found = _holm(("a",), by_p_value({"a": 0.02}), 0.05, family=3)
    assert found["a"].answer == "undecided"
    assert found["a"].level == pytest.approx(0.05 / 3)


def test_only_what_was_frozen_is_confirmatory() -> None:
    rules = made_rules("claims.confirmatory=[fourth_power,ninth_power]")
    given = law(1 / 6, 0.0, decades=4, n=24)
    frozen = {one.claim: one for one in judge_study(given, rules, frozen="frozen", frozen_code=judging_code())}
    assert {name for name, one in frozen.items() if one.standing == "confirmatory"} == {"fourth_power", "ninth_power"}
    assert frozen["variance"].level == 0.05
    assert frozen["fourth_power"].level == 0.025
    states: tuple[Frozen, ...] = ("changed", "not frozen")
    for state in states:
        verdicts = judge_study(given, rules, frozen=state)
        assert {one.standing for one in verdicts} == {"exploratory"}
        assert {one.level for one in verdicts} == {0.05}


@pytest.mark.parametrize("then", ["0123456789ab", ""], ids=["other code", "none was frozen"])
def test_a_confirmatory_verdict_by_other_code_than_was_frozen_says_so(then: str) -> None:
    rules = made_rules("claims.confirmatory=[fourth_power]")
    found = judge_study(law(1 / 6, 0.0, decades=3), rules, frozen="frozen", frozen_code=then)
    assert {one.claim: one.standing for one in found if one.standing != "exploratory"} == {
        "fourth_power": "confirmatory, judged by later code"
    }


def test_what_was_seen_before_is_said_of_the_claims_that_were_named_and_is_no_rule(tmp_path: Path) -> None:
    file, named = tmp_path / "made.json", "claims.confirmatory=[fourth_power]"
    freeze(made_rules(named), file, started=False)
    owned_up = made_rules(named, "claims.seen=a pilot")
    assert compare_with_frozen(owned_up, file) == "frozen", "it may be owned up to at any time"
    found = judge_study(law(1 / 6, 0.0, decades=3), owned_up, frozen="frozen")
    assert {one.claim for one in found if one.seen == "a pilot"} == {"fourth_power"}


def test_the_code_that_judges_is_frozen_with_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "made.json"
    assert frozen_code(file) == ""
    freeze(made_rules(), file, started=False)
    assert frozen_code(file) == judging_code()
    tree = json.loads(file.read_text())
    file.write_text(json.dumps(tree | {"judging_code": "0123456789ab"}))
    assert (compare_with_frozen(made_rules(), file), frozen_code(file)) == ("frozen", "0123456789ab")
    del tree["judging_code"]
    file.write_text(json.dumps(tree))
    assert (compare_with_frozen(made_rules(), file), frozen_code(file)) == ("frozen", ""), "from before there was one"


def test_an_edit_of_what_judges_is_other_code_and_one_of_another_file_is_not(tmp_path: Path) -> None:
    (tmp_path / "fits").mkdir()
    (tmp_path / "judging.py").write_text("one = 1\n")
    digests = [judging_code(tmp_path)]
    for name, text in (("report.py", ""), ("fits/noise.py", "two = 2\n"), ("judging.py", "one = 3\n")):
        (tmp_path / name).write_text(text)
        judging_code.cache_clear()
        digests.append(judging_code(tmp_path))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_stricter_level_widens_the_interval_and_can_undo_a_decision() -> None:
    given = law(1 / 4.35, 0.0, decades=3, n=12, sigma=0.01)
    alone = judge_study(given, made_rules("claims.confirmatory=[fourth_power]"), frozen="frozen")
    many = judge_study(
        given,
        made_rules("claims.confirmatory=[fourth_power,variance,above_bound,target_factor]", "claims.level=0.001"),
        frozen="frozen",
    )  # fmt: skip
    one, other = (next(v for v in verdicts if v.claim == "fourth_power") for verdicts in (alone, many))
    assert one.interval is not None
    assert other.interval is not None
    assert other.interval[0] < one.interval[0] < one.interval[1] < other.interval[1]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("claims.confirmatory=[forth_power]", "claims.confirmatory: unknown claim 'forth_power'; did"),
        ("claims.confirmatory=[power_law]", "power_law is decided by a margin and not at a level"),
        ("claims.confirmatory=[variance,variance]", "claims.confirmatory: names a claim twice"),
        ("claims.level=0.7", "claims.level: 0.7; a probability between 0 and 0.5"),
        ("claims.exclusions.at_chance=1.5", "claims.exclusions.at_chance: 1.5; a share of 1"),
        ("claims.margins.same_factr=2", "unknown key 'claims.margins.same_factr'; did you mean"),
    ],
)  # fmt: skip
def test_rules_that_can_t_be_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judge_study(law(0.25, 0.0, decades=3), made_rules(override))
    assert message in str(caught.value)


def test_margins_are_the_study_s_own() -> None:
    given = law(0.25, 0.0, decades=3)
    strict = made_rules("claims.margins.aicc_difference=1000")
    answers = [
        next(v for v in judge_study(given, rules) if v.claim == "power_law").answer for rules in (made_rules(), strict)
    ]
    assert answers == ["supported", "undecided"]


def test_exclusions_are_the_study_s_own_and_are_listed() -> None:
    runs = synthetic_runs()
    unlucky = runs["run_id"][0]
    collected = Collected(runs=runs, missing=(), unreadable=())
    found = gather("made", collected, exclusions=Exclusions(at_chance=0.9, runs={unlucky: "the machine overheated"}))
    assert dict(found.dropped) == {unlucky: "excluded by the study: the machine overheated"}
    strict = gather("made", collected, exclusions=Exclusions(at_chance=0.2, runs={}))
    assert all("learnt nothing" in reason for _, reason in strict.dropped)
    assert len(strict.dropped) > 5


def test_rules_are_frozen_once_before_the_first_run(tmp_path: Path) -> None:
    file, rules = tmp_path / "frozen/made.json", made_rules()
    other = made_rules("claims.margins.same_factor=2")
    assert compare_with_frozen(rules, file) == "not frozen"
    assert freeze(rules, file, started=True) == "not frozen"
    assert not file.exists(), "after the first run nothing can be frozen any more"
    assert freeze(rules, file, started=False) == "frozen"
    assert freeze(other, file, started=False) == "frozen"
    assert freeze(rules, file, started=True) == "changed"
    assert compare_with_frozen(other, file) == "frozen"
    file.write_text("{")
    assert compare_with_frozen(other, file) == "not frozen"


def test_rules_that_were_frozen_before_a_margin_came_into_being_are_unchanged_by_it(tmp_path: Path) -> None:
    file, rules = tmp_path / "made.json", made_rules()
    freeze(rules, file, started=False)
    tree = json.loads(file.read_text())
    del tree["margins"]["same_error"]
    file.write_text(json.dumps(tree))
    assert compare_with_frozen(rules, file) == "frozen"
    assert compare_with_frozen(made_rules("claims.margins.same_factor=2"), file) == "changed"
    tree["margins"]["same_error"] = 1.05
    file.write_text(json.dumps(tree))
    assert compare_with_frozen(rules, file) == "changed"


def test_arms_are_gathered_apart_and_an_empty_one_is_refused_with_the_reason() -> None:
    runs = synthetic_runs()
    ids = runs["run_id"].to_list()
    collected = Collected(runs=runs, missing=("abc",), unreadable=())
    exclusions = Exclusions(at_chance=0.9, runs={})
    arms = gather_arms("made", {"up": ids[::2], "down": ids[1::2], "none": ["abc"]}, collected, exclusions=exclusions)
    assert arms is not None
    assert {label: len(one.runs) for label, one in arms.evidence.items()} == {"up": 35, "down": 35}
    assert "no run has a record yet" in arms.refused["none"]
    assert gather_arms("made", {}, collected, exclusions=exclusions) is None


def test_a_study_s_blocks_name_its_arms(tmp_path: Path) -> None:
    study = load_study([
        "study.name=arms",
        "study.blocks=[{axes: {model.width: [8, 16]}, arm: up}, {axes: {model.width: [16, 32]}, arm: down}, "
        "{axes: {}}]",
    ])  # fmt: skip
    assert {arm: len(ids) for arm, ids in study.arms.items()} == {"up": 2, "down": 2}
    assert len(study.runs) == 4, "what two arms share is trained once"


def test_what_a_study_lacks_is_said_claim_by_claim() -> None:
    evidence = synthetic_evidence()
    reasons = lacking(evidence, None)
    judged = {verdict.claim for verdict in judge_study(evidence, made_rules())}
    assert judged == {"power_law", "fourth_power", "ninth_power", "variance", "above_bound", "target_factor"}
    assert set(reasons) == set(CLAIMS) - judged
    assert reasons["expert_simulation"] == "it needs a simulation: harness simulate"


def test_published_networks_are_judged_and_never_confirmatory() -> None:
    points = {one.name: one for one in published_networks()}["ImageNet 2022, training FLOPs"]
    verdicts = {one.claim: one for one in judge_published(points, made_rules("claims.confirmatory=[variance]"))}
    assert verdicts["variance"].answer == "supported"
    assert verdicts["variance"].value == pytest.approx(0.720, abs=0.0005)
    assert {one.standing for one in verdicts.values()} == {"exploratory"}
    assert set(verdicts) == {
        "power_law", "fourth_power", "ninth_power", "variance", "above_bound", "target_factor", "algorithmic_progress",
        "halving_time",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "explained"),
    [
        ("ImageNet 2020", 0.452), ("MS COCO 2020", 0.290), ("SQuAD 1.1 2020", 0.682), ("CoNLL 2003 2020", 0.418),
        ("WMT14 English to French 2020", 0.516), ("WMT14 English to German 2020", 0.003),
        ("ImageNet 2022", 0.766), ("SQuAD 1.1 2022", 0.872),
    ],
)  # fmt: skip
def test_the_e_family_has_the_paper_s_explained_variance(name: str, explained: float) -> None:
    points = {one.name: one for one in published_networks()}[f"{name}, hardware burden"]
    (variance,) = [one for one in judge_published(points, made_rules()) if one.claim == "variance"]
    assert variance.value == pytest.approx(explained, abs=0.0005)


def test_a_study_of_two_models_has_evidence_arm_by_arm_only() -> None:
    runs = synthetic_runs()
    with pytest.raises(FitError, match="more than one model"):
        evidence_of(runs.with_columns(model=np.where(np.arange(len(runs)) % 2, "mlp", "cnn")))


def test_the_list_names_every_claim_with_what_is_there() -> None:
    done = harness("claims", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["claim"]: row for row in json.loads(done.stdout)}
    assert set(rows) == set(CLAIMS)
    assert "sets of published networks" in rows["variance"]["there"]
    assert rows["cost_follows_burden"]["there"] == "nothing yet"
    assert all(row["statement"] and row["source"] and row["needs"] for row in rows.values())


def test_the_verb_judges_published_networks_and_a_drawn_simulation(tmp_path: Path) -> None:
    few = ["simulation.sizes=[12,60,100,110,400,1600]", "simulation.growth.sparse.draws=2"]
    assert harness("simulate", "simulation=small", *few, "--workers", "1").returncode in (0, 1)
    done = harness("claims", "--simulation", "outputs/simulations/small", "--json")
    assert done.returncode == 0, done.stderr
    ((verdict,),) = json.loads(done.stdout)["verdicts"].values()
    assert verdict["claim"] == "expert_simulation"
    assert "small" in harness("claims").stdout
    missing = harness("claims", "--simulation", "outputs/simulations/none")
    assert missing.returncode == 2
    assert "`harness simulate` writes one" in missing.stderr


@pytest.mark.slow
def test_a_launch_freezes_the_rules_and_the_verb_says_when_they_changed(tmp_path: Path) -> None:
    words = [*STUDY, "claims.confirmatory=[fourth_power,variance]"]
    assert harness("launch", *words, HERE).returncode == 0
    assert (tmp_path / "outputs/frozen/tiny.json").exists()
    done = json.loads(harness("claims", *words, "--json").stdout)
    assert done["rules"] == "frozen"
    standing = {one["claim"]: one["standing"] for one in done["verdicts"]["tiny"]}
    assert {name for name, word in standing.items() if word == "confirmatory"} == {"fourth_power", "variance"}
    assert "implied_power" in done["lacking"]
    changed = json.loads(harness("claims", *words, "claims.level=0.1", "--json").stdout)
    assert changed["rules"] == "changed"
    assert {one["standing"] for one in changed["verdicts"]["tiny"]} == {"exploratory"}
    assert "confirmatory" in (harness("report", *words).stdout)
