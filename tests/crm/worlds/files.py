"""Two CRMs in one file each: SQLite, for any database that is not Postgres, and a folder of CSV files to import."""

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.crm.worlds.face import OWN

FIELDS = {name: f"our {name}" for name in OWN}
TABLE = """
CREATE TABLE "the leads" (
    id TEXT, comment TEXT NOT NULL, keep BOOLEAN, no_contact BOOLEAN,
    "our propensity" DOUBLE CHECK ("our propensity" <= 1), "our band" VARCHAR(1), "our qualification" TEXT,
    "our decision" TEXT, "our scored_at" DATETIME, "our run_id" TEXT
);
CREATE TABLE revisions (at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TRIGGER remember AFTER UPDATE ON "the leads" BEGIN INSERT INTO revisions (at) VALUES (CURRENT_TIMESTAMP); END;
"""


class SqliteWorld:
    """A table in SQLite."""

    name = "sql"
    token: str | None = None

    def __init__(self, folder: Path) -> None:
        self.file = folder / "crm.db"
        if self.file.exists():
            return
        with closing(sqlite3.connect(self.file)) as made:
            made.executescript(TABLE)

    @property
    def settings(self) -> dict[str, Any]:
        flags = {"override": "keep", "opted_out": "no_contact"}
        own = {"adapter": "sql", "url": f"sqlite:///{self.file}", "object": "the leads", "key": "id"}
        return {**own, **flags, "fields": FIELDS}

    def run(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(query, values).fetchall()

    def add(self, *lead_ids: str) -> None:
        for lead_id in lead_ids:
            self.run('INSERT INTO "the leads" (id, comment) VALUES (?, ?)', lead_id, f"Rappeler {lead_id} 🙂\nvite")

    def held(self) -> dict[str, dict[str, Any]]:
        names = ", ".join(f'"{name}"' for name in FIELDS.values())
        rows = self.run(f'SELECT id, {names} FROM "the leads"')
        found = {row[0]: dict(zip(OWN, row[1:], strict=True)) for row in rows}
        for values in found.values():
            if values["scored_at"]:
                at = datetime.fromisoformat(values["scored_at"]).replace(tzinfo=UTC)
                values["scored_at"] = int(at.timestamp())
        return found

    def others(self) -> dict[str, Any]:
        rows = self.run('SELECT id, comment, keep, no_contact FROM "the leads"')
        return {row[0]: json.dumps(row) for row in rows}

    def edit(self, lead_id: str) -> None:
        self.run("""UPDATE "the leads" SET "our band" = 'A', comment = comment || ' (edited)' WHERE id = ?""", lead_id)

    def flag(self, lead_id: str, what: str) -> None:
        column = {"override": "keep", "opted_out": "no_contact"}[what]
        self.run(f'UPDATE "the leads" SET {column} = 1 WHERE id = ?', lead_id)

    def delete(self, lead_id: str) -> None:
        self.run('DELETE FROM "the leads" WHERE id = ?', lead_id)

    def revisions(self) -> int:
        return int(self.run("SELECT count(*) FROM revisions")[0][0])


class CsvWorld:
    """A CRM that imports updates from files, in the order in which they came."""

    name = "csv"
    token: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "to import"
        self.leads: list[str] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"adapter": "csv", "url": str(self.folder), "key": "Record ID", "fields": FIELDS}

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.csv"), key=lambda path: path.stat().st_mtime_ns)

    def add(self, *lead_ids: str) -> None:
        self.leads += lead_ids

    def held(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {lead: dict.fromkeys(OWN) for lead in self.leads}
        for path in self.files():
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    if row["Record ID"] in found:
                        found[row["Record ID"]] = {ours: _read(ours, row[theirs]) for ours, theirs in FIELDS.items()}
        return found

    def others(self) -> dict[str, Any]:
        return dict.fromkeys(self.leads, "")

    def revisions(self) -> int:
        rows = 0
        for path in self.files():
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows += len(list(csv.DictReader(file)))
        return rows


def _read(ours: str, text: str) -> Any:
    if not text:
        return None
    if ours == "scored_at":
        return int(datetime.fromisoformat(text).timestamp())
    return float(text) if ours == "propensity" else text
