"""Writes a checked table as sorted Parquet, for a fraction of what it costs to sort and write texts.

Words of which there are few are sorted as numbers and written as the dictionary that they are; whose rows they are is
written from the number of the lead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.cells import identifier, literal, select

# Beside lead_id in every table that has one: the place of the lead among the leads, by which engines count and join in
# a fraction of the time that texts take.
LEAD = "@lead"
# Few enough that the rows of one lead are read in milliseconds, enough that a scan is more than opening groups.
ROWS_PER_GROUP = 32_768
MOST_WORDS = 256
LOOKED_AT = 20_000
# Bytes; more than any group has.
PAGE = 1 << 24


@dataclass(frozen=True)
class Layout:
    """What the file of a table holds, in which order.

    Attributes
    ----------
    columns : tuple of str
        Of the table; ``lead_id`` first where rows are of leads.
    first : tuple of str
        What rows are sorted by; those that are equal in this by a hash of the rest, so that the file does not depend
        on the order of the source: every column as a key of its own would cost twice as much.
    words : mapping of str to sequence of str
        Of columns of text, all that there are: from `few_words`.
    lead_ids : pyarrow.StringArray, optional
        By number: rows are of these leads.
    is_leads : bool
        Rows are leads, each once: they are numbered as they are written.
    """

    columns: tuple[str, ...]
    first: tuple[str, ...]
    words: Mapping[str, Sequence[str]]
    lead_ids: pa.StringArray | None = None
    is_leads: bool = False

    def query(self, source: str, numbers: str = "") -> str:
        """Write the SQL of the sorted rows; ``numbers`` has `LEAD` by ``lead_id``."""
        # Words become numbers before rows are joined, so that little is carried along.
        rows = f"({select([f'{self._cell(name)} AS {identifier(name)}' for name in self.columns], source)})"
        rows += f" JOIN {numbers} USING (lead_id)" if numbers else ""
        names = [LEAD if name == "lead_id" and numbers else name for name in self.columns]
        rest = ", ".join(identifier(name) for name in names if name not in self.first)
        keys = [*map(identifier, self.first), *([f"hash({rest})"] if rest else [])]
        return select(map(identifier, names), rows, f"ORDER BY {', '.join(keys)}")

    def _cell(self, name: str) -> str:
        words = self.words.get(name)
        return f"CAST({identifier(name)} AS ENUM ({', '.join(map(literal, words))}))" if words else identifier(name)

    def written(self, batch: pa.RecordBatch, start: int) -> pa.Table:
        """Give sorted rows the columns of the file; ``start`` rows came before."""
        columns = {name: self._column(batch, name) for name in self.columns}
        if self.is_leads:
            columns[LEAD] = pa.array(np.arange(start, start + batch.num_rows, dtype=np.int32))
        elif self.lead_ids is not None:
            columns[LEAD] = batch.column(LEAD)
        return pa.table(columns)

    def _column(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        if name == "lead_id" and self.lead_ids is not None:
            numbers = batch.column(LEAD)
            first, last = (numbers[0].as_py(), numbers[-1].as_py()) if len(numbers) else (0, -1)
            near = self.lead_ids.slice(first, last - first + 1)
            return pa.DictionaryArray.from_arrays(pc.subtract(numbers, pa.scalar(first, numbers.type)), near)
        return batch.column(name)


def few_words(connection: duckdb.DuckDBPyConnection, source: str, texts: Sequence[str]) -> dict[str, Sequence[str]]:
    """Find the columns of text that hold few different words, and these, sorted.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Reads the source.
    source : str
        SQL of a table.
    texts : sequence of str
        Its columns of text.

    Examples
    --------
    >>> source = "(SELECT * FROM (VALUES ('b', NULL), ('a', NULL), (NULL, NULL)) AS t(type, channel))"
    >>> few_words(duckdb.connect(), source, ("type", "channel"))
    {'type': ['a', 'b']}
    """
    if not texts:
        return {}
    names = {name: identifier(name) for name in texts}
    some = select(names.values(), source, f"LIMIT {LOOKED_AT}")
    counted = select([f"count(DISTINCT {name})" for name in names.values()], f"({some})")
    counts = connection.execute(counted).fetchall()[0]
    few = [name for name, n in zip(texts, counts, strict=True) if 0 < n <= MOST_WORDS]
    found: dict[str, Sequence[str]] = {}
    for name in few:
        # One by one and no more than can be used: what comes after the first rows may be different in each.
        rest = f"WHERE {names[name]} IS NOT NULL LIMIT {MOST_WORDS + 1}"
        words = connection.execute(select([f"DISTINCT {names[name]}"], source, rest)).fetchall()
        if len(words) <= MOST_WORDS:
            found[name] = sorted(word for (word,) in words)
    return found


def write_sorted(relation: duckdb.DuckDBPyRelation, layout: Layout, path: Path) -> None:
    """Write the rows of a relation, which come sorted by `Layout.query`."""
    reader = relation.to_arrow_reader(ROWS_PER_GROUP)
    none = [pa.nulls(0, field.type) for field in reader.schema]
    schema = layout.written(pa.RecordBatch.from_arrays(none, schema=reader.schema), 0).schema
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)]
    # Numbers as differences: half the size, and half the time of a scan. A group is one page, bounds are those of keys.
    packed = {field.name: "DELTA_BINARY_PACKED" for field in schema if pa.types.is_integer(field.type)}
    how = {"use_dictionary": texts, "column_encoding": packed, "store_schema": False, "data_page_size": PAGE}
    bounds = [name for name in schema.names if name in (layout.columns[0], *layout.first)]
    n = 0
    with pq.ParquetWriter(path, schema, write_statistics=bounds, **how) as writer:
        for batch in reader:
            writer.write_table(layout.written(batch, n))
            n += batch.num_rows
