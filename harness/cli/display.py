"""The live account of a launch: runs done, running, failed; FLOP/s; time left; the frontier so far."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.cli.tables import duration, plural, short
from harness.errors import RecordError
from harness.records import is_finished, read_record
from harness.states import read_state
from launch import Event, Failed, Finished, Started

if TYPE_CHECKING:
    from harness.attending import Outcome
    from harness.plan import PlannedRun
    from harness.stacking import Stack
    from harness.study import Study

LOOK_SECONDS = 1.0  # between two looks at the events of the running runs


class Board:
    """Counts a launch's events and draws them: a live panel on a terminal, a line a run elsewhere."""

    def __init__(
        self, study: "Study", planned: Sequence["PlannedRun"], *, workers: int, console: Console, live: bool
    ) -> None:
        self.study, self.planned, self.workers, self.console = study, planned, workers, console
        self.began = self.looked = time.monotonic()
        self.best: dict[str, tuple[float, int]] = {}
        self.done: set[str] = set()
        for run in planned:
            if is_finished(study.runs_folder / run.id):
                self._count(run)
        self.before = frozenset(self.done)
        self.running: dict[str, PlannedRun] = {}
        self.reached: dict[str, int] = {}
        self.failed = self.interrupted = 0
        self.live = Live(self._draw(), console=console, auto_refresh=False, transient=True) if live else None

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()
        trained = len(self.done - self.before)
        for run in self.planned:  # another launch of the study may have trained some
            if run.id not in self.done and is_finished(self.study.runs_folder / run.id):
                self._count(run)
        self.say(
            f"{plural(trained, 'run')} trained in {duration(time.monotonic() - self.began)} on "
            f"{plural(self.workers, 'worker')}; "
            f"{len(self.done)} of {len(self.planned)} done, {self.failed} failed."
        )

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(line, markup=False, highlight=False)

    def take(self, event: "Event[Stack, tuple[Outcome, ...]]") -> None:
        """Count what an event says of each run of a stack, and redraw."""
        match event:
            case Started(item=stack):
                self.running |= {run.id: run for run in stack}
            case Finished(item=stack, value=outcomes):
                for run, outcome in zip(stack, outcomes, strict=True):
                    self._end(run, outcome)
            case Failed(item=stack, reason=reason, detail=detail):
                for run in stack:  # one of a stack may have come to its record before
                    finished = is_finished(self.study.runs_folder / run.id)
                    self._end(run, "finished" if finished else "failed", reason=reason, detail=detail)
        now = time.monotonic()
        if now - self.looked > LOOK_SECONDS:
            self.looked = now
            self.reached = {
                name: read_state(self.study.runs_folder / name, now=time.time()).training_flops for name in self.running
            }
        if self.live:
            self.live.update(self._draw(), refresh=True)

    def _end(self, run: "PlannedRun", outcome: "Outcome", *, reason: str = "", detail: str = "") -> None:
        self.running.pop(run.id, None)
        self.reached.pop(run.id, None)
        if outcome == "failed":
            self.failed += 1
            reason = reason or read_state(self.study.runs_folder / run.id, now=time.time()).reason
            self.say(f"failed {run.id} {_title(run)}: {reason}")
            if self.failed == 1 and detail:
                self.say(f"The first failure in full; `harness show {run.id}` shows it again:\n{detail.rstrip()}")
            return
        if outcome in ("finished", "diverged"):
            self._count(run)
        else:
            self.interrupted += 1
        if not self.live:
            self.say(f"{outcome} {run.id} {_title(run)} ({len(self.done)}/{len(self.planned)})")

    def _count(self, run: "PlannedRun") -> None:
        """Take a run with a record into the totals and into the frontier."""
        try:
            record, _ = read_record(self.study.runs_folder / run.id)
        except RecordError as error:
            self.say(f"unreadable {run.id}: {error}")
            return
        self.done.add(run.id)
        if record.validation_error is not None:
            budget = short(run.config.budget.training_flops or run.training_flops)
            here = (record.validation_error, run.config.model.width)
            self.best[budget] = min(self.best.get(budget, here), here)

    def _draw(self) -> RenderableType:
        elapsed = time.monotonic() - self.began
        flops = sum(run.training_flops for run in self.planned if run.id in self.done - self.before)
        flops += sum(self.reached.values())
        counts = Table.grid(padding=(0, 3))
        counts.add_row(
            f"[bold]{len(self.done)}[/bold] of {len(self.planned)} runs done",
            f"{len(self.running)} running",
            f"[red]{self.failed} failed[/red]" if self.failed else "0 failed",
            f"{short(flops / elapsed)} FLOP/s" if flops else "starting the workers",
            f"{duration(elapsed)} gone, {self._time_left(elapsed)} left",
        )
        bar = Table.grid()
        bar.add_row(ProgressBar(total=sum(r.seconds for r in self.planned), completed=self._predicted_done(), width=72))
        lines = [Text(f"  {name}  {_title(run)}", style="dim") for name, run in list(self.running.items())[:8]]
        frontier = ", ".join(
            f"{budget}: {error:.3f} (width {width})"
            for budget, (error, width) in sorted(self.best.items(), key=lambda item: float(item[0]))
        )
        return Group(bar, counts, *lines, Text(f"lowest validation error at each budget  {frontier}", style="cyan"))

    def _predicted_done(self) -> float:
        """Seconds of work done, as the plan predicted them: of finished runs, and of the parts of running ones."""
        done = sum(run.seconds for run in self.planned if run.id in self.done)
        parts = (run.seconds * self.reached.get(name, 0) / run.training_flops for name, run in self.running.items())
        return done + sum(parts)

    def _time_left(self, elapsed: float) -> str:
        """From the plan's prediction, corrected by how it did so far."""
        before = sum(run.seconds for run in self.planned if run.id in self.before)
        fresh = self._predicted_done() - before
        if fresh <= 0 or elapsed < 2:
            return "..."
        return duration(elapsed * (sum(run.seconds for run in self.planned) - before - fresh) / fresh)


def _title(run: "PlannedRun") -> str:
    config = run.config
    return (
        f"{config.model.name} width {config.model.width} depth {config.model.depth} "
        f"{short(run.training_flops)} FLOPs seed {config.seed}"
    )
