"""A small HTTP server in this process, for CRMs that cannot be installed; and the leads that it holds."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.crm.worlds.face import OWN


@dataclass
class Request:
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What goes."""

    status: int
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """Gives every request to `answer`, one at a time, and remembers them."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the body waits 40 ms until the client has acknowledged the head.
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with server._lock:
                    server.requests.append(request)
                    told = server.answer(request)
                content = told.body.encode() if isinstance(told.body, str) else json.dumps(told.body).encode()
                self.send_response(told.status)
                kind = "text/csv" if isinstance(told.body, str) else "application/json"
                for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **told.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = handle_any  # noqa: N815 (the names are those of http.server)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class MockWorld(Server):
    """Leads of a CRM that lives in this process.

    A record is a dict of its fields; ``refuses`` says why a value would be refused by the real system.
    """

    name = ""
    fields: ClassVar[dict[str, str]] = {}
    token: str | None = None
    flags: ClassVar[dict[str, str]] = {"override": "keep", "opted_out": "no_contact"}
    key = "external_id"

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.records: dict[str, dict[str, Any]] = {}
        self.numbers: dict[str, list[str]] = {}  # of the records of a lead
        self.defined: set[str] = {*self.fields.values(), *self.flags.values(), self.key}
        self.edits = self._clock = 0

    @property
    def settings(self) -> dict[str, Any]:
        own = {"adapter": self.name, "url": self.url, "key": self.key, "fields": self.fields}
        return own | self.flags

    def touch(self, record: dict[str, Any]) -> None:
        self.edits += 1
        self._clock += 1
        moment = datetime(2026, 11, 21, tzinfo=UTC).timestamp() + self._clock
        record["modified"] = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, *lead_ids: str) -> None:
        for lead_id in lead_ids:
            number = str(1000 + len(self.records))
            self.records[number] = {self.key: lead_id, "comment": f"Rappeler {lead_id} 🙂\nvite"}
            self.numbers.setdefault(lead_id, []).append(number)
            self.touch(self.records[number])
            self.edits -= 1

    def by_key(self, lead_id: str) -> dict[str, Any]:
        return self.records[self.numbers[lead_id][0]]

    def update(self, number: str, values: dict[str, Any]) -> None:
        self.records[number].update(values)
        self.touch(self.records[number])

    def refusal(self, values: dict[str, Any]) -> tuple[str, str] | None:
        """Field and reason of a value that the system does not take."""
        for name, value in values.items():
            if name not in self.defined:
                return name, f"field {name} does not exist"
            if name == self.fields["propensity"] and value not in (None, "", False, "#N/A") and float(value) > 1:
                return name, "is not valid: must be at most 1"
        return None

    def held(self) -> dict[str, dict[str, Any]]:
        return {record[self.key]: {ours: self.read(ours, record) for ours in OWN} for record in self.records.values()}

    def read(self, ours: str, record: dict[str, Any]) -> Any:
        value = record.get(self.fields[ours])
        if value in (None, "", False):
            return None
        if ours == "scored_at":
            at = datetime.fromisoformat(value)
            return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
        return float(value) if ours == "propensity" else value

    def others(self) -> dict[str, Any]:
        hidden = {*self.fields.values(), "modified"}
        return {
            record[self.key]: json.dumps({k: v for k, v in record.items() if k not in hidden}, sort_keys=True)
            for record in self.records.values()
        }

    def edit(self, lead_id: str) -> None:
        record = self.by_key(lead_id)
        record["comment"] += " (edited)"
        self.touch(record)

    def flag(self, lead_id: str, what: str) -> None:
        record = self.by_key(lead_id)
        record[self.flags[what]] = self.true
        self.touch(record)

    true: Any = True

    def delete(self, lead_id: str) -> None:
        for number in self.numbers.pop(lead_id):
            del self.records[number]

    def revisions(self) -> int:
        return self.edits
