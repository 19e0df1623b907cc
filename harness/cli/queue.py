"""What of ours is in Slurm's queue, and what a launch into it may ask for."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.tables import plural
from harness.errors import ConfigError
from harness.launches import ActiveJob, active_jobs, read_launches
from harness.run_files import require_writable
from harness.snapshot import code_digest
from launch import slurm

if TYPE_CHECKING:
    from harness.study import Study

OURS = ("name", "job_name", "comment", "dependency")  # parameters of Slurm's that a launch sets itself


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
    parameters = {"cpus_per_task": launcher.workers * launcher.threads * study.runtime.processes, **given}
    parameters["name"] = study.name
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
def one_launch_at_a_time(folder: Path) -> Iterator[None]:
    """From the look at the queue to the last job's number in the ledger, or two launches would send the same runs."""
    require_writable(folder)
    folder.chmod(0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
