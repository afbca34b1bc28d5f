"""The words in which the layout of a CRM's exports is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from features.tables import SCHEMA


@dataclass(frozen=True)
class Export:
    """One kind of file that a CRM exports.

    Attributes
    ----------
    name : str
        What queries call it.
    title : str
        Where the CRM's user finds it.
    columns : mapping of str to tuple of str
        What we call a column -> the names that it goes by (labels, then internal names); compared without case,
        accents and signs.
    told_by : tuple of str
        Our names of the columns by which such a file is known; ``a|b`` is any of them.
    later : str
        Pattern of names, folded, of what the CRM fills in or changes later on: as it stands in the export it tells how
        the lead ended, and is never learnt from.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    told_by: tuple[str, ...]
    later: str = r"(?!)"


@dataclass(frozen=True)
class Part:
    """One SELECT; those of a table are put one below the other.

    ``{deals.amount}`` stands for the column of an export, whatever it is called in the file. An expression with a
    column that the file does not have is left out; where several are given, the first that can be had is taken.

    Attributes
    ----------
    table : str
        Canonical table.
    source : str
        What follows FROM.
    columns : mapping of str to str or tuple of str
        Canonical column -> expression.
    where : tuple of str
        Conditions, each only where its columns are there.
    needs, without : tuple of str
        Exports that must be there, or must not.
    attributes_of : str
        Export whose other columns come along, as they are called.
    rest : str
        What follows the conditions.
    """

    table: str
    source: str
    columns: Mapping[str, str | tuple[str, ...]]
    where: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    attributes_of: str = ""
    rest: str = ""

    def __post_init__(self) -> None:
        """Refuse columns that no canonical table has."""
        unknown = set(self.columns) - set(SCHEMA[self.table])
        if unknown:
            raise ValueError(f"{self.table} has no column {', '.join(sorted(unknown))}")


@dataclass(frozen=True)
class Preset:
    """What is known of one CRM.

    Attributes
    ----------
    name, title : str
        As on the command line, and as the vendor writes it.
    exports : tuple of Export
        The first lists the leads.
    parts : tuple of Part
        What makes our tables.
    won, lost : tuple of str
        Words of a stage or status, in lower case.
    """

    name: str
    title: str
    exports: tuple[Export, ...]
    parts: tuple[Part, ...]
    won: tuple[str, ...]
    lost: tuple[str, ...]
