"""The workspaces that bad input is tried on; each case gets a copy."""

from pathlib import Path

import pandas as pd

from tests import companies

QUICK = {"extracted_at": "2025-12-31T00:00:00Z", "time_zone": "Europe/Paris"}


def bare(root: Path) -> Path:
    """A workspace with forty leads in two tables, and nothing of Tamis in it yet."""
    given = companies.tables(40)
    companies.write(root, {"leads": given["leads"][["lead_id", "created_at", "source"]], "outcomes": given["outcomes"]})
    return root


def worked(root: Path) -> Path:
    """A workspace that has trained, scored and pushed, whose people said things."""
    given = companies.tables()
    companies.worked(companies.write(root, {name: given[name] for name in ("leads", "outcomes", "events", "costs")}))
    return root


def lines(root: Path, table: str, *rows: str) -> None:
    """Replace a table by lines of CSV."""
    (root / "data" / f"{table}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def raw(root: Path, name: str, content: bytes) -> None:
    """Replace a file of the source by bytes, and take away the table's usual file."""
    table = name.split(".", maxsplit=1)[0]
    (root / "data" / f"{table}.csv").unlink(missing_ok=True)
    (root / "data" / name).write_bytes(content)


def parquet(root: Path, table: str, frame: pd.DataFrame) -> None:
    """Replace a table by Parquet."""
    (root / "data" / f"{table}.csv").unlink(missing_ok=True)
    frame.to_parquet(root / "data" / f"{table}.parquet")
