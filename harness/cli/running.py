"""The verbs that train: demo, run, launch; and plan, which says what they would do."""

import json
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import Json, Overrides
from harness.errors import ConfigError
from harness.secrets import redact, refuse_secrets

if TYPE_CHECKING:
    from harness.plan import PlannedRun
    from harness.study import Study

DEMO = "demo"


def add_to(app: typer.Typer) -> None:
    """Register this file's verbs."""
    app.command(help="Train the demo study on real images, then judge the claims. About three minutes on two cores.")(
        demo
    )
    app.command(
        help="Train one run: an ordinary Hydra application (--cfg job, --info, -m, --hydra-help ...).",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    )(run)
    app.command(help="Show what a study would train: runs, parameters, FLOPs, time. Trains nothing.")(plan)
    app.command(help="Train what a study still lacks. Type it again after any interruption.")(launch)


def demo(overrides: Overrides = None) -> None:
    """The whole line on one study: data, plan, runs, table, fits, claims, report."""
    from harness.study import load_study

    arguments = overrides or []
    if not any(argument.startswith("study=") for argument in arguments):
        arguments = [f"study={DEMO}", *arguments]
    study = load_study(arguments)
    failed = _launch(study)

    from harness.cli.finish import say_where, show_verdicts
    from harness.cli.reading import report_study, what_next

    drawn, page = report_study(study)
    show_verdicts(drawn.evidence, drawn.verdicts)
    say_where(study, page, **what_next(drawn.evidence))
    raise typer.Exit(1 if failed else 0)


def run(context: typer.Context) -> None:
    """Hand the arguments over to Hydra; the run's record lands where a study's would."""
    from harness.compose import compose_tree, parse_overrides, quote_choice

    if not any(word.startswith("-") for word in context.args):
        compose_tree(parse_overrides(context.args).plain)  # our words for a mistake instead of Hydra's

    import hydra
    from omegaconf import DictConfig, OmegaConf

    from harness.cli.finish import show_run
    from harness.config import split_tree
    from harness.distributed import follows
    from harness.errors import HarnessError
    from harness.plan import plan_runs
    from harness.train import run_one

    @hydra.main(version_base="1.3", config_path="pkg://conf", config_name="config")
    def application(config: DictConfig) -> None:
        try:
            tree = OmegaConf.to_container(config, resolve=True)
            assert isinstance(tree, dict)
            refuse_secrets(tree)
            if tree["study"]["blocks"]:
                name = tree["study"]["name"]
                raise ConfigError(f"study: {name} is a sweep; train it with `harness launch study={name}`")
            configured, runtime, _ = split_tree({str(key): value for key, value in tree.items()})
            planned = plan_runs([configured], runtime=runtime)[0]
            outcome = run_one(planned, runtime=runtime)
            if not follows():
                show_run(planned, outcome=outcome, runtime=runtime)
            if outcome == "interrupted":
                sys.exit(130)
        except HarnessError as error:  # Hydra would print a traceback
            print(f"error: {redact(str(error))}", file=sys.stderr)
            sys.exit(2)

    signal.signal(signal.SIGINT, lambda *_: signal.raise_signal(signal.SIGTERM))  # which saves the run, then ends it
    sys.argv = ["harness run", *map(quote_choice, context.args)]
    application()


def plan(
    overrides: Overrides = None,
    *,
    each: Annotated[bool, typer.Option("--each", help="A row a run, with its id, instead of a row a cell.")] = False,
    power: Annotated[
        bool, typer.Option("--power", help="Simulate what the study could decide. A few seconds.")
    ] = False,
    assume: Annotated[
        str, typer.Option(help="The assumptions of --power and --budget: a file of conf/power.")
    ] = "default",
    hardware: Annotated[
        str | None, typer.Option(help="Price the plan on this device of conf/hardware. Default: on this machine.")
    ] = None,
    price: Annotated[str, typer.Option(help="Prices, PUE and grid: a file of conf/price.")] = "cloud_2026",
    budget: Annotated[
        str | None, typer.Option(help="5gpuh, 5cpuh, 2usd or 1e15flop: what it buys; exit code 3 if not everything.")
    ] = None,
    trim: Annotated[
        bool, typer.Option("--trim", help="Show the runs that the --budget buys as the plan; exit code 0.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What would be trained, exactly, what of it is done, and what the rest takes."""
    from harness.study import load_study

    study = load_study(overrides or [])  # before what imports torch: a mistake is answered at once

    import msgspec

    from harness.cli.calibrating import read_this_calibration
    from harness.cli.powering import planned_power, power_table
    from harness.cli.quoting import quote_plan, quote_tree
    from harness.cli.tables import plan_each_table, plan_rows, plan_table, planned_stacks, show
    from harness.plan import plan_runs
    from harness.records import is_finished
    from harness.schema import to_dict

    calibration = read_this_calibration(study)
    planned = plan_runs(study.runs.values(), runtime=study.runtime, calibration=calibration)
    done = {run.id for run in planned if is_finished(study.runs_folder / run.id)}
    powers = planned_power(planned, assume=assume) if power else ()
    quote = quote_plan(
        study, planned, done=done, hardware=hardware, price=price, calibration=calibration, budget=budget, assume=assume
    )
    over = quote.bought is not None and quote.bought.spent < quote.bought.whole
    if trim and quote.bought:
        planned = tuple(run for run in planned if run.id in quote.bought.run_ids)
    if as_json:
        tree = {"study": study.name, "left_out": study.left_out, "runs": plan_rows(planned, done=done)}
        tree |= {"stacks": [[run.id for run in stack] for stack in planned_stacks(study, planned, done=done)]}
        tree |= {"power": [to_dict(one) for one in powers]} if power else {}
        text = json.dumps({**tree, **quote_tree(quote)})
        print(msgspec.json.format(text, indent=1))  # as json's own indent, of a large study with half the memory
    else:
        table = plan_each_table if each else plan_table
        show(table(study, planned, done=done))
        print("\n".join(quote.lines))
        if power:
            show(power_table(powers, assume=assume))
    raise typer.Exit(3 if over and not trim else 0)


def launch(
    overrides: Overrides = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live display; a line a run.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the batch scripts; send nothing.")] = False,
    test_only: Annotated[
        bool, typer.Option("--test-only", help="Ask Slurm when it would start; send nothing.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="A last job that writes the report.")] = False,
    max_queued: Annotated[int | None, typer.Option(help="The most jobs of ours in the queue.", min=1)] = None,
) -> None:
    """Train the runs of the study that have no record yet, the longest first; with launcher=slurm, send them."""
    from harness.study import load_study

    arguments = [*(overrides or []), *([] if max_queued is None else [f"launcher.max_queued={max_queued}"])]
    study = load_study(arguments)
    if study.launcher.name == "slurm":
        raise typer.Exit(_submit(study, dry_run=dry_run, test_only=test_only, report=report))
    if dry_run or test_only or report or max_queued:
        raise ConfigError("launch: --dry-run, --test-only, --report and --max-queued need launcher=slurm")
    raise typer.Exit(1 if _launch(study, quiet=quiet) else 0)


def _submit(study: "Study", *, dry_run: bool, test_only: bool, report: bool) -> int:
    """Send what is missing to Slurm; the exit code."""
    from harness.cli.queue import slurm_parameters
    from harness.cli.submitting import Sending, submit_missing
    from harness.plan import plan_runs

    slurm_parameters(study)  # before what takes time: a mistake is answered at once
    planned = plan_runs(study.runs.values(), runtime=study.runtime)
    submit_missing(study, planned, how=Sending(dry_run=dry_run, test_only=test_only, report=report))
    return 0


def _launch(study: "Study", *, quiet: bool = False) -> int:
    """How many runs did not come to a record."""
    from harness.cli.launching import launch_missing
    from harness.plan import plan_runs

    planned: tuple[PlannedRun, ...] = plan_runs(study.runs.values(), runtime=study.runtime)
    return launch_missing(study, planned, quiet=quiet)
