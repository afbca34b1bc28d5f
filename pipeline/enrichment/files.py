"""Files of others: Parquet or CSV as SQL, with the columns that must be there."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from features.errors import DataError, UseError
from pipeline.cells import identifier, literal

SHOWN = 12


@dataclass(frozen=True)
class File:
    """One file that is read.

    Attributes
    ----------
    setting : str
        That names it, for messages.
    path : Path
    relation : str
        As SQL.
    columns : tuple of str
        As the file spells them.
    """

    setting: str
    path: Path
    relation: str
    columns: tuple[str, ...] = field(default=())

    def require(self, columns: Sequence[str]) -> None:
        """Make sure that columns are there.

        Raises
        ------
        DataError
            Every column that is not.
        """
        missing = [name for name in columns if name not in self.columns]
        if missing:
            hints = [near[0] for name in missing if (near := difflib.get_close_matches(name, self.columns, n=1))]
            hint = f" Did you mean {', '.join(map(repr, hints))}?" if hints else ""
            found = ", ".join(self.columns[:SHOWN]) + (" ..." if len(self.columns) > SHOWN else "")
            raise DataError(
                f"{self.setting}: expected the columns {', '.join(missing)} in {self.path.name}, found {found}.{hint} "
                "Correct the setting, or take the file as its publisher writes it."
            )

    def column(self, name: str) -> str:
        """Write the SQL of a column of alias ``u``; a null where the file has none."""
        return f"u.{identifier(name)}" if name in self.columns else "NULL"


def open_file(connection: duckdb.DuckDBPyConnection, setting: str, path: Path) -> File:
    """Look at a file.

    Raises
    ------
    UseError
        There is none.
    DataError
        It cannot be read.
    """
    if not path.is_file():
        raise UseError(
            f"{setting}: expected a Parquet or CSV file, found none at {path}. Correct it, or fetch the file."
        )
    name = literal(str(path))
    if path.suffix == ".parquet":
        relation = f"read_parquet({name})"
    else:
        # Codes keep their zeros: no cell is taken for a number.
        relation = f"read_csv({name}, all_varchar = true, header = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{setting}: {path.name} cannot be read: {str(error).splitlines()[0]}. Fetch or export it again."
        ) from None
    return File(setting, path, relation, tuple(row[0] for row in described))
