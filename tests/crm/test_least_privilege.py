"""The statements of SECURITY.md, run in a real Postgres: what they allow, and what they do not."""

import re
import secrets
from pathlib import Path

import psycopg
import pytest

TEXT = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
TABLES = """
CREATE TABLE leads (
    id text PRIMARY KEY, email text, keep boolean, no_contact boolean, lead_score double precision, lead_band text
);
CREATE TABLE events (lead_id text); CREATE TABLE outcomes (lead_id text); CREATE TABLE salaries (amount int);
INSERT INTO leads VALUES ('a', 'x@example.com', false, false, 0.1, 'D');
"""
PASSWORD = secrets.token_hex(8)
REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)


@pytest.fixture(scope="module")
def granted(postgres: str) -> dict[str, str]:
    """A database with the three roles, by their documented names; how each reaches it."""
    name, suffix = f"least_{secrets.token_hex(4)}", secrets.token_hex(3)
    (statements,) = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    statements = re.sub(r"\btamis_(\w+)", rf"tamis_\1_{suffix}", statements).replace("'...'", f"'{PASSWORD}'")
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    admin = psycopg.conninfo.make_conninfo(postgres, dbname=name)
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(TABLES)
        server.execute(statements)
    roles = ("reader", "writer", "ledger")
    return {
        role: psycopg.conninfo.make_conninfo(admin, user=f"tamis_{role}_{suffix}", password=PASSWORD) for role in roles
    }


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("reader", "SELECT * FROM leads"),
        ("reader", "SELECT * FROM outcomes"),
        ("writer", "SELECT id, keep, xmin, lead_score FROM leads"),
        ("writer", "UPDATE leads SET lead_score = 0.5, lead_band = 'A' WHERE id = 'a'"),
        ("writer", "CREATE TEMP TABLE tamis_batch (id text)"),
        ("ledger", "CREATE TABLE tamis_push (id int)"),
    ],
)
def test_what_a_job_needs_is_allowed(granted: dict[str, str], role: str, query: str) -> None:
    with psycopg.connect(granted[role]) as connection:
        connection.execute(query)


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("reader", "UPDATE leads SET lead_score = 1"),
        ("reader", "DELETE FROM leads"),
        ("reader", "SELECT * FROM salaries"),
        ("writer", "SELECT email FROM leads"),
        ("writer", "UPDATE leads SET email = 'x'"),
        ("writer", "UPDATE leads SET id = 'b'"),
        ("writer", "INSERT INTO leads (id) VALUES ('c')"),
        ("writer", "DELETE FROM leads"),
        ("writer", "TRUNCATE leads"),
        ("writer", "DROP TABLE leads"),
        ("writer", "SELECT * FROM events"),
        ("ledger", "SELECT * FROM public.leads"),
        ("ledger", "CREATE TABLE public.x (id int)"),
    ],
)
def test_what_it_does_not_need_is_refused(granted: dict[str, str], role: str, query: str) -> None:
    with psycopg.connect(granted[role]) as connection, pytest.raises(REFUSED):
        connection.execute(query)
