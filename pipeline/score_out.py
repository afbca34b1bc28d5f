"""Score rows as one file for whoever asked for it, with their reasons in words."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from features.errors import OutsideError
from features.language import Language
from models.lead_model import LeadModel
from models.segments import ALL
from pipeline.score_runs import SCHEMA, ScoreRun
from pipeline.spreadsheets import harmless
from pipeline.telling import tell


def write_out(result: ScoreRun, model: LeadModel, path: Path, language: Language) -> None:
    """Write the rows of a run, some thousands at a time, to a Parquet or CSV file that appears when it is whole.

    Raises
    ------
    OutsideError
        The file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        if path.suffix == ".parquet":
            with pq.ParquetWriter(temporary, SCHEMA) as parquet:
                for table in _told(result, model, language):
                    parquet.write_table(table)
        else:
            schema = _for_spreadsheets(SCHEMA.empty_table(), model).schema
            with pc.CSVWriter(temporary, schema) as csv:
                for table in _told(result, model, language):
                    csv.write_table(_for_spreadsheets(table, model))
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutsideError(
            f"--out: {path.name} could not be written: {error.strerror}. The same rows are in {result.path}."
        ) from error


def _told(result: ScoreRun, model: LeadModel, language: Language) -> Iterator[pa.Table]:
    for rows, features in result.parts():
        told = tell(rows.select(["lead_id", "reasons"]).to_pylist(), features, model, language)
        at = SCHEMA.get_field_index("reasons")
        column = pa.array([row["reasons"] for row in told], SCHEMA.field(at).type)
        yield rows.set_column(at, SCHEMA.field(at), column)


def _for_spreadsheets(table: pa.Table, model: LeadModel) -> pa.Table:
    """Write reasons as sentences, every text so that no spreadsheet runs it, and which propensities came true."""
    segments = table.column("segment").to_pylist() if "segment" in table.column_names else [ALL] * table.num_rows
    certified = [model.certified(segment or ALL) for segment in segments]
    for at, field in enumerate(table.schema):
        column = table.column(at)
        if field.name == "reasons":
            column = pa.array(["; ".join(reason["text"] for reason in row) for row in column.to_pylist()], pa.string())
        if pa.types.is_string(column.type):
            texts = [None if text is None else harmless(text) for text in column.to_pylist()]
            table = table.set_column(at, field.name, pa.array(texts, pa.string()))
    return table.append_column("certified", pa.array(certified, pa.bool_()))
