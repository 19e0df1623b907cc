"""What a verb says when it is done: the verdicts, where things lie, and what to type next."""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.cli.tables import duration, show, verdict_table
from harness.config import RuntimeConfig
from harness.records import read_record

if TYPE_CHECKING:
    from harness.claims import Verdict
    from harness.evidence import Evidence
    from harness.plan import PlannedRun
    from harness.study import Study


def show_verdicts(evidence: "Evidence", verdicts: Iterable["Verdict"]) -> None:
    """The table of verdicts, and what of the study it does not rest on."""
    show(verdict_table(verdicts))
    if evidence.missing:
        missing = f"{len(evidence.missing)} runs of the study have no record; the verdicts rest on the others."
        show(Text(missing, style="yellow"))
    if evidence.dropped:
        dropped = f"{len(evidence.dropped)} runs were left out; the report says which and why."
        show(Text(dropped, style="yellow"))


def say_where(study: "Study", page: Path, *, seeds: int, complete: bool) -> None:
    """The report's path, and what to type next: what is missing, else one seed more than the ``seeds`` there are."""
    console = Console(markup=False, emoji=False)
    console.print(f"Report   {page.resolve()}", soft_wrap=True, highlight=False)
    console.print(f"Table    {(study.folder / 'runs.csv').resolve()}", soft_wrap=True, highlight=False)
    wider = shlex.join(study.overrides)
    if complete:
        others = [override for override in study.overrides if not override.startswith("seed=")]
        wider = shlex.join([*others, f"seed=range(0,{seeds + 1})"])
    console.print(f"Next     harness launch {wider} && harness report {wider}", soft_wrap=True, highlight=False)


def show_run(planned: "PlannedRun", *, outcome: str, runtime: RuntimeConfig) -> None:
    """One run's end in a few lines."""
    folder = Path(runtime.output) / "runs" / planned.id
    console = Console(markup=False, emoji=False)
    console.print(f"{outcome}  {folder}", soft_wrap=True, highlight=False)
    if outcome not in ("finished", "diverged"):
        return
    record, measured = read_record(folder)
    console.print(
        f"{record.params:,} parameters, {record.steps:,} steps, {record.training_flops:.3e} training FLOPs in "
        f"{duration(measured.wall_seconds)}, {100 * measured.utilisation:.0f} % of this machine's measured peak",
        highlight=False,
    )
    if record.test_error is not None:
        console.print(
            f"error: train {record.train_error:.4f}, validation {record.validation_error:.4f}, "
            f"test {record.test_error:.4f}",
            highlight=False,
        )
