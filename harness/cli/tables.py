"""Tables for the terminal."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from harness.claims import Verdict
    from harness.failures import Failure
    from harness.plan import PlannedRun
    from harness.stacking import Stack
    from harness.states import RunState
    from harness.study import Study

_CLAIMED = {"supported": "green", "contradicted": "red", "undecided": "yellow"}
ANSWER_STYLES = {**_CLAIMED, "the same here": "green", "different here": "red"}  # the last two of powers on other data
ANSWER_SIGNS = {"supported": "✓", "contradicted": "✗", "undecided": "?", "the same here": "=", "different here": "≠"}


def show(*parts: RenderableType) -> None:
    """Print tables and lines; one that is wider than the terminal is folded and not cut.

    Words are shown as they are: what is coloured is a ``Text``, since Rich would take ``[inf, inf]`` for a colour.
    """
    console = Console(markup=False, emoji=False)
    for part in parts:
        console.print(part)


def plan_table(study: "Study", planned: Sequence["PlannedRun"], *, done: Collection[str]) -> Table:
    """A row a cell: its size, its cost, how many of its seeds are done."""
    from harness.identity import cell_id

    cells: dict[str, list[PlannedRun]] = {}
    for run in planned:
        cells.setdefault(cell_id(run.config), []).append(run)
    sets = ", ".join(sorted({run.config.data.name for run in planned}))
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        title=f"Plan of study {study.name} on {sets}",
        caption=_plan_caption(study, planned, done=done),
    )
    for name in ("model", "width", "depth", "examples", "params", "steps", "FLOPs", "done", "time each"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for runs in cells.values():
        first = runs[0]
        table.add_row(
            first.config.model.name,
            str(first.config.model.width),
            str(first.config.model.depth),
            f"{first.config.data.train_examples:,}",
            f"{first.cost.params:,}",
            f"{first.steps:,}",
            short(first.training_flops),
            f"{sum(run.id in done for run in runs)}/{len(runs)}",
            duration(first.seconds),
        )
    return table


def plan_each_table(study: "Study", planned: Sequence["PlannedRun"], *, done: Collection[str]) -> Table:
    """A row a run: its id, its place in the grid, whether it is done."""
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        title=f"Runs of study {study.name}",
        caption=_plan_caption(study, planned, done=done),
    )
    for name in ("id", "state", "model", "width", "depth", "n", "FLOPs", "seed", "time"):
        table.add_column(name, no_wrap=True)
    for run in planned:
        config = run.config
        table.add_row(
            run.id,
            "done" if run.id in done else "missing",
            config.model.name,
            str(config.model.width),
            str(config.model.depth),
            f"{config.data.train_examples:,}",
            short(run.training_flops),
            str(config.seed),
            duration(run.seconds),
        )
    return table


def plan_rows(planned: Sequence["PlannedRun"], *, done: Collection[str]) -> list[dict[str, object]]:
    """The plan for another program: a mapping a run."""
    from harness.identity import run_tree
    from harness.trunks import inherited_steps

    inherited = inherited_steps(planned)
    return [
        {
            "id": run.id,
            "state": "done" if run.id in done else "missing",
            "params": run.cost.params,
            "forward_flops": run.cost.forward_flops,
            "training_flops": run.training_flops,
            "inherited_flops": inherited.get(run.id, 0) * run.cost.step_flops,
            "steps": run.steps,
            "seconds": run.seconds,
            "config": run_tree(run.config),
        }
        for run in planned
    ]


def _plan_caption(study: "Study", planned: Sequence["PlannedRun"], *, done: Collection[str]) -> str:
    from harness.trunks import inherited_steps

    missing = [run for run in planned if run.id not in done]
    inherited = inherited_steps(planned)
    own_steps = {run.id: run.steps - inherited.get(run.id, 0) for run in missing}
    apart = sum(run.training_flops for run in missing)
    flops = sum(own_steps[run.id] * run.cost.step_flops for run in missing)
    seconds = sum(run.seconds * own_steps[run.id] / run.steps for run in missing)
    shared = f" ({100 * (1 - flops / apart):.0f} % less than apart: budgets share trunks)" if flops < apart else ""
    stacked = _stacked(planned_stacks(study, planned, done=done))
    left_out = f" {study.left_out} points of the grid do not meet its 'where'." if study.left_out else ""
    return (
        f"{plural(len(planned), 'run')}: {len(planned) - len(missing)} done, {len(missing)} missing, {short(flops)} "
        f"FLOPs{shared}, about {duration(seconds)} on one worker.{stacked}{left_out}"
    )


def planned_stacks(study: "Study", planned: Sequence["PlannedRun"], *, done: Collection[str]) -> tuple["Stack", ...]:
    """As a launch on this machine would train what is missing."""
    from harness.stacking import at_once, plan_stacks
    from harness.trunks import waves

    workers, largest = at_once(study.launcher, study.runtime)
    missing = [run for run in planned if run.id not in done]
    of_waves = (plan_stacks(wave, size=largest, workers=workers) for wave in waves(missing))
    return tuple(itertools.chain.from_iterable(of_waves))


def _stacked(stacks: Sequence["Stack"]) -> str:
    from harness.stacking import stack_bytes

    if not stacks:
        return ""
    return (
        f" In {plural(len(stacks), 'stack')} of up to {plural(max(map(len, stacks)), 'run')}, the largest "
        f"{max(map(stack_bytes, stacks)) / 1e6:,.0f} MB beside the data."
    )


def verdict_table(verdicts: Iterable["Verdict"]) -> Table:
    """A row a claim: the sentence, the answer, our number."""
    table = Table(title="Verdicts", show_lines=True)
    table.add_column("claim", ratio=3)
    table.add_column("answer", no_wrap=True)
    table.add_column("our number", ratio=2)
    table.add_column("why", ratio=4)
    for verdict in verdicts:
        table.add_row(
            verdict.statement,
            Text.assemble(_answer(verdict.answer), f"\n{verdict.standing.replace(', ', chr(10))}"),
            number_with_interval(verdict.statistic, verdict.value, verdict.interval),
            f"{verdict.reason}\nSeen before: {verdict.seen}." if verdict.seen else verdict.reason,
        )
    return table


def text_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Rows of text; a verdict's word is coloured."""
    table = Table(title=title, show_lines=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_answer(cell) if cell in ANSWER_STYLES else cell for cell in row))
    return table


def _answer(word: str) -> Text:
    return Text(f"{ANSWER_SIGNS[word]} {word}", style=ANSWER_STYLES[word])


def number_with_interval(name: str, value: float | None, interval: tuple[float, float] | None) -> str:
    """``compute exponent 5.1 [3.9, 7.2]``, or that there is none."""
    if value is None:
        return f"{name}: not identified"
    band = f" [{interval[0]:.3g}, {interval[1]:.3g}]" if interval else ""
    return f"{name} {value:.3g}{band}"


def status_table(study: "Study", states: Mapping[str, "RunState"]) -> Table:
    """How many runs are in each state, and the runs that are on their way or went wrong."""
    table = Table(title=f"Study {study.name}", caption=f"{plural(len(states), 'run')}: {counts_of(states)}")
    for name in ("run", "state", "step", "last word", "host", "reason"):
        table.add_column(name, overflow="fold")
    for run_id, state in states.items():
        if state.state not in ("finished", "planned"):
            silent = "" if state.silent_seconds is None else f"{duration(state.silent_seconds)} ago"
            table.add_row(run_id, state.state, f"{state.step:,}", silent, state.host, state.reason)
    return table


def counts_of(states: Mapping[str, "RunState"]) -> str:
    """``90 finished, 2 running``."""
    counts = Counter(state.state for state in states.values())
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def failures_table(failures: Sequence["Failure"]) -> Table:
    """A row a failure: how often, of what kind, an example, and what would do."""
    table = Table(title="What went wrong", show_lines=True)
    for name in ("failure", "runs", "kind", "example", "host", "reason", "what to do"):
        table.add_column(name, overflow="fold")
    for one in failures:
        hosts = ", ".join(one.hosts)
        table.add_row(one.fingerprint, f"{one.count:,}", one.kind, one.example, hosts, one.reason, one.remedy)
    return table


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def plural(count: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def short(number: float) -> str:
    """``3.2e11``."""
    return f"{number:.1e}".replace("e+0", "e").replace("e+", "e")
