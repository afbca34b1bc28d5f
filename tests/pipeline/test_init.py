"""`tamis init`: any export with an outcome column works as it is, and what cannot be understood says why."""

import csv
import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.settings_file import load
from pipeline.settings_template import toml

HEADERS = (
    *("N° client", "Prénom", "Téléphone", "E-mail", "Commentaires", "Secteur d'activité", "Chiffre d'affaires (k€)"),
    *("Visites page tarifs", "Clics e-mail", "Ville", "Créé le", "Résultat"),
)


def french_export(path: Path, n: int, seed: int, *, outcome: bool = True) -> Path:
    """Leads as a French CRM exports them; won depends on the sector, the visits and the revenue."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        sector = rng.choice(["Négoce", "Bâtiment", "Santé", "Hôtellerie"])
        revenue, visits, clicks = rng.lognormal(4, 1), int(rng.poisson(1.5)), int(rng.poisson(2))
        chance = -2.2 + 1.1 * visits + 1.2 * (sector == "Santé") + 0.6 * (np.log(revenue) - 4)
        won = rng.random() < 1 / (1 + np.exp(-chance))
        missing = rng.random(2) < 0.1
        rows.append(
            (
                *(f"Ç-{seed}-{number:04d}", "Zoé", f"06 12 34 {number % 90 + 10} 00", f"zoe{number}@exemple.fr"),
                f'Rappeler "Zoé" n° {number} demain matin ; budget à confirmer',
                "" if missing[0] else sector,
                "" if missing[1] else f"{1000 * revenue:_.2f}".replace(".", ",").replace("_", " "),
                *(visits, clicks, rng.choice(["Besançon", "Orléans", "Angoulême"])),
                f"{number % 28 + 1:02d}/{number * 12 // n + 1:02d}/2025",
                "Gagné" if won else "Perdu",
            )
        )
    width = len(HEADERS) if outcome else len(HEADERS) - 1
    with path.open("w", encoding="windows-1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerows(row[:width] for row in [HEADERS, *rows])
    return path


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a file from lines of text, in UTF-8 unless told otherwise."""

    def write(name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write


@pytest.fixture
def understood(tamis: Callable[..., Any], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run init on a file, and give what it understood."""

    def run(path: Path, *words: str) -> dict[str, Any]:
        said = tamis("init", tmp_path / "w", "--leads", path, *words, "--json")
        assert said.code == 0, said
        result: dict[str, Any] = json.loads(said.out)["understood"]
        assert load(tmp_path / "w").source.outcome.won == tuple(result["source"]["outcome"]["won"])
        return result

    return run


def test_a_french_export_is_scored_and_explained_without_editing_a_file(
    tamis, workspace, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"MODEL__BOOTSTRAP": 50, "MODEL__FOLDS": 2, "LIMITS__THREADS": 1}.items():
        monkeypatch.setenv(f"TAMIS_{name}", str(value))
    root, out = workspace.root, tmp_path / "notés.parquet"
    leads = french_export(tmp_path / "été.csv", 700, 1)
    new = french_export(tmp_path / "nouveaux.csv", 40, 2, outcome=False)
    options = ("--id", "N° client", "--outcome", "Résultat", "--won", "Gagné", "--lang", "fr")

    assert tamis("init", root, "--leads", leads, *options).code == 0
    settings = (root / "tamis.toml").read_bytes()
    checked = tamis("check", "-w", root)
    assert checked.code == 0, checked
    assert "leads  700   700" in checked.out
    trained = tamis("train", "-w", root, "--json")
    assert trained.code == 0, trained
    figures = json.loads(trained.out)["figures"]
    assert figures["tamis"]["auc"]["value"] > 0.65
    assert figures["tamis"]["log_loss"]["value"] < figures["constant"]["log_loss"]["value"]
    scored = tamis("score", "-w", root, "--leads", new, "--out", out)
    assert scored.code == 0, scored
    assert out.name in scored.out.replace("\n", "")
    assert tamis("score", "-w", root, "--leads", new, "--out", out.with_suffix(".csv")).code == 0

    rows = pq.read_table(out).to_pylist()
    with out.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        as_text = {row["lead_id"]: float(row["propensity"]) for row in csv.DictReader(file)}
    assert {row["lead_id"]: row["propensity"] for row in rows} == as_text
    assert set(as_text) == {f"Ç-2-{number:04d}" for number in range(40)}
    hottest = max(as_text, key=lambda lead: as_text[lead])
    explained = tamis("explain", hottest, "--lang", "fr", "-w", root)
    assert explained.code == 0, explained
    # Some hundred leads certify no percentage.
    assert "Rang " in explained.out
    assert "Probabilité de conversion" not in explained.out
    assert "Visites page tarifs" in explained.out
    for personal in ("Zoé", "06 12", "@", "Rappeler"):
        assert personal not in explained.out + scored.out + json.dumps(rows, ensure_ascii=False, default=str)
    assert (root / "tamis.toml").read_bytes() == settings


def test_an_export_in_windows_1252_is_understood_column_by_column(understood, tmp_path) -> None:
    raw = understood(french_export(tmp_path / "leads.csv", 60, 3), "--lang", "fr")
    columns = {"lead_id": "N° client", "email": "E-mail", "created_at": "Créé le", "outcome": "Résultat"}
    assert raw["source"]["tables"]["leads"] == {"path": "leads.csv", "columns": columns}
    assert raw["source"]["csv"] == {"encoding": "windows-1252"}
    assert raw["source"]["outcome"] == {"won": ["Gagné"], "lost": ["Perdu"], "open": []}
    assert raw["features"]["exclude"] == ["Prénom", "Téléphone", "Commentaires"]
    assert raw["features"]["families"] == {"Visites page tarifs": "intent", "Clics e-mail": "engagement"}
    assert raw["output"] == {"language": "fr"}


def test_what_was_understood_is_shown_in_the_language_that_was_asked_for(tamis, tmp_path) -> None:
    leads = french_export(tmp_path / "leads.csv", 60, 3)
    french = tamis("init", tmp_path / "a", "--leads", leads, "--lang", "fr")
    assert "Ce qui a été compris" in french.out
    assert "jamais utilisées" in french.out
    english = tamis("init", tmp_path / "b", "--leads", leads)
    assert "What was understood" in english.out
    assert tamis("init", tmp_path / "c", "--leads", leads, "--lang", "de").err.startswith("tamis: --lang: expected en")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_the_encoding_is_found_and_written_down(understood, written, encoding: str) -> None:
    path = written("x.csv", "id;Résultat;Région", "1;gagné;Île", "2;perdu;Côte", encoding=encoding)
    raw = understood(path)
    assert raw["source"]["csv"]["encoding"] == encoding.removesuffix("-sig")
    assert raw["source"]["outcome"]["won"] == ["gagné"]


def test_a_file_without_an_identifier_is_counted_by_rows(understood, written) -> None:
    raw = understood(written("x.csv", "age,y", "30,yes", "41,no"), "--outcome", "y")
    assert raw["source"]["tables"]["leads"]["columns"] == {"lead_id": "#row", "outcome": "y"}


def test_a_column_called_id_that_repeats_is_no_identifier(understood, written) -> None:
    raw = understood(written("x.csv", "ID,outcome", "7,won", "7,lost", "8,lost"))
    assert raw["source"]["tables"]["leads"]["columns"] == {"lead_id": "#row"}


def test_an_excluded_column_that_bears_our_name_is_not_read_by_its_name(understood, tamis, written, tmp_path) -> None:
    lines = [f"{n},{'won' if n % 2 else 'lost'},{'a' if n % 2 else 'b'},{n % 7}" for n in range(200)]
    path = written("x.csv", "id,outcome,Source,visits", *lines)
    raw = understood(path, "--exclude", "Source", "--exclude", "visits")
    assert raw["source"]["tables"]["leads"]["columns"]["source"] == ""
    checked = tamis("check", "-w", tmp_path / "w", "--json")
    assert json.loads(checked.out)["features"] == []


def test_only_the_named_file_is_read_whatever_stands_beside_it(understood, tamis, written, tmp_path) -> None:
    written("outcomes.csv", "something", "else")
    lines = [f"{n},{'won' if n % 2 else 'lost'},{n % 7}" for n in range(200)]
    understood(written("x.csv", "id,outcome,visits", *lines))
    checked = tamis("check", "-w", tmp_path / "w", "--json")
    assert checked.code == 0
    assert list(json.loads(checked.out)["tables"]) == ["leads"]


@pytest.mark.parametrize(
    ("header", "cells", "kept"),
    [
        ("Nom", ["Martin", "Durand"], True),
        ("Last Name", ["Martin", "Durand"], False),
        ("direct line", ["+33 6 12 34 56 78", "06.12.34.56.79"], False),
        ("kontakt", ["a@b.example", "c@d.example"], False),
        ("what happened", ["she asked for a call next week", "he wants to see it at work"], False),
        ("Notes", ["call back", "x"], False),
        ("notes", ["12", "14,5"], True),
        ("visits", ["0123", "0456"], True),
        ("day", ["01/02/2025", "02/02/2025"], True),
    ],
)
def test_personal_columns_are_left_out_or_only_shown(understood, written, header, cells: Sequence[str], kept) -> None:
    raw = understood(written("x.csv", f"id;outcome;{header}", f"1;won;{cells[0]}", f"2;lost;{cells[1]}"))
    assert (header not in raw["features"]["exclude"]) == kept
    assert raw["source"]["tables"]["leads"]["columns"].get("display_name") == ("Nom" if header == "Nom" else None)


def test_parquet_is_understood_with_its_types_and_lists_are_passed_over(understood, tamis, tmp_path) -> None:
    table = pa.table({"id": range(100), "won": [n % 2 == 0 for n in range(100)], "tags": [["a"]] * 100})
    pq.write_table(table, tmp_path / "x.parquet")
    raw = understood(tmp_path / "x.parquet", "--outcome", "won")
    assert raw["source"]["outcome"] == {"won": ["true"], "lost": ["false"], "open": []}
    checked = json.loads(tamis("check", "-w", tmp_path / "w", "--json").out)
    assert (checked["mature_won"], checked["mature_lost"]) == (50, 50)


@pytest.mark.parametrize(
    ("cells", "won", "expected"),
    [
        (["1", "-1"], ["1"], (["1"], ["-1"], [])),
        (["成交", "流失"], ["成交"], (["成交"], ["流失"], [])),
        (["+", "-"], ["+"], (["+"], ["-"], [])),
        (["1.0", "0.0"], [], (["1.0"], ["0.0"], [])),
        (["Gagné", "Perdu", "En cours"], ["gagne"], (["Gagné"], ["Perdu"], ["En cours"])),
        (["Closed Won", "Closed Lost", "Demo"], [], (["Closed Won"], ["Closed Lost"], ["Demo"])),
        (["A", "B", "C"], ["A", "B"], (["A", "B"], ["C"], [])),
    ],
)
def test_words_of_the_outcome_become_won_lost_and_open(understood, written, cells, won, expected) -> None:
    path = written("x.csv", "id;outcome", *(f"{n};{cell}" for n, cell in enumerate(cells)))
    outcome = understood(path, *(word for value in won for word in ("--won", value)))["source"]["outcome"]
    assert tuple(sorted(outcome[kind]) for kind in ("won", "lost", "open")) == expected


@pytest.mark.parametrize(
    ("lines", "words", "code", "sentence"),
    [
        (["a,b", "1,2"], ["--id", "aa", "--outcome", "b"], 2, "--id: expected a column of the file, found 'aa'."),
        (["visits,b", "1,2"], ["--outcome", "b", "--exclude", "visit"], 2, "Did you mean 'visits'?"),
        (["a,b", "1,2"], ["--outcome", "b", "--created", "c"], 2, "--created: expected a column of the file"),
        (["a,b", "1,2"], [], 2, "--outcome: expected the column that says how a lead ended. Columns: a, b."),
        (["a,b", "1,oh", "2,ah"], ["--outcome", "b", "--won", "x"], 2, "expected one of 'oh', 'ah', found 'x'"),
        (["a,b", "1,oh", "2,ah"], ["--outcome", "b"], 2, "found none that says so by itself"),
        (["a,b", *(f"1,{n}x" for n in range(51))], ["--outcome", "b"], 2, "found 51 different values in 'b'"),
        (["a,b"], ["--outcome", "b"], 3, "found no value at all in 'b'"),
        ([""], ["--outcome", "b"], 3, "found an empty file"),
        (['a,b\n1,"open'], ["--outcome", "b"], 3, "double quote"),
    ],
)
def test_what_cannot_be_understood_is_told_and_nothing_is_written(
    tamis, written, tmp_path, lines: list[str], words: list[str], code: int, sentence: str
) -> None:
    said = tamis("init", tmp_path / "w", "--leads", written("x.csv", *lines), *words)
    assert (said.code, said.out) == (code, "")
    assert sentence in said.err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("name", "content", "code", "sentence"),
    [
        ("x.xlsx", b"PK\x03\x04\x14\x00", 2, "found a workbook or archive. Save it as CSV."),
        ("x.parquet", b"PAR1 no more", 3, "expected a Parquet file, found one that is cut or of another kind"),
        ("x.csv.gz", b"not packed", 3, "expected a CSV file, found one that is cut or of another kind"),
        ("x.csv", b"a,b\n1,\x81\n", 3, "holds the byte 0x81"),
    ],
)
def test_a_file_of_another_kind_is_refused(tamis, tmp_path, name, content, code, sentence) -> None:
    (tmp_path / name).write_bytes(content)
    said = tamis("init", tmp_path / "w", "--leads", tmp_path / name, "--outcome", "b")
    assert said.code == code
    assert sentence in said.err


def test_a_file_that_does_not_exist_is_named(tamis, tmp_path) -> None:
    said = tamis("init", tmp_path / "w", "--leads", tmp_path / "none.csv")
    assert said.code == 2
    assert "none.csv does not exist: expected a CSV or Parquet file." in said.err


def test_settings_that_exist_are_never_overwritten(tamis, written, tmp_path) -> None:
    path = written("x.csv", "id,outcome", "1,won", "2,lost")
    mine = written("w/tamis.toml", "# mine")
    said = tamis("init", tmp_path / "w", "--leads", path)
    assert said.code == 2
    assert "exists already: expected a new workspace" in said.err
    assert mine.read_text() == "# mine\n"


def test_tables_with_french_headers_are_understood(tamis, written, tmp_path) -> None:
    written(
        "data/leads.csv", "Identifiant;ID compte;Créé le;Canal;Nom;Statut;Remarques", "1;A;2025-01-01;Salon;X;neuf;à"
    )
    written("data/accounts.csv", "ID;Effectif;Téléphone;Visites site", "A;12;0612345678;3")
    written("data/events.csv", "ID;Lead ID;Date;Type d'événement", "e1;1;2025-02-01;visite")
    written("data/outcomes.csv", "Lead ID;Date de clôture;Résultat;Montant", "1;2025-03-01;Gagné;10,5", "2;;Perdu;")
    written("data/notes.txt", "nothing of ours")
    said = tamis("init", tmp_path, "--exclude", "Visites site", "--json")
    assert said.code == 0, said
    raw = json.loads(said.out)["understood"]
    columns = {name: table["columns"] for name, table in raw["source"]["tables"].items()}
    assert columns == {
        "leads": {
            "lead_id": "Identifiant",
            "account_id": "ID compte",
            "created_at": "Créé le",
            "source": "Canal",
            "display_name": "Nom",
        },
        "accounts": {"account_id": "ID", "employees": "Effectif"},
        "events": {"lead_id": "Lead ID", "occurred_at": "Date", "type": "Type d'événement", "event_id": "ID"},
        "outcomes": {"lead_id": "Lead ID", "decided_at": "Date de clôture", "outcome": "Résultat", "amount": "Montant"},
    }
    assert raw["source"]["outcome"] == {"won": ["Gagné"], "lost": ["Perdu"], "open": []}
    assert raw["features"]["exclude"] == ["Visites site", "Remarques", "Téléphone"]


def test_tables_without_an_outcome_need_no_words_for_it(tamis, written, tmp_path) -> None:
    written("data/leads.csv", "lead_id,created_at", "1,2025-01-01")
    said = tamis("init", tmp_path, "--won", "Signed")
    assert said.code == 2
    assert "--won: expected a column that says how a lead ended in leads, found none." in said.err
    assert tamis("init", tmp_path).code == 0
    assert load(tmp_path).source.outcome.won == ("won",)


def test_an_unknown_column_to_exclude_is_told_from_all_tables(tamis, written, tmp_path) -> None:
    written("data/leads.csv", "lead_id,outcome", "1,won")
    written("data/accounts.csv", "account_id,sector_size", "1,3")
    said = tamis("init", tmp_path, "--exclude", "sector_sise")
    assert said.code == 2
    assert "Did you mean 'sector_size'?" in said.err


@pytest.mark.parametrize(
    ("names", "found"), [([], "nothing"), (["Leads.xlsx", "events.csv"], "Leads.xlsx, events.csv")]
)
def test_a_folder_without_leads_says_what_it_holds(tamis, written, tmp_path, names, found) -> None:
    for name in names:
        written(f"data/{name}", "a,b")
    said = tamis("init", tmp_path)
    assert said.code == 2
    assert f"expected leads.csv or leads.parquet, found {found}." in said.err


def test_files_in_several_encodings_are_refused_rather_than_garbled(tamis, written, tmp_path) -> None:
    written("data/leads.csv", "lead_id;outcome;ville", "1;won;Besançon", encoding="windows-1252")
    written("data/accounts.csv", "account_id;ville", "1;Orléans")
    said = tamis("init", tmp_path)
    assert said.code == 3
    assert "leads is windows-1252, accounts is utf-8. Export them all as UTF-8." in said.err
    written("data/accounts.csv", "account_id;ville", "1;Paris", encoding="utf-16")
    assert "leads is windows-1252, accounts is utf-16" in tamis("init", tmp_path).err
    written("data/accounts.csv", "account_id;ville", "1;Paris")
    assert tamis("init", tmp_path).code == 0
    assert load(tmp_path).source.csv.encoding == "windows-1252"


def test_the_file_that_is_written_shows_every_setting_and_reads_back(understood, written, tmp_path) -> None:
    raw = understood(written("x.csv", 'id,outcome,"a ""b"" [x]"', "1,won,2", "2,lost,3"), "--exclude", 'a "b" [x]')
    text = (tmp_path / "w" / "tamis.toml").read_text(encoding="utf-8")
    assert f"exclude = {toml(raw['features']['exclude'])}" in text
    assert {*tomllib.loads(text), "segments", "enrichment"} == set(type(load(tmp_path / "w")).model_fields)
    assert "# [segments.outbound]" in text
    assert "# [enrichment." in text


def test_a_place_that_cannot_be_written_is_no_bug(tamis, written, tmp_path) -> None:
    path = written("x.csv", "id,outcome", "1,won", "2,lost")
    said = tamis("init", path, "--leads", path)
    assert said.code == 2
    assert "could not be written" in said.err
