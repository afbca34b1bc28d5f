"""A company of any size for the benchmark of the nightly job, straight to Parquet: the simulator would take an hour.

Companies are copies of the demo: its leads that are open, their accounts, signals, answers, changes and stages, under
other identifiers. Events are drawn anew: 20 a lead on average with a heavy tail (median 5, some leads with thousands),
in the order of time as a log has them, types and channels as often as in the demo, each with an identifier.
"""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

EVENTS_PER_LEAD, SPREAD = 20, 1.66
COPIES_PER_ACCOUNT = 6
DAY_S = 86_400
# Identifiers of a copy end in its number, so that no two copies share a lead or an account.
_OF_LEADS = """
    COPY (SELECT t.* EXCLUDE (lead_id), l.lead_id || '-' || copy AS lead_id
          FROM '{data}/{table}.csv' t JOIN portfolio l USING (lead_id), range({copies}) AS copies(copy)
          WHERE l.place + copy * {n_open} < {n_leads})
    TO '{folder}/{table}.parquet'"""
_OF_ACCOUNTS = """
    COPY (SELECT t.* EXCLUDE (account_id), t.account_id || '-' || copy // {per} AS account_id
          FROM '{data}/{table}.csv' t JOIN (SELECT DISTINCT account_id FROM portfolio) USING (account_id),
               range(0, {copies}, {step}) AS copies(copy))
    TO '{folder}/{table}.parquet'"""


def write_company(data: Path, folder: Path, open_leads: pa.Table, n_leads: int, cutoff: int, seed: int = 7) -> int:
    """Write the tables of a company.

    Parameters
    ----------
    data : pathlib.Path
        CSV files of a demo.
    folder : pathlib.Path
        New; one Parquet file per table.
    open_leads : pyarrow.Table
        ``lead_id`` of the leads to copy.
    n_leads, cutoff, seed : int
        How many; until when something happened, UTC seconds; of the draw.

    Returns
    -------
    int
        Events.
    """
    folder.mkdir(parents=True)
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    connection.register("open_leads", open_leads)
    n_open = open_leads.num_rows
    names = {"data": data, "folder": folder, "n_open": n_open, "n_leads": n_leads, "copies": -(-n_leads // n_open)}
    names["per"] = COPIES_PER_ACCOUNT
    connection.execute(
        f"CREATE TABLE portfolio AS SELECT l.*, row_number() OVER (ORDER BY lead_id) - 1 AS place "
        f"FROM '{data}/leads.csv' l JOIN open_leads USING (lead_id)"
    )
    connection.execute(
        """
        COPY (SELECT l.* EXCLUDE (place, lead_id, account_id, opted_out), l.lead_id || '-' || copy AS lead_id,
                     l.account_id || '-' || copy // {per} AS account_id, 0 AS opted_out
              FROM portfolio l, range({copies}) AS copies(copy) WHERE place + copy * {n_open} < {n_leads})
        TO '{folder}/leads.parquet'""".format(**names)
    )
    for table in ("answers", "changes", "stages"):
        connection.execute(_OF_LEADS.format(table=table, **names))
    for table, step in (("accounts", COPIES_PER_ACCOUNT), ("signals", 1)):
        connection.execute(_OF_ACCOUNTS.format(table=table, step=step, **names))
    return _events(connection, names, n_leads, cutoff, seed)


def _events(
    connection: duckdb.DuckDBPyConnection, names: dict[str, object], n_leads: int, cutoff: int, seed: int
) -> int:
    """Draw how many, when and of which kind; who they are of is joined by place."""
    rng = np.random.default_rng(seed)
    kinds = connection.sql(
        f"SELECT type, channel, count(*) AS n FROM '{names['data']}/events.csv' GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    share = kinds.column("n").to_numpy() / kinds.column("n").to_numpy().sum()
    weight = rng.lognormal(0.0, SPREAD, n_leads)
    counts = rng.poisson(EVENTS_PER_LEAD * weight / weight.mean())
    n = int(counts.sum())
    drawn = pa.table(
        {
            "lead": np.repeat(np.arange(n_leads, dtype=np.int32), counts),
            "moment": rng.random(n, dtype=np.float32),
            "kind": rng.choice(len(share), n, p=share).astype(np.int32),
            "late": rng.exponential(600.0, n).astype(np.int32),
        }
    )
    kinds = kinds.append_column("kind", pa.array(np.arange(len(share), dtype=np.int32)))
    connection.register("drawn", drawn)
    connection.register("kinds", kinds)
    connection.execute(
        """
        CREATE TABLE people AS
        SELECT (place + copy * {n_open})::INTEGER AS lead, lead_id || '-' || copy AS lead_id,
               epoch(created_at)::BIGINT AS created
        FROM portfolio, range({copies}) AS copies(copy)""".format(**names)
    )
    connection.execute(
        """
        COPY (SELECT 'E' || lpad(row_number() OVER ()::VARCHAR, 9, '0') AS event_id, lead_id,
                     to_timestamp(happened) AS occurred_at,
                     to_timestamp(least(happened + late, {cutoff})) AS known_at, type, channel
              FROM (SELECT lead_id, created + floor(moment * ({cutoff} - created))::BIGINT AS happened,
                           late, type, channel
                    FROM drawn JOIN people USING (lead) JOIN kinds USING (kind) ORDER BY happened))
        TO '{folder}/events.parquet'""".format(cutoff=cutoff, **names)
    )
    return n
