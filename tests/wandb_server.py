"""A stand-in for W&B's server on loopback: it answers what wandb 0.31 asks, and remembers what it was sent."""

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

KEY = "a" * 40


@dataclass
class Seen:
    """One W&B run as the server has it."""

    project: str = ""
    name: str = ""
    group: str = ""
    job_type: str = ""
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    lines: dict[int, str] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    preempting: bool = False

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows in their order, without W&B's own columns."""
        rows = [json.loads(self.lines[offset]) for offset in sorted(self.lines)]
        return [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]


class WandbServer(ThreadingHTTPServer):
    """``silent``: takes every request and answers none. ``dies_at_row``: closes up when that many rows have come."""

    daemon_threads = True

    def __init__(self, *, silent: bool = False, dies_at_row: int | None = None, latency: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.silent, self.dies_at_row, self.latency = silent, dies_at_row, latency
        self.dead = False
        self.runs: dict[str, Seen] = {}
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that the client resets at its end are nothing to tell."""


@contextmanager
def serving(server: WandbServer) -> Iterator[WandbServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.dead = True
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WandbServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer({})

    def do_PUT(self) -> None:
        self.server.files[unquote(self.path)] = self._body()
        self._answer({})

    def do_POST(self) -> None:
        body = json.loads(self._body())
        if self.path.endswith("/file_stream"):
            self._stream(body, run=self.path.split("/")[-2])
        elif self.path == "/graphql":
            named = re.search(r"(?:query|mutation)\s+(\w+)", body["query"])
            self._answer({"data": self._graphql(named[1] if named else "", body.get("variables") or {})})
        else:
            self._answer({})

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body

    def _answer(self, tree: Any) -> None:
        while self.server.silent and not self.server.dead:
            time.sleep(0.05)
        if self.server.dead or self.server.silent:
            self.close_connection = True
            self.connection.close()
            return
        time.sleep(self.server.latency)
        body = json.dumps(tree).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, body: dict[str, Any], *, run: str) -> None:
        seen = self.server.runs[run]
        for name, part in (body.get("files") or {}).items():
            if name == "wandb-history.jsonl":
                lines = dict(enumerate(part["content"], part["offset"]))
                if self.server.dies_at_row is not None:
                    lines = {at: line for at, line in lines.items() if at < self.server.dies_at_row}
                    self.server.dead = True
                seen.lines |= lines
            elif name == "wandb-summary.json" and not self.server.dead:
                seen.summary = json.loads(part["content"][-1])
        seen.preempting |= bool(body.get("preempting"))
        if body.get("complete"):
            seen.exit_code = body["exitcode"]
        self._answer({"limits": {}})

    def _graphql(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        self.server.asked.append(name)
        put = {"uploadHeaders": []}
        match name:
            case "Viewer":
                viewer = {"id": "1", "entity": "me", "username": "me", "email": "me@here", "flags": "{}"}
                return {"viewer": {**viewer, "teams": {"edges": []}}}
            case "ServerFeaturesQuery":
                return {"serverInfo": {"features": []}}
            case "RunResumeStatus":
                return {
                    "model": {"id": "p", "name": given["project"], "entity": _ENTITY, "bucket": self._bucket(given)}
                }
            case "UpsertBucket":
                return {"upsertBucket": self._upsert(given)}
            case "CreateRunFiles":
                files = [{"name": file, "uploadUrl": f"{self.server.address}/{file}"} for file in given["files"]]
                return {"createRunFiles": {"runID": "x", "files": files, **put}}
            case "ArtifactType":
                return {"project": {"artifact": None}}
            case "CreateArtifact":
                sequence = {"id": "s", "latestArtifact": None}
                return {"createArtifact": {"artifact": {"id": "a", "state": "PENDING", "artifactSequence": sequence}}}
            case "CreateArtifactManifest":
                file = {"id": "f", "name": "m", "uploadUrl": f"{self.server.address}/manifest", **put}
                return {"createArtifactManifest": {"artifactManifest": {"id": "m", "file": file}}}
            case "CreateArtifactFiles":
                nodes = [
                    {"id": file["name"], "name": file["name"], "displayName": file["name"], "storagePath": None,
                     "uploadUrl": f"{self.server.address}/artifact/{file['name']}", "uploadMultipartUrls": None,
                     "artifact": {"id": "a"}, **put}
                    for file in given["input"]["artifactFiles"]
                ]  # fmt: skip
                return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}
            case "CommitArtifact":
                return {"commitArtifact": {"artifact": {"id": "a", "digest": "d"}}}
        return {}

    def _upsert(self, given: dict[str, Any]) -> dict[str, Any]:
        new = given["name"] not in self.server.runs
        seen = self.server.runs.setdefault(given["name"], Seen())
        seen.project = given["project"] or seen.project
        seen.name = given["displayName"] or seen.name
        seen.group = given["groupName"] or seen.group
        seen.job_type = given.get("jobType") or seen.job_type
        seen.tags = tuple(given.get("tags") or seen.tags)
        if given.get("config"):
            seen.config = {key: one["value"] for key, one in json.loads(given["config"]).items()}
        project = {"id": "p", "name": seen.project, "entity": _ENTITY}
        bucket = {"id": given["name"], "name": given["name"], "displayName": seen.name, "project": project}
        return {
            "bucket": {**bucket, "config": given.get("config") or "{}", "historyLineCount": len(seen.lines)},
            "inserted": new,
        }

    def _bucket(self, given: dict[str, Any]) -> dict[str, Any] | None:
        seen = self.server.runs.get(given["name"])
        if seen is None:
            return None
        tail = [seen.lines[offset] for offset in sorted(seen.lines)][-1:]
        return {
            "id": given["name"], "name": given["name"], "displayName": seen.name,
            "summaryMetrics": json.dumps(seen.summary), "logLineCount": 0, "historyLineCount": len(seen.lines),
            "eventsLineCount": 0, "historyTail": json.dumps(tail), "eventsTail": "[]",
            "config": json.dumps({key: {"value": value} for key, value in seen.config.items()}),
            "tags": list(seen.tags), "notes": "", "wandbConfig": json.dumps({"t": 1}),
        }  # fmt: skip


_ENTITY = {"id": "e", "name": "me"}
