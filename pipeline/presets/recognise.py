"""Tell the files of a folder apart by their columns: which export of the CRM each one is, and what its columns are."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.errors import UseError
from pipeline.guesses import fold
from pipeline.locate import ENDINGS
from pipeline.look import Seen, look
from pipeline.presets.layout import Export, Preset


@dataclass(frozen=True)
class Known:
    """A file that is one of the exports.

    Attributes
    ----------
    export : Export
        Which.
    path : Path
        The file, the last by name where there are several of one kind.
    pattern : str
        Its name for the settings: what looks like a date or a number is ``*``.
    headers : mapping of str to str
        Our names of columns -> its own, those that it has.
    seen : Seen
        Its cells.
    """

    export: Export
    path: Path
    pattern: str
    headers: Mapping[str, str]
    seen: Seen


def recognise(preset: Preset, folder: Path) -> tuple[dict[str, Known], list[str]]:
    """Look at every file of a folder.

    Parameters
    ----------
    preset : Preset
        What the CRM exports.
    folder : Path
        Where the files stand.

    Returns
    -------
    known, others
        Exports by name, in the order of the preset; names of files that are none of them.

    Raises
    ------
    UseError
        There is no such folder, no list of the leads in it, or two files of one kind with unlike names.
    DataError
        A file cannot be read.
    """
    if not folder.is_dir():
        raise UseError(
            f"{folder}: expected the folder with the exports of {preset.title}, found none. Name it: --data."
        )
    files = sorted(path for path in folder.iterdir() if path.name.endswith(ENDINGS) and not path.name.startswith("."))
    by_kind: dict[str, list[Known]] = {}
    others = []
    for path in files:
        known = _recognised(preset.exports, path)
        if known is None:
            others.append(path.name)
        else:
            by_kind.setdefault(known.export.name, []).append(known)
    first = preset.exports[0]
    if first.name not in by_kind:
        raise UseError(_nothing(preset, folder, others))
    for kind, several in by_kind.items():
        apart = [known.path.name for known in several if not fnmatch.fnmatchcase(known.path.name, several[-1].pattern)]
        if apart:
            raise UseError(
                f"{folder}: expected one export of {kind}, found {', '.join([*apart, several[-1].path.name])}. "
                "Keep one, or join them into one file."
            )
    return {one.name: by_kind[one.name][-1] for one in preset.exports if one.name in by_kind}, others


def columns_of(export: Export, headers: Sequence[str]) -> dict[str, str]:
    """Find what we know of an export among the columns of a file; no column serves twice.

    Examples
    --------
    >>> one = Export("deals", "", {"id": ("Record ID",), "amount": ("Amount", "amount_in_home_currency")}, ("id",))
    >>> columns_of(one, ["Record ID", "Deal Name", "AMOUNT"])
    {'id': 'Record ID', 'amount': 'AMOUNT'}
    """
    folded: dict[str, str] = {}
    for header in headers:
        folded.setdefault(fold(header), header)
    found: dict[str, str] = {}
    for ours, names in export.columns.items():
        match = next(
            (folded[fold(name)] for name in names if folded.get(fold(name)) not in (None, *found.values())), None
        )
        if match is not None:
            found[ours] = match
    return found


def pattern_of(name: str) -> str:
    """Write a file name so that the export of another day is found too.

    Examples
    --------
    >>> pattern_of("hubspot-crm-exports-all-contacts-2026-11-28.csv"), pattern_of("Lead.csv")
    ('hubspot-crm-exports-all-contacts-*.csv', 'Lead.csv')
    """
    return re.sub(r"\d(?:[\d_.:T -]*\d){3,}", "*", name)


def _recognised(exports: Sequence[Export], path: Path) -> Known | None:
    seen = look(path)
    best: Known | None = None
    for export in exports:
        headers = columns_of(export, seen.headers)
        told = all(any(name in headers for name in names.split("|")) for names in export.told_by)
        if told and (best is None or len(headers) > len(best.headers)):
            best = Known(export, path, pattern_of(path.name), headers, seen)
    return best


def _nothing(preset: Preset, folder: Path, others: Sequence[str]) -> str:
    first = preset.exports[0]
    wanted = [" or ".join(repr(first.columns[name][0]) for name in names.split("|")) for names in first.told_by]
    found = ", ".join(others) or "no CSV or Parquet file"
    return (
        f"{folder}: expected the {first.name} of {preset.title} ({first.title}), a file with the columns "
        f"{', '.join(wanted)}; found {found}. Put it there, or name another folder with --data."
    )
