"""What is kept beside staged tables, so that opening them again tells the same."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import pyarrow as pa
import pyarrow.parquet as pq

from features.faults import Faults
from features.tables import Attribute, Tables
from pipeline.cells import identifier
from pipeline.sorted_file import LEAD

RECORD = "source.json"


@dataclass(frozen=True)
class StagedRecord:
    """What is known of staged tables.

    Attributes
    ----------
    attributes : tuple of Attribute
        Columns beside the contract.
    extracted_at : int
        UTC seconds.
    one_table : bool
        Whether there are leads alone, with their outcomes.
    faults : Faults
        Of all tables.
    headers : dict of str to tuple of str
        Of the source, by table.
    """

    attributes: tuple[Attribute, ...]
    extracted_at: int
    one_table: bool
    faults: Faults
    headers: dict[str, tuple[str, ...]]

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        data = {
            "attributes": [vars(attribute) for attribute in self.attributes],
            "extracted_at": self.extracted_at,
            "one_table": self.one_table,
            "faults": self.faults.to_dict(),
            "headers": self.headers,
        }
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def is_whole(cls, target: Path) -> bool:
        """Whether a staging can be used again; one that was damaged is removed, to be made anew."""
        if not target.exists():
            return False
        try:
            for table in cls.read(target / RECORD).counts():
                pq.read_metadata(target / f"{table}.parquet")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
            shutil.rmtree(target, ignore_errors=True)
            return False
        return True

    def counts(self) -> dict[str, int]:
        """Rows of each table that was kept."""
        return {table: count.kept for table, count in self.faults.counts.items() if count.read}

    @classmethod
    def read(cls, path: Path) -> "StagedRecord":
        """Read what `write` kept."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            tuple(Attribute(**attribute) for attribute in data["attributes"]),
            data["extracted_at"],
            data["one_table"],
            Faults.from_dict(data["faults"]),
            data["headers"],
        )

    def tables(
        self, connection: duckdb.DuckDBPyConnection, folder: Path
    ) -> tuple[Tables, dict[str, nw.LazyFrame[Any]]]:
        """The tables of a staging; beside them, those that speak of leads with numbers for their identifiers."""
        counts = self.counts()
        frames: dict[str, nw.LazyFrame[Any]] = {}
        numbered: dict[str, nw.LazyFrame[Any]] = {}
        for table in counts:
            relation = connection.read_parquet(str(folder / f"{table}.parquet"))
            if LEAD in relation.columns:
                others = f"* EXCLUDE ({identifier(LEAD)})"
                replaced = f"{others} REPLACE ({identifier(LEAD)} AS lead_id)"
                numbered[table] = nw.from_native(relation.project(replaced)).lazy()
                relation = relation.project(others)
            frames[table] = nw.from_native(relation).lazy()
        return Tables(frames, self.attributes, self.extracted_at, self.one_table, counts), numbered
