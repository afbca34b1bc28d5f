"""Postgres: a table of leads whose updates a trigger remembers, and a job that may write its own columns only."""

import json
from typing import Any
from urllib.parse import quote

import psycopg

FIELDS = {
    "propensity": "lead_score",
    "band": "lead_band",
    "qualification": "lead_stage",
    "decision": "lead_decision",
    "scored_at": "lead_scored_at",
    "run_id": "lead_run",
}
TABLE = """
CREATE TABLE leads (
    id text, comment text NOT NULL, amount numeric NOT NULL, keep boolean, no_contact boolean,
    lead_score double precision CHECK (lead_score <= 1), lead_band varchar(1), lead_stage text, lead_decision text,
    lead_scored_at timestamptz, lead_run text
);
CREATE INDEX ON leads (id);
CREATE TABLE revisions (at timestamptz DEFAULT clock_timestamp(), who text DEFAULT session_user, old jsonb, new jsonb);
CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO revisions (old, new) VALUES (to_jsonb(OLD), to_jsonb(NEW)); RETURN NEW; END $$;
CREATE TRIGGER remember AFTER UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION remember();
"""


class PostgresWorld:
    """One database of its own; the job is a role that may read the table and update its own columns."""

    name = "sql"

    def __init__(self, admin: str, database: str, token: str) -> None:
        self.token: str | None = token
        self.database = database
        self.role = f"job_{database}"
        with psycopg.connect(admin, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{database}"')
            server.execute(f"CREATE ROLE \"{self.role}\" LOGIN PASSWORD '{token}'")
        self.admin = psycopg.conninfo.make_conninfo(admin, dbname=database)
        own = ", ".join(FIELDS.values())
        with psycopg.connect(self.admin) as connection:
            connection.execute(TABLE)
            connection.execute(f'GRANT SELECT, UPDATE ({own}) ON leads TO "{self.role}"')

    @property
    def settings(self) -> dict[str, Any]:
        parts = psycopg.conninfo.conninfo_to_dict(self.admin)
        host, port = str(parts.get("host", "localhost")), parts.get("port", 5432)
        place = (
            f"/{self.database}?host={quote(host)}&port={port}"
            if host.startswith("/")
            else f"{host}:{port}/{self.database}"
        )
        at = "" if host.startswith("/") else "@"
        return {
            "adapter": "sql",
            "url": f"postgresql+psycopg://{self.role}@{place}"
            if host.startswith("/")
            else f"postgresql+psycopg://{self.role}{at}{place}",
            "key": "id",
            "override": "keep",
            "opted_out": "no_contact",
            "fields": FIELDS,
        }

    def run(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            found = connection.execute(query, values)
            return found.fetchall() if found.description else []

    def statements_logged(self) -> int:
        """Writes to the table that the server has counted."""
        # A session counts what it wrote as it ends, a moment after the client let go of it.
        others = "datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        for _ in range(500):
            if not self.run(f"SELECT pid FROM pg_stat_activity WHERE {others}"):
                break
            self.run("SELECT pg_sleep(0.02)")
        else:
            raise AssertionError("a session that should have ended is still there: its writes are not counted")
        (counted,) = self.run(
            "SELECT n_tup_upd + n_tup_ins + n_tup_del FROM pg_stat_user_tables WHERE relname = 'leads'"
        )
        return int(counted[0])

    def add(self, *lead_ids: str) -> None:
        with psycopg.connect(self.admin) as connection:
            connection.cursor().executemany(
                "INSERT INTO leads (id, comment, amount) VALUES (%s, %s, %s)",
                [(lead_id, f"Rappeler {lead_id} 🙂\nvite", 1.5) for lead_id in lead_ids],
            )

    def held(self) -> dict[str, dict[str, Any]]:
        rows = self.run(f"SELECT id, {', '.join(FIELDS.values())} FROM leads")
        found = {row[0]: dict(zip(FIELDS, row[1:], strict=True)) for row in rows}
        for values in found.values():
            values["scored_at"] = values["scored_at"] and int(values["scored_at"].timestamp())
        return found

    def others(self) -> dict[str, Any]:
        return {
            row[0]: json.dumps([str(cell) for cell in row])
            for row in self.run("SELECT id, comment, amount, keep, no_contact FROM leads")
        }

    def edit(self, lead_id: str) -> None:
        self.run("UPDATE leads SET comment = comment || ' (edited)' WHERE id = %s", lead_id)

    def flag(self, lead_id: str, what: str) -> None:
        column = {"override": "keep", "opted_out": "no_contact"}[what]
        self.run(f"UPDATE leads SET {column} = true WHERE id = %s", lead_id)

    def delete(self, lead_id: str) -> None:
        self.run("DELETE FROM leads WHERE id = %s", lead_id)

    def revisions(self) -> int:
        return int(self.run("SELECT count(*) FROM revisions")[0][0])
