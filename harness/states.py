"""Where runs stand, told from their files: a fold over the events, the record's presence before all.

Slurm is asked only about runs that their files leave open (no word yet, or silent without an end), and about all of
them in one call. Of a finished run just enough is read to see that its record is whole and its own; of the others the
end of the events, so that the state of 10,000 runs takes a second and not the reading of every heartbeat.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harness.errors import RecordError
from harness.events import read_events
from harness.ownership import SILENT_SECONDS, is_owned, read_attempts
from harness.records import is_finished, read_head, read_record
from harness.run_files import read_json
from harness.schema import to_dict

TAIL_BYTES = 1 << 16  # of the events: a traceback, or several minutes of heartbeats

State = Literal[
    "planned", "queued", "running", "interrupted", "failed", "lost", "finished", "diverged", "unreadable"
]  # fmt: skip
DONE: tuple[State, ...] = ("finished", "diverged")

# What Slurm says of a job that is to run, or to go on. Any other word is an end.
_WAITING = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
_ACTIVE = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"}
_SAVED = {"TIMEOUT", "PREEMPTED", "DEADLINE"}  # ends that a run is warned of, so that it goes on from there


@dataclass(frozen=True)
class RunState:
    """Where a run stands.

    ``silent_seconds`` is the time since its last word, ``host`` who had it last, ``reason`` why it is not done or can't
    be read. ``job`` is its last Slurm job.
    """

    state: State
    step: int = 0
    training_flops: int = 0
    attempts: int = 0
    reason: str = ""
    silent_seconds: float | None = None
    host: str = ""
    job: str = ""


def read_states(
    run_ids: Iterable[str],
    *,
    runs_folder: Path,
    now: float,
    jobs: Mapping[str, str] | None = None,
    ask: Callable[[tuple[str, ...]], Mapping[str, str]] | None = None,
) -> dict[str, RunState]:
    """The state of each run; ``now`` is the Unix time against which silence is judged.

    ``jobs`` is the last Slurm job that each run was submitted in, ``ask`` gives Slurm's word for each of many jobs; it
    is called once at most.
    """
    states = {run_id: read_state(runs_folder / run_id, now=now) for run_id in run_ids}
    last = {run_id: state.job for run_id, state in states.items() if state.job} | dict(jobs or {})
    silent = {run_id: job for run_id, job in last.items() if run_id in states and _is_open(states[run_id])}
    if not silent or ask is None:
        return states
    words = ask(tuple(sorted(set(silent.values()))))
    return states | {run_id: with_slurm(states[run_id], job, words.get(job, "")) for run_id, job in silent.items()}


def _is_open(state: RunState) -> bool:
    return state.state in ("planned", "interrupted", "failed", "lost")


def with_slurm(state: RunState, job: str, word: str) -> RunState:
    """The state of a run that its files leave open, given Slurm's ``word`` for its ``job``; empty: Slurm has none."""
    kind = word.split()[0].rstrip("+") if word else ""  # "CANCELLED by 1000"
    state = replace(state, job=job)
    if kind in _WAITING:
        return replace(state, state="queued", reason=f"job {job} is {kind}")
    if kind in _ACTIVE and state.state == "lost":
        return replace(state, state="running", reason=f"silent, but job {job} is {kind}")
    if kind in _ACTIVE:
        return replace(state, state="queued", reason=f"its turn in job {job} ({kind}) is to come")
    if not kind or state.state == "failed":
        return state
    if kind in _SAVED:
        return replace(state, state="interrupted", reason=f"job {job} ended: {kind}")
    if state.state == "interrupted":
        return replace(state, reason=f"job {job} ended: {kind}")
    return replace(state, state="lost", reason=f"job {job} ended: {kind}")


def read_state(folder: Path, *, now: float) -> RunState:
    """Fold one run's files into its state."""
    try:
        head = read_head(folder)
    except RecordError as error:
        return RunState("unreadable", reason=str(error))
    if head is not None:
        return RunState(head.status, step=head.steps, training_flops=head.training_flops)
    events, attempts = read_events(folder, last_bytes=TAIL_BYTES), read_attempts(folder)
    if not events and not attempts:
        return RunState("planned")
    spoke = float(events[-1]["time"]) if events else attempts[-1].began
    silent = max(0.0, now - spoke)
    state, reason = _judge(events)
    if is_owned(folder) if attempts else state == "lost" and silent < SILENT_SECONDS:
        state, reason = "running", ""
    return RunState(
        state=state,
        step=max((int(event["step"]) for event in events if "step" in event), default=0),
        training_flops=max((int(event["training_flops"]) for event in events if "training_flops" in event), default=0),
        attempts=len(attempts),
        reason=reason,
        silent_seconds=round(silent, 3),
        host=attempts[-1].host if attempts else "",
        job=attempts[-1].slurm_job if attempts else "",
    )


def _judge(events: Sequence[Mapping[str, Any]]) -> tuple[State, str]:
    """The state, and why, of a run that has no record and no owner, from its last event."""
    last = events[-1] if events else {"event": "none"}
    if last["event"] == "failure":
        return "failed", str(last["reason"])
    if last["event"] == "signal":
        return "interrupted", "saved on a signal"
    return "lost", "ended without a word: killed, or its machine went away"


def describe_run(folder: Path, *, now: float) -> dict[str, Any]:
    """All that a run's folder says, for a person: state, configuration, attempts, result, the last failure.

    Raises:
        RecordError: the configuration or a published file can't be read.
    """
    events = read_events(folder)
    failures = [event for event in events if event["event"] == "failure"]
    attempts = [event for event in events if event["event"] == "attempt"]
    described: dict[str, Any] = {
        "folder": str(folder),
        **to_dict(read_state(folder, now=now)),
        "attempts": len(attempts),
        "config": read_json(folder / "config.json"),
        "attempts_made": attempts,
    }
    if is_finished(folder):
        record, measured = read_record(folder)
        described |= {"record": to_dict(record), "measured": to_dict(measured)}
        del described["record"]["config"], described["record"]["correct"]
    elif failures:
        described["traceback"] = str(failures[-1].get("traceback", ""))
    return described
