"""Queries for warehouses are compiled, never executed here; faults of a database that works in place are told."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from features.catalogue import FeatureOptions, catalogue
from features.errors import DataError, OutsideError, UseError
from features.tables import SCHEMA, Tables
from pipeline.engines.warehouse import compiled, connect_warehouse

SNAPSHOTS = Path(__file__).parent / "snapshots"
TYPES = {"id": "string", "text": "string", "time": "int64", "number": "float64", "flag": "int64"}
CUTOFF = 1_790_000_000


def every_query(dialect: str) -> str:
    """One query per source of features, of the declared catalogue: short enough to be read."""
    schemas = {table: {name: TYPES[column.kind] for name, column in SCHEMA[table].items()} for table in SCHEMA}
    schemas["changes"]["number"] = "float64"
    import ibis  # noqa: PLC0415 (an extra)
    import narwhals.stable.v2 as nw  # noqa: PLC0415

    frames = {name: nw.from_native(ibis.table(schema, name=name)).lazy() for name, schema in schemas.items()}
    features = catalogue(Tables(frames, (), CUTOFF), FeatureOptions())
    chosen: dict[tuple[str, str], Any] = {}
    for feature in features:
        if feature.recipe is not None:
            chosen.setdefault((feature.recipe.source, feature.recipe.measure), feature)
    parts = []
    for source in sorted({source for source, _ in chosen}):
        some = [feature for (of, _), feature in sorted(chosen.items(), key=lambda item: item[0]) if of == source]
        parts.append(f"-- {source}\n{compiled(schemas, some, CUTOFF, dialect)};\n")
    # narwhals draws these names anew each time.
    return re.sub("row_index_[0-9a-f]+", "row_index", "\n".join(parts))


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery"])
def test_the_queries_of_warehouses_are_those_that_are_kept(dialect: str) -> None:
    kept = SNAPSHOTS / f"{dialect}.sql"
    assert in_one_order(every_query(dialect)) == in_one_order(kept.read_text(encoding="utf-8"))


def in_one_order(sql: str) -> str:
    """Columns that are left out, sorted: they come from a set."""
    names = re.compile(r"(EXCEPT|EXCLUDE) \(([^()]*)\)")
    return names.sub(lambda found: f"{found[1]} ({', '.join(sorted(found[2].split(', ')))})", sql)


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(
        OutsideError, match=r"source.url: the database postgresql://me:\*\*\*@127.0.0.1:1/crm failed"
    ) as e:
        connect_warehouse("postgresql://me@127.0.0.1:1/crm", "s3cr3t-w0rd")
    assert "s3cr3t" not in str(e.value)


def test_what_cannot_be_worked_on_in_place_is_told(simulated: Any, in_postgres: Any, postgres: str) -> None:
    in_postgres("simulated", simulated.tables)
    with pytest.raises(DataError, match=r"expected nowhere.leads, found"):
        simulated.open(simulated.source("nowhere.{}", url=postgres, in_place=True))
    leads = {"path": "simulated.leads", "columns": {"created_at": "job_title"}}
    source = {"url": postgres, "in_place": True, "tables": {"leads": leads}}
    with pytest.raises(DataError, match=r"leads.created_at: expected a time in 'job_title', found the type String"):
        simulated.open(type(simulated.settings.source).model_validate(source))
    leads = {"path": "simulated.leads", "columns": {"lead_id": "#row"}}
    source = {"url": postgres, "in_place": True, "tables": {"leads": leads}}
    with pytest.raises(UseError, match="found #row, which only files have"):
        simulated.open(type(simulated.settings.source).model_validate(source))


BAD = """
CREATE SCHEMA bad;
CREATE TABLE bad.leads (lead_id numeric, created_at timestamp, opted_out boolean, "mail or so" text, pays boolean,
    "dotted.grade" text, score text, outcome text);
INSERT INTO bad.leads SELECT n, timestamp '2026-01-01 12:00:00.7' + n * interval '1 day', n = 3, 'a' || n || '@b.fr',
    n % 2 = 0, 'x', n::text, CASE n % 3 WHEN 0 THEN ' Gagné ' WHEN 1 THEN 'perdu' END FROM generate_series(1, 60) n;
INSERT INTO bad.leads VALUES (1, '2026-03-01', NULL, NULL, NULL, NULL, NULL, 'gagné'),
    (NULL, '2026-03-01', NULL, NULL, NULL, NULL, NULL, 'peut-être');
CREATE TABLE bad.events (lead_id bigint, occurred_at timestamptz, known_at timestamptz, type text, event_id text);
INSERT INTO bad.events SELECT 1 + n % 60, now() - interval '400 days' + n * interval '1 hour', NULL,
    E' \\tview\\u0007 ',
    'e' || n / 2 FROM generate_series(0, 99) n;
INSERT INTO bad.events VALUES (1, '2026-01-05', '2026-01-04', 'click', NULL), (1, '1970-01-01', NULL, 'click', NULL);
"""


def test_faults_in_place_are_those_of_the_embedded_path(simulated: Any, postgres: str) -> None:
    import psycopg  # noqa: PLC0415 (an extra)

    with psycopg.connect(postgres) as connection:
        connection.execute(BAD)
    tables = {name: {"path": f"bad.{name}"} for name in ("leads", "events")}
    words = {"won": ["gagné"], "lost": ["perdu"]}
    source = {"url": postgres, "tables": tables, "time_zone": "Europe/Paris", "outcome": words, "max_faulty_rate": 0.9}
    made = type(simulated.settings.source).model_validate
    with (
        closing(simulated.open(made(source))) as here,
        closing(simulated.open(made({**source, "in_place": True}))) as there,
    ):
        assert there.tables.counts == here.tables.counts
        assert there.tables.one_table
        assert there.tables.extracted_at == here.tables.extracted_at
        reasons = {(f.table, f.reason): f.rows for f in there.faults}
        assert {k: n for k, n in reasons.items() if n} == {(f.table, f.reason): f.rows for f in here.faults if f.rows}
        assert ("leads", "dotted_name") in reasons
        assert ("leads", "personal") in reasons
        shared = ["lead_id", "created_at", "opted_out", "outcome", "pays"]
        for table, columns in (
            ("leads", shared),
            ("events", ["lead_id", "occurred_at", "known_at", "type", "event_id"]),
        ):
            got, expected = (
                opened.tables.frames[table].select(columns).collect("pyarrow").to_native().to_pandas()
                for opened in (there, here)
            )
            assert got.sort_values(columns).to_numpy().tolist() == expected.sort_values(columns).to_numpy().tolist()
