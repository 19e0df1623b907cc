"""Slurm, through submitit: packs go in as job arrays, and what the queue holds is asked for in one call.

Nothing here waits. A job calls a plain function with plain arguments; its result, which submitit pickles, is never
read: whoever submitted looks at what the function left on disk. What runs inside a job is ``launch.packed``.
"""

import difflib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submitit.core.utils import DelayedSubmission, FailedJobError, FailedSubmissionError
from submitit.helpers import clean_env
from submitit.slurm.slurm import SlurmExecutor

from launch.events import Item

ASK_SECONDS = 60  # a controller that is busy answers late; one that is away, never
OF_EXECUTOR = {"max_num_timeout", "python", "max_pickle_size_gb"}  # what submitit takes when an executor is made
AT_ONCE = 500  # jobs that one command names: a command line has an end, and one word of it (128 kB) sooner
SIGNAL_EARLY_SECONDS = 60  # Slurm may send a job's signal so much before it is due (its manual, sbatch --signal)


class SlurmError(Exception):
    """What Slurm refused or could not answer, or a parameter that submitit does not know."""


@dataclass(frozen=True)
class Requeueable:
    """A function that a job can be started again with: submitit calls ``checkpoint`` before it requeues."""

    function: Callable[..., None]

    def __call__(self, *arguments: Any) -> None:
        """Call the function."""
        self.function(*arguments)

    def checkpoint(self, *arguments: Any) -> DelayedSubmission:
        """The same call: where to go on from is on disk."""
        return DelayedSubmission(self, *arguments)


@dataclass(frozen=True)
class Job:
    """What the queue says of a job that has not ended; an array's element is a job."""

    id: str
    state: str
    comment: str


class _Anywhere(SlurmExecutor):
    """Writes batch scripts also where there is no Slurm."""

    @classmethod
    def affinity(cls) -> int:
        return 1


def check(parameters: Mapping[str, Any]) -> None:
    """Refuse what can't work.

    Raises:
        SlurmError: with submitit's list where a name is unknown.
    """
    known = SlurmExecutor._valid_parameters() | set(SlurmExecutor._equivalence_dict()) | OF_EXECUTOR
    for name in parameters:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            guess = f"did you mean '{near[0]}'? " if near else ""
            raise SlurmError(f"unknown parameter '{name}'; {guess}submitit knows: {', '.join(sorted(known))}")
    if parameters.get("use_srun") is False:
        raise SlurmError("use_srun: without srun no signal reaches the workers, and nothing is saved; leave it out")
    if parameters.get("nodes", 1) != 1 or parameters.get("tasks_per_node", parameters.get("ntasks_per_node", 1)) != 1:
        raise SlurmError(
            "nodes, tasks_per_node: a job is one task on one node; use launcher.workers and launcher.packs"
        )
    if seconds_to_work(parameters) + SIGNAL_EARLY_SECONDS <= 0:
        raise SlurmError(
            f"timeout_min, signal_delay_s: a job of {_minutes(parameters)} min that is asked to save "
            f"{parameters['signal_delay_s']} s before its end is asked at its start; give it more minutes"
        )


def seconds_to_work(parameters: Mapping[str, Any]) -> float:
    """From a job's start to the earliest moment at which Slurm asks it to save."""
    return 60.0 * _minutes(parameters) - float(parameters["signal_delay_s"]) - SIGNAL_EARLY_SECONDS


def _minutes(parameters: Mapping[str, Any]) -> int:
    minutes = parameters.get("time", parameters.get("timeout_min"))
    if not isinstance(minutes, int):
        raise SlurmError(f"timeout_min: {minutes!r} is no whole number of minutes")
    return minutes


def scripts(packs: int, *, parameters: Mapping[str, Any], folder: Path, array_size: int) -> tuple[str, ...]:
    """The batch script of each array that ``submit`` would hand to Slurm, without submitting; nothing is written."""
    texts = []
    for part in _parts(range(packs), array_size):
        executor = _executor(folder, parameters, kind=_Anywhere)
        if len(part) > 1:
            executor.parameters["map_count"] = len(part)
        texts.append(executor._make_submission_file_text(executor._submitit_command_str, "dry-run"))
    return tuple(texts)


def test_only(script: str) -> str:
    """What ``sbatch --test-only`` says to the script: when and where it would start.

    Raises:
        SlurmError: Slurm would refuse it.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        return _ask("sbatch", "--test-only", file.name).strip()


def submit(
    function: Callable[..., None],
    arguments: Sequence[tuple[Any, ...]],
    *,
    parameters: Mapping[str, Any],
    folder: Path,
    array_size: int,
    on_submitted: Callable[[int, Sequence[str]], None],
) -> None:
    """A job for each tuple of arguments, as few arrays as ``array_size`` allows.

    Of each array it tells the index of its first job and the ids of all.

    ``function`` must be importable by name where the job runs. ``folder`` gets pickles, scripts and logs, and is made
    with mode 0700: who can write there can run code as its owner.

    Raises:
        SlurmError: Slurm refused; what was submitted before was told.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    first = 0
    for part in _parts(arguments, array_size):
        with clean_env() if "SLURM_JOB_ID" in os.environ else nullcontext(), _refusals():
            executor = _executor(folder, parameters)
            jobs = executor.map_array(Requeueable(function), *zip(*part, strict=True))
        on_submitted(first, [job.job_id for job in jobs])
        first += len(part)


def array_size() -> int:
    """The most elements of an array here, by the site's ``MaxArraySize``.

    Raises:
        SlurmError: Slurm can't be asked.
    """
    found = re.search(r"MaxArraySize\s*=\s*(\d+)", _ask("scontrol", "show", "config"))
    if found is None:
        raise SlurmError("scontrol show config: names no MaxArraySize")
    return int(found[1])


def queue() -> tuple[Job, ...]:
    """Every job of this user that has not ended: pending, running, suspended, held, or on its way out.

    Raises:
        SlurmError: Slurm can't be asked.
    """
    lines = _ask("squeue", "--me", "--noheader", "--array", "--format=%i|%T|%k").splitlines()
    return tuple(Job(*line.split("|", 2)) for line in lines if line.count("|") >= 2)


def words(jobs: Sequence[str]) -> dict[str, str]:
    """Slurm's word for each job: the queue's for those in it, accounting's for how the others ended, if it is kept.

    A job that is in neither has none.

    Raises:
        SlurmError: Slurm can't be asked.
    """
    found = {job.id: job.state for job in queue()}
    ended = [job for job in jobs if job not in found]
    with suppress(SlurmError):  # a site without accounting: then only our files tell how a job ended
        for some in _parts(ended, AT_ONCE):
            said = _ask("sacct", "-X", "--noheader", "--parsable2", "--format=JobID,State", "--jobs", ",".join(some))
            found |= dict(line.split("|", 1) for line in said.splitlines() if "|" in line)
    return {job: found[job] for job in jobs if job in found}


def partitions() -> tuple[tuple[str, str, str], ...]:
    """Each partition's name (the default's with a star), time limit and number of nodes.

    Raises:
        SlurmError: Slurm can't be asked.
    """
    lines = _ask("sinfo", "--noheader", "--summarize", "--format=%P|%l|%D").splitlines()
    return tuple((name, limit, nodes) for name, limit, nodes in (line.split("|") for line in lines if "|" in line))


def cancel(jobs: Sequence[str]) -> None:
    """End the jobs; one that has ended meanwhile is no mistake.

    Raises:
        SlurmError: Slurm can't be asked.
    """
    for some in _parts(jobs, AT_ONCE):
        _ask("scancel", "--quiet", *some)


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _executor(
    folder: Path, parameters: Mapping[str, Any], *, kind: type[SlurmExecutor] = SlurmExecutor
) -> SlurmExecutor:
    given = {name: value for name, value in parameters.items() if value is not None}
    made = {name: given.pop(name) for name in OF_EXECUTOR & set(given)}
    if kind is SlurmExecutor and SlurmExecutor.affinity() < 0:
        raise SlurmError("no srun on this machine; launch where Slurm's commands are, or use launcher=local")
    names = SlurmExecutor._equivalence_dict()  # submitit has two names for some; Slurm's own counts
    generic = {name: given.pop(name) for name in names if name in given}
    executor = kind(folder, **made)
    executor.update_parameters(**{**executor._convert_parameters(generic), **given})
    return executor


@contextmanager
def _refusals() -> Iterator[None]:
    """Submitit's two ways to say that sbatch refused, as ours, in the last line of what it said."""
    try:
        yield
    except (FailedJobError, FailedSubmissionError) as error:
        raise SlurmError(_last_word(str(error))) from error


def _last_word(said: str) -> str:
    """The last line that names an error, or the last one: a command that tries again says the same many times."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1])


def _ask(*command: str) -> str:
    """What the command prints, on both channels.

    Raises:
        SlurmError: it is not there, fails, or does not answer.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
    except FileNotFoundError as error:
        raise SlurmError(f"{command[0]}: no such command on this machine; use launcher=local") from error
    except subprocess.TimeoutExpired as error:
        raise SlurmError(f"{command[0]}: no answer in {ASK_SECONDS} s; try again later") from error
    if done.returncode:
        raise SlurmError(f"{command[0]}: {_last_word(done.stderr or done.stdout)}")
    return done.stdout + done.stderr
