"""A dossier reads its lead off one sheet: the same numbers and words as in the runs, and no trace of who was erased."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import explain
from pipeline.console import Console
from pipeline.page import build, serve
from pipeline.page.index import build as index_run
from pipeline.page.index import build_newest
from pipeline.page.index_tables import FORMAT
from pipeline.page.kept import KeptRun, Sheets
from pipeline.page.library import Library
from pipeline.page.person import dossier_of, steps
from pipeline.page.places import home
from pipeline.page.queue import View, fetch
from pipeline.page.sheets import ROWS, SCORED, SHEETS, write_sheets
from pipeline.score_runs import SCHEMA, ScoreRun, newest, published, write_part
from tests.demos import DEMO_NOW
from tests.served import copied, site

DAY_S = 86_400


@pytest.fixture(scope="module")
def current(page_made):
    return Library(page_made.workspace, 36).current()


def made_run(folder, name, leads, *, sizes, seed, left_out=()):
    """A published run of some leads, cut into files as ``sizes`` says."""
    rng = np.random.default_rng(seed)
    n, cutoff = len(leads), 1_790_000_000 + seed * DAY_S
    known = {
        "lead_id": leads,
        "cutoff": [cutoff] * n,
        "scored_at": [cutoff + 60] * n,
        "run_id": [name] * n,
        "model_version": ["1"] * n,
        "segment": rng.choice(["small", "large"], n),
        "propensity": rng.random(n),
        "raw_score": rng.normal(size=n),
        "reference_propensity": [0.1] * n,
        "band": rng.choice(list("ABCD"), n),
        "decision": rng.choice(["hand_over", "nurture"], n),
        "due_at": [None if k % 3 else cutoff + k for k in range(n)],
    }
    names = [one for one in SCHEMA.names if one not in left_out]
    columns = [known.get(one, [None] * n) for one in names]
    kinds = [pa.int64() if pa.types.is_timestamp(SCHEMA.field(one).type) else SCHEMA.field(one).type for one in names]
    rows = pa.table(
        [
            pa.array(values, kind).cast(SCHEMA.field(one).type)
            for one, values, kind in zip(names, columns, kinds, strict=True)
        ],
        names=names,
    )
    features = pa.table(
        {
            "lead_id": pa.array(leads),
            "fit__size": pa.array([None if k % 5 == 0 else 0.1 * k for k in range(n)], pa.float64()),
            "fit__region": pa.array([None if k % 7 == 0 else f"région {k % 4}" for k in range(n)], pa.string()),
            f"intent__only_{name}": pa.array(rng.normal(size=n) * 1e300),
            "fit__none": pa.nulls(n, pa.string()),
        }
    )
    start = 0
    for number, size in enumerate(sizes):
        for place, table in (("rows", rows), ("features", features)):
            (folder / name / place).mkdir(parents=True, exist_ok=True)
            write_part(table.slice(start, size), folder / name / place / f"part-{number:05d}.parquet")
        start += size
    manifest = {"run_id": name, "kind": "portfolio", "cutoff": cutoff, "n_leads": n}
    return ScoreRun(folder / name, manifest)


def opened(path):
    connection = sqlite3.connect(":memory:")
    connection.execute("ATTACH ? AS sheets", (str(path),))
    return Sheets(lambda: connection)


def test_every_number_and_text_is_that_of_the_runs_whoever_came_and_went_between(tmp_path):
    names = [f"L{k:04d}" for k in range(700)]
    found = made_run(tmp_path, "third", names[100:], sizes=(ROWS, 0, ROWS + 1, 1, 600 - 2 * ROWS - 2), seed=3)
    before = made_run(tmp_path, "second", names[:650:2], sizes=(200, 125), seed=2)
    first = made_run(tmp_path, "first", names[::3], sizes=(234,), seed=1, left_out=("due_at",))
    write_sheets(tmp_path / SHEETS, found, [before, first])
    sheets = opened(tmp_path / SHEETS)
    for line in {*range(0, 600, 4), ROWS - 1, ROWS, 2 * ROWS, 2 * ROWS + 1, 2 * ROWS + 2, 599}:
        lead = names[100 + line]
        for run, columns in ((found, SCORED), (before, ("cutoff", "propensity")), (first, ("propensity", "band"))):
            kept = sheets.kept(run, lead, line)
            assert isinstance(kept, KeptRun)
            assert kept.lead(lead, columns) == run.lead(lead, columns)
            if run is not first and kept.lead(lead, columns) is not None:
                pd.testing.assert_frame_equal(kept.features([lead]), run.features([lead]), check_exact=True)
    kept = sheets.kept(first, names[102], 2)
    # What is not on the sheet is read from the run.
    assert kept.lead(names[102])["reasons"] is None
    assert kept.lead(names[102], ("due_at",)) == {"due_at": None}
    assert kept.lead(names[105], ("propensity",)) == first.lead(names[105], ("propensity",))
    assert len(kept.features([names[102], names[105]])) == 2
    assert kept.features([names[102]])["fit__region"].tolist() == first.features([names[102]])["fit__region"].tolist()
    assert sheets.kept(made_run(tmp_path, "zeroth", names[:1], sizes=(1,), seed=0), names[0], 0).run_id == "zeroth"


def test_dossiers_are_those_of_the_runs_and_of_the_terminal(page_made, current):
    library, settings = Library(page_made.workspace, 36), page_made.settings
    without = Library(page_made.workspace, 36).current()
    without._sheets = None
    rows = [dict(row) for row in current.connection.execute("SELECT * FROM lead WHERE place % 37 = 0")]
    assert len(rows) > 5
    for row in rows:
        for language in ("en", "fr"):
            told, read = (dossier_of(library, settings, one, row, language) for one in (current, without))
            assert told == read
            assert steps(library, current, row, language) == steps(library, without, row, language)
        if row is not rows[0] and row is not rows[-1]:
            continue
        terminal = explain.dossier(page_made.workspace, settings, row["lead_id"], "fr")
        assert told.who == terminal.who
        assert told.timeline == terminal.timeline
        assert told.rank == terminal.rank
        assert told.row == {name: value for name, value in terminal.row.items() if name != "reasons"}
        assert [reason.text for reason in told.reasons] == [reason.text for reason in terminal.reasons]
        assert [r.points for r in told.reasons] == pytest.approx([r.points for r in terminal.reasons], abs=1e-6)
        assert told.moves[0] == terminal.moves[0]
        assert [fact.text for fact in told.moves[1].facts] == [fact.text for fact in terminal.moves[1].facts]


def test_a_dossier_needs_its_sheet_and_no_file_of_a_run(page_made, tmp_path, monkeypatch):
    made = copied(page_made, tmp_path)
    here = site(made.workspace, made.settings)
    row = fetch(here.index, View(), DEMO_NOW).rows[1]
    monkeypatch.setattr(ScoreRun, "_one", lambda *_given: pytest.fail("a run was read"))
    monkeypatch.setattr(ScoreRun, "_leads", lambda *_given: pytest.fail("a run was read"))
    client = here.manager()
    assert client.get(f"/lead/{row['key'].hex()}").status_code == 200


@pytest.mark.parametrize("broken", ["features", "kind", "ids"])
def test_an_index_whose_sheets_cannot_be_made_has_none_and_reads_the_runs(page_made, tmp_path, broken):
    made = copied(page_made, tmp_path)
    found, before = published(made.workspace)[:2]
    path = next((before.path / "features").iterdir())
    table = pq.read_table(path)
    if broken == "features":
        path.write_bytes(b"no Parquet")
    elif broken == "kind":
        write_part(table.append_column("fit__list", pa.array([[1]] * len(table))), path)
    else:
        write_part(table.slice(1), path)
    index = index_run(made.workspace, made.settings, found)
    assert not (index / SHEETS).exists()
    here = site(made.workspace, made.settings)
    row = fetch(here.index, View(), DEMO_NOW).rows[1]
    kept = here.index.kept(found, row)
    assert kept is found
    assert kept.lead(row["lead_id"], SCORED)["propensity"] == row["propensity"]
    if broken == "kind":
        assert here.manager().get(f"/lead/{row['key'].hex()}").status_code == 200


def test_an_index_of_another_format_is_made_anew(page_made, tmp_path, monkeypatch):
    def run_here(words, **_given):
        return SimpleNamespace(returncode=build.main(Path(words[-1])))

    monkeypatch.setattr(serve.subprocess, "run", run_here)
    made = copied(page_made, tmp_path)
    (path,) = home(made.workspace).iterdir()
    about = json.loads((path / "about.json").read_text("utf-8"))
    (path / "about.json").write_text(json.dumps({**about, "format": "1"}), "utf-8")
    (path / SHEETS).unlink()
    assert Library(made.workspace, 36).current() is None
    serve._Builder(made.workspace).build()
    assert (path / SHEETS).is_file()
    assert Library(made.workspace, 36).current().about["format"] == FORMAT


def test_whoever_is_erased_stands_on_no_sheet_and_a_running_page_shows_them_no_more(
    page_made, tmp_path, monkeypatch, tamis
):
    monkeypatch.setattr("pipeline.page.library.LOOK_SECONDS", -1.0)
    made = copied(page_made, tmp_path)
    here = site(made.workspace, made.settings)
    client = here.manager()
    gone, other = fetch(here.index, View(), DEMO_NOW).rows[1:3]
    paths = [f"/lead/{row['key'].hex()}" for row in (gone, other)]
    assert [client.get(path).status_code for path in paths] == [200, 200]
    kept = here.index
    assert tamis("forget", gone["lead_id"], "--workspace", made.root, "--without-crm").code == 0
    assert not any((made.workspace.home / "page").rglob("*.db"))
    assert here.page.library.current() is None
    assert [client.get(path).status_code for path in paths] == [404, 404]
    assert build_newest(made.workspace, made.settings, Console(as_json=True)) is not None
    assert here.index is not kept
    assert [client.get(path).status_code for path in paths] == [404, 200]
    run = newest(made.workspace, "portfolio")
    with closing(sqlite3.connect(home(made.workspace) / run.run_id / SHEETS)) as connection:
        (last,) = connection.execute("SELECT max(first) FROM sheet").fetchone()
    lines = [line for (line,) in here.index.connection.execute("SELECT line FROM lead ORDER BY line")]
    assert lines == list(range(len(run.rows(["lead_id"]))))
    assert last < len(lines)
    for row in map(dict, here.index.connection.execute("SELECT * FROM lead WHERE place % 50 = 0")):
        assert here.index.kept(run, row).lead(row["lead_id"], SCORED) == run.lead(row["lead_id"], SCORED)
