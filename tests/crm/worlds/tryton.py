"""A real Tryton, over HTTP: its database is made once, kept by pytest's cache, and copied for each session."""

import base64
import contextlib
import hashlib
import inspect
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

ADDON = Path(__file__).parents[1] / "tryton_addon"
ADMIN = "adm1n-0f-the-CRM"
JOB = "scoring"
MODEL = "sale.opportunity"
FIELDS = {
    "propensity": "lead_score",
    "band": "lead_band",
    "qualification": "lead_stage",
    "decision": "lead_decision",
    "scored_at": "lead_scored_at",
    "run_id": "lead_run",
}
START_S = 120.0
LOGGING = """
[loggers]
keys=root,calls
[handlers]
keys=file
[formatters]
keys=line
[logger_root]
level=WARNING
handlers=file
[logger_calls]
level=INFO
handlers=file
qualname=trytond.protocols.dispatcher
propagate=0
[handler_file]
class=FileHandler
formatter=line
args=({path!r}, 'a', 'utf-8')
[formatter_line]
format=%(asctime)s %(name)s %(message)s
"""


def template(cache: Path, token: str) -> Path:
    """The database of a company with a scoring job, made once for these versions, this add-on and this set-up."""
    parts = [version("trytond"), version("trytond-sale-opportunity"), token]
    parts += [path.read_text("utf-8") for path in sorted(ADDON.glob("*.*"))]
    parts.append(inspect.getsource(_furnish))
    kept = cache / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    made = kept / "crm.sqlite"
    if not made.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.iterdir():
            shutil.rmtree(old)
        building = cache / "building"
        server = TrytonServer(building)
        (building / "crm.sqlite").touch()
        words = [
            "trytond-admin",
            "-c",
            building / "trytond.conf",
            "-d",
            "crm",
            "-u",
            "sale_opportunity",
            "tamis_fields",
        ]
        server.run(*words, "--activate-dependencies", "--email", "admin@example.com")
        server.start()
        try:
            _furnish(server, token)
        finally:
            server.stop()
        with contextlib.closing(sqlite3.connect(building / "crm.sqlite")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        building.rename(kept)
    return made


class TrytonServer:
    """One trytond process over one SQLite database in a folder."""

    def __init__(self, folder: Path, database: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.log = folder, folder / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if database:
            shutil.copyfile(database, folder / "crm.sqlite")
        lines = ["[database]", "uri = sqlite://", f"path = {folder}", "[web]", f"listen = 127.0.0.1:{self.port}"]
        (folder / "trytond.conf").write_text("\n".join(lines) + "\n", "utf-8")
        (folder / "logging.conf").write_text(LOGGING.format(path=str(self.log)), "utf-8")
        (folder / "admin").write_text(f"{ADMIN}\n", "utf-8")
        # Tryton finds a module by its entry point: a folder that looks installed is enough.
        addons = folder / "addons"
        (addons / "tamis_fields.dist-info").mkdir(parents=True, exist_ok=True)
        (addons / "tamis_fields.dist-info" / "METADATA").write_text("Name: tamis_fields\nVersion: 0\n", "utf-8")
        entry = "[trytond.modules]\ntamis_fields = tamis_fields\n"
        (addons / "tamis_fields.dist-info" / "entry_points.txt").write_text(entry, "utf-8")
        if not (addons / "tamis_fields").exists():
            (addons / "tamis_fields").symlink_to(ADDON)
        self.process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, timeout=120)
        self._session = ""

    def _environment(self) -> dict[str, str]:
        own = {"PYTHONPATH": str(self.folder / "addons"), "TRYTONPASSFILE": str(self.folder / "admin")}
        return {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, command: str, *words: object) -> None:
        place = Path(sys.executable).parent / command
        line = [place, *map(str, words)]
        done = subprocess.run(line, env=self._environment(), capture_output=True, check=False, timeout=600)
        if done.returncode:
            raise RuntimeError(f"{command} exited with {done.returncode}: {done.stderr.decode(errors='replace')}")

    def start(self) -> None:
        place = Path(sys.executable).parent / "trytond"
        words = ["-c", str(self.folder / "trytond.conf"), "-d", "crm", "--logconf", str(self.folder / "logging.conf")]
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen([place, *words], env=self._environment(), stdout=output, stderr=output)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"Tryton did not start: {(self.folder / 'output').read_text('utf-8')[-2000:]}")

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def killed_while(self, method: str, at: int) -> None:
        """Wait until the server has begun the n-th call of a method, as its log shows, and kill it."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.log.read_text("utf-8").count(f"{MODEL}.{method}") >= at:
                self.kill()
                return
            time.sleep(0.005)
        raise RuntimeError(f"no {method} came")

    def stop(self) -> None:
        self._client.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def call(self, method: str, *params: Any) -> Any:
        """Call a method as the administrator."""
        if not self._session:
            user, token, _ = self._post("common.db.login", "admin", {"password": ADMIN}, "en")
            self._session = base64.b64encode(f"admin:{user}:{token}".encode()).decode()
        return self._post(f"model.{method}", *params)

    def _post(self, method: str, *params: Any) -> Any:
        headers = {"Authorization": f"Session {self._session}"} if self._session else {}
        body = {"id": 1, "method": method, "params": params}
        answer = self._client.post("/crm/rpc/", json=body, headers=headers).raise_for_status().json()
        if answer.get("error"):
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]


def _furnish(server: TrytonServer, token: str) -> None:
    """A company, and a job that may write its own fields of an opportunity and nothing else."""
    (currency,) = server.call("currency.currency.create", [{"name": "Euro", "code": "EUR", "symbol": "€"}], {})
    (party,) = server.call("party.party.create", [{"name": "Cheminées Lefèvre"}], {})
    (company,) = server.call("company.company.create", [{"party": party, "currency": currency}], {})
    own = {"companies": [["add", [company]]], "company": company}
    server.call("res.user.write", [1], own, {})
    (group,) = server.call("res.group.create", [{"name": "Scoring job"}], {})
    rights = {"group": group, "perm_read": True, "perm_create": False, "perm_delete": False}
    server.call("ir.model.access.create", [{"model": MODEL, "perm_write": True, **rights}], {})
    others = [name for name in server.call(f"{MODEL}.fields_get", [], {}) if name not in FIELDS.values()]
    closed = [{"model": MODEL, "field": name, "perm_write": False, **rights} for name in others]
    server.call("ir.model.field.access.create", closed, {})
    job = {"name": "Scoring", "login": JOB, "password": token, "groups": [["add", [group]]], **own}
    server.call("res.user.create", [job], {})


class TrytonWorld:
    """The opportunities of a running Tryton; those of former tests are removed first."""

    name = "tryton"

    def __init__(self, server: TrytonServer, token: str, url: str | None = None) -> None:
        self.server, self.token, self.url = server, token, url or server.url
        self.ids: dict[str, int] = {}
        self.all_ids: list[int] = []
        self.delete_all()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "adapter": "tryton",
            "url": self.url,
            "database": "crm",
            "user": JOB,
            "key": "external_id",
            "override": "lead_override",
            "opted_out": "no_contact",
            "fields": FIELDS,
        }

    def add(self, *lead_ids: str) -> None:
        made = [{"external_id": lead_id, "comment": f"Rappeler {lead_id} 🙂\nvite"} for lead_id in lead_ids]
        ids = self.server.call(f"{MODEL}.create", made, {"company": 1})
        self.ids |= dict(zip(lead_ids, ids, strict=True))
        self.all_ids += ids

    def rows(self, *names: str) -> dict[str, dict[str, Any]]:
        rows = self.server.call(f"{MODEL}.read", list(self.ids.values()), ["external_id", *names], {})
        return {row["external_id"]: row for row in rows}

    def held(self) -> dict[str, dict[str, Any]]:
        found = {}
        for lead_id, row in self.rows(*FIELDS.values()).items():
            values = {name: row[theirs] for name, theirs in FIELDS.items()}
            values["scored_at"] = values["scored_at"] and _seconds(values["scored_at"])
            found[lead_id] = values
        return found

    def others(self) -> dict[str, Any]:
        fields = self.server.call(f"{MODEL}.fields_get", [], {})
        names = [
            name
            for name in fields
            if name not in FIELDS.values() and not name.startswith(("write_", "rec_", "last_modified_"))
        ]
        return {lead_id: json.dumps(row, sort_keys=True) for lead_id, row in self.rows(*names).items()}

    def edit(self, lead_id: str) -> None:
        self.write(lead_id, comment=f"Rappeler {lead_id} (edited)")

    def flag(self, lead_id: str, what: str) -> None:
        self.write(lead_id, **{{"override": "lead_override", "opted_out": "no_contact"}[what]: True})

    def write(self, lead_id: str, **values: Any) -> None:
        self.server.call(f"{MODEL}.write", [self.ids[lead_id]], values, {})

    def delete(self, lead_id: str) -> None:
        gone = [self.ids.pop(lead_id)]
        self.server.call(f"{MODEL}.cancel", gone, {})
        self.server.call(f"{MODEL}.delete", gone, {})

    def delete_all(self) -> None:
        if old := self.server.call(f"{MODEL}.search", [["external_id", "!=", None]], 0, None, None, {}):
            # Tryton deletes only what was cancelled, one state after the other: without a key they are nobody's.
            self.server.call(f"{MODEL}.write", old, {"external_id": None}, {})
        self.ids, self.all_ids = {}, []

    def empty(self) -> None:
        """Take our values out again."""
        self.server.call(f"{MODEL}.write", list(self.ids.values()), dict.fromkeys(FIELDS.values()), {})

    def revisions(self) -> int:
        return len(self.server.call(f"{MODEL}.history_revisions", self.all_ids, {})) if self.all_ids else 0


def _seconds(value: Mapping[str, Any]) -> int:
    parts = [value[part] for part in ("year", "month", "day", "hour", "minute", "second")]
    return int(datetime(*parts, tzinfo=UTC).timestamp())
