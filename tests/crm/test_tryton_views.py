"""The views of `examples/tryton` name tables and columns that Tryton has."""

import contextlib
import sqlite3
from pathlib import Path

import duckdb

VIEWS = Path(__file__).resolve().parents[2] / "examples" / "tryton" / "views.sql"
TABLES = ("sale_opportunity", "party_party", "party_contact_mechanism", "company_company")


def test_the_views_stand_on_the_tables_of_tryton(tryton_template: Path) -> None:
    with contextlib.closing(sqlite3.connect(tryton_template)) as crm, duckdb.connect() as here:
        for table in TABLES:
            columns = crm.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            here.execute(f"CREATE TABLE {table} ({listed})")
        here.execute("INSERT INTO party_party (id, name) VALUES (1, 'Us'), (2, 'Them')")
        here.execute("INSERT INTO company_company (id, party) VALUES (7, 1)")
        here.execute("INSERT INTO party_contact_mechanism (id, party) VALUES (1, 2), (2, 2)")
        here.execute(
            "INSERT INTO sale_opportunity (id, company, party, employee, state, amount, create_date, end_date) VALUES "
            "(1, 7, 2, 3, 'won', 90, '2026-01-02 08:00:00', '2026-02-03'), "
            "(2, 7, 2, 3, 'lead', NULL, '2026-01-02 08:00:00', NULL)"
        )
        here.execute(VIEWS.read_text(encoding="utf-8"))
        here.execute("SET TimeZone = 'UTC'")
        leads = here.sql("SELECT lead_id, created_at::text, account_id, owner, our_company FROM tamis.leads").fetchall()
        accounts = here.sql("SELECT account_id, contact_mechanisms FROM tamis.accounts ORDER BY 1").fetchall()
        outcomes = here.sql("SELECT lead_id, decided_at::text, outcome, amount FROM tamis.outcomes").fetchall()
    created = "2026-01-02 08:00:00+00"
    assert leads == [(1, created, 2, 3, "Us"), (2, created, 2, 3, "Us")]
    assert accounts == [(1, 0), (2, 2)]
    assert outcomes == [(1, "2026-02-03 00:00:00+00", "won", 90)]
