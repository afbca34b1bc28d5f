"""Forgetting a person: what is erased, what proves it, what is only named, and that nobody else is touched."""

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import overrides
from pipeline.console import Console
from pipeline.forget import suppression
from pipeline.forget.erase import erase
from pipeline.forget.forget import forget
from pipeline.forget.person import Person, find
from pipeline.forget.search import traces
from pipeline.overrides import Override
from pipeline.reviews import Review, record
from pipeline.reviews import read as read_reviews
from pipeline.score_runs import published
from pipeline.settings_file import load
from pipeline.workspace import Workspace
from tests.crm.worlds.files import SqliteWorld
from tests.crm.worlds.runs import publish, row

LEADS = [f"lead-{number:04d}" for number in range(30)]
GONE = LEADS[7]
NAME, EMAIL = "Éléonore Duquesne", "eleonore@duquesne.fr"


@pytest.fixture
def crm(tmp_path: Path) -> SqliteWorld:
    return SqliteWorld(tmp_path)


@pytest.fixture
def root(tmp_path: Path, crm: SqliteWorld, opening: Callable[..., Any]) -> Path:
    """A workspace in which a person stands everywhere: tables, runs, ledger, reviews, page, reports, artefacts."""
    crm.add(*LEADS)
    lines = ["[crm]", 'adapter = "sql"', f'url = "sqlite:///{crm.file}"', 'object = "the leads"', 'key = "id"']
    lines += ["[crm.fields]", *(f"{ours} = {json.dumps(theirs)}" for ours, theirs in crm.settings["fields"].items())]
    (tmp_path / "tamis.toml").write_text("\n".join(lines), "utf-8")
    workspace = Workspace(tmp_path)
    opening(**tables())
    for night in range(2):
        rows = [row(lead, propensity=0.1 + night / 2) for lead in LEADS]
        publish(workspace, rows, night=night, parts=3, features=pd.DataFrame({"lead_id": LEADS, "fit__x": 1.0}))
    for lead in (GONE, LEADS[8]):
        record(workspace, Review(lead, 1, "ana", "refused", "no_need", "run-001", "1", 0.4, 0.2))
        overrides.record(workspace, Override(lead, 2, "ana", "hand_over", f"met {NAME} at the fair"))
    page = workspace.home / "page" / "runs" / "run-001"
    page.mkdir(parents=True)
    with closing(sqlite3.connect(page / "index.db")) as database, database:
        database.execute("CREATE TABLE lead (lead_id TEXT, name TEXT)")
        database.execute("INSERT INTO lead VALUES (?, ?)", (GONE, NAME))
        # A search holds words that cannot be read row by row.
        search = "fts5(lead_id, name, content='', detail='none', columnsize=0)"
        database.execute(f"CREATE VIRTUAL TABLE word USING {search}")
        database.execute("INSERT INTO word (rowid, lead_id, name) VALUES (1, ?, ?)", (GONE, NAME))
    workspace.reports.mkdir()
    page_text = f"<p>{GONE}: {NAME}</p><p>{LEADS[8]}</p>"
    (workspace.reports / "dossier.html").write_text(page_text, "utf-8")
    artifacts = workspace.home / "artifacts" / "1"
    artifacts.mkdir(parents=True)
    (artifacts / "faults.json").write_text(json.dumps({"examples": [GONE, f"{GONE}1", NAME]}), "utf-8")
    folder = workspace.quarantine / "stamp"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.csv").write_text(f"row;reason;who\n1;bad;{GONE}\n2;bad;{LEADS[8]}\n", "utf-8")
    return tmp_path


def tables() -> dict[str, list[str]]:
    people = [f"{lead},2025-01-02T00:00:00Z,Jean Martin,x{n}@acme.fr" for n, lead in enumerate(LEADS)]
    people[7] = f"{GONE},2025-01-02T00:00:00Z,{NAME},{EMAIL}"
    events = [f"{lead},2025-02-02T00:00:00Z,page_view" for lead in LEADS for _ in range(2)]
    return {
        "leads": ["lead_id,created_at,display_name,email", *people],
        "events": ["lead_id,occurred_at,type", *events],
    }


def test_a_person_is_erased_everywhere_and_a_search_proves_it(root: Path, crm: SqliteWorld, tamis: Any) -> None:
    workspace = Workspace(root)
    assert tamis("push", "-w", root).code == 0
    held = crm.held()
    assert held[GONE]["propensity"] == 0.6
    before = {path: path.read_bytes() for path in workspace.home.rglob("*") if path.is_file()}
    dry = tamis("forget", GONE, "-w", root, "--dry-run", "--json")
    told = json.loads(dry.out)
    assert (dry.code, told["is_dry"], told["proven"]) == (0, True, False)
    assert {path: path.read_bytes() for path in workspace.home.rglob("*") if path in before} == before

    out = published(workspace)[0].rows()
    pq.write_table(out, root / "scores.parquet")
    out.drop_columns("reasons").to_pandas().to_csv(root / "scores.csv", index=False)
    said = tamis("forget", GONE, "-w", root, "--json")
    told = json.loads(said.out)
    assert (said.code, told["proven"], told["crm"], told["left_ours"]) == (0, True, "emptied", {})
    assert (told["erased"]["scores.parquet"], told["erased"]["scores.csv"]) == (1, 1)
    assert (len(pd.read_csv(root / "scores.csv")), pq.read_table(root / "scores.parquet").num_rows) == (29, 29)
    assert told["left_others"]["data/leads.csv"] == 3
    assert told["left_others"]["data/events.csv"] == 2
    assert GONE not in said.out + said.err
    # An independent search, of what the files decode to.
    for path in workspace.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content = json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False).encode()
            # Another lead's number begins with this one.
            content = content.replace(f"{GONE}1".encode(), b"")
            assert not [text for text in (GONE, NAME, EMAIL) if text.encode() in content], path
    after = crm.held()
    assert set(after.pop(GONE).values()) == {None}
    held.pop(GONE)
    assert after == held
    assert [review.lead_id for review in read_reviews(workspace)] == [LEADS[8]]
    (order,) = overrides.read(workspace)
    assert (order.lead_id, order.why) == (LEADS[8], "met (erased) at the fair")
    told = tamis("decisions", GONE, "-w", root)
    assert told.code == 2
    assert "Traceback" not in told.err
    assert tamis("decisions", LEADS[8], "-w", root).code == 0
    for run in published(workspace):
        assert (run.manifest["erased"], run.rows(["lead_id"]).num_rows) == (1, 29)
        assert GONE not in json.dumps(run.manifest)
        assert run.features([LEADS[8]])["fit__x"].tolist() == [1.0]
    assert f"<p>(erased): (erased)</p><p>{LEADS[8]}</p>" in (workspace.reports / "dossier.html").read_text("utf-8")
    assert not (workspace.home / "page" / "runs").exists()
    assert (workspace.quarantine / "stamp" / "events.csv").read_text("utf-8") == (f"row;reason;who\n2;bad;{LEADS[8]}\n")
    # Again: nothing is left to erase, and it still says so.
    again = tamis("forget", GONE, "-w", root, "--json")
    assert (again.code, json.loads(again.out)["erased"], json.loads(again.out)["crm"]) == (0, {}, "nothing")
    assert tamis("push", "-w", root, "--json").code == 0
    assert crm.held()[GONE]["propensity"] is None


def test_an_erased_lead_is_never_read_again_though_the_source_has_it(root: Path, opening: Any, tamis: Any) -> None:
    assert tamis("forget", GONE, "-w", root, "--without-crm").code == 0
    path = root / ".tamis" / suppression.FILE
    assert GONE not in path.read_text("utf-8")
    assert path.stat().st_mode & 0o077 == 0
    opened = opening(**tables())
    for table, n in (("leads", 29), ("events", 58)):
        ids = opened.tables.frames[table].to_native().to_arrow_table().column("lead_id").to_pylist()
        assert (len(ids), GONE in ids) == (n, False)
        assert opened.tables.counts[table] == n
    assert not [fault for fault in opened.faults.items if "unknown" in fault.reason]
    assert find(root / ".tamis" / "staging", GONE) == Person(GONE)
    assert tamis("forget", GONE, "-w", root, "--without-crm", "--json").code == 0


def test_what_people_read_says_what_is_left_in_both_languages(root: Path, tamis: Any) -> None:
    english = " ".join(tamis("forget", GONE, "-w", root, "--dry-run").out.split())
    assert "Would be erased (nothing was changed)" in english
    assert ".tamis/reviews.db 1" in english
    with (root / "tamis.toml").open("a", encoding="utf-8") as file:
        file.write('\n[output]\nlanguage = "fr"\n')
    french = " ".join(tamis("forget", GONE, "-w", root).out.split())
    assert "Preuve : plus aucune trace dans ce que Tamis a écrit." in french
    assert "Reste, dans vos propres fichiers" in french


def test_a_name_that_others_have_is_left_and_said(root: Path, tamis: Any) -> None:
    person = find(root / ".tamis" / "staging", LEADS[3])
    assert (person.names, person.shared) == (("x3@acme.fr",), 1)
    said = tamis("forget", LEADS[3], "-w", root)
    assert said.code == 0
    assert "A name that other leads have too was not searched for." in said.out


def test_what_cannot_be_erased_is_named_and_the_exit_code_says_so(root: Path, tamis: Any) -> None:
    (root / ".tamis" / "artifacts" / "1" / "image.bin").write_bytes(b"\x00" + GONE.encode() + b"\x00")
    said = tamis("forget", GONE, "-w", root, "--without-crm", "--json")
    assert (said.code, json.loads(said.out)["proven"]) == (6, False)
    assert "1 files that Tamis wrote still hold the person: .tamis/artifacts/1/image.bin." in said.err


@pytest.mark.parametrize(("lead", "sentence"), [("lead-9999", "found no trace of that number"), (" ", "found nothing")])
def test_a_lead_that_nobody_knows_is_told_and_nothing_changes(root: Path, tamis: Any, lead: str, sentence: str) -> None:
    said = tamis("forget", lead, "-w", root)
    assert (said.code, sentence in said.err) == (2, True)
    assert not (root / ".tamis" / suppression.FILE).exists()


def test_a_crm_that_fails_leaves_everything_for_the_next_try(root: Path, crm: SqliteWorld, tamis: Any) -> None:
    assert tamis("push", "-w", root).code == 0
    kept = crm.file.read_bytes()
    crm.file.write_bytes(b"no database" * 100)
    assert tamis("forget", GONE, "-w", root).code == 5
    assert not (root / ".tamis" / suppression.FILE).exists()
    assert published(Workspace(root))[0].rows(["lead_id"]).num_rows == 30
    crm.file.write_bytes(kept)
    crm.delete(GONE)
    said = tamis("forget", GONE, "-w", root)
    assert (said.code, "The person is no longer in the CRM." in said.out) == (0, True)


def test_a_running_job_holds_an_erasure_back(root: Path, tamis: Any) -> None:
    with Workspace(root).lock("score"):
        said = tamis("forget", GONE, "-w", root)
    assert (said.code, "found another one running" in said.err) == (5, True)


def test_a_death_in_the_middle_is_mended_by_another_run(root: Path, monkeypatch: Any, tamis: Any) -> None:
    calls = []

    def dying(path: Path, person: Person, *, keeps: bool = False) -> int:
        if not keeps:
            calls.append(path)
            if len(calls) == 4:
                raise KeyboardInterrupt
        return erase(path, person, keeps=keeps)

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.forget.forget.erase", dying)
        with pytest.raises(KeyboardInterrupt):
            forget(Workspace(root), load(root), GONE, dry_run=False, without_crm=True, console=Console(as_json=True))
    assert json.loads(tamis("forget", GONE, "-w", root, "--without-crm", "--json").out)["proven"]


def test_files_of_each_kind_are_searched_whatever_hides_their_bytes(tmp_path: Path) -> None:
    person = Person(GONE, (NAME,))
    nested = pa.table({"deep": [[{"text": f"Call {NAME}"}]], "coded": pa.array([GONE]).dictionary_encode()})
    pq.write_table(nested, tmp_path / "nested.parquet", compression="zstd")
    with closing(sqlite3.connect(tmp_path / "base.db")) as database, database:
        database.execute("CREATE TABLE t (note)")
        database.execute("INSERT INTO t VALUES (?)", (f"see {GONE}.",))
    (tmp_path / "old.csv.gz").write_bytes(gzip.compress(f"{GONE};x\n".encode()))
    (tmp_path / "escaped.json").write_text(json.dumps(NAME), "utf-8")
    (tmp_path / "other.txt").write_text(f"{GONE}1 x{GONE} {GONE}-b", "utf-8")
    (tmp_path / "broken.parquet").write_bytes(b"x")
    (tmp_path / "empty").touch()
    found = {path.name: traces(path, person) for path in sorted(tmp_path.iterdir())}
    assert {name: count for name, count in found.items() if count <= 0} == {
        "broken.parquet": -1,
        "empty": 0,
        "other.txt": 0,
    }
    assert set(found) - {"broken.parquet", "empty", "other.txt"} == {
        name for name, count in found.items() if count >= 1
    }


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_an_erasure_leaves_a_table_in_pieces_as_large_as_they_were(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "part.parquet"
    leads = pa.table({"lead_id": ["A", "B", GONE, "C", "D"], "n": [1, 2, 3, 4, 5]})
    pq.write_table(leads, path, compression=compression, row_group_size=2)
    before = pq.read_metadata(path)
    assert erase(path, Person(GONE, (NAME,))) == 1
    after = pq.read_metadata(path)
    assert [after.row_group(k).num_rows for k in range(after.num_row_groups)] == [2, 1, 1]
    assert after.row_group(0).column(0).compression == before.row_group(0).column(0).compression
    assert pq.read_table(path).column("lead_id").to_pylist() == ["A", "B", "C", "D"]
