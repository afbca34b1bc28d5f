"""The index holds what the run holds, appears whole, and gives way to the next one."""

import json
import sqlite3

import pytest

from features.errors import OutsideError
from models.segments import ALL
from pipeline import score as scoring
from pipeline.console import Console
from pipeline.page import build, index
from pipeline.page.index import build_newest
from pipeline.page.index_tables import CALL, NEVER
from pipeline.page.library import Library
from pipeline.page.places import home, key_of, secret
from pipeline.page.shown import Teller
from pipeline.score_runs import newest
from pipeline.telling import tell
from tests.served import copied

QUIET = Console(as_json=True)


@pytest.fixture(scope="module")
def current(page_made):
    return Library(page_made.workspace, 36).current()


def test_every_lead_of_the_run_is_there_with_its_numbers(page_made, current):
    run = newest(page_made.workspace, "portfolio")
    rows = {row["lead_id"]: row for row in run.rows().to_pylist()}
    found = current.connection.execute("SELECT * FROM lead ORDER BY place").fetchall()
    assert {row["lead_id"] for row in found} == set(rows)
    values = [row["value"] for row in found]
    assert values == sorted(values, reverse=True)
    key = secret(page_made.workspace)
    for row in found:
        scored = rows[row["lead_id"]]
        assert row["propensity"] == scored["propensity"]
        assert row["previous"] == scored["previous_propensity"]
        assert row["rank"] == 1 + sum(other["propensity"] > scored["propensity"] for other in rows.values())
        assert (row["decision"] == CALL) == (scored["decision"] == "hand_over")
        assert row["due"] == (int(scored["due_at"].timestamp()) if scored["due_at"] else NEVER)
        assert row["key"] == key_of(row["lead_id"], key)
        assert current.text("band", row["band"]) == scored["band"]
        points = {family: scored[f"{family}_points"] for family in ("fit", "engagement", "intent")}
        assert points[current.text("family", row["family"])] == max(points.values())


def test_the_first_facts_are_the_reasons_of_the_run_in_the_same_words(page_made, current):
    run = newest(page_made.workspace, "portfolio")
    for language in ("en", "fr"):
        teller = Teller(current, page_made.settings, language)
        for rows, features in run.parts():
            told = tell(rows.select(["lead_id", "reasons"]).to_pylist(), features, current.model, language)
            for row in told[:200]:
                up = [reason["text"] for reason in row["reasons"] if reason["points"] > 0][:2]
                found = current.connection.execute("SELECT * FROM lead WHERE lead_id = ?", (row["lead_id"],)).fetchone()
                assert teller.facts(found) == up


def test_a_model_for_few_rows_says_the_same(page_made, current, demo_made):
    run = newest(page_made.workspace, "portfolio")
    lead_ids = run.rows(["lead_id"]).column(0).to_pylist()[:40]
    model, few = demo_made.model, current.model
    whole, part = (one.contributions(run.features(lead_ids)) for one in (model, few))
    assert abs(whole.on_propensity - part.on_propensity).max() < 1e-9
    assert abs(whole.propensity - part.propensity).max() < 1e-12
    one = few.contributions(run.features(lead_ids[:1]))
    assert abs(one.on_propensity[0] - part.on_propensity[0]).max() < 1e-12
    assert few.certified(ALL) == model.certified(ALL)


def test_addresses_cannot_be_guessed_and_stay(page_made, tmp_path):
    made = copied(page_made, tmp_path)
    again = secret(made.workspace)
    assert again == secret(page_made.workspace)
    assert (made.workspace.home / "page" / "secret").stat().st_mode & 0o077 == 0
    assert key_of("L1", again) != key_of("L1", b"0" * 32)
    assert home(made.workspace).stat().st_mode & 0o077 == 0


def test_a_running_page_follows_the_newest_run_and_the_old_index_goes(page_made, tmp_path, monkeypatch):
    made = copied(page_made, tmp_path)
    library = Library(made.workspace, 36)
    monkeypatch.setattr("pipeline.page.library.LOOK_SECONDS", -1.0)
    before = library.current()
    assert before.connection is before.connection
    assert library.state(before.run["scored_at"] + 60) == "fresh"
    assert library.state(before.run["scored_at"] + 40 * 3600) == "stale"
    run = newest(made.workspace, "portfolio")
    later = {**run.manifest, "run_id": "later", "cutoff": run.manifest["cutoff"] + 60}
    target = made.workspace.scores / "later"
    (target.parent / "building").mkdir()
    for name in ("rows", "features"):
        (target / name).mkdir(parents=True)
        for path in (run.path / name).iterdir():
            (target / name / path.name).write_bytes(path.read_bytes())
    (target / "manifest.json").write_text(json.dumps(later))
    assert library.state(later["scored_at"]) == "behind"
    assert build.main(made.root) == 0
    after = library.current()
    assert after.run["run_id"] == "later"
    assert library.state(later["scored_at"]) == "fresh"
    assert [path.name for path in home(made.workspace).iterdir()] == ["later"]
    assert before.connection.execute("SELECT count(*) FROM lead").fetchone()[0] == run.manifest["n_leads"]
    built = (home(made.workspace) / "later").stat().st_mtime_ns
    assert build_newest(made.workspace, made.settings, QUIET) == home(made.workspace) / "later"
    assert (home(made.workspace) / "later").stat().st_mtime_ns == built


def test_an_index_that_fails_costs_neither_the_run_nor_the_index_before(page_made, tmp_path, monkeypatch, tamis):
    made = copied(page_made, tmp_path)
    kept = [path.name for path in home(made.workspace).iterdir()]

    def broken(*_given):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(index, "write_leads", broken)
    said = tamis("score", "--workspace", made.root, "--json")
    assert said.code == 6
    shown = json.loads(said.out)
    assert newest(made.workspace, "portfolio").run_id == shown["run_id"] not in kept
    assert [path.name for path in home(made.workspace).iterdir()] == kept
    assert "page's index" in said.err
    assert build.main(made.root) == OutsideError.exit_code
    monkeypatch.undo()
    assert build.main(made.root) == 0
    assert [path.name for path in home(made.workspace).iterdir()] == [shown["run_id"]]


@pytest.mark.parametrize("lost", ["about.json", "index.db"])
def test_an_index_of_which_a_killed_process_left_a_part_is_made_anew(page_made, tmp_path, lost):
    made = copied(page_made, tmp_path)
    (path,) = home(made.workspace).iterdir()
    (path / lost).unlink()
    assert build_newest(made.workspace, made.settings, QUIET) == path
    assert {"about.json", "index.db"} <= {file.name for file in path.iterdir()}


def test_score_makes_no_index_where_the_settings_say_so_and_none_of_a_file(page_made, tmp_path, monkeypatch):
    made = copied(page_made, tmp_path)
    run = newest(made.workspace, "portfolio")
    monkeypatch.setattr(scoring, "build_newest", lambda *_given: pytest.fail("no index was asked for"))
    page = made.settings.page.model_copy(update={"index": False})
    assert scoring._index(made.workspace, made.settings.model_copy(update={"page": page}), run, QUIET) == ""
    of_file = type(run)(run.path, {**run.manifest, "kind": "file"})
    assert scoring._index(made.workspace, made.settings, of_file, QUIET) == ""


def test_a_workspace_without_runs_has_no_index(workspace, demo_made):
    assert build_newest(workspace, demo_made.settings, QUIET) is None
    library = Library(workspace, 36)
    assert library.current() is None
    assert library.state(0) == "none"
    head = workspace.home / "building" / "x" / "head.json"
    head.parent.mkdir(parents=True)
    head.write_text(json.dumps({"run_id": "x", "scored_at": 5}))
    at = head.stat().st_mtime
    assert library.state(int(at) + 60) == "none"
    assert library.state(int(at) + 3600) == "unfinished"
