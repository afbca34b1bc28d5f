"""INSEE's stock files of companies (StockUniteLegale, StockEtablissement), joined by SIREN or by name and postcode.

A name is compared with those of the same postcode whose key has the same first or the same last letters: one typing
error leaves one of the two ends whole. The register is read as a stream; only our own rows, the postcodes of its
establishments and the candidates stand in memory, and DuckDB spills what exceeds its limit.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from features.companies import HEADCOUNT_BANDS, LEGAL_FORMS, SOLE_TRADER, naf_2025_sections
from features.naf import sections
from pipeline.cells import literal, select
from pipeline.enrichment import names
from pipeline.enrichment.files import File

END = 4
# A key with fewer letters says too little to forgive an error in it.
SHORT = 6
UNIT = ("siren", "denominationUniteLegale", "categorieJuridiqueUniteLegale", "activitePrincipaleUniteLegale")
PLACE = ("siren", "codePostalEtablissement", "etablissementSiege", "etatAdministratifEtablissement")
# What is told of a company: our column, SQL over the columns of StockUniteLegale ("u") and the match ("m"), its type.
Told = tuple[str, str, str]


def match(
    connection: duckdb.DuckDBPyConnection,
    wanted: str,
    units: File,
    places: File | None,
    *,
    minimum: float,
    flags_sole_traders: bool,
    known_at: str,
    target: Path,
) -> Sequence[tuple[str, str]]:
    """Describe our rows by the register.

    Parameters
    ----------
    wanted : str
        SQL with ``row``, ``siren`` (UINTEGER), ``name`` (a key) and ``postcode`` (UINTEGER).
    minimum : float
        Least confidence of a match by name, 0.5 to 1.
    flags_sole_traders : bool
        Whether sole traders that we name by SIREN are described. They are never matched by name.
    known_at : str
        SQL of a date or null: since when this was known; null is the start of the unit's current period.
    target : Path
        Parquet that is written: ``row`` and the columns of the result.

    Returns
    -------
    sequence of (str, str)
        Columns and their DuckDB types.
    """
    units.require(UNIT)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE enriched_wanted AS {wanted}")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE enriched_match AS "
        "SELECT row, siren, 1.0::DOUBLE AS confidence, NULL::BOOLEAN AS is_head_office FROM enriched_wanted "
        "WHERE siren IS NOT NULL"
    )
    if places is not None:
        places.require(PLACE)
        _match_names(connection, units, places, minimum)
    told = _told(units, known_at)
    shown = [f"{value} AS {name}" for name, value, _ in told]
    person = _is_person(units)
    described = " AND ".join([f"NOT ({_is_hidden(units)})", *([] if flags_sole_traders else [f"NOT ({person})"])])
    query = select(
        ["m.row", *shown],
        f"{units.relation} u JOIN enriched_match m ON TRY_CAST(u.siren AS UINTEGER) = m.siren",
        f"WHERE {described}",
    )
    connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)").fetchall()
    connection.execute("DROP TABLE enriched_wanted; DROP TABLE enriched_match")
    # An identifier teaches nothing: it stands in the file for those who look a match up.
    return [(name, kind) for name, _, kind in told if name != "siren"]


def _match_names(connection: duckdb.DuckDBPyConnection, units: File, places: File, minimum: float) -> None:
    """Add the best company of the same postcode to the rows without a SIREN, where no other is as good."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE enriched_block AS
        SELECT DISTINCT postcode, part, name FROM (
            SELECT postcode, name, unnest([left(name, {END}), right(name, {END}) || '<']) AS part
            FROM enriched_wanted WHERE siren IS NULL AND name IS NOT NULL AND postcode IS NOT NULL
        )
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE enriched_place AS
        SELECT TRY_CAST(siren AS UINTEGER) AS siren, {names.postcode("codePostalEtablissement")} AS postcode,
               bool_or(CAST(etablissementSiege AS VARCHAR) IN ('true', 'True', '1')) AS is_head_office
        FROM {places.relation}
        WHERE etatAdministratifEtablissement = 'A'
          AND {names.postcode("codePostalEtablissement")} IN (SELECT DISTINCT postcode FROM enriched_block)
        GROUP BY ALL
        """
    )
    alive = f"NOT ({_is_person(units)}) AND NOT ({_is_hidden(units)}) AND u.denominationUniteLegale IS NOT NULL"
    # An error in so many letters is forgiven; the confidence is the share of letters that agree.
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE enriched_candidate AS
        WITH named AS (
            SELECT TRY_CAST(u.siren AS UINTEGER) AS siren, {names.name_key("u.denominationUniteLegale")} AS name
            FROM {units.relation} u WHERE {alive}
        ), placed AS (
            SELECT n.siren, n.name, p.postcode, p.is_head_office,
                   unnest([left(n.name, {END}), right(n.name, {END}) || '<']) AS part
            FROM named n JOIN enriched_place p ON n.siren = p.siren
        ), near AS (
            SELECT DISTINCT b.postcode, b.name, c.siren, c.is_head_office,
                   1 - damerau_levenshtein(b.name, c.name) / greatest(length(b.name), length(c.name)) AS likeness
            FROM placed c JOIN enriched_block b ON b.postcode = c.postcode AND b.part = c.part
            WHERE b.name = c.name OR (
                length(b.name) >= {SHORT} AND abs(length(b.name) - length(c.name)) <= 3
                AND jaro_similarity(b.name, c.name) >= 0.88
            )
        )
        SELECT postcode, name, siren, is_head_office, likeness FROM near WHERE likeness >= 0.5
        """
    )
    # Two that are equally near share the confidence; a second one that is almost as near takes some of it.
    connection.execute(
        f"""
        INSERT INTO enriched_match
        WITH ranked AS (
            SELECT *, row_number() OVER (PARTITION BY postcode, name ORDER BY likeness DESC, siren) AS place,
                   lead(likeness, 1, 0) OVER (PARTITION BY postcode, name ORDER BY likeness DESC, siren) AS next
            FROM enriched_candidate
        ), best AS (
            SELECT postcode, name, siren, is_head_office,
                   CASE WHEN likeness = next THEN likeness / 2 WHEN likeness = 1 THEN 1
                        ELSE likeness + (1 - likeness) * 0.5 * least(1, (likeness - next) * 4) END AS confidence
            FROM ranked WHERE place = 1
        )
        SELECT w.row, b.siren, b.confidence, b.is_head_office
        FROM enriched_wanted w JOIN best b ON w.siren IS NULL AND w.name = b.name AND w.postcode = b.postcode
        WHERE b.confidence >= {minimum:.6f}
        """
    )
    connection.execute("DROP TABLE enriched_block; DROP TABLE enriched_place; DROP TABLE enriched_candidate")


def _is_person(units: File) -> str:
    """Sole traders: by their legal form, or because the register holds a surname."""
    surname = f" OR {units.column('nomUniteLegale')} IS NOT NULL"
    return f"starts_with(CAST(u.categorieJuridiqueUniteLegale AS VARCHAR), '{SOLE_TRADER}'){surname}"


def _is_hidden(units: File) -> str:
    """Units whose owners do not want to be looked up."""
    return f"coalesce({units.column('statutDiffusionUniteLegale')}, 'O') <> 'O'"


def _told(units: File, known_at: str) -> list[Told]:
    code = "upper(replace(CAST(u.activitePrincipaleUniteLegale AS VARCHAR), '.', ''))"
    rev_2 = f"coalesce({units.column('nomenclatureActivitePrincipaleUniteLegale')}, 'NAFRev2') = 'NAFRev2'"
    new = f"upper(replace(CAST({units.column('activitePrincipaleNAF25UniteLegale')} AS VARCHAR), '.', ''))"
    form = "CAST(u.categorieJuridiqueUniteLegale AS VARCHAR)"
    since = f"TRY_CAST({units.column('dateDebut')} AS DATE)"
    headcount = units.column("trancheEffectifsUniteLegale")
    told: list[Told] = [
        ("confidence", "m.confidence", "DOUBLE"),
        ("siren", "m.siren", "UINTEGER"),
        # A division is a name, not a number: its letters keep it from being read as one.
        ("naf_division", f"CASE WHEN {rev_2} THEN 'NAF ' || left({code}, 2) END", "VARCHAR"),
        ("naf_section", f"CASE WHEN {rev_2} THEN {_cases(f'left({code}, 2)', sections())} END", "VARCHAR"),
        ("naf25_division", f"'NAF ' || left({new}, 2)", "VARCHAR"),
        ("naf25_section", _cases(f"left({new}, 2)", naf_2025_sections()), "VARCHAR"),
        ("employees_band", _cases(f"CAST({headcount} AS VARCHAR)", HEADCOUNT_BANDS), "VARCHAR"),
        ("size", f"CAST({units.column('categorieEntreprise')} AS VARCHAR)", "VARCHAR"),
        (
            "legal_form",
            f"coalesce({_cases(f'left({form}, 2)', LEGAL_FORMS)}, {_cases(f'left({form}, 1)', LEGAL_FORMS)})",
            "VARCHAR",
        ),
        ("created_on", f"TRY_CAST({units.column('dateCreationUniteLegale')} AS DATE)", "DATE"),
        ("is_employer", _yes_no(units.column("caractereEmployeurUniteLegale")), "VARCHAR"),
        ("is_head_office", "CASE m.is_head_office WHEN TRUE THEN 'yes' WHEN FALSE THEN 'no' END", "VARCHAR"),
        ("known_at", f"coalesce({known_at}, {since})", "DATE"),
    ]
    return told


def _yes_no(value: str) -> str:
    return f"CASE CAST({value} AS VARCHAR) WHEN 'O' THEN 'yes' WHEN 'N' THEN 'no' END"


def _cases(value: str, mapping: dict[str, str]) -> str:
    lines = " ".join(f"WHEN {literal(code)} THEN {literal(meaning)}" for code, meaning in mapping.items())
    return f"CASE {value} {lines} END"
