"""Legal notices (BODACC, or INPI in the same shape) as rows of signals: who published what, and when it was public.

BODACC's open export has ``dateparution``, ``familleavis`` and ``registre`` (a SIREN, sometimes twice); its other
columns, names among them, are not read.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipeline.cells import literal, select
from pipeline.enrichment import names
from pipeline.enrichment.files import File
from pipeline.staging import scan
from pipeline.typing_columns import Raw

REQUIRED = ("dateparution", "familleavis", "registre")
# Families of BODACC, and what sales calls them.
FAMILIES = {
    "creation": "company_created",
    "immatriculation": "company_registered",
    "vente": "business_sold",
    "modification": "company_changed",
    "radiation": "company_struck_off",
    "dpc": "accounts_filed",
    "collective": "insolvency",
    "retablissement_professionnel": "insolvency",
    "conciliation": "insolvency",
}
COLUMNS = ("account_id", "occurred_at", "type", "known_at")


def append(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw | None,
    accounts: Raw,
    keys: Mapping[str, str],
    file: File,
    mapping: Mapping[str, str],
    target: Path,
) -> tuple[Raw, int]:
    """Write signals of the source, then the notices about our companies.

    Parameters
    ----------
    raw : Raw or None
        Signals of the source, if there are any.
    accounts : Raw
    keys : mapping of str to str
        Cells of accounts: ``id`` and ``siren``.
    mapping : mapping of str to str
        How the source calls the columns of signals.

    Returns
    -------
    (Raw, int)
        And the number of notices.

    Raises
    ------
    DataError
        The file is not of that shape.
    """
    file.require(REQUIRED)
    cases = " ".join(f"WHEN {literal(family)} THEN {literal(kind)}" for family, kind in FAMILIES.items())
    kind = f"CASE lower(trim(familleavis)) {cases} ELSE 'notice_' || lower(trim(familleavis)) END"
    day = "CAST(CAST(dateparution AS DATE) AS VARCHAR)"
    published = select(
        [f"{names.siren('''split_part(registre, ',', 1)''')} AS siren", f"{kind} AS type", f"{day} AS day"],
        file.relation,
    )
    companies = select(
        [f"CAST({keys['id']} AS VARCHAR) AS id", f"{names.siren(keys['siren'])} AS siren"], accounts.relation
    )
    about = f"({published}) n JOIN ({companies}) a ON n.siren = a.siren"
    headers = raw.headers if raw else COLUMNS
    folded = [header.strip().casefold() for header in headers]
    values = {"account_id": "a.id", "occurred_at": "n.day", "type": "n.type", "known_at": "n.day"}
    cells = ["NULL"] * len(headers)
    for name, value in values.items():
        theirs = mapping.get(name, name).strip().casefold()
        if theirs in folded:
            cells[folded.index(theirs)] = value
    numbered = [f"CAST({cell} AS VARCHAR) AS c{place}" for place, cell in enumerate(cells)]
    last = connection.execute(select(["coalesce(max(row), 0)"], raw.relation)).fetchall()[0][0] if raw else 0
    new = select([f"{last} + row_number() OVER (ORDER BY a.id, n.day, n.type) AS row", *numbered], about)
    old = [f"CAST(c{place} AS VARCHAR) AS c{place}" for place in range(len(headers))]
    query = f"{select(['row', *old], raw.relation)} UNION ALL {new}" if raw else new
    connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)").fetchall()
    total = connection.execute(select(["count(*)"], scan(target), f"WHERE row > {last}")).fetchall()[0][0]
    types = ("VARCHAR",) * len(headers)
    if raw is None:
        return Raw("signals", scan(target), headers, types), total
    return Raw("signals", scan(target), headers, types, raw.delimiter, raw.decimal, raw.wrong), total
