"""A score run of any size for the benchmark of the page: a demo's leads, again and again, under other names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.score_runs import SCHEMA, ScoreRun, newest, published, write_part
from pipeline.simulator.words import COMPANY_HEADS, COMPANY_TAILS, FIRST_NAMES, LAST_NAMES
from pipeline.staging import ROWS_PER_GROUP as STAGED_PER_GROUP
from pipeline.workspace import Workspace

BLOCK = 10_000
LEADS_PER_ACCOUNT, EVENTS_PER_LEAD = 1.6, 5
DAY_S = 86_400


def inflate(workspace: Workspace, n_leads: int, seed: int = 7) -> tuple[ScoreRun, ScoreRun]:
    """Replace a demo's runs and tables by two runs of many leads, one day apart, each with its tables.

    A lead of the second night is another lead of the demo than in the first, so that everything about it moved; its
    propensity is the model's own.
    """
    rng = np.random.default_rng(seed)
    base = newest(workspace, "portfolio")
    assert base is not None
    rows, features = (pa.concat_tables(tables) for tables in zip(*_tables(base), strict=True))
    source = "inflated"
    _write_tables(workspace.staging / source, rng, n_leads, int(base.manifest["cutoff"]))
    runs = [_write_run(workspace, base, source, rng, n_leads, rows, features, days_ago=days_ago) for days_ago in (1, 0)]
    for old in published(workspace):
        if old.run_id not in {run.run_id for run in runs}:
            old.path.rename(workspace.home / f"was-{old.run_id}")
    return runs[0], runs[1]


def _tables(run: ScoreRun) -> list[tuple[pa.Table, pa.Table]]:
    return [
        (pq.read_table(path, schema=SCHEMA), pq.read_table(run.path / "features" / path.name))
        for path in sorted((run.path / "rows").iterdir())
    ]


def _write_run(
    workspace: Workspace,
    base: ScoreRun,
    source: str,
    rng: np.random.Generator,
    n_leads: int,
    rows: pa.Table,
    features: pa.Table,
    *,
    days_ago: int,
) -> ScoreRun:
    cutoff, scored_at = (int(base.manifest[name]) - days_ago * DAY_S for name in ("cutoff", "scored_at"))
    manifest: dict[str, Any] = {
        **base.manifest,
        "run_id": f"inflated-{2 - days_ago}",
        "cutoff": cutoff,
        "scored_at": scored_at,
        "n_leads": n_leads,
        "source": source,
    }
    path = workspace.scores / manifest["run_id"]
    for name in ("rows", "features"):
        (path / name).mkdir(parents=True)
    for number, first in enumerate(range(0, n_leads, BLOCK)):
        size = min(BLOCK, n_leads - first)
        chosen = pa.array(rng.integers(0, rows.num_rows, size))
        ids = pa.array([f"L{place:08d}" for place in range(first, first + size)])
        for name, table in (("rows", rows), ("features", features)):
            taken = table.take(chosen).set_column(0, "lead_id", ids)
            if name == "rows":
                when = pa.array(np.full(size, cutoff)).cast(pa.timestamp("s", "UTC"))
                due = cutoff + rng.integers(-DAY_S, 2 * DAY_S, size)
                is_due = taken.column("decision").to_numpy(zero_copy_only=False) == "hand_over"
                taken = taken.set_column(1, taken.schema.field(1), when)
                at = taken.schema.get_field_index("due_at")
                taken = taken.set_column(
                    at, taken.schema.field(at), pa.array(due, mask=~is_due).cast(pa.timestamp("s", "UTC"))
                )
            write_part(taken, path / name / f"part-{number:05d}.parquet")
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return ScoreRun(path, manifest)


def _write_tables(folder: Path, rng: np.random.Generator, n_leads: int, cutoff: int) -> None:
    """Leads, accounts and events with names, sorted as `pipeline.staging` sorts them."""
    folder.mkdir(parents=True)
    n_accounts = int(n_leads / LEADS_PER_ACCOUNT)
    lead_ids = pa.array([f"L{place:08d}" for place in range(n_leads)])
    account_ids = pa.array([f"A{place:08d}" for place in range(n_accounts)])
    heads, tails, firsts, lasts = (
        np.array([name.replace("_", " ") for name in names], dtype=object)
        for names in (COMPANY_HEADS, COMPANY_TAILS, FIRST_NAMES, LAST_NAMES)
    )
    of = rng.integers(0, n_accounts, n_leads)
    leads = {
        "lead_id": lead_ids,
        "created_at": cutoff - rng.integers(DAY_S, 300 * DAY_S, n_leads),
        "account_id": account_ids.take(pa.array(of)),
        "source": rng.choice(np.array(["web", "webinar", "trade_show", "partner", "organic"], dtype=object), n_leads),
        "job_title": rng.choice(np.array(["Directrice commerciale", "DSI", "DAF", "Gérant"], dtype=object), n_leads),
        "country": rng.choice(np.array(["FR", "BE", "CH"], dtype=object), n_leads),
        "owner": rng.choice(np.array([f"{name} Martin" for name in firsts[:40]], dtype=object), n_leads),
        "display_name": rng.choice(firsts, n_leads) + " " + rng.choice(lasts, n_leads),
        "opted_out": np.zeros(n_leads, dtype=np.int64),
    }
    names = rng.choice(heads, n_accounts) + " " + rng.choice(lasts, n_accounts) + " " + rng.choice(tails, n_accounts)
    accounts = {"account_id": account_ids, "name": names}
    n_events = EVENTS_PER_LEAD * n_leads
    at = cutoff - np.sort(rng.integers(DAY_S, 90 * DAY_S, (n_leads, EVENTS_PER_LEAD)), axis=1).ravel()
    types = np.array(["page_view", "email_open", "pricing_view", "download", "webinar"], dtype=object)
    events = {
        "lead_id": lead_ids.take(pa.array(np.repeat(np.arange(n_leads), EVENTS_PER_LEAD))),
        "occurred_at": at,
        "type": rng.choice(types, n_events),
        "known_at": at,
    }
    for name, table in (("leads", leads), ("accounts", accounts), ("events", events)):
        pq.write_table(pa.table(table), folder / f"{name}.parquet", row_group_size=STAGED_PER_GROUP)
