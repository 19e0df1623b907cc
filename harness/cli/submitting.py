"""Launching into a queue: what is neither done nor waiting is packed, sent as job arrays, and left to Slurm."""

import fcntl
import json
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from harness.cli.launching import prepare
from harness.cli.packed import train_pack
from harness.cli.reporting import report_launch
from harness.cli.tables import duration, plural
from harness.errors import ConfigError
from harness.launches import (
    ActiveJob,
    Launch,
    SentPack,
    active_jobs,
    comment_of,
    launches_folder,
    new_name,
    read_launches,
    with_jobs,
    write_launch,
)
from harness.provenance import commit, edits
from harness.records import is_finished, require_writable, write_json
from harness.schema import to_dict
from harness.snapshot import code_digest, take_snapshot
from launch import packing, slurm

if TYPE_CHECKING:
    from harness.plan import PlannedRun
    from harness.stacking import Stack
    from harness.study import Study

OURS = ("name", "job_name", "comment", "dependency")  # parameters of Slurm's that a launch sets itself


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
        console.print(f"Study {study.name}: all {plural(len(planned), 'run')} are done; nothing to send.")
        return 0
    if how.dry_run or how.test_only:
        _show_scripts(study, _packs(study, missing, parameters), parameters, test_only=how.test_only)
        return len(missing)
    prepare(study, missing, console)  # here, since compute nodes often reach no network
    with _one_launch_at_a_time(launches_folder(output)):
        jobs = active(output)
        for line in changes_since_launched(study, jobs):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        waiting = {run: job.id for job in jobs for run in job.runs}
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


def slurm_parameters(study: "Study") -> dict[str, Any]:
    """What submitit is given: the launcher's node, checked, with what follows from the rest of the launcher.

    Raises:
        ConfigError: a parameter that submitit does not know, or that can't work.
    """
    launcher = study.launcher
    for name in OURS:
        if launcher.slurm.get(name) is not None:
            raise ConfigError(f"launcher.slurm.{name}: is set by the launch itself; leave it out")
    given = {name: value for name, value in launcher.slurm.items() if value is not None}
    for name, value in (("workers", launcher.workers), ("threads", launcher.threads), ("packs", launcher.packs)):
        if value is None or value < 1:
            raise ConfigError(f"launcher.{name}: {value} can't be packed for; give 1 or more")
    assert launcher.workers is not None
    assert launcher.threads is not None
    parameters = {"cpus_per_task": launcher.workers * launcher.threads, **given, "name": study.name}
    try:
        slurm.check(parameters)
    except slurm.SlurmError as error:
        raise ConfigError(f"launcher.slurm: {error}") from error
    return parameters


def active(output: Path) -> tuple[ActiveJob, ...]:
    """The jobs of ours that have not ended: one question to Slurm, none if nothing was ever launched.

    Raises:
        HarnessError: Slurm can't be asked.
    """
    launches = read_launches(output)
    if not launches:
        return ()
    with said_by_slurm():
        return tuple(active_jobs(launches, ((job.id, job.state, job.comment) for job in slurm.queue())))


def changes_since_launched(study: "Study", jobs: Sequence[ActiveJob]) -> Iterator[str]:
    """What was edited while jobs wait; they run what was launched, whatever is edited."""
    ours = [job for job in jobs if job.launch.study == study.name and job.runs]
    now = code_digest()
    old = [job for job in ours if job.launch.code != now]
    if old:
        codes = ", ".join(sorted({job.launch.code for job in old}))
        runs = sum(len(job.runs) for job in old)
        yield f"The code was edited since: {plural(runs, 'queued run')} will run as launched (code {codes})."
    gone = [(run, job.id) for job in ours for run in job.runs if run not in study.runs]
    if gone:
        yield (
            f"{plural(len(gone), 'queued run')} of study {study.name} are not in it as it is now: a value or an "
            f"override is another. They run as launched (jobs {', '.join(sorted({job for _, job in gone}))}); "
            f"`harness cancel {gone[0][0]}` ends one."
        )


@contextmanager
def said_by_slurm() -> Iterator[None]:
    """Slurm's refusals as errors of the harness."""
    try:
        yield
    except slurm.SlurmError as error:
        raise ConfigError(f"slurm: {error}") from error


@contextmanager
def _one_launch_at_a_time(folder: Path) -> Iterator[None]:
    """From the look at the queue to the last job's number in the ledger, or two launches would send the same runs."""
    require_writable(folder)
    folder.chmod(0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _packs(
    study: "Study", runs: Sequence["PlannedRun"], parameters: Mapping[str, Any]
) -> "tuple[packing.Pack[Stack], ...]":
    from harness.stacking import plan_stacks, seconds

    assert study.launcher.workers is not None
    assert study.launcher.packs is not None
    workers, limit = study.launcher.workers, slurm.seconds_to_work(parameters)
    stacks = plan_stacks(runs, size=study.launcher.stack, workers=workers * study.launcher.packs, limit=limit)
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
