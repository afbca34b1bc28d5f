"""Tables made by queries over exports: found by pattern, read in the vendor's layout, refused with a sentence."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.errors import UseError
from features.faults import FaultyDataError
from pipeline.presets.presets import PRESETS
from pipeline.presets.recognise import columns_of
from pipeline.presets.understand import understand
from pipeline.settings import Settings
from pipeline.settings_file import from_dict
from pipeline.settings_template import render

LEADS = 'SELECT Number AS lead_id, Came AS created_at, "Their sector" AS sector FROM people'
OUTCOMES = "SELECT Number AS lead_id, Ended AS decided_at, 'won' AS outcome FROM people WHERE Ended <> ''"
PEOPLE = ["Number,Came,Their sector,Ended", "1,2025-01-02,steel,2025-03-01", "2,2025-01-03,wool,"]


def asking(**more: Any) -> dict[str, Any]:
    tables = {"leads": {"query": LEADS}, "outcomes": {"query": OUTCOMES}}
    return {"exports": {"people": "people-*.csv"}, "only_named": True, "tables": {**tables, **more}}


def test_the_newest_export_is_read_and_stamped(opening: Callable[..., Any], tmp_path: Path) -> None:
    first = opening(asking(), **{"people-2025-11-27": PEOPLE})
    leads = first.tables.frames["leads"].sort("lead_id").collect().to_pandas()
    assert leads["lead_id"].tolist() == ["1", "2"]
    assert leads["sector"].tolist() == ["steel", "wool"]
    assert first.tables.frames["outcomes"].collect().to_pandas()["outcome"].tolist() == ["won"]
    newer = opening(asking(), **{"people-2025-11-28": [*PEOPLE, "3,2025-02-01,wool,"]})
    assert newer.faults.counts["leads"].kept == 3
    assert newer.stamp != first.stamp
    changed = opening(asking(leads={"query": LEADS + " WHERE Number <> '3'"}))
    assert changed.faults.counts["leads"].kept == 2
    assert changed.stamp not in (first.stamp, newer.stamp)


def test_a_file_of_leads_stands_for_the_export_that_lists_them(opening: Callable[..., Any], tmp_path: Path) -> None:
    new = tmp_path / "new.csv"
    new.write_text("Number,Came,Their sector,Ended\n9,2025-06-01,steel,\n", encoding="utf-8")
    opened = opening(asking(), how={"leads_file": new}, **{"people-1": PEOPLE})
    assert opened.tables.frames["leads"].collect().to_pandas()["lead_id"].tolist() == ["9"]


def test_rows_that_are_no_rows_are_told_of_the_table_that_reads_them(opening: Callable[..., Any]) -> None:
    opened = opening(asking(), **{"people-1": [*PEOPLE, "3,2025-01-04"]})
    (fault,) = [item for item in opened.faults.items if item.reason == "wrong_fields"]
    assert (fault.table, fault.rows) == ("leads", 1)


def test_an_export_that_is_gone_is_named_with_what_is_there(opening: Callable[..., Any]) -> None:
    with pytest.raises(
        FaultyDataError, match=r"expected a file people-\*\.csv for the export people, found these files"
    ):
        opening(asking(), people=PEOPLE)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT Nummer AS lead_id FROM people", 'Referenced column "Nummer" not found'),
        ("SELECT * FROM persons", "Table with name persons does not exist"),
        ("SELEC 1", "syntax error"),
        ("CREATE TABLE x (a INTEGER)", "syntax error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "file system operations are disabled"),
        ('SELECT CAST("Their sector" AS INTEGER) AS lead_id FROM people', r"\(ConversionException\)"),
    ],
)
def test_a_query_that_fails_says_why_and_never_quotes_a_cell(
    opening: Callable[..., Any], query: str, said: str
) -> None:
    with pytest.raises(FaultyDataError, match=said) as caught:
        opening(asking(leads={"query": query}), **{"people-1": PEOPLE})
    assert "[source.tables.leads] query" in str(caught.value)
    assert "steel" not in str(caught.value)


def test_settings_hold_queries_together_with_their_exports() -> None:
    with pytest.raises(UseError, match=r"expected \[source.exports\] with the files that the query of leads reads"):
        from_dict({"source": {"tables": {"leads": {"query": LEADS}}}})
    with pytest.raises(UseError, match="a query reads files, not a database: expected a view named in path for leads"):
        from_dict({"source": {"url": "sqlite:///x.db", "exports": {"a": "b"}, "tables": {"leads": {"query": LEADS}}}})


def test_a_query_of_several_lines_is_written_as_it_is_read() -> None:
    query = "SELECT \"l'année\" AS x,\n    '\\' AS y\nFROM a\n"
    settings = Settings(source={"exports": {"a": "a.csv"}, "tables": {"leads": {"query": query}}})
    text = render(settings)
    assert f"query = '''\n{query}'''" in text
    assert from_dict(tomllib.loads(text)) == settings


def export(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


CONTACTS = "Record ID,Create Date,Email,Sector,Became a Customer Date\n1,2025-01-02 09:00,a@b.example,wool,{ended}\n"
DEALS = "Record ID,Deal Stage,Close Date,Associated Contact IDs\n7,{stage},2025-03-01,1;2\n"


def test_who_became_a_customer_is_won_where_there_are_no_deals(tmp_path: Path) -> None:
    found = understand("hubspot", export(tmp_path / "x", contacts=CONTACTS.format(ended="2025-05-01")))
    assert (found.composed.won, found.composed.lost) == (1, 0)
    assert found.composed.attributes == ("Sector",)
    assert "deals" in found.told()["absent"]


def test_a_stage_of_ones_own_means_won(tmp_path: Path) -> None:
    folder = export(tmp_path / "x", a=CONTACTS.format(ended=""), b=DEALS.format(stage="Signed"))
    with pytest.raises(UseError, match=r"expected a value of 'Deal Stage' in b.csv that means won .*found 'Signed'"):
        understand("hubspot", folder)
    assert understand("hubspot", folder, won=["signed"]).composed.won == 2


def test_what_is_excluded_does_not_come_along(tmp_path: Path) -> None:
    folder = export(tmp_path / "x", contacts=CONTACTS.format(ended="2025-05-01"))
    assert understand("hubspot", folder, exclude=["Sector"]).composed.attributes == ()
    with pytest.raises(UseError, match=r"--exclude: expected a column of the file, found 'Sektor'. Did you mean"):
        understand("hubspot", folder, exclude=["Sektor"])


def test_folders_that_are_no_exports_are_refused_by_what_they_hold(tmp_path: Path) -> None:
    with pytest.raises(UseError, match="expected the folder with the exports of HubSpot, found none"):
        understand("hubspot", tmp_path / "nowhere")
    with pytest.raises(UseError, match=r"expected the contacts of HubSpot .*'Record ID'.* found other.csv"):
        understand("hubspot", export(tmp_path / "x", other="a,b\n1,2\n"))
    two = export(tmp_path / "y", all=CONTACTS.format(ended="x"), mine=CONTACTS.format(ended="x"))
    with pytest.raises(UseError, match=r"expected one export of contacts, found all\.csv, mine\.csv"):
        understand("hubspot", two)


def test_no_win_at_all_names_the_exports_that_would_tell(tmp_path: Path) -> None:
    folder = export(tmp_path / "x", contacts="Record ID,Create Date,Email\n1,2025-01-02,a@b.example\n")
    with pytest.raises(UseError, match=r"expected leads that were won, found none\. Add the export that tells it"):
        understand("hubspot", folder)


def test_options_of_one_file_do_not_go_with_a_preset(tamis: Callable[..., Any], tmp_path: Path) -> None:
    said = tamis("init", tmp_path, "--preset", "hubspot", "--outcome", "Status")
    assert said.code == 2
    assert "found options that describe one file" in said.err
    assert not list(tmp_path.glob("tamis.toml"))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_no_two_exports_of_a_preset_look_the_same(preset: Any) -> None:
    for export_ in preset.exports:
        headers = [names[0] for names in export_.columns.values()]
        told = {
            other.name: len(columns_of(other, headers))
            for other in preset.exports
            if all(any(n in columns_of(other, headers) for n in names.split("|")) for names in other.told_by)
        }
        assert max(told, key=lambda name: told[name]) == export_.name
