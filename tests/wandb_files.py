"""An offline run's binary log, read back with wandb's own protocol buffers."""

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BLOCK = 32768  # a LevelDB log: blocks of records, each with checksum, length and kind before its body
_HEADER = 7


@dataclass
class Offline:
    """What one ``run-<id>.wandb`` file holds."""

    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, str] = field(default_factory=dict)
    preempting: bool = False
    exit_code: int | None = None


def read_offline(folder: Path) -> Offline:
    """The one offline run whose files lie below ``folder``."""
    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    found = Offline()
    for record in _records(path):
        match record.WhichOneof("record_type"):
            case "history":
                row = _mapping(record.history.item)
                found.history.append({key: value for key, value in row.items() if not key.startswith("_")})
            case "run":
                found.run = record.run
                found.config |= _mapping(record.run.config.update)
            case "config":
                found.config |= _mapping(record.config.update)
            case "summary":
                found.summary |= _mapping(record.summary.update)
            case "metric":
                found.metrics[record.metric.name or record.metric.glob_name] = record.metric.step_metric
            case "preempting":
                found.preempting = True
            case "exit":
                found.exit_code = record.exit.exit_code
    return found


def _mapping(items: Iterable[Any]) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def _records(path: Path) -> Iterator[Any]:
    from wandb.proto import wandb_internal_pb2

    data = path.read_bytes()
    at, body = _HEADER, b""
    while at + _HEADER <= len(data):
        left = _BLOCK - at % _BLOCK
        _, length, kind = struct.unpack("<IHB", data[at : at + _HEADER]) if left >= _HEADER else (0, 0, 0)
        if kind == 0:
            at += left
            continue
        assert at + _HEADER + length <= len(data), f"{path} is cut short"
        body += data[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        if kind in (1, 4):  # a whole record, or the last part of one
            record = wandb_internal_pb2.Record()
            record.ParseFromString(body)
            body = b""
            yield record
