"""Runs trained as one: each is still the run that it would have been alone."""

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from harness.batched import backward, batch, can_be_batched
from harness.batches import batches
from harness.checkpoint import save
from harness.config import ModelConfig
from harness.errors import HarnessError
from harness.events import read_events
from harness.flops import build_model
from harness.optim import peak_learning_rate, schedule
from harness.ownership import Owner
from harness.plan import PlannedRun, plan_runs
from harness.records import read_record
from harness.schema import to_dict
from harness.session import Session, set_up
from harness.stacking import plan_stacks, stack_bytes
from harness.states import read_state
from harness.stepping import steps_of
from harness.study import Study, load_study
from harness.train import run_one, run_stack
from tests.tiny import TEACHER

RUN = (*TEACHER, "model.width=8", "budget.training_flops=null", "budget.steps=100")
UNLIKE = (*RUN, "study.name=unlike", "seed=0,1", "optim.learning_rate=1e-3,3e-2", "data.train_examples=500,2000")


def planned(overrides: Sequence[str]) -> tuple[Study, tuple[PlannedRun, ...]]:
    study = load_study(overrides)
    return study, plan_runs(study.runs.values(), runtime=study.runtime)


def sessions(overrides: Sequence[str], folder: Path) -> list[Session]:
    study, runs = planned(overrides)
    return [set_up(run, runtime=study.runtime, owner=Owner(folder / run.id, 1)) for run in runs]


def train_plainly(session: Session, *, steps: int) -> float:
    """The training that is meant, with nothing of ours between torch and the data; the sum of the losses."""
    run, train, total = session.planned.config, session.data.train, 0.0
    images = next(train.in_order(len(train.labels)))
    rows = batches(len(train.labels), batch_size=run.optim.batch_size, seed=run.seed)
    for step, chosen in zip(range(steps), rows, strict=False):
        rate = peak_learning_rate(run.optim, width=run.model.width)
        for group in session.optimizer.param_groups:
            group["lr"] = rate * schedule(run.optim, step=step, steps=session.planned.steps)
        session.optimizer.zero_grad()
        loss = functional.cross_entropy(
            session.model(images[chosen]), train.labels[chosen], label_smoothing=run.optim.label_smoothing
        )
        loss.backward()  # type: ignore[no-untyped-call]
        session.optimizer.step()
        total += loss.item()
    return total


@pytest.mark.parametrize(
    "optim", [("optim=adamw", "optim.beta1=0.8,0.9"), ("optim=sgd",), ("optim=sgd", "optim.beta1=0.0")]
)
def test_a_stacked_run_is_the_lone_run_to_1e_10_over_100_steps_in_float64(optim: Sequence[str], tmp_path: Path) -> None:
    overrides = (*UNLIKE, *optim, "numerics=float64", "optim.weight_decay=0.0,0.1")
    stacked, alone = sessions(overrides, tmp_path), sessions(overrides, tmp_path)
    for _ in zip(range(100), steps_of(stacked), strict=False):
        pass
    for one, other in zip(stacked, alone, strict=True):
        loss_sum = train_plainly(other, steps=100)
        assert float(one.progress.loss_sum) == pytest.approx(loss_sum, rel=1e-12)
        for got, expected in zip(one.model.parameters(), other.model.parameters(), strict=True):
            torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    assert len({float(session.progress.loss_sum) for session in stacked}) == len(stacked)


def records(study: Study, runs: Sequence[PlannedRun]) -> list[bytes]:
    return [(study.runs_folder / run.id / "record.json").read_bytes() for run in runs]


def test_the_record_of_a_run_does_not_depend_on_its_stack() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a worker has it: with more, the library may sum in another order
    try:
        alone, runs = planned((*UNLIKE, "runtime.output=alone"))
        for run in runs:
            run_one(run, runtime=alone.runtime)
        stacked, _ = planned((*UNLIKE, "runtime.output=stacked"))
        assert run_stack(runs, runtime=stacked.runtime) == len(runs) * ("finished",)
        mixed, longer = planned((*UNLIKE, "budget.steps=60,100", "runtime.output=mixed"))
        run_stack(longer, runtime=mixed.runtime)
    finally:
        torch.set_num_threads(threads)
    assert records(stacked, runs) == records(alone, runs) == records(mixed, runs)
    assert read_record(stacked.runs_folder / runs[0].id)[1].stacked == len(runs) == 8
    assert read_record(alone.runs_folder / runs[0].id)[1].stacked == 1


def numbers(models: Sequence[nn.Module], images: Tensor, labels: Tensor) -> list[Tensor]:
    """Losses and gradients, the members' first."""
    layers = batch(models)
    losses = backward(layers, images, labels, label_smoothing=0.1)
    return [losses, *(one for layer in layers for one in (layer.weight_gradient, layer.bias_gradient))]


@pytest.mark.parametrize("examples", [16, 50, 64, 100, 128])
@pytest.mark.parametrize("units", [8, 12, 24, 96, 131])
def test_a_member_s_bits_do_not_depend_on_its_stack(examples: int, units: int) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = ModelConfig("mlp", units, 2, {})
    models = [build_model(shape, image_shape=(1, 7, 7), num_classes=10) for _ in range(5)]
    images, labels = torch.randn(5, examples, 49), torch.randint(0, 10, (5, examples))
    alone = [numbers([model], images[[i]], labels[[i]]) for i, model in enumerate(models)]
    together = numbers(models, images, labels)
    torch.set_num_threads(threads)
    for member, own in enumerate(alone):
        assert all(torch.equal(one[0], each[member]) for one, each in zip(own, together, strict=True))


def test_augmented_images_are_each_run_s_own() -> None:
    overrides = (*RUN, "augment=standard", "seed=0,1,2")
    alone, runs = planned((*overrides, "runtime.output=alone"))
    for run in runs:
        run_one(run, runtime=alone.runtime)
    stacked, _ = planned((*overrides, "runtime.output=stacked"))
    run_stack(runs, runtime=stacked.runtime)
    assert records(stacked, runs) == records(alone, runs)


def test_runs_that_share_seed_and_data_share_their_batches() -> None:
    overrides = (*RUN, "optim.learning_rate=1e-3,1e-2,1e-1")
    alone, runs = planned((*overrides, "runtime.output=alone"))
    for run in runs:
        run_one(run, runtime=alone.runtime)
    stacked, _ = planned((*overrides, "runtime.output=stacked"))
    run_stack(runs, runtime=stacked.runtime)
    assert records(stacked, runs) == records(alone, runs)


def test_a_member_that_diverges_leaves_the_others_as_they_are() -> None:
    overrides = (*RUN, "optim=sgd", "optim.batch_size=16", "optim.learning_rate=1e-2,1e9,2e-2")
    study, runs = planned((*overrides, "runtime.output=stacked"))
    assert run_stack(runs, runtime=study.runtime) == ("finished", "diverged", "finished")
    alone, _ = planned((*overrides, "runtime.output=alone"))
    for run in runs:
        run_one(run, runtime=alone.runtime)
    assert records(study, runs) == records(alone, runs)


def test_a_member_that_cannot_start_says_why_and_leaves_the_others_alone() -> None:
    study, runs = planned((*RUN, "seed=0,1,2"))
    edited = study.runs_folder / runs[1].id / "config.json"
    edited.parent.mkdir(parents=True)
    edited.write_text(json.dumps({**to_dict(runs[1].config), "seed": 7}))
    assert run_stack(runs, runtime=study.runtime) == ("finished", "failed", "finished")
    with pytest.raises(HarnessError, match="holds another configuration"):
        run_one(runs[1], runtime=study.runtime)


def test_a_failure_on_the_way_is_in_the_events_of_all_that_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    study, runs = planned((*RUN, "seed=0,1"))
    monkeypatch.setattr("harness.attending.score", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        run_stack(runs, runtime=study.runtime)
    for run in runs:
        state = read_state(study.runs_folder / run.id, now=time.time())
        assert (state.state, state.reason) == ("failed", "ZeroDivisionError: integer division or modulo by zero")


def test_a_checkpoint_holds_one_run_and_not_its_stack(tmp_path: Path) -> None:
    stacked, (alone,) = sessions((*RUN, "seed=range(0,8)"), tmp_path), sessions(RUN, tmp_path)
    for group in (stacked, [alone]):
        for _ in zip(range(3), steps_of(group), strict=False):
            pass
    sizes = []
    for session in (stacked[0], alone):
        path = tmp_path / "checkpoint.pt"
        save(path, run_id="", model=session.model, optimizer=session.optimizer, progress=session.progress)
        sizes.append(path.stat().st_size)
    assert sizes[0] <= sizes[1] + 64


def test_a_batched_step_multiplies_what_its_members_would() -> None:
    _, runs = planned((*RUN, "seed=0,1,2"))
    run = runs[0].config
    models = [build_model(run.model, image_shape=(1, 8, 8), num_classes=10) for _ in runs]
    images, labels = torch.randn(3, run.optim.batch_size, 64), torch.randint(0, 10, (3, run.optim.batch_size))
    layers = batch(models)
    with FlopCounterMode(display=False) as counter:
        backward(layers, images, labels)
    assert counter.get_total_flops() == sum(run.cost.step_flops for run in runs)


@pytest.mark.parametrize(
    ("name", "options", "batched"),
    [("mlp", {}, True), ("cnn", {}, False), ("vit", {"patch": 4, "head_width": 8}, False)],
)
def test_only_what_has_a_batched_form_is_batched(name: str, options: dict[str, int], batched: bool) -> None:
    model = build_model(ModelConfig(name, 8, 1, options), image_shape=(1, 8, 8), num_classes=10)
    assert can_be_batched(model) == batched
    if batched:
        assert not can_be_batched(nn.Sequential(*model.children(), nn.ReLU()))
        assert not can_be_batched(nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False)))


LONG = (*TEACHER, "model.width=8", "budget.training_flops=null", "budget.steps=2000", "seed=0,1,2",
        "optim.learning_rate=1e-3,1e-2", "runtime.checkpoint_seconds=0.2", "runtime.heartbeat_seconds=0.1")  # fmt: skip


def interrupt_after(study: Study, runs: Sequence[PlannedRun], *, saves: int) -> None:
    """Train the runs as one stack in a child, and kill it where it stands when each has been saved so often."""
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        run_stack(runs, runtime=study.runtime)
        os._exit(0)
    deadline = time.monotonic() + 60
    folders = [study.runs_folder / run.id for run in runs]
    while any(sum(event["event"] == "heartbeat" for event in read_events(folder)) < saves for folder in folders):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not any((folder / "record.json").exists() for folder in folders)


@pytest.mark.slow
def test_a_killed_stack_goes_on_in_any_other_and_leaves_the_same_records() -> None:
    torch.set_num_threads(1)
    alone, runs = planned((*LONG, "runtime.output=alone"))
    run_stack(runs, runtime=alone.runtime)
    killed, _ = planned((*LONG, "runtime.output=killed"))
    interrupt_after(killed, runs[:4], saves=2)
    interrupt_after(killed, runs[2:5], saves=3)
    assert run_one(runs[0], runtime=killed.runtime) == "finished"
    assert set(run_stack(runs[1:], runtime=killed.runtime)) == {"finished"}
    assert records(killed, runs) == records(alone, runs)


def widths(stacks: Sequence[Sequence[PlannedRun]]) -> list[list[int]]:
    return [sorted(run.config.model.width for run in stack) for stack in stacks]


def test_a_stack_is_of_one_shape_and_every_run_is_in_one() -> None:
    _, runs = planned((*RUN, "study.name=grid", "model.width=8,16", "seed=range(0,5)", "budget.steps=50,100"))
    stacks = plan_stacks(runs, size=4, workers=1)
    assert sorted(run.id for stack in stacks for run in stack) == sorted(run.id for run in runs)
    assert all(len(set(group)) == 1 and len(group) <= 4 for group in widths(stacks))
    assert plan_stacks(runs[::-1], size=4, workers=1) == stacks
    assert [len(stack) for stack in plan_stacks(runs, size=1, workers=1)] == 20 * [1]


@pytest.mark.parametrize(
    "unlike",
    [
        "optim.batch_size=16,32",
        "optim=adamw,sgd",
        "data.split_seed=0,1",
        "augment=none,standard",
        "numerics=float32,float64",
        "model.depth=1,2",
    ],
)
def test_what_one_batched_network_cannot_hold_is_apart(unlike: str) -> None:
    _, runs = planned((*RUN, unlike))
    assert [len(stack) for stack in plan_stacks(runs, size=16, workers=1)] == [1, 1]


def test_networks_without_a_batched_form_are_trained_one_by_one() -> None:
    _, runs = planned((*RUN, "model=cnn", "model.depth=1", "seed=0,1,2"))
    assert [len(stack) for stack in plan_stacks(runs, size=16, workers=1)] == [1, 1, 1]


@pytest.mark.parametrize(("workers", "sizes"), [(1, [8]), (2, [4, 4]), (3, [3, 3, 2]), (8, 8 * [1])])
def test_stacks_are_small_enough_for_every_worker_to_have_a_share(workers: int, sizes: list[int]) -> None:
    _, runs = planned((*RUN, "seed=range(0,8)"))
    assert [len(stack) for stack in plan_stacks(runs, size=16, workers=workers)] == sizes


def test_the_memory_of_a_stack_is_linear_in_its_size() -> None:
    _, runs = planned((*RUN, "seed=range(0,8)"))
    assert stack_bytes(runs) == 8 * stack_bytes(runs[:1]) > 8 * 4 * 4 * runs[0].cost.params
