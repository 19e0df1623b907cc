"""Where a run stands, told from its files alone: a fold over the events, the record's presence before all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import RecordError
from harness.ownership import SILENT_SECONDS
from harness.records import is_finished, read_events, read_json, read_record
from harness.schema import to_dict

State = Literal["planned", "running", "interrupted", "failed", "finished", "diverged", "unreadable"]


@dataclass(frozen=True)
class RunState:
    """Where a run stands, told from its files alone."""

    state: State
    step: int = 0
    training_flops: int = 0
    attempts: int = 0
    reason: str = ""


def read_state(folder: Path, *, now: float) -> RunState:
    """Fold the run's files into its state; ``now`` is the Unix time against which silence is judged."""
    events = read_events(folder)
    attempts = sum(event["event"] == "attempt" for event in events)
    step = max((int(event["step"]) for event in events if "step" in event), default=0)
    flops = max((int(event["training_flops"]) for event in events if "training_flops" in event), default=0)
    if is_finished(folder):
        try:
            record, _ = read_record(folder)
        except RecordError as error:
            return RunState("unreadable", step=step, training_flops=flops, attempts=attempts, reason=str(error))
        return RunState(record.status, step=step, training_flops=flops, attempts=attempts)
    if not events:
        return RunState("planned")
    last = events[-1]
    state: State = "running" if now - float(last["time"]) < SILENT_SECONDS else "interrupted"
    if last["event"] == "failure":
        return RunState("failed", step=step, training_flops=flops, attempts=attempts, reason=str(last["reason"]))
    if last["event"] == "signal":
        state = "interrupted"
    return RunState(state, step=step, training_flops=flops, attempts=attempts)


def describe_run(folder: Path, *, now: float) -> dict[str, Any]:
    """All that a run's folder says, for a person: state, configuration, attempts, result, the last failure.

    Raises:
        RecordError: the configuration or a published file can't be read.
    """
    events = read_events(folder)
    failures = [event for event in events if event["event"] == "failure"]
    described: dict[str, Any] = {
        "folder": str(folder),
        **to_dict(read_state(folder, now=now)),
        "config": read_json(folder / "config.json"),
        "attempts_made": [event for event in events if event["event"] == "attempt"],
    }
    if is_finished(folder):
        record, measured = read_record(folder)
        described |= {"record": to_dict(record), "measured": to_dict(measured)}
        del described["record"]["config"], described["record"]["correct"]
    elif failures:
        described["traceback"] = str(failures[-1].get("traceback", ""))
    return described
