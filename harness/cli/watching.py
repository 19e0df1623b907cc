"""The verb that follows a study: watch. It reads files and asks Slurm; whatever happens to it, the study goes on."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from harness.cli.arguments import Json, Overrides
from harness.cli.tables import duration, short

if TYPE_CHECKING:
    from harness.following import Account, Refit
    from harness.plan import PlannedRun
    from harness.states import RunState
    from harness.study import Study

SHOWN = 8  # runs that are on their way, failures, budgets: as many lines each as a small terminal has
BAR = 30  # characters of the longest bar


@dataclass(frozen=True)
class Look:
    """The study as it was at one moment: its account, its curve, each run's state."""

    account: "Account"
    refit: "Refit"
    states: "Mapping[str, RunState]"


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(
        help="Follow a study as it runs: states, rate, time left, failures, the exponent refitted. Only reads."
    )(watch)


def watch(
    overrides: Overrides = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once; exit code 1 if some run is not done.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.")] = 2.0,
    as_json: Json = False,
) -> None:
    """A live table on a terminal, a line a change elsewhere, until all runs are done. Ctrl-C is harmless."""
    from harness.study import load_study

    study = load_study(overrides or [])

    from harness.cli.calibrating import read_this_calibration
    from harness.plan import plan_runs

    planned = plan_runs(study.runs.values(), runtime=study.runtime, calibration=read_this_calibration(study))
    looks = look_again(study, planned, every=every)
    console = Console()
    try:
        if as_json:
            last = _print_json(looks, once=once)
        elif once:
            last = next(looks)
            console.print(_drawn(study, last))
        elif console.is_terminal:
            last = _draw(study, looks, console)
        else:
            last = _print_changes(planned, looks)
    except KeyboardInterrupt:
        print("The study goes on; the same command shows it again.")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if last.account.done == last.account.total else 1)


def look_again(study: "Study", planned: "tuple[PlannedRun, ...]", *, every: float) -> Iterator[Look]:
    """The study at each look, the last when all runs are done. Each record is read once."""
    import polars as pl

    from harness.cli.standing import states_of
    from harness.following import account, refit
    from harness.states import DONE
    from harness.table import RUN_COLUMNS, collect

    runs, landed = pl.DataFrame(schema=RUN_COLUMNS), dict[str, float]()
    fitted: Refit | None = None
    while True:
        states = states_of(study)
        fresh = [name for name, state in states.items() if state.state in DONE and name not in landed]
        landed |= {name: (study.runs_folder / name / "record.json").stat().st_mtime for name in fresh}
        if fresh or fitted is None:
            runs = pl.concat([runs, collect(fresh, runs_folder=study.runs_folder).runs])
            fitted = refit(study.name, runs, landed=landed, exclusions=study.rules.exclusions)
        look = Look(account(planned, states, landed=landed, now=time.time()), fitted, states)
        yield look
        if look.account.done == look.account.total:
            return
        time.sleep(every)


def _print_json(looks: Iterator[Look], *, once: bool) -> Look:
    from harness.cli.fitting import finite
    from harness.schema import to_dict

    for look in looks:
        tree = {"account": to_dict(look.account), "refit": to_dict(look.refit)}
        print(json.dumps(finite(tree)), flush=True)
        if once:
            break
    return look


def _draw(study: "Study", looks: Iterator[Look], console: Console) -> Look:
    """The live table; a failure is also a line that stays, at once."""
    before: Mapping[str, RunState] = {}
    with Live(console=console, auto_refresh=False) as live:
        for look in looks:
            for line in _failed(before, look.states):
                live.console.print(line, style="red", highlight=False, markup=False)
            live.update(_drawn(study, look), refresh=True)
            before = look.states
    return look


def _failed(before: "Mapping[str, RunState]", states: "Mapping[str, RunState]") -> Iterator[str]:
    from harness.following import changes

    for name in changes(before, states):
        if states[name].state in ("failed", "lost", "unreadable"):
            yield f"{states[name].state} {name}: {states[name].reason}; `harness logs {name}`"


def _print_changes(planned: "tuple[PlannedRun, ...]", looks: Iterator[Look]) -> Look:
    """A line a change, for a log or a pipe."""
    from harness.following import changes

    titles = {
        run.id: f"{run.config.model.name} width {run.config.model.width} seed {run.config.seed}" for run in planned
    }
    before: Mapping[str, RunState] | None = None
    fitted: Refit | None = None
    for look in looks:
        lines = [] if before is not None else [_account_line(look.account)]
        for name in changes(before or {}, look.states):
            state = look.states[name]
            lines.append(f"{state.state} {name} {titles[name]}{': ' if state.reason else ''}{state.reason}")
        if look.refit != fitted:
            lines += [_account_line(look.account)] if before is not None else []
            lines.append(refit_line(look.refit))
        for line in lines:
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
        before, fitted = look.states, look.refit
    return look


def _drawn(study: "Study", look: Look) -> RenderableType:
    account = look.account
    bar = Table.grid()
    bar.add_row(ProgressBar(total=1.0, completed=account.share, width=72))
    parts: list[RenderableType] = [f"[bold]{escape(study.name)}[/bold]  {_account_line(account)}", bar]
    busy = [(name, state) for name, state in look.states.items() if state.state == "running"]
    parts += [f"[dim]  {name}  step {state.step:,}  {state.host}[/dim]" for name, state in busy[:SHOWN]]
    parts += [f"[dim]  ... and {len(busy) - SHOWN} more[/dim]"] if len(busy) > SHOWN else []
    failed = list(_failed({}, look.states))
    parts += [f"[red]{escape(line)}[/red]" for line in failed[:SHOWN]]
    parts += ["[red]`harness failures` groups them[/red]"] if len(failed) > 1 else []
    parts += [_frontier_table(look.refit)] if look.refit.frontier else []
    parts.append(f"[cyan]{escape(refit_line(look.refit))}[/cyan]")
    return Group(*parts)


def _account_line(account: "Account") -> str:
    counts = ", ".join(f"{count} {name}" for name, count in account.counts.items())
    rate = f"; {account.runs_per_hour:.0f} runs an hour" if account.runs_per_hour else ""
    flops = f", {short(account.flops_per_second)} FLOP/s" if account.flops_per_second else ""
    left = f"; {duration(account.seconds_left)} left" if account.seconds_left is not None else ""
    return f"{account.done} of {account.total} done: {counts}{rate}{flops}{left}"


def refit_line(refit: "Refit") -> str:
    """The exponent in a sentence, and whether more runs of this size would change it."""
    told = f"from {refit.runs} runs, {len(refit.frontier)} points over {refit.decades:.1f} decades"
    if refit.exponent is None or refit.interval is None:
        return f"exponent: not stated {told}: {refit.why}"
    low, high = refit.interval
    line = f"exponent {refit.exponent:.3f} [{low:.3f}, {high:.3f}] {told}"
    if refit.moved is None:
        return line
    moved = f"the last third of the results moved it by {refit.moved:+.3f}"
    if refit.steady:
        return f"{line}; {moved}: more runs of this size no longer change it, a wider range of compute would"
    return f"{line}; {moved}: not steady yet"


def _frontier_table(refit: "Refit") -> Table:
    """Error against training FLOPs: a row a point of the frontier, with a bar as long as its error."""
    table = Table(box=None, pad_edge=False, show_header=True)
    table.add_column("FLOPs", justify="right")
    table.add_column("error", justify="right")
    table.add_column("")
    most = max(error for _, error in refit.frontier)
    for compute, error in refit.frontier[-2 * SHOWN :]:
        table.add_row(short(compute), f"{error:.4f}", "▇" * max(1, round(BAR * error / most)))
    return table
