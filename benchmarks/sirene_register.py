"""A register in the official layout of SIRENE's stock files, generated, and companies of ours that it describes."""

from pathlib import Path

import duckdb

UNIT_COLUMNS = [
    "siren",
    "statutDiffusionUniteLegale",
    "unitePurgeeUniteLegale",
    "dateCreationUniteLegale",
    "sigleUniteLegale",
    "sexeUniteLegale",
    "prenom1UniteLegale",
    "prenom2UniteLegale",
    "prenom3UniteLegale",
    "prenom4UniteLegale",
    "prenomUsuelUniteLegale",
    "pseudonymeUniteLegale",
    "identifiantAssociationUniteLegale",
    "trancheEffectifsUniteLegale",
    "anneeEffectifsUniteLegale",
    "dateDernierTraitementUniteLegale",
    "nombrePeriodesUniteLegale",
    "categorieEntreprise",
    "anneeCategorieEntreprise",
    "dateDebut",
    "etatAdministratifUniteLegale",
    "nomUniteLegale",
    "nomUsageUniteLegale",
    "denominationUniteLegale",
    "denominationUsuelle1UniteLegale",
    "denominationUsuelle2UniteLegale",
    "denominationUsuelle3UniteLegale",
    "categorieJuridiqueUniteLegale",
    "activitePrincipaleUniteLegale",
    "nomenclatureActivitePrincipaleUniteLegale",
    "activitePrincipaleNAF25UniteLegale",
    "nicSiegeUniteLegale",
    "economieSocialeSolidaireUniteLegale",
    "caractereEmployeurUniteLegale",
]
PLACE_COLUMNS = [
    "siren",
    "nic",
    "siret",
    "statutDiffusionEtablissement",
    "dateCreationEtablissement",
    "trancheEffectifsEtablissement",
    "etablissementSiege",
    "numeroVoieEtablissement",
    "typeVoieEtablissement",
    "libelleVoieEtablissement",
    "codePostalEtablissement",
    "libelleCommuneEtablissement",
    "codeCommuneEtablissement",
    "dateDebut",
    "etatAdministratifEtablissement",
    "enseigne1Etablissement",
    "denominationUsuelleEtablissement",
    "activitePrincipaleEtablissement",
    "nomenclatureActivitePrincipaleEtablissement",
    "caractereEmployeurEtablissement",
]
SYLLABLES = [
    "ba",
    "be",
    "bi",
    "bo",
    "bu",
    "ca",
    "co",
    "da",
    "de",
    "do",
    "du",
    "fa",
    "fe",
    "fi",
    "fo",
    "ga",
    "go",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "me",
    "mi",
    "mo",
    "na",
    "ne",
    "ni",
    "no",
    "pa",
    "pe",
    "pi",
    "po",
    "ra",
    "re",
    "ri",
    "ro",
    "sa",
    "se",
    "si",
    "so",
    "ta",
    "te",
    "ti",
    "to",
    "va",
    "ve",
    "vi",
    "vo",
]
TRADES = [
    "BOULANGERIE",
    "TRANSPORTS",
    "GARAGE",
    "MENUISERIE",
    "CONSEIL",
    "INFORMATIQUE",
    "PLOMBERIE",
    "RESTAURANT",
    "PHARMACIE",
    "IMMOBILIER",
    "TRAVAUX",
    "ELECTRICITE",
    "COIFFURE",
    "HOLDING",
    "DISTRIBUTION",
    "SERVICES",
    "FORMATION",
    "STUDIO",
    "ATELIER",
    "LOGISTIQUE",
]
BANDS = ("NN", "00", "01", "02", "03", "11", "12", "21", "31")
NAF = ("62.01Z", "47.11F", "43.21A", "70.22Z", "56.10A", "68.20B")
KINDS = (*["siren"] * 5, "as it stands", "case and form", "one error", "two errors", "not there")
FORMS = ("5710", "5499", "5599", "6540", "9220")


def word(seed: str, syllables: int = 3) -> str:
    """A word of some syllables, told by a number."""
    listed = "[" + ",".join(f"'{s}'" for s in SYLLABLES) + "]"
    picks = [
        f"{listed}[1 + CAST(hash({seed} * 31 + {place}) % {len(SYLLABLES)} AS INTEGER)]" for place in range(syllables)
    ]
    return "upper(" + " || ".join(picks) + ")"


def generate(connection: duckdb.DuckDBPyConnection, folder: Path, companies: int, leads: int) -> None:
    """Write the register and our companies, with the truth beside them."""
    trades = "[" + ",".join(f"'{t}'" for t in TRADES) + "]"
    check = (
        "(10 - ("
        + " + ".join(
            f"(CASE WHEN {d} > 9 THEN {d} - 9 ELSE {d} END)"
            for d in (f"((n // {10 ** (7 - place)}) % 10 * {1 + place % 2})" for place in range(8))
        )
        + ") % 10) % 10"
    )
    trade = f"{trades}[1 + CAST(hash(n * 7) % {len(TRADES)} AS INTEGER)]"
    name = f"{trade} || ' ' || {word('n', 2)} || ' ' || {word('n // 3 + 5', 2)}"
    form = f"{list(FORMS)}[1 + CAST(hash(n * 17) % {len(FORMS)} AS INTEGER)]"
    base = f"""
        SELECT (20000000 + i * 4) AS n FROM range({companies}) t(i)
    """
    unit = {
        "siren": f"printf('%08d', n) || ({check})",
        "statutDiffusionUniteLegale": "CASE WHEN hash(n * 3) % 50 = 0 THEN 'P' ELSE 'O' END",
        "dateCreationUniteLegale": "CAST(DATE '1980-01-01' + CAST(hash(n) % 16000 AS INTEGER) AS VARCHAR)",
        "dateDebut": "CAST(DATE '2008-01-01' + CAST(hash(n * 5) % 6000 AS INTEGER) AS VARCHAR)",
        "trancheEffectifsUniteLegale": f"{list(BANDS)}[1 + CAST(hash(n * 11) % {len(BANDS)} AS INTEGER)]",
        "categorieEntreprise": "'PME'",
        "etatAdministratifUniteLegale": "CASE WHEN hash(n * 13) % 8 = 0 THEN 'C' ELSE 'A' END",
        "nomUniteLegale": f"CASE WHEN n % 5 = 0 THEN {word('n')} END",
        "prenom1UniteLegale": "CASE WHEN n % 5 = 0 THEN 'CAMILLE' END",
        "denominationUniteLegale": f"CASE WHEN n % 5 <> 0 THEN {name} END",
        "categorieJuridiqueUniteLegale": f"CASE WHEN n % 5 = 0 THEN '1000' ELSE {form} END",
        "activitePrincipaleUniteLegale": f"{list(NAF)}[1 + CAST(hash(n * 19) % {len(NAF)} AS INTEGER)]",
        "nomenclatureActivitePrincipaleUniteLegale": "'NAFRev2'",
        "activitePrincipaleNAF25UniteLegale": "'62.10Y'",
        "nicSiegeUniteLegale": "'00012'",
        "caractereEmployeurUniteLegale": "'O'",
    }
    place = {
        "siren": unit["siren"],
        "nic": "'00012'",
        "siret": f"{unit['siren']} || '00012'",
        "etablissementSiege": "true",
        "codePostalEtablissement": "printf('%05d', 1000 + CAST(hash(n * 23) % 6300 AS INTEGER) * 15)",
        "libelleCommuneEtablissement": "'COMMUNE'",
        "dateDebut": unit["dateDebut"],
        "etatAdministratifEtablissement": "'A'",
        "activitePrincipaleEtablissement": unit["activitePrincipaleUniteLegale"],
    }
    for file, columns, filled in (("units", UNIT_COLUMNS, unit), ("places", PLACE_COLUMNS, place)):
        cells = ", ".join(f"{filled.get(column, 'CAST(NULL AS VARCHAR)')} AS {column}" for column in columns)
        connection.execute(f"COPY (SELECT {cells} FROM ({base})) TO '{folder}/{file}.parquet' (FORMAT parquet)")
    # One edit at a place that the number tells: left out, doubled, swapped with the next, or another letter.
    spot = "(2 + CAST(h % greatest(1, length(x) - 3) AS INTEGER))"
    edit = (
        f"CASE h % 4 WHEN 0 THEN left(x, {spot} - 1) || substr(x, {spot} + 1) "
        f"WHEN 1 THEN left(x, {spot}) || substr(x, {spot}) "
        f"WHEN 2 THEN left(x, {spot} - 1) || substr(x, {spot} + 1, 1) || substr(x, {spot}, 1) || substr(x, {spot} + 2) "
        f"ELSE left(x, {spot} - 1) || chr(97 + CAST(h % 26 AS INTEGER)) || substr(x, {spot} + 1) END"
    )
    connection.execute(
        f"""
        CREATE TABLE picked AS
        SELECT u.siren, u.denominationUniteLegale AS x, p.codePostalEtablissement AS postcode,
               row_number() OVER () - 1 AS number
        FROM read_parquet('{folder}/units.parquet') u JOIN read_parquet('{folder}/places.parquet') p USING (siren)
        WHERE u.denominationUniteLegale IS NOT NULL AND u.statutDiffusionUniteLegale = 'O'
          AND hash(u.siren) % {max(1, companies * 78 // 100 // leads)} = 0
        LIMIT {leads}
        """
    )
    again = edit.replace("h %", "(h // 97) %")
    stranger = f"{word('number * 41')} || ' ' || {word('number * 43')}"
    connection.execute(
        f"""
        COPY (
            WITH told AS (SELECT *, hash(number * 29) AS h, number % 10 AS kind FROM picked),
            once AS (SELECT * REPLACE (CASE WHEN kind IN (7, 8) THEN {edit} ELSE x END AS x) FROM told),
            twice AS (SELECT * REPLACE (CASE WHEN kind = 8 THEN {again} ELSE x END AS x) FROM once)
            SELECT 'A' || number AS account_id,
                   CASE WHEN kind < 5 THEN siren END AS siren,
                   CASE kind WHEN 6 THEN lower(x) || ' S.A.S.' WHEN 9 THEN {stranger} ELSE x END AS name,
                   postcode,
                   CASE WHEN kind = 9 THEN NULL ELSE siren END AS truth,
                   {list(KINDS)}[1 + kind] AS kind
            FROM twice
        ) TO '{folder}/accounts.parquet' (FORMAT parquet)
        """
    )
