"""The verb ``tune``: a study's learning rate over its sizes, and the certificate of the rate that it has."""

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from harness.cli.arguments import Overrides

if TYPE_CHECKING:
    from harness.certificate import Certificate
    from harness.config import RunConfig
    from harness.plan import PlannedRun
    from harness.study import Study
    from harness.tuning import Fields, Rule


def add_to(app: typer.Typer) -> None:
    """Register this file's verb."""
    app.command(help="Tune a study's learning rate at three of its sizes, or certify the rate that it has.")(tune)


def tune(
    overrides: Overrides = None,
    *,
    horizons: Annotated[
        int, typer.Option(min=1, max=2, help="Budgets to tune at, a size: 2 shows how the rate moves with the steps.")
    ] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, help="Seeds of the study that each rate is tried with; their mean error counts.")
    ] = 1,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="Try half and twice the rate at the smallest and the largest size.")
    ] = False,
) -> None:
    """Train what the tuning lacks, fit the rule, write it into the study; or write the certificate.

    Raises:
        ConfigError: too few sizes, or an optimum beyond the widest grid.
        FitError: the errors show no optimum.
    """
    from harness.study import load_study

    study = load_study(overrides or [])
    if certificate:
        _certify(study)
    else:
        _tune(study, horizons=horizons, seeds=seeds)


def _tune(study: "Study", *, horizons: int, seeds: int) -> None:
    from harness.cli.tables import show
    from harness.plan import plan_runs
    from harness.tuning import (
        DOUBLINGS,
        SHARE,
        anchors,
        at_rate,
        find_optimum,
        first_seeds,
        fit_rule,
        main_ladder,
        mean_error,
        through_width,
        widened,
    )  # fmt: skip

    planned = plan_runs(study.runs.values(), runtime=study.runtime)
    of_study = sum(run.training_flops for run in planned)
    ladder = main_ladder(planned)
    tried = anchors(ladder, horizons=horizons, most_flops=SHARE * of_study / seeds)
    chosen = first_seeds(planned, seeds)
    errors: list[dict[int, float]] = [{} for _ in tried]
    wanted: list[tuple[int, ...]] = [DOUBLINGS for _ in tried]
    while any(wanted):
        pairs = [(number, k) for number, doublings in enumerate(wanted) for k in doublings]
        rated = (at_rate(tried[number].config, 2.0**k) for number, k in pairs)
        runs = (dataclasses.replace(run, seed=seed) for run in rated for seed in chosen)
        found = iter(_validation_errors(study, runs))
        for number, k in pairs:
            errors[number][k] = mean_error([next(found) for _ in chosen])
        wanted = [widened(each) for each in errors]
        for run, doublings in zip(tried, wanted, strict=True):
            if doublings:
                print(f"width {run.config.model.width}: the best is at the end of the grid; widening it")
    optima = [find_optimum(run, each) for run, each in zip(tried, errors, strict=True)]
    rule = fit_rule(optima)
    fields = through_width(optima, rule, ladder)
    show(_table(tried, errors))
    print(f"Best     {', '.join(f'{math.exp(one.log_rate):.3g} at width {one.width}' for one in optima)}")
    spent = seeds * sum(len(each) * run.training_flops for run, each in zip(tried, errors, strict=True))
    _say(study, rule, fields, share=spent / of_study)


def _validation_errors(study: "Study", runs: "Iterable[RunConfig]") -> list[float]:
    """Of each run, trained if it has no record; inf where it diverged."""
    from rich.console import Console

    from harness.certificate import validation_error
    from harness.cli.launching import freeze_rules, launch_missing
    from harness.identity import run_id
    from harness.plan import plan_runs

    configs = {run_id(run): run for run in runs}
    freeze_rules(study, Console(stderr=True))
    own = dataclasses.replace(study, name=f"{study.name}-tuning", runs=configs, arms={})
    if launch_missing(own, plan_runs(configs.values(), runtime=study.runtime)):
        raise typer.Exit(1)
    return [validation_error(one, runs_folder=study.runs_folder) for one in configs]


def _table(tried: "tuple[PlannedRun, ...]", errors: list[dict[int, float]]) -> Table:
    """A row a size: the validation error at each rate."""
    doublings = sorted({k for each in errors for k in each})
    table = Table(title="Validation error by learning rate, times the study's own")
    for name in ("width", "params", "steps", *(f"{2.0**k:g}" for k in doublings)):
        table.add_column(name, justify="right")
    for run, each in zip(tried, errors, strict=True):
        shown = [f"{each[k]:.4f}" if k in each else "" for k in doublings]
        table.add_row(str(run.config.model.width), f"{run.cost.params:,}", f"{run.steps:,}", *shown)
    return table


def _say(study: "Study", rule: "Rule", fields: "Fields", *, share: float) -> None:
    from harness.run_files import write_json
    from harness.schema import to_dict
    from harness.study_file import with_optim, writable_file
    from harness.tuning import SHARE

    low, high = rule.over_params_interval
    steps = "" if rule.over_steps is None else f" {rule.over_steps:+.3f} ln T"
    print(f"Rule     ln rate = {rule.intercept:.3f} {rule.over_params:+.3f} ln N{steps}; "
          f"the power of N lies in [{low:.2f}, {high:.2f}]")  # fmt: skip
    values = {key: value for key, value in dataclasses.asdict(fields).items() if key != "worst"}
    overrides = [f"optim.{key}={value:g}" for key, value in values.items()]
    print(f"Fields   {' '.join(overrides)}; off the rule by a factor of {fields.worst:.2f} at most on the ladder")
    unfair = f", more than the {100 * SHARE:g} % that are fair" if share > SHARE else ""
    print(f"Cost     {100 * share:.1f} % of the study's FLOPs{unfair}")
    kept = _folder(study) / f"{study.name}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_json(kept, {"rule": to_dict(rule), "fields": to_dict(fields), "share": share})
    print(f"Kept     {kept}")
    file = None if study.changes else writable_file(study.name)
    if file is None:
        print(f"Use      {' '.join(overrides)}")
        return
    file.write_text(with_optim(file.read_text(encoding="utf-8"), values), encoding="utf-8")
    print(f"Written  {file}")


def _certify(study: "Study") -> None:
    from harness.certificate import Certified, read_certificate, write_certificate
    from harness.identity import run_id
    from harness.plan import plan_runs
    from harness.tuning import at_rate, main_ladder

    ladder = list(main_ladder(plan_runs(study.runs.values(), runtime=study.runtime)).values())
    tried = [ladder[0][-1], ladder[-1][-1]]
    runs = [[at_rate(run.config, 2.0**k) for k in (-1, 0, 1)] for run in tried]
    _validation_errors(study, (config for configs in runs for config in configs))
    sizes = [
        Certified(run.config.model.width, run.cost.params, tuple(map(run_id, configs)))
        for run, configs in zip(tried, runs, strict=True)
    ]
    path = certificate_file(study)
    write_certificate(sizes, path)
    found = read_certificate(path, runs_folder=study.runs_folder)
    assert found is not None
    print(describe(found))
    raise typer.Exit(0 if found.holds else 1)


def _folder(study: "Study") -> Path:
    return Path(study.runtime.output) / "tuned"


def certificate_file(study: "Study") -> Path:
    """Which runs certify the study's rate."""
    return _folder(study) / f"{study.folder.name}.certificate.json"


def describe(certificate: "Certificate") -> str:
    """The certificate in a sentence."""
    from harness.certificate import GAIN_LIMIT

    gains = " and ".join(
        f"{100 * gain:.1f} % of the error at width {size.width}"
        for size, gain in zip(certificate.sizes, certificate.gains, strict=True)
    )
    verdict = "certified" if certificate.holds else "not certified"
    return f"{verdict}: the best rate would gain {gains} (half and twice tried; up to {100 * GAIN_LIMIT:g} % passes)"
