"""Enrichment as a step of reading the source: tables get more columns, and signals more rows, before they are typed.

What is brought is named ``SOURCE__what``, and ``SOURCE__known_at`` says since when it was known: `features.attributes`
shows it only at later cutoffs. Personal columns of a source are never read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from features.attributes import KNOWN_AT
from features.errors import UseError
from features.faults import Fault
from pipeline import csv_files
from pipeline.cells import identifier, literal, select
from pipeline.enrichment import names, notices, sirene, vendor
from pipeline.enrichment.files import open_file
from pipeline.enrichment_settings import EnrichmentSettings
from pipeline.settings import SourceSettings
from pipeline.staging import scan
from pipeline.typing_columns import Raw

Enrichments = Mapping[str, EnrichmentSettings]


def fingerprints(enrichments: Enrichments, root: Path) -> list[str]:
    """Hash the settings and the files of every enrichment: other files, other tables.

    Raises
    ------
    UseError
        A file is not there.
    """
    parts: list[str] = []
    for name, one in sorted(enrichments.items()):
        parts += [name, one.model_dump_json()]
        for setting, path in _files(name, one, root):
            if not path.is_file():
                raise UseError(
                    f"{setting}: expected a Parquet or CSV file, found none at {path}. Fetch it, or correct it."
                )
            parts.append(csv_files.content_hash(path))
    return parts


def _files(name: str, one: EnrichmentSettings, root: Path) -> list[tuple[str, Path]]:
    found = [(f"enrichment.{name}.path", root / one.path)]
    return [*found, *([(f"enrichment.{name}.establishments", root / one.establishments)] if one.establishments else [])]


@dataclass
class Enricher:
    """Enriches the tables of one source, in the order in which they are read.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    enrichments : mapping of str to EnrichmentSettings
    source : SourceSettings
        Whose columns may have other names than ours.
    root, work : Path
        What paths are relative to; where files go that are thrown away.
    """

    connection: duckdb.DuckDBPyConnection
    enrichments: Enrichments
    source: SourceSettings
    root: Path
    work: Path

    def extend(self, raw: Raw) -> tuple[Raw, list[Fault]]:
        """Give a table the columns of the sources that describe it.

        Raises
        ------
        UseError
            A setting names a column that the table does not have.
        DataError
            A file of a source is not what its kind says.
        """
        faults: list[Fault] = []
        for name, one in self.enrichments.items():
            if one.kind != "notices" and one.table == raw.table:
                raw, told = self._extended(raw, name, one)
                faults.append(told)
        return raw, faults

    def _extended(self, raw: Raw, name: str, one: EnrichmentSettings) -> tuple[Raw, Fault]:
        found, target = self.work / f"{name}.found.parquet", self.work / f"{raw.table}.{name}.parquet"
        setting = f"enrichment.{name}"
        theirs = open_file(self.connection, f"{setting}.path", self.root / one.path)
        if one.kind == "sirene":
            places = (
                open_file(self.connection, f"{setting}.establishments", self.root / one.establishments)
                if one.establishments and one.name
                else None
            )
            columns = sirene.match(
                self.connection,
                self._wanted(raw, setting, one),
                theirs,
                places,
                minimum=one.minimum_confidence,
                flags_sole_traders=one.sole_traders == "flag",
                known_at=_instant(one.known_at, setting),
                target=found,
            )
        else:
            keys = {theirs_: self._cell(raw, ours, f"{setting}.match") for ours, theirs_ in one.match.items()}
            columns = vendor.match(self.connection, raw.relation, keys, theirs, one, found)
        width = len(raw.headers)
        cells = [*(f"t.c{place}" for place in range(width))]
        cells += [f"e.{identifier(column)} AS c{width + place}" for place, (column, _) in enumerate(columns)]
        joined = select(["t.row", *cells], f"{raw.relation} t LEFT JOIN {scan(found)} e ON t.row = e.row")
        self.connection.execute(f"COPY ({joined}) TO {literal(str(target))} (FORMAT parquet)").fetchall()
        headers = tuple(f"{name}{KNOWN_AT}" if column == "known_at" else f"{name}__{column}" for column, _ in columns)
        kinds = tuple(kind for _, kind in columns)
        wider = Raw(
            raw.table, scan(target), raw.headers + headers, raw.types + kinds, raw.delimiter, raw.decimal, raw.wrong
        )
        return wider, self._told(raw, name, one, found)

    def _told(self, raw: Raw, name: str, one: EnrichmentSettings, found: Path) -> Fault:
        total = self.connection.execute(select(["count(*)"], raw.relation)).fetchall()[0][0]
        sure = "count(*) FILTER (confidence < 1)" if one.kind == "sirene" else "0"
        here, guessed = self.connection.execute(select(["count(*)", sure], scan(found))).fetchall()[0]
        by_name = f", {guessed:,} of them by a name that is written otherwise" if guessed else ""
        licence = one.licence or "not stated (enrichment licence)"
        what = f"{name}: {here:,} of {total:,} rows of {raw.table} found{by_name}; licence: {licence}"
        return Fault(raw.table, "", "enriched", "notice", 0, what, "")

    def _wanted(self, raw: Raw, setting: str, one: EnrichmentSettings) -> str:
        has_siren = one.siren and self._place(raw, one.siren) is not None
        number = names.siren(self._cell(raw, one.siren, setting)) if has_siren else "NULL::UINTEGER"
        name = names.name_key(f"CAST({self._cell(raw, one.name, setting)} AS VARCHAR)") if one.name else "NULL"
        postcode = names.postcode(self._cell(raw, one.postcode, setting)) if one.postcode else "NULL::UINTEGER"
        if not has_siren and not one.name:
            raise UseError(
                f"{setting}.siren: expected a column of {raw.table} with the SIREN, found none called {one.siren!r}. "
                "Name it, or give name and postcode."
            )
        return select(
            ["row", f"{number} AS siren", f"CAST({name} AS VARCHAR) AS name", f"{postcode} AS postcode"], raw.relation
        )

    def _place(self, raw: Raw, ours: str) -> int | None:
        """Where a column of ours stands, by our name of it or the source's."""
        mapping = self.source.tables[raw.table].columns if raw.table in self.source.tables else {}
        wanted = mapping.get(ours, ours).strip().casefold()
        folded = [header.strip().casefold() for header in raw.headers]
        return folded.index(wanted) if wanted in folded else None

    def _cell(self, raw: Raw, ours: str, setting: str) -> str:
        place = self._place(raw, ours)
        if place is None:
            raise UseError(
                f"{setting}: expected a column of {raw.table}, found none called {ours!r}. "
                f"Its columns: {', '.join(raw.headers[:20])}."
            )
        return f"c{place}"

    def signals(self, raw: Raw | None, accounts: Raw | None) -> tuple[Raw | None, list[Fault]]:
        """Put the notices about our companies behind the signals of the source."""
        faults: list[Fault] = []
        for name, one in self.enrichments.items():
            if one.kind != "notices":
                continue
            setting = f"enrichment.{name}"
            if accounts is None:
                raise UseError(f"{setting}: expected a table of accounts with a SIREN, found none. Notices need one.")
            keys = {
                what: self._cell(accounts, ours, setting) for what, ours in (("id", "account_id"), ("siren", one.siren))
            }
            file = open_file(self.connection, f"{setting}.path", self.root / one.path)
            mapping = self.source.tables["signals"].columns if "signals" in self.source.tables else {}
            raw, found = notices.append(
                self.connection, raw, accounts, keys, file, mapping, self.work / f"{name}.parquet"
            )
            what = f"{name}: {found:,} notices about our companies; licence: {one.licence or 'not stated'}"
            faults.append(Fault("signals", "", "enriched", "notice", 0, what, ""))
        return raw, faults


def _instant(text: str, setting: str) -> str:
    """SQL of a date in the settings; null where there is none."""
    if not text:
        return "NULL"
    try:
        return f"DATE {literal(date.fromisoformat(text).isoformat())}"
    except ValueError:
        raise UseError(f"{setting}.known_at: expected a date such as 2026-11-01, found {text!r}.") from None
