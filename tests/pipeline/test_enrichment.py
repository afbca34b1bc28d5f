"""Enrichment on files in the official layout: who is found, what is told, since when, and who is never told."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.attributes import attribute_frame
from features.catalogue import FeatureOptions, catalogue
from features.companies import is_siren, name_key
from features.errors import DataError, UseError
from features.statements import attribute
from features.tables import Tables
from pipeline.enrichment import names
from pipeline.enrichment_settings import EnrichmentSettings
from pipeline.settings import Settings
from pipeline.settings_file import from_dict
from pipeline.settings_template import render
from pipeline.source import Opened

DUCKDB = duckdb.connect()
UNITS = [
    "siren,statutDiffusionUniteLegale,dateCreationUniteLegale,trancheEffectifsUniteLegale,categorieEntreprise,dateDebut,"
    "nomUniteLegale,denominationUniteLegale,categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,"
    "nomenclatureActivitePrincipaleUniteLegale,activitePrincipaleNAF25UniteLegale,caractereEmployeurUniteLegale",
    "552100554,O,1999-04-01,12,PME,2020-01-01,,ATELIERS DE L'ŒUVRE,5710,62.01Z,NAFRev2,62.10Y,O",
    "443061841,O,2010-06-15,01,PME,2021-01-01,,BOULANGERIE MARTIN,5499,10.71C,NAFRev2,10.71C,N",
    "732829320,O,2010-06-15,01,PME,2021-01-01,,BOULANGERIE MARTINE,5499,10.71C,NAFRev2,10.71C,N",
    "404833048,O,2001-01-01,NN,,2015-01-01,DURAND,,1000,43.21A,NAFRev2,43.21Y,N",
    "380129866,P,2001-01-01,00,PME,2015-01-01,,SECRETE,5710,62.01Z,NAFRev2,62.10Y,N",
    "542051180,O,1950-01-01,53,GE,2016-01-01,,VIEILLE NOMENCLATURE,5599,741G,NAF1993,,O",
]
PLACES = [
    "siren,nic,codePostalEtablissement,etablissementSiege,etatAdministratifEtablissement",
    "552100554,00012,69003,true,A",
    "552100554,00020,01000,false,A",
    "443061841,00012,75011,true,A",
    "732829320,00012,75011,true,A",
    "380129866,00012,75011,true,A",
    "404833048,00012,75011,true,A",
]
LEADS = ["lead_id,created_at,account_id", *(f"l{n},2025-01-02T00:00:00Z,a{n}" for n in range(1, 10))]
ACCOUNTS = [
    "account_id,SIREN,company,zip",
    "a1,552 100 554,,",
    "a2,55210055400012,,",
    "a3,,Ateliers de l'Oeuvre SAS,1000",
    "a4,,Boulangerie Martni,75011",
    "a5,,Durand,75011",
    "a6,404833048,,",
    "a7,380129866,Secrète,75011",
    "a8,552100555,Inconnue au bataillon,69003",
    "a9,542051180,,",
]
SIRENE = {
    "kind": "sirene",
    "path": "units.csv",
    "establishments": "places.csv",
    "siren": "siren",
    "name": "company",
    "postcode": "zip",
    "licence": "Licence Ouverte 2.0",
}
Opening = Callable[..., Opened]


@pytest.fixture
def enriched(opening: Opening, tmp_path: Path) -> Callable[..., Any]:
    """Open tables with enrichments; files are lines of CSV."""

    def run(enrichment: dict[str, Any], files: dict[str, list[str]], **tables: list[str]) -> Opened:
        for name, lines in files.items():
            (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        wanted = {name: EnrichmentSettings.model_validate(one) for name, one in enrichment.items()}
        return opening({"time_zone": "UTC"}, {"enrichment": wanted}, **tables)

    return run


def accounts(opened: Opened) -> dict[str, dict[str, Any]]:
    table = opened.tables.frames["accounts"].to_native().to_arrow_table().to_pylist()
    return {row["account_id"]: row for row in table}


def told(opened: Opened) -> list[str]:
    return [fault.found for fault in opened.faults.items if fault.reason == "enriched"]


def test_sirene_describes_companies_by_siren_and_by_name_and_postcode(enriched: Any) -> None:
    opened = enriched({"sirene": SIRENE}, {"units.csv": UNITS, "places.csv": PLACES}, leads=LEADS, accounts=ACCOUNTS)
    found = accounts(opened)
    first = {key.removeprefix("sirene__"): value for key, value in found["a1"].items() if key.startswith("sirene__")}
    assert first == {
        "confidence": 1.0,
        "naf_division": "NAF 62",
        "naf_section": "J",
        "naf25_division": "NAF 62",
        "naf25_section": "K",
        "employees_band": "20_49",
        "size": "PME",
        "legal_form": "sas",
        "created_on": 922_924_800,
        "is_employer": "yes",
        "is_head_office": None,
        "known_at": 1_577_836_800,
    }
    assert found["a2"]["sirene__legal_form"] == "sas"  # by SIRET
    # By name, written otherwise, at the branch of another town, whose leading zero a spreadsheet ate.
    assert (found["a3"]["sirene__confidence"], found["a3"]["sirene__is_head_office"]) == (1.0, "no")
    assert found["a8"]["sirene__confidence"] is None  # the check digit of its SIREN is wrong, its name unknown
    assert (found["a9"]["sirene__naf_section"], found["a9"]["sirene__employees_band"]) == (None, "10000_more")
    assert told(opened) == [
        "sirene: 5 of 9 rows of accounts found, 1 of them by a name that is written otherwise; "
        "licence: Licence Ouverte 2.0"
    ]


def test_two_companies_that_are_as_near_leave_a_name_without_one(enriched: Any) -> None:
    """MARTNI is one swap from MARTIN and further from MARTINE, too near a second one to be sure."""
    loose = {**SIRENE, "minimum_confidence": 0.5}
    opened = enriched({"sirene": loose}, {"units.csv": UNITS, "places.csv": PLACES}, leads=LEADS, accounts=ACCOUNTS)
    found = accounts(opened)["a4"]
    assert 0.9 < found["sirene__confidence"] < 1
    assert found["sirene__naf_division"] == "NAF 10"
    twins = [*UNITS, "833417363,O,2010-06-15,01,PME,2021-01-01,,BOULANGERIE MARTIN,5499,10.71C,NAFRev2,10.71C,N"]
    places = [*PLACES, "833417363,00012,75011,true,A"]
    strict = enriched({"sirene": SIRENE}, {"units.csv": twins, "places.csv": places}, leads=LEADS, accounts=ACCOUNTS)
    assert accounts(strict)["a4"]["sirene__confidence"] is None


def test_sole_traders_and_hidden_companies_are_persons_and_stay_out(enriched: Any) -> None:
    files = {"units.csv": UNITS, "places.csv": PLACES}
    found = accounts(enriched({"sirene": SIRENE}, files, leads=LEADS, accounts=ACCOUNTS))
    assert [found[account]["sirene__legal_form"] for account in ("a5", "a6", "a7")] == [None] * 3
    flagged = {**SIRENE, "sole_traders": "flag"}
    found = accounts(enriched({"sirene": flagged}, files, leads=LEADS, accounts=ACCOUNTS))
    # Only where we name them by SIREN: a person's name is never looked up.
    assert [found[account]["sirene__legal_form"] for account in ("a5", "a6", "a7")] == [None, "sole_trader", None]
    assert not [name for name in found["a6"] if "nom" in name.removeprefix("sirene__")]


def test_what_was_not_known_yet_is_not_seen(enriched: Any) -> None:
    opened = enriched({"sirene": SIRENE}, {"units.csv": UNITS, "places.csv": PLACES}, leads=LEADS, accounts=ACCOUNTS)
    wanted = [f for f in catalogue(opened.tables, FeatureOptions()) if f.name == "fit__sirene_legal_form"]
    assert len(wanted) == 1
    assert not [f.name for f in catalogue(opened.tables, FeatureOptions()) if "known_at" in f.name]
    since = 1_577_836_800
    keys = nw.from_native(opened.connection.sql(f"SELECT 'l1' AS lead_id, unnest([{since}, {since + 1}]) AS cutoff"))
    frame = attribute_frame(keys.lazy(), opened.tables, wanted, since + 2).collect().to_polars().sort("cutoff")
    assert frame["fit__sirene_legal_form"].to_list() == [None, "sas"]


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_an_enriched_column_is_null_at_every_cutoff_that_is_not_after_it_was_known(known: int, cutoff: int) -> None:
    def lazy(**columns: Any) -> Any:
        return nw.from_native(pl.LazyFrame(columns))

    leads = lazy(lead_id=["a"], vendor__plan=["pro"], vendor__known_at=[known], plan=["own"])
    wanted = [attribute(f"fit__{name}", "fit", [f"leads.{name}"], "value", {}) for name in ("vendor__plan", "plan")]
    frame = attribute_frame(
        lazy(lead_id=["a"], cutoff=[cutoff]), Tables({"leads": leads}, (), 10), wanted, 10
    ).collect()
    assert frame["fit__vendor__plan"].to_list() == ["pro" if known < cutoff else None]
    assert frame["fit__plan"].to_list() == ["own"]


def test_a_vendors_export_is_joined_by_web_site_and_its_personal_columns_are_not_read(enriched: Any) -> None:
    vendor = {"kind": "table", "path": "vendor.csv", "match": {"domain": "website"}, "known_at": "enriched_at"}
    lines = [
        "website,enriched_at,tech,raised,contact_email,owner_name",
        "https://www.Acme.fr/about,2025-01-01,python,5000000,jo@acme.fr,Jo Acme",
        "acme.fr,2024-01-01,perl,1,jo@acme.fr,Jo Acme",
        "other.fr,2025-01-01,java,2,x@other.fr,X",
    ]
    opened = enriched(
        {"vendor": vendor},
        {"vendor.csv": lines},
        leads=LEADS,
        accounts=["account_id,domain", "a1,ACME.fr", "a2,http://nobody.fr"],
    )
    found = accounts(opened)
    assert (found["a1"]["vendor__tech"], found["a1"]["vendor__raised"]) == ("python", 5_000_000.0)
    assert found["a1"]["vendor__known_at"] == 1_735_689_600
    assert found["a2"]["vendor__tech"] is None
    assert not [name for name in found["a1"] if "email" in name or "owner" in name]
    named = {**vendor, "columns": {"boss": "owner_name"}}
    with pytest.raises(UseError, match="owner_name is about persons and is never learnt from"):
        enriched({"vendor": named}, {}, leads=LEADS, accounts=["account_id,domain", "a1,x"])


def test_people_are_enriched_in_leads_by_their_address(enriched: Any) -> None:
    people = {"path": "people.csv", "table": "leads", "match": {"email": "e-mail"}, "known_at": "2025-01-01"}
    opened = enriched(
        {"people": {**people, "columns": {"level": "seniority"}}},
        {"people.csv": ["e-mail,seniority", "Jo@acme.fr,director"]},
        leads=["lead_id,created_at,email", "l1,2025-01-02T00:00:00Z,jo@acme.fr ", "l2,2025-01-02T00:00:00Z,"],
    )
    rows = opened.tables.frames["leads"].to_native().to_arrow_table().to_pylist()
    assert [row["people__level"] for row in rows] == ["director", None]


@pytest.mark.parametrize("has_signals", [True, False])
def test_legal_notices_become_signals_known_when_they_were_published(enriched: Any, has_signals: bool) -> None:
    notices = {"kind": "notices", "path": "bodacc.csv", "siren": "siren", "licence": "Licence Ouverte 2.0"}
    lines = [
        "id,dateparution,familleavis,registre,commercant",
        'A1,2025-03-04,collective,"552 100 554,552100554",ATELIERS',
        "A2,2025-05-06,dpc,552100554,ATELIERS",
        "A3,2025-05-06,divers,552100554,ATELIERS",
        "A4,2025-05-06,dpc,443061841,AUTRE",
    ]
    tables = {"leads": LEADS, "accounts": ["account_id,siren", "a1,552100554"]}
    if has_signals:
        tables["signals"] = ["occurred_at,account_id,type,strength", "2025-01-01T00:00:00Z,a1,hiring,2"]
    opened = enriched({"bodacc": notices}, {"bodacc.csv": lines}, **tables)
    rows = opened.tables.frames["signals"].to_native().to_arrow_table().to_pylist()
    found = {(row["account_id"], row["type"], row["occurred_at"], row["known_at"]) for row in rows}
    published = {
        ("a1", "insolvency", 1_741_046_400, 1_741_046_400),
        ("a1", "accounts_filed", 1_746_489_600, 1_746_489_600),
        ("a1", "notice_divers", 1_746_489_600, 1_746_489_600),
    }
    assert found - {("a1", "hiring", 1_735_689_600, 1_735_689_600)} == published
    assert len(found) == 3 + has_signals
    assert told(opened) == ["bodacc: 3 notices about our companies; licence: Licence Ouverte 2.0"]


def test_other_files_and_settings_make_other_tables_and_none_changes_nothing(enriched: Any, opening: Opening) -> None:
    files = {"units.csv": UNITS, "places.csv": PLACES}
    plain = opening({"time_zone": "UTC"}, leads=LEADS, accounts=ACCOUNTS).stamp
    first = enriched({"sirene": SIRENE}, files, leads=LEADS, accounts=ACCOUNTS).stamp
    again = enriched({"sirene": SIRENE}, files, leads=LEADS, accounts=ACCOUNTS).stamp
    newer = enriched({"sirene": SIRENE}, {"units.csv": UNITS[:-1]}, leads=LEADS, accounts=ACCOUNTS).stamp
    assert (first, enriched({}, {}, leads=LEADS, accounts=ACCOUNTS).stamp) == (again, plain)
    assert len({plain, first, newer}) == 3


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"path": "nowhere.csv"}, UseError, "enrichment.sirene.path: expected a Parquet or CSV file, found none"),
        ({"path": "places.csv"}, DataError, "expected the columns denominationUniteLegale, "),
        ({"path": "broken.parquet"}, DataError, "broken.parquet cannot be read"),
        ({"name": "firm"}, UseError, "expected a column of accounts, found none called 'firm'"),
        ({"siren": "", "name": "", "postcode": ""}, UseError, "expected a column of accounts with the SIREN"),
        ({"known_at": "soon"}, UseError, "known_at: expected a date such as 2026-11-01, found 'soon'"),
    ],
)
def test_a_wrong_setting_or_file_is_told(
    change: dict[str, Any], error: type[Exception], sentence: str, enriched: Any
) -> None:
    files = {"units.csv": UNITS, "places.csv": PLACES, "broken.parquet": ["no"]}
    with pytest.raises(error, match=sentence):
        enriched({"sirene": {**SIRENE, **change}}, files, leads=LEADS, accounts=ACCOUNTS)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"kind": "table", "path": "x.csv"}, "expected match and known_at for a table"),
        ({"kind": "sirene", "path": "x.csv", "name": "n"}, "expected name and postcode together"),
        ({"kind": "sirene", "path": "x.csv", "name": "n", "postcode": "p"}, "expected establishments"),
        ({"kind": "notices", "path": "x.csv", "table": "leads"}, "expected table = accounts"),
    ],
)
def test_half_a_section_is_refused(section: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        EnrichmentSettings.model_validate(section)


def test_the_settings_are_written_and_read_back() -> None:
    written = Settings(enrichment={"sirene": EnrichmentSettings.model_validate(SIRENE)})
    assert from_dict(tomllib.loads(render(written))).enrichment == written.enrichment


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(min_codepoint=1, max_codepoint=0x24F), max_size=30), min_size=1, max_size=20))
def test_names_have_the_same_key_in_sql_as_in_python(texts: list[str]) -> None:
    found = DUCKDB.execute(f"SELECT {names.name_key('x')} FROM unnest($texts) t(x)", {"texts": texts}).fetchall()
    assert found == [(name_key(text) or None,) for text in texts]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=20))
def test_the_check_digit_of_a_siren_is_the_same_in_sql_as_in_python(numbers: list[int]) -> None:
    texts = [f"{number:09d}" for number in numbers]
    found = DUCKDB.execute(f"SELECT {names.siren('x')} FROM unnest($texts) t(x)", {"texts": texts}).fetchall()
    assert found == [(number if is_siren(text) else None,) for number, text in zip(numbers, texts, strict=True)]
