"""Launching into a queue: what is neither done nor waiting is packed, sent as job arrays, and left to Slurm."""

import json
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from harness.cli.launching import prepare
from harness.cli.packed import train_pack
from harness.cli.queue import active, changes_since_launched, one_launch_at_a_time, said_by_slurm, slurm_parameters
from harness.cli.reporting import report_launch
from harness.cli.tables import duration, plural
from harness.errors import ConfigError
from harness.launches import (
    Launch,
    SentPack,
    comment_of,
    launches_folder,
    new_name,
    with_jobs,
    write_launch,
)
from harness.provenance import commit, edits
from harness.records import is_finished
from harness.run_files import write_json
from harness.schema import to_dict
from harness.snapshot import code_digest, take_snapshot
from launch import packing, slurm

if TYPE_CHECKING:
    from harness.plan import PlannedRun
    from harness.stacking import Stack
    from harness.study import Study


@dataclass(frozen=True)
class Sending:
    """How a launch is asked for: shown only, tried on Slurm only, with a report at its end."""

    dry_run: bool = False
    test_only: bool = False
    report: bool = False


def submit_missing(study: "Study", planned: Sequence["PlannedRun"], *, how: Sending) -> int:
    """Send the runs that are neither done nor in the queue; how many of the study's runs have no record yet.

    Raises:
        ConfigError: a parameter that submitit does not know, or that can't work.
        HarnessError: Slurm refused or can't be asked, or a folder can't be written.
    """
    parameters = slurm_parameters(study)
    console = Console(stderr=True)
    output = Path(study.runtime.output)
    missing = [run for run in planned if not is_finished(study.runs_folder / run.id)]
    if not missing:
        console.print(f"Study {study.name}: all {plural(len(planned), 'run')} are done; nothing to send.", markup=False)
        return 0
    if how.dry_run or how.test_only:
        _show_scripts(study, _packs(study, missing, parameters), parameters, test_only=how.test_only)
        return len(missing)
    prepare(study, missing, console)  # here, since compute nodes often reach no network
    with one_launch_at_a_time(launches_folder(output)):
        jobs = active(output)
        for line in changes_since_launched(study, jobs):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        waiting = {run: job.id for job in jobs for run in job.runs}
        # the queue first, then the disk: what left the queue meanwhile has its record by now
        missing = [run for run in missing if not is_finished(study.runs_folder / run.id)]
        free = [run for run in missing if run.id not in waiting]
        packs = _packs(study, free, parameters)
        room = len(packs)
        if study.launcher.max_queued is not None:
            room = max(0, study.launcher.max_queued - len(jobs))
        if packs[:room]:
            launch = _send(
                study,
                packs[:room],
                parameters,
                report=how.report,
                after=sorted({waiting[run] for run in study.runs if run in waiting}),
            )
            console.print(_account(launch, study), markup=False, highlight=False, soft_wrap=True)
        _say_rest(console, study, waiting=len(missing) - len(free), unsent=packs[room:])
    return len(missing)


def _packs(
    study: "Study", runs: Sequence["PlannedRun"], parameters: Mapping[str, Any]
) -> "tuple[packing.Pack[Stack], ...]":
    from harness.stacking import at_once, plan_stacks, seconds

    assert study.launcher.packs is not None
    workers, largest = at_once(study.launcher, study.runtime)
    limit = slurm.seconds_to_work(parameters)
    stacks = plan_stacks(runs, size=largest, workers=workers * study.launcher.packs, limit=limit)
    return packing.fill_packs(stacks, seconds=seconds, workers=workers, limit=limit, at_least=study.launcher.packs)


def _send(
    study: "Study",
    packs: "Sequence[packing.Pack[Stack]]",
    parameters: Mapping[str, Any],
    *,
    report: bool,
    after: Sequence[str],
) -> Launch:
    output = Path(study.runtime.output).resolve()
    with said_by_slurm():
        size = slurm.array_size()
    snapshot = take_snapshot(output / "code", commit=commit(), edits=edits())
    launch = Launch(
        name=new_name(study.name),
        study=study.name,
        overrides=study.overrides,
        began=time.time(),
        code=snapshot.name,
        packs=tuple(SentPack(tuple(_ids(pack)), pack.seconds, job="") for pack in packs),
        report_job="",
    )
    folder = launches_folder(output) / launch.name
    folder.mkdir(mode=0o700)
    for index, pack in enumerate(packs):
        _write_pack(study, pack, folder / "packs" / str(index), snapshot=snapshot)
    write_launch(launch, output)
    parameters = {**parameters, "setup": [*parameters.get("setup", ()), *_own_setup(snapshot)]}

    def note(first: int, jobs: Sequence[str]) -> None:
        nonlocal launch
        launch = with_jobs(launch, first, jobs)
        write_launch(launch, output)

    with said_by_slurm():
        slurm.submit(
            train_pack,
            [(str(folder / "packs" / str(index)),) for index in range(len(packs))],
            parameters={
                **parameters,
                "comment": comment_of(launch, (run for pack in launch.packs for run in pack.runs)),
            },
            folder=folder / "submitit",
            array_size=size,
            on_submitted=note,
        )
        if report:
            jobs = [pack.job for pack in launch.packs]
            launch = _send_report(study, launch, parameters, folder=folder, after=[*after, *jobs])
            write_launch(launch, output)
    return launch


def _send_report(
    study: "Study", launch: Launch, parameters: Mapping[str, Any], *, folder: Path, after: Sequence[str]
) -> Launch:
    sent: list[str] = []
    dependency = "afterany:" + ":".join(sorted({job.partition("_")[0] for job in after}))
    slurm.submit(
        report_launch,
        [(str(folder), os.getcwd())],
        parameters={
            **{name: value for name, value in parameters.items() if not name.startswith("gpus")},
            "cpus_per_task": 1,
            "dependency": dependency,
            "comment": f"harness {launch.name} report",
        },
        folder=folder / "submitit",
        array_size=1,
        on_submitted=lambda _, jobs: sent.extend(jobs),
    )
    return replace(launch, report_job=sent[0])


def _write_pack(study: "Study", pack: "packing.Pack[Stack]", folder: Path, *, snapshot: Path) -> None:
    """The pack as resolved now: what is edited later does not reach it."""
    folder.mkdir(parents=True)
    root = study.runtime.data_root
    runtime = replace(
        study.runtime,
        output=str(Path(study.runtime.output).resolve()),
        data_root=str(Path(root).resolve()) if root else None,
    )
    tree = {
        "code": str(snapshot),
        "items": [[to_dict(run) for run in stack] for stack in pack.items],
        "runtime": to_dict(runtime),
        "workers": min(study.launcher.workers or 1, len(pack.items)),
        "threads": study.launcher.threads,
    }
    write_json(folder / "pack.json", tree)


def _own_setup(snapshot: Path) -> tuple[str, ...]:
    return (
        f"export PYTHONPATH={shlex.quote(str(snapshot))}",  # the code as launched, before whatever is installed
        "export PYTHONSAFEPATH=1",  # a `models` folder where the job happens to start must not shadow ours
    )


def _show_scripts(
    study: "Study", packs: "Sequence[packing.Pack[Stack]]", parameters: Mapping[str, Any], *, test_only: bool
) -> None:
    output = Path(study.runtime.output).resolve()
    try:
        size = slurm.array_size()
    except slurm.SlurmError as error:
        if test_only:
            raise ConfigError(f"slurm: {error}") from error
        size = len(packs)  # a dry run may be far from any cluster
        Console(stderr=True).print(f"MaxArraySize is not known here ({error}); shown as one array.", markup=False)
    setup = [*parameters.get("setup", ()), *_own_setup(output / "code" / code_digest())]
    comment = f"harness {study.name} {json.dumps(len(packs))} packs"
    texts = slurm.scripts(
        len(packs),
        parameters={**parameters, "setup": setup, "comment": comment},
        folder=launches_folder(output) / new_name(study.name) / "submitit",
        array_size=size,
    )
    for text in texts:
        if test_only:
            with said_by_slurm():
                print(slurm.test_only(text))
        else:
            print(text)
    for index, pack in enumerate(packs):
        ids = _ids(pack)
        print(f"# pack {index}: {plural(len(ids), 'run')}, {duration(pack.seconds)} as predicted: "
              f"{' '.join(ids[:8])}{' ...' if len(ids) > 8 else ''}")  # fmt: skip


def _ids(pack: "packing.Pack[Stack]") -> list[str]:
    return [run.id for stack in pack.items for run in stack]


def _account(launch: Launch, study: "Study") -> str:
    runs = sum(len(pack.runs) for pack in launch.packs)
    arrays = sorted({pack.job.partition("_")[0] for pack in launch.packs}, key=int)
    lines = [
        f"Study {study.name}: {plural(runs, 'run')} in {plural(len(launch.packs), 'job')} of Slurm: {' '.join(arrays)}",
        f"Longest  {duration(max(pack.seconds for pack in launch.packs))} as predicted",
        f"Launch   {launches_folder(Path(study.runtime.output)) / launch.name}",
    ]
    if launch.report_job:
        lines.append(f"Report   job {launch.report_job}, when all have ended")
    words = shlex.join(study.overrides)
    lines.append(f"Next     harness status {words}; harness cancel {study.name}")
    return "\n".join(lines)


def _say_rest(console: Console, study: "Study", *, waiting: int, unsent: "Sequence[packing.Pack[Stack]]") -> None:
    if waiting:
        console.print(
            f"{plural(waiting, 'run')} of the study are queued or running already.", highlight=False, soft_wrap=True
        )
    if unsent:
        console.print(
            f"{plural(len(unsent), 'job')} more would pass launcher.max_queued={study.launcher.max_queued}; "
            "the same command sends them when there is room.",
            highlight=False,
            soft_wrap=True,
        )
