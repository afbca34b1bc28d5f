"""Dossiers: true to what was scored, in words, in both languages, safe to print."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.errors import DataError, UseError
from pipeline.console import Console
from pipeline.dossier_views import dossier_views
from pipeline.explain import dossier, run
from pipeline.report.dossier import render
from pipeline.score import Request, score
from pipeline.score_runs import published
from pipeline.tracking import Registry

NOW = 1_791_000_000


def explained(demo, lead_id, language="en"):
    return dossier(demo.workspace, demo.settings, lead_id, language)


@pytest.fixture(scope="module")
def some_leads(demo_made):
    """The hottest lead, the coldest, and some between."""
    rows = published(demo_made.workspace)[0].rows(["lead_id", "propensity"]).to_pandas()
    ordered = rows.sort_values("propensity", ascending=False)["lead_id"]
    return [ordered.iloc[place] for place in (0, 1, 40, 200, len(ordered) // 2, -2, -1)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_reasons_and_the_rest_lead_from_the_average_lead_to_this_one(demo_made, some_leads, language):
    for lead_id in some_leads:
        found = explained(demo_made, lead_id, language)
        way = 100 * (found.row["propensity"] - found.row["reference_propensity"])
        assert sum(reason.points for reason in found.reasons) + found.others == pytest.approx(way, abs=1e-9)
        families = [found.row[f"{family}_points"] for family in ("fit", "engagement", "intent")]
        assert sum(families) == pytest.approx(way, abs=1e-7)
        points = [reason.points for reason in found.reasons]
        assert points == sorted(points, key=lambda value: -abs(value))
        assert len([value for value in points if value > 0]) <= 8
        assert len([value for value in points if value < 0]) <= 4
        assert len(points) > 3


def test_sentences_hold_no_feature_name_and_differ_by_language(demo_made, some_leads):
    _, files = Registry(demo_made.workspace, demo_made.settings.registry).load("champion")
    schema = json.loads(files["model.json"])["schema"]
    names = {column["feature"]["name"] for column in schema["columns"]}
    assert len(names) > 20
    for lead_id in some_leads:
        english, french = (explained(demo_made, lead_id, language).reasons for language in ("en", "fr"))
        assert [reason.code for reason in english] == [reason.code for reason in french]
        for reason in (*english, *french):
            assert "_" not in reason.text + reason.evidence
            assert not any(name in reason.text for name in names)
            assert len(reason.text) < 120
            assert len(reason.evidence) < 120
        assert sum(a.text != b.text for a, b in zip(english, french, strict=True)) > len(english) / 2
        assert any(reason.evidence for reason in english)


def test_the_dossier_repeats_the_score_row_and_the_reasons_that_were_published(demo_made, some_leads):
    for lead_id in some_leads:
        row = published(demo_made.workspace)[0].lead(lead_id)
        shown = explained(demo_made, lead_id).to_dict()
        assert (shown["propensity"], shown["band"], shown["decision"]) == (
            row["propensity"],
            row["band"],
            row["decision"],
        )
        points = {reason["code"]: reason["points"] for reason in shown["reasons"]}
        assert all(points[reason["code"]] == reason["points"] for reason in row["reasons"])
        json.dumps(shown, allow_nan=False)


@pytest.mark.parametrize(("language", "words"), [("en", "Dossier of lead"), ("fr", "Dossier du lead")])
def test_the_page_is_well_formed_and_complete(demo_made, some_leads, tmp_path, read_html, capsys, language, words):
    for lead_id in some_leads[::3]:
        path = tmp_path / "dossiers" / f"{lead_id}.html"
        run(demo_made.root, lead_id, language=language, html=path, console=Console(as_json=True))
        shown = json.loads(capsys.readouterr().out)
        page = read_html(path.read_text(encoding="utf-8"))
        assert shown["html"] == str(path)
        assert f"{words} {lead_id}" in page.words
        assert page.seen["svg"] == 1
        # Two more draw the hatching of falls.
        assert page.seen["rect"] == len(shown["reasons"]) + 3 + 2
        told = [part for reason in shown["reasons"] for part in (reason["text"], reason["evidence"])]
        told += [*shown["questions"], *(event["text"] for event in shown["timeline"]), shown["who"]["display_name"]]
        assert all(text in page.words for text in told)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Your typical lead", "This lead", "What to ask next", "Contact by", "hand over to sales")),
        ("fr", ("Votre lead type", "Ce lead", "Questions à poser", "À contacter avant le", "à transmettre")),
    ],
)
def test_the_terminal_tells_the_same(demo_made, capsys, monkeypatch, language, words):
    monkeypatch.setenv("COLUMNS", "200")
    rows = published(demo_made.workspace)[0].rows(["lead_id", "due_at"]).to_pandas()
    waiting = rows.loc[rows["due_at"].notna(), "lead_id"].iloc[0]
    run(demo_made.root, waiting, language=language, html=None, console=Console())
    page = capsys.readouterr().out
    for word in (*words, *(reason.text for reason in explained(demo_made, waiting, language).reasons)):
        assert word in page


def test_a_band_of_which_little_is_known_claims_no_conversion(demo_made, some_leads, capsys):
    found = explained(demo_made, some_leads[0])
    for measured, is_told in (
        ({"n": 30, "conversion": 0.125}, True),
        ({"n": 29, "conversion": 0.1}, False),
        (None, False),
    ):
        known = replace(found, band_measured=measured)
        Console().show({}, *dossier_views(known, "en"))
        assert ("Of 30 past leads in band A, 12.5% were won" in capsys.readouterr().out) == is_told
        assert ("past leads in band" in render(known, "en")) == is_told


def test_an_id_full_of_markup_stays_an_id(demo_copy, tmp_path, read_html, capsys):
    strange = '<b>[red]"L&1</b>'
    leads = demo_copy.simulation.tables["leads"].tail(2)
    leads = leads.assign(created_at=pd.to_datetime(leads["created_at"], unit="s", utc=True), lead_id=[strange, "other"])
    leads.to_csv(tmp_path / "new.csv", index=False)
    request = Request(leads=tmp_path / "new.csv")
    score(demo_copy.workspace, demo_copy.settings, request, now=NOW, console=Console())

    run(demo_copy.root, strange, language=None, html=tmp_path / "dossier.html", console=Console())

    page = read_html((tmp_path / "dossier.html").read_text(encoding="utf-8"))
    assert f"Dossier of lead {strange}" in page.words
    assert page.seen["b"] == 0
    assert strange in capsys.readouterr().out


def test_a_lead_is_explained_by_the_model_that_scored_it_whatever_became_champion_since(demo_copy, some_leads):
    registry = Registry(demo_copy.workspace, demo_copy.settings.registry)
    _, files = registry.load("champion")
    other = json.loads(files["model.json"])
    other["calibration"]["c"] += 1.0
    changed = {**files, "model.json": json.dumps(other).encode()}
    nothing = {"parameters": {}, "figures": {}, "artifacts": {}, "card": "", "lineage": {}, "tags": {"gates": "passed"}}
    registry.save(changed, **nothing)
    registry.promote(2, by="ana", why="", at=NOW)
    found = explained(demo_copy, some_leads[0])
    assert (found.model_version, registry.find("champion").number) == ("1", 2)


def test_between_two_nights_the_facts_that_moved_a_lead_are_told_and_add_up(demo_copy, capsys):
    shutil.rmtree(demo_copy.workspace.scores)
    score(demo_copy.workspace, demo_copy.settings, Request(as_of="2026-09-15"), now=NOW, console=Console())
    score(demo_copy.workspace, demo_copy.settings, Request(), now=NOW + 60, console=Console())
    latest, before = published(demo_copy.workspace)
    rows = latest.rows(["lead_id", "propensity", "previous_propensity"]).to_pandas().dropna()
    moved = (rows["propensity"] - rows["previous_propensity"]).abs().nlargest(3).index
    for lead_id in rows.loc[moved, "lead_id"]:
        found = explained(demo_copy, lead_id)
        since, moves = found.moves
        assert since == before.manifest["cutoff"]
        assert moves.propensity == before.lead(lead_id)["propensity"]
        total = sum(fact.points for fact in moves.facts) + moves.others + moves.model_points
        assert total == pytest.approx(100 * (found.row["propensity"] - moves.propensity), abs=1e-9)
        assert moves.model_points == pytest.approx(0.0, abs=1e-9)
        assert len(moves.facts) > 0
        assert all(fact.text in render(found, "en").replace("&#39;", "'") for fact in moves.facts)
        Console().show({}, *dossier_views(found, "fr"))
        assert "Depuis le 15/09/2026" in capsys.readouterr().out
    new = latest.rows(["lead_id", "previous_propensity"]).to_pandas()
    (lead_id, *_) = new.loc[new["previous_propensity"].isna(), "lead_id"]
    assert explained(demo_copy, lead_id).moves is None


def test_once_its_tables_are_gone_a_dossier_says_what_it_cannot_show(demo_copy, some_leads, capsys):
    shutil.rmtree(demo_copy.workspace.staging)
    found = explained(demo_copy, some_leads[0])
    assert (found.who, found.timeline, found.questions) == (None, None, None)
    assert len(found.reasons) > 3
    Console().show({}, *dossier_views(found, "en"))
    assert "The tables of this score run are no longer kept: run 'tamis score'" in " ".join(
        capsys.readouterr().out.split()
    )
    assert "ne sont plus conservées" in render(found, "fr")
    json.dumps(found.to_dict(), allow_nan=False)


def test_who_asked_not_to_be_contacted_has_no_dossier(demo_copy, some_leads):
    path = demo_copy.root / "data" / "leads.csv"
    leads = pd.read_csv(path, dtype="str", keep_default_na=False)
    leads.loc[leads["lead_id"] == some_leads[0], "opted_out"] = "1"
    leads.to_csv(path, index=False)
    score(demo_copy.workspace, demo_copy.settings, Request(), now=NOW + 60, console=Console())
    with pytest.raises(UseError, match=f"Lead '{some_leads[0]}' asked not to be contacted"):
        explained(demo_copy, some_leads[0])
    assert not explained(demo_copy, some_leads[1]).opted_out


def test_a_dossier_of_an_earlier_version_says_first_who_opted_out(demo_made, some_leads, capsys):
    found = explained(demo_made, some_leads[0])
    found = replace(found, who={**(found.who or {}), "opted_out": True})
    Console().show({}, *dossier_views(found, "en"))
    assert "Does not want to be contacted" in capsys.readouterr().out
    assert "Ne souhaite pas être contacté" in render(found, "fr")


def test_an_unknown_lead_is_told_with_the_nearest_known_one(demo_made, some_leads):
    with pytest.raises(
        UseError, match=rf"Lead '{some_leads[0]}x' is in no score run: .*Did you mean '{some_leads[0]}'"
    ):
        explained(demo_made, f"{some_leads[0]}x")
    with pytest.raises(UseError, match=r"Lead '\?' is in no score run: .*when it was scored\. A lead that is won"):
        explained(demo_made, "?")


def test_an_unknown_language_is_refused(demo_made, some_leads):
    with pytest.raises(UseError, match="--lang: expected en or fr, found 'de'"):
        run(demo_made.root, some_leads[0], language="de", html=None, console=Console())


def test_without_a_score_run_the_verb_says_what_to_run_first(demo_copy, some_leads):
    shutil.rmtree(demo_copy.workspace.scores)
    with pytest.raises(UseError, match=r"There is no score run yet\. Run 'tamis score' first"):
        explained(demo_copy, some_leads[0])


def test_a_run_that_was_altered_is_a_data_error(demo_copy, some_leads):
    path = published(demo_copy.workspace)[0].path
    part = path / "rows" / "part-00000.parquet"
    table = pq.read_table(part)
    at = table.schema.get_field_index("propensity")
    lower = [value * 0.9 for value in table.column(at).to_pylist()]
    pq.write_table(table.set_column(at, table.schema.field(at), [lower]), part)
    with pytest.raises(DataError, match=r"expected the published propensity 0\.\d{6}, found 0\.\d{6}\. The run or the"):
        explained(demo_copy, some_leads[0])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda path: shutil.rmtree(path / "features"),
            r"expected the files that were published, found one that cannot",
        ),
        (lambda path: (path / "rows" / "part-00000.parquet").write_bytes(b"PAR1"), r"Score run .*: expected the files"),
        (lambda path: (path / "manifest.json").write_text("{"), r"cannot be read \(JSONDecodeError\)"),
        (lambda path: empty(path / "features" / "part-00000.parquet"), r"found no features\. The run or the model was"),
    ],
)
def test_a_run_of_which_a_part_is_lost_is_a_data_error(demo_copy, some_leads, spoil, message):
    spoil(published(demo_copy.workspace)[0].path)
    with pytest.raises(DataError, match=message):
        explained(demo_copy, some_leads[0])


def empty(path):
    pq.write_table(pq.read_table(path).slice(0, 0), path)
