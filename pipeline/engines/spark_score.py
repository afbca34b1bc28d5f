"""Score and explain on Spark's executors: each partition of leads becomes files of a score run, exactly once.

Features are written first, so that no executor that dies makes them anew. Then leads are cut into ranges and sorted, as
the files of a run are; a task writes each of its blocks under a name that its range and place determine, by one rename,
and reports the name. A task that is run again writes the same files; only files that a finished task reported stay.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import TaskContext

from features.errors import OutsideError
from features.snapshots import KEYS
from models.lead_model import LeadModel
from pipeline.describe import Described
from pipeline.engines.engine import Engine
from pipeline.engines.spark import Spark, told, unseen
from pipeline.saved import Saved
from pipeline.score_rows import RunFacts, write_block
from pipeline.settings import Settings

REPORT = "file string, n long"


@dataclass(frozen=True)
class Job:
    """What an executor needs to score a partition; the model travels as the files that the registry keeps.

    Attributes
    ----------
    building : str
        Folder of the run.
    files : tuple of (str, bytes)
        The model.
    facts : mapping of str to Any
        Fields of `RunFacts` but the model; the settings without secrets.
    schema : pyarrow.Schema
        Keys and features.
    """

    building: str
    files: tuple[tuple[str, bytes], ...]
    facts: Mapping[str, Any]
    schema: pa.Schema


def score_on_spark(
    engine: Engine, described: Described, building: Path, facts: RunFacts, files: Mapping[str, bytes]
) -> None:
    """Write the rows and features of a run from the executors.

    Parameters
    ----------
    engine : Engine
        A `Spark`.
    described : Described
        As Spark computed it.
    building : Path
        The run that is not published yet, on storage that the executors see.
    facts : RunFacts
        What all blocks share.
    files : dict of str to bytes
        The model, as the registry keeps it.

    Raises
    ------
    OutsideError
        Spark failed, or what it wrote is not all here.
    """
    saved = described.computed
    if not isinstance(engine, Spark) or not isinstance(saved, Saved):
        raise TypeError(f"expected Spark, found {type(engine).__name__}")
    size = facts.settings.limits.rows_per_block
    n = len(described.rows)
    types = pq.read_schema(next(saved.path.glob("*.parquet"))).types
    names = [*KEYS, *(feature.name for feature in described.features)]
    schema = pa.schema(zip(names, types, strict=True))
    shared = {field.name: getattr(facts, field.name) for field in fields(facts) if field.name != "model"}
    job = Job(str(building), tuple(files.items()), {**shared, "settings": bare(facts.settings)}, schema)
    with told(engine.name):
        leads = engine.session.read.parquet(str(saved.path))
        ranges = leads.repartitionByRange(max(1, -(-n // size)), "lead_id").sortWithinPartitions(*KEYS)
        reported = ranges.mapInPandas(task(job, size), REPORT).collect()
    finished = {row["file"] for row in reported}
    for folder in ("rows", "features"):
        there = {path.name for path in (building / folder).iterdir()}
        if finished - there:
            raise unseen(building / folder)
        for stray in there - finished:
            (building / folder / stray).unlink()
    written = sum(pq.read_metadata(building / "rows" / name).num_rows for name in finished)
    if not written == sum(row["n"] for row in reported) == n:
        raise OutsideError(
            f"Spark: expected the scores of {n:,} leads, found {written:,}. Nothing is published; score again."
        )


def bare(settings: Settings) -> Settings:
    """Settings that may travel: without secrets, and one thread per task, as Spark counts them.

    Examples
    --------
    >>> bare(Settings()).source.password is None
    True
    """
    return settings.model_copy(
        update={
            "limits": settings.limits.model_copy(update={"threads": 1}),
            "source": settings.source.model_copy(update={"password": None}),
            "registry": settings.registry.model_copy(update={"token": None}),
            "crm": settings.crm.model_copy(update={"token": None, "ledger_password": None}),
            "page": settings.page.model_copy(update={"oidc_secret": None}),
        }
    )


def task(job: Job, size: int) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Give what each executor runs over its partition."""

    def run(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        context: Any = TaskContext.get()
        facts = RunFacts(model=loaded(job.files), **job.facts)
        for number, block in enumerate(blocks(batches, size, job.schema)):
            name = f"part-{context.partitionId():05d}-{number:05d}.parquet"
            # Attempts at one partition may overlap: each writes beside, and the last rename wins over an equal file.
            write_block(Path(job.building), name, block, facts, attempt=str(context.taskAttemptId()))
            yield pd.DataFrame({"file": [name], "n": [block.num_rows]})

    return run


@functools.lru_cache(maxsize=1)
def loaded(files: tuple[tuple[str, bytes], ...]) -> LeadModel:
    """Load the model once per executor process."""
    return LeadModel.load(dict(files))


def blocks(batches: Iterator[pd.DataFrame], size: int, schema: pa.Schema) -> Iterator[pa.Table]:
    """Join what Spark hands over into blocks of at most ``size`` rows, in its order.

    Examples
    --------
    >>> schema = pa.schema([("lead_id", pa.string())])
    >>> frames = iter([pd.DataFrame({"lead_id": ["a", "b"]}), pd.DataFrame({"lead_id": ["c", "d", "e"]})])
    >>> [block.column("lead_id").to_pylist() for block in blocks(frames, 2, schema)]
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    waiting = schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables(
            [waiting, pa.Table.from_pandas(batch.set_axis(schema.names, axis=1), schema, preserve_index=False)]
        )
        while waiting.num_rows >= size:
            yield waiting.slice(0, size)
            waiting = waiting.slice(size)
    if waiting.num_rows:
        yield waiting
