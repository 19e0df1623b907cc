"""What was sent to a queue: the ledger that lets a second launch send only what is neither done nor waiting. No torch.

A folder a launch, ``launches/<name>/``, mode 0700::

    launch.json            the study, the command, the code's snapshot, and each pack: its runs, its job
    packs/<i>/pack.json    one pack as it was resolved: the planned runs, how many at once, where to write
    packs/<i>/events.jsonl what its job did: starts, runs taken and given back, the end
    submitit/              batch scripts, logs, and pickles that nobody reads

``launch.json`` is written before the first job is sent and again after each, so a launch that is cut off loses at most
the job id that it was just told; that job still carries the launch's name in its comment.
"""

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import ConfigError, RecordError
from harness.run_files import write_json
from harness.schema import from_dict, to_dict

COMMENT_CHARACTERS = 1000  # of a job's comment: enough for 70 run ids, and no strain on the queue's listing


@dataclass(frozen=True)
class SentPack:
    """One job's runs; ``job`` is empty until Slurm has named it."""

    runs: tuple[str, ...]
    seconds: float
    job: str


@dataclass(frozen=True)
class Launch:
    """One `harness launch` to a queue. ``code`` names the snapshot; ``report_job`` is empty if none was asked for."""

    name: str
    study: str
    overrides: tuple[str, ...]
    began: float
    code: str
    packs: tuple[SentPack, ...]
    report_job: str


@dataclass(frozen=True)
class ActiveJob:
    """A job of ours that has not ended: what Slurm says of it, the launch that sent it, and its runs."""

    id: str
    state: str
    launch: Launch
    runs: tuple[str, ...]


def launches_folder(output: Path) -> Path:
    """Where all launches into ``output`` are kept."""
    return output / "launches"


def new_name(study: str) -> str:
    """A launch's name: its study, the time, and four digits that tell two of the same second apart."""
    return f"{study}-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(2)}"


def comment_of(launch: Launch, runs: Iterable[str]) -> str:
    """What a job's comment says: which launch it is of, and its runs, as many as a comment takes."""
    words = f"harness {launch.name} {' '.join(runs)}"
    return words if len(words) <= COMMENT_CHARACTERS else words[: COMMENT_CHARACTERS - 4].rsplit(" ", 1)[0] + " ..."


def write_launch(launch: Launch, output: Path) -> None:
    """Replace the launch's line in the ledger."""
    write_json(launches_folder(output) / launch.name / "launch.json", to_dict(launch))


def read_launches(output: Path) -> tuple[Launch, ...]:
    """All launches into ``output``, oldest first.

    Raises:
        RecordError: one can't be read; without it, runs that wait could be sent a second time.
    """
    launches = []
    for path in launches_folder(output).glob("*/launch.json"):
        try:
            launches.append(from_dict(Launch, json.loads(path.read_bytes()), where=str(path)))
        except (ValueError, ConfigError) as error:
            raise RecordError(f"{path}: can't be read ({error}); cancel its jobs and remove {path.parent}") from error
    return tuple(sorted(launches, key=lambda launch: launch.began))


def active_jobs(launches: Iterable[Launch], listed: Iterable[tuple[str, str, str]]) -> Iterator[ActiveJob]:
    """Our jobs that have not ended; ``listed`` is what Slurm lists of such jobs: (id, state, comment).

    A job counts as ours if both its number and its comment say so: numbers begin anew when a cluster is set up again.
    """
    by_launch: dict[str, dict[str, str]] = {}
    for job, state, comment in listed:
        words = comment.split(" ", 2)
        if words[0] == "harness" and len(words) > 1:
            by_launch.setdefault(words[1], {})[job] = state
    for launch in launches:
        states = by_launch.get(launch.name, {})
        runs = _runs_of_jobs(launch, states)
        yield from (ActiveJob(job, state, launch, runs[job]) for job, state in states.items())


def _runs_of_jobs(launch: Launch, listed: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The runs of each job, also of those that were sent before the launch was cut off and could not write their ids.

    Such jobs are one array, or one job, of the packs from the first without an id on; an element's number is its
    pack's. Where all packs have theirs it is the report's job.
    """
    named: dict[str, tuple[str, ...]] = {pack.job: pack.runs for pack in launch.packs if pack.job}
    named |= {launch.report_job: ()} if launch.report_job else {}
    nameless = [pack.runs for pack in launch.packs if not pack.job]
    unwritten = ((job, int(job.partition("_")[2] or 0)) for job in set(listed) - set(named))
    return named | {job: nameless[place] if place < len(nameless) else () for job, place in unwritten}


def with_jobs(launch: Launch, first: int, jobs: Sequence[str]) -> Launch:
    """The launch with the job ids of its packs from ``first`` on."""
    named = (replace(pack, job=job) for pack, job in zip(launch.packs[first:], jobs, strict=False))
    return replace(launch, packs=(*launch.packs[:first], *named, *launch.packs[first + len(jobs) :]))


def log_files(launch: Launch, job: str, output: Path) -> tuple[Path, ...]:
    """What the job printed, on both channels, over all its starts."""
    return tuple(sorted((launches_folder(output) / launch.name / "submitit").glob(f"{job}_0_log.*")))


def is_named(job: ActiveJob, named: str) -> bool:
    """Whether ``named`` is the job's study or launch, or begins the id of one of its runs."""
    return named in (job.launch.study, job.launch.name) or (
        len(named) >= 4 and any(run.startswith(named) for run in job.runs)
    )
