"""Who is to be erased, and how files show them: the number, and name and address where nobody else has them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.cells import literal, select

FEWEST_LETTERS = 5
NAMES = ("display_name", "email")


@dataclass(frozen=True)
class Person:
    """A lead that is erased.

    Attributes
    ----------
    lead_id : str
    names : tuple of str
        Name and e-mail address as the tables hold them; not those that another lead shares, or that are too short to
        be looked for.
    shared : int
        Names that are left out as another lead has them.
    """

    lead_id: str
    names: tuple[str, ...] = ()
    shared: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """All that is searched for."""
        return (self.lead_id, *self.names)

    @property
    def pattern(self) -> "re.Pattern[bytes]":
        """Any of them as whole words, in the bytes of a UTF-8 file; JSON and HTML may write their letters otherwise."""
        spelled = {text.encode() for text in self.words}
        spelled |= {json.dumps(text)[1:-1].encode() for text in self.words}
        spelled |= {text.encode("ascii", "xmlcharrefreplace") for text in self.words}
        listed = b"|".join(re.escape(text) for text in sorted(spelled, key=len, reverse=True))
        return re.compile(rb"(?<![\w@-])(?:" + listed + rb")(?![\w@-])")


def find(staging: Path, lead_id: str) -> Person:
    """Look a lead up in the staged tables.

    Parameters
    ----------
    staging : Path
        Folder of the stagings; need not exist.
    """
    names: set[str] = set()
    shared: set[str] = set()
    with duckdb.connect() as connection:
        for path in sorted(staging.glob("*/leads.parquet")):
            source = f"read_parquet({literal(str(path))})"
            there = [row[0] for row in connection.execute("DESCRIBE " + select(["*"], source)).fetchall()]
            for column in NAMES:
                if column not in there:
                    continue
                mine = select([column], source, f"WHERE lead_id = $lead AND length({column}) >= {FEWEST_LETTERS}")
                names |= {row[0] for row in connection.execute(mine, {"lead": lead_id}).fetchall()}
                others = select([f"DISTINCT {column}"], source, f"WHERE lead_id <> $lead AND {column} IN ({mine})")
                shared |= {row[0] for row in connection.execute(others, {"lead": lead_id}).fetchall()}
    return Person(lead_id, tuple(sorted(names - shared)), len(shared))
