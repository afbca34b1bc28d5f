"""Score runs: what a row holds, that it never changes by itself, and that nothing half done is seen."""

import csv
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.errors import DataError, OutsideError, UseError
from pipeline import score as job
from pipeline import score_rows
from pipeline.console import Console
from pipeline.score import Request, score
from pipeline.score_runs import newest, published
from pipeline.simulator.write import write_tables
from pipeline.spreadsheets import harmless
from pipeline.telling import hottest
from pipeline.views import score_views

NOW = 1_791_000_000  # two days after the simulated data end
COLUMNS = [
    *("lead_id", "cutoff", "scored_at", "run_id", "model_version", "segment", "scored_by"),
    *("propensity", "raw_score"),
    *("reference_propensity", "threshold", "band", "decision", "qualification", "rule", "handover_probability"),
    *("fit_points", "engagement_points", "intent_points"),
    *("expected_amount", "expected_value", "reasons", "previous_propensity", "trend", "due_at"),
]
TWO_DAYS = pd.Timedelta(days=2)
PASSED = ["mql", "pql", "prospect"]
REASON = ["code", "family", "points", "text"]


def scored(demo, *, now=NOW, limits=None, **request):
    settings = demo.settings
    if limits:
        settings = settings.model_copy(update={"limits": settings.limits.model_copy(update=limits)})
    return score(demo.workspace, settings, Request(**request), now=now, console=Console()).run


def lasting(run_):
    """Rows without what names the run."""
    return run_.rows().drop_columns(["run_id", "scored_at"])


def first_run(demo):
    (run_,) = published(demo.workspace)
    return run_


def edit_leads(demo, change):
    path = demo.root / "data" / "leads.csv"
    change(pd.read_csv(path, dtype="str", keep_default_na=False)).to_csv(path, index=False)


def test_a_row_has_the_columns_of_the_design_in_their_order(demo_made):
    run_ = first_run(demo_made)
    table = run_.rows()
    assert table.column_names == COLUMNS
    assert [field.name for field in table.schema.field("reasons").type.value_type] == REASON
    # Parquet has no seconds: it keeps the same instants in milliseconds.
    assert table.equals(pq.read_table(run_.path / "rows" / "part-00000.parquet").cast(table.schema))
    ids = table.column("lead_id").to_pylist()
    assert ids == sorted(set(ids))
    assert len(ids) == run_.manifest["n_leads"] == sum(run_.manifest["bands"].values())


def test_reference_and_points_of_the_families_sum_to_the_propensity_on_every_row(demo_made):
    rows = first_run(demo_made).rows().to_pandas()
    points = rows["fit_points"] + rows["engagement_points"] + rows["intent_points"]
    assert (rows["reference_propensity"] + points / 100 - rows["propensity"]).abs().max() < 1e-9
    assert rows["propensity"].between(0, 1).all()
    assert np.allclose(rows["expected_value"], rows["propensity"] * rows["expected_amount"])


def test_who_waits_for_a_first_contact_has_a_due_date_and_every_row_names_the_rule_that_decided(demo_made):
    run_ = first_run(demo_made)
    rows = run_.rows().to_pandas()
    passed = rows["qualification"].isin(PASSED)
    assert 0 < passed.sum() < len(rows)
    assert (rows.loc[passed, "decision"] == "hand_over").all()
    assert (rows["due_at"].notna() == passed).all()
    # The demo ends on a Wednesday evening: two working days later it is Friday.
    assert (rows.loc[passed, "due_at"] == pd.Timestamp(run_.manifest["cutoff"], unit="s", tz="UTC") + TWO_DAYS).all()
    above = rows["propensity"] >= rows["threshold"]
    assert above[passed].all()
    assert rows["rule"].notna().all()
    assert rows.loc[~above, "qualification"].isin(["sal", "sql", "refused", "disqualified", None]).all()
    held = rows["qualification"].isin(["inactive", "engagement_only", "intent_only", "incomplete"])
    assert (rows.loc[held, ["decision", "rule"]] == ["nurture", "families"]).all(axis=None)
    told = run_.manifest["policy"]
    assert told["n_held_back"] == held.sum()
    assert told["definition"] == demo_made.settings.policy.model_dump(mode="json")
    assert told["rules"] == dict(sorted(rows["rule"].value_counts().to_dict().items()))


def test_reasons_are_codes_and_points_of_both_directions_strongest_first(demo_made):
    most, codes = demo_made.settings.output.reasons, {f.code for f in demo_made.model.features}
    for reasons in first_run(demo_made).rows().column("reasons").to_pylist():
        points = [abs(reason["points"]) for reason in reasons]
        assert points == sorted(points, reverse=True)
        assert max((sum(r["points"] > 0 for r in reasons), sum(r["points"] < 0 for r in reasons))) <= most
        assert {reason["code"] for reason in reasons} <= codes
        assert {reason["text"] for reason in reasons} <= {None}


def test_blocks_and_threads_change_no_bit_of_any_row(demo_copy):
    before = first_run(demo_copy)
    again = scored(demo_copy, now=NOW + 60, limits={"rows_per_block": 100, "threads": 2})
    assert len(list((again.path / "rows").iterdir())) > 5
    assert lasting(again).equals(lasting(before))
    assert again.run_id != before.run_id
    assert again.rows(["scored_at"]).column(0)[0].as_py().timestamp() == NOW + 60
    for lead_id in before.rows(["lead_id"]).column(0).to_pylist()[::150]:
        assert again.features([lead_id]).equals(before.features([lead_id]))


def test_an_interrupted_run_shows_nothing_and_is_taken_up_where_it_stopped(demo_copy, monkeypatch):
    undisturbed, blocks, limits = first_run(demo_copy), [], {"rows_per_block": 200}
    true_score_block = score_rows.score_block

    def breaks_at_the_third(block, run_):
        blocks.append(block["lead_id"].iloc[0])
        if len(blocks) == 3:
            raise KeyboardInterrupt
        return true_score_block(block, run_)

    monkeypatch.setattr(score_rows, "score_block", breaks_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        scored(demo_copy, limits=limits)
    assert [run_.run_id for run_ in published(demo_copy.workspace)] == [undisturbed.run_id]
    assert [path.name for path in demo_copy.workspace.scores.iterdir()] == [undisturbed.run_id]
    (building,) = (demo_copy.workspace.home / "building").iterdir()
    finished = {path.name: path.stat().st_mtime_ns for path in (building / "rows").iterdir()}
    assert len(finished) == 2

    resumed = scored(demo_copy, now=NOW + 3600, limits=limits)

    assert blocks[2] == blocks[3]
    assert len(blocks) == 5
    kept = {name: (resumed.path / "rows" / name).stat().st_mtime_ns for name in finished}
    assert kept == finished
    assert lasting(resumed).equals(lasting(undisturbed))
    assert len(set(resumed.rows(["run_id"]).column(0).to_pylist())) == 1
    assert list((demo_copy.workspace.home / "building").iterdir()) == []


def test_what_an_interrupted_run_left_is_not_used_for_other_data_or_another_cutoff(demo_copy, monkeypatch):
    def breaks(block, run_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(score_rows, "score_block", breaks)
        with pytest.raises(KeyboardInterrupt):
            scored(demo_copy)
    other = scored(demo_copy, as_of="2026-09-01T00:00:00Z")
    assert list((demo_copy.workspace.home / "building").iterdir()) == []
    assert set(other.rows(["cutoff"]).column(0).cast("int64").to_pylist()) == {other.manifest["cutoff"]}


def test_the_run_before_is_that_of_the_cutoff_before_not_the_one_that_was_scored_last(demo_copy):
    shutil.rmtree(demo_copy.workspace.scores)
    september = scored(demo_copy, as_of="2026-09-01")
    july = scored(demo_copy, as_of="2026-07-01T02:00:00+02:00", now=NOW + 60)
    assert july.manifest["cutoff"] < september.manifest["cutoff"]
    latest = scored(demo_copy, now=NOW + 120)

    assert set(july.rows(["trend"]).column(0).to_pylist()) == {"new"}
    assert set(july.rows(["previous_propensity"]).column(0).to_pylist()) == {None}
    before = dict(zip(*september.rows(["lead_id", "propensity"]).to_pydict().values(), strict=True))
    rows = latest.rows().to_pandas()
    assert rows["previous_propensity"].equals(rows["lead_id"].map(before))
    move = rows["propensity"] - rows["previous_propensity"]
    expected = np.select([move.isna(), move > 0.02, move < -0.02], ["new", "up", "down"], "stable")
    assert (rows["trend"] == expected).all()
    assert set(rows["trend"]) == {"new", "up", "down", "stable"}
    assert newest(demo_copy.workspace, "portfolio").run_id == latest.run_id


def test_a_lead_that_stays_handed_over_keeps_the_day_by_which_it_is_to_be_contacted(demo_copy):
    shutil.rmtree(demo_copy.workspace.scores)
    first = scored(demo_copy, as_of="2026-09-28").rows().to_pandas().set_index("lead_id")
    second = scored(demo_copy).rows().to_pandas().set_index("lead_id")
    both = first.index.intersection(second.index)
    stay = both[first.loc[both, "qualification"].isin(PASSED) & second.loc[both, "qualification"].isin(PASSED)]
    assert len(stay) > 10
    assert (first.loc[stay, "due_at"] == second.loc[stay, "due_at"]).all()
    newly = second[second["qualification"].isin(PASSED) & ~second.index.isin(stay)]
    assert len(newly) > 0
    assert (newly["due_at"] == newly["cutoff"] + TWO_DAYS).all()


def test_a_cutoff_in_the_past_sees_nothing_of_what_came_later(demo_copy, tmp_path):
    at = int(pd.Timestamp("2026-06-15T12:00:00Z").timestamp())
    full = scored(demo_copy, as_of="2026-06-15T12:00:00Z")

    tables = dict(demo_copy.simulation.tables)
    leads = tables["leads"]
    tables["leads"] = leads[leads["created_at"] < at]
    for name, column in (
        *(("events", "known_at"), ("signals", "known_at"), ("answers", "known_at"), ("changes", "known_at")),
        *(("outcomes", "decided_at"), ("stages", "entered_at")),
    ):
        table = tables[name]
        known = table[column].fillna(table["occurred_at"]) if name in ("events", "signals") else table[column]
        there = table["lead_id"].isin(tables["leads"]["lead_id"]) if "lead_id" in table else True
        tables[name] = table[(known < at) & there]
    assert all(len(tables[name]) < len(demo_copy.simulation.tables[name]) for name in ("leads", "events", "changes"))
    past = replace(demo_copy, root=tmp_path / "past")
    shutil.copytree(demo_copy.root, past.root)
    shutil.rmtree(past.workspace.scores)
    write_tables(replace(demo_copy.simulation, tables=tables), past.root / "data")
    cut = scored(past, as_of="2026-06-15T12:00:00Z")

    assert lasting(cut).num_rows > 300
    assert lasting(cut).equals(lasting(full))


@pytest.mark.parametrize(
    ("as_of", "message"),
    [
        ("2026-12-01", "--as-of: 2026-12-01 is in the future"),
        ("tomorrow", "--as-of: expected an instant such as 2026-11-21T06:00:00Z, found 'tomorrow'"),
        ("2026-02-30", "found '2026-02-30'"),
    ],
)
def test_a_cutoff_in_the_future_or_that_is_no_instant_is_refused(demo_made, as_of, message):
    with pytest.raises(UseError, match=message):
        scored(demo_made, as_of=as_of)
    assert len(published(demo_made.workspace)) == 1


def test_a_cutoff_without_a_zone_is_read_in_the_zone_of_the_settings(demo_copy):
    path = demo_copy.root / "tamis.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('time_zone = "UTC"', 'time_zone = "Europe/Paris"'), encoding="utf-8")
    run_ = scored(demo_copy, as_of="2026-07-01T02:00:00")
    assert run_.manifest["cutoff"] == pd.Timestamp("2026-07-01T00:00:00Z").timestamp()


def test_without_any_open_lead_the_run_ends_with_a_data_error(demo_made):
    with pytest.raises(DataError, match=r"No open lead at 1999-01-01T00:00:00Z: expected at least one lead"):
        scored(demo_made, as_of="1999-01-01")


def test_an_unknown_model_is_refused_with_those_that_exist(demo_made):
    with pytest.raises(UseError, match=r"Model 'best' is not in .*Known versions: 1 \(champion\)"):
        scored(demo_made, model="best")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"out": "scores.xlsx"}, "--out: expected a name that ends in .parquet or .csv, found 'scores.xlsx'"),
        ({"out": "nowhere/scores.csv"}, "the folder .*nowhere does not exist"),
        ({"leads": "none.csv"}, r"--leads: .*none\.csv does not exist"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_before_any_work(demo_made, tmp_path, request_, message):
    paths = {name: tmp_path / value for name, value in request_.items()}
    with pytest.raises(UseError, match=message):
        scored(demo_made, **paths)


def test_leads_of_a_file_that_are_in_no_table_are_scored_and_written_so_that_no_spreadsheet_runs_them(
    demo_copy, tmp_path
):
    leads = demo_copy.simulation.tables["leads"].tail(6)
    leads = leads.assign(lead_id=["=1+1", "+33 1", "-7", "@here", 'Zoé; "x"', "plain"])
    leads = leads.assign(created_at=pd.to_datetime(leads["created_at"], unit="s", utc=True))
    leads.to_csv(tmp_path / "new.csv", index=False)
    before = newest(demo_copy.workspace, "portfolio")

    run_ = scored(demo_copy, leads=tmp_path / "new.csv", out=tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert list(rows[0]) == [*COLUMNS, "certified"]
    assert {row["lead_id"] for row in rows} == {"'=1+1", "'+33 1", "'-7", "'@here", 'Zoé; "x"', "plain"}
    assert {row["lead_id"] for row in run_.rows().to_pylist()} == set(leads["lead_id"])
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())
    assert [float(row["propensity"]) for row in rows] == run_.rows(["propensity"]).column(0).to_pylist()
    told = hottest(run_, demo_copy.model, 6, "en")
    texts = {harmless(row["lead_id"]): "; ".join(reason["text"] for reason in row["reasons"]) for row in told}
    assert {row["lead_id"]: row["reasons"] for row in rows} == texts
    assert all(len(text) > 20 for text in texts.values())
    assert run_.manifest["kind"] == "file"
    assert newest(demo_copy.workspace, "portfolio").run_id == before.run_id


def test_the_parquet_file_holds_the_rows_of_the_run_and_a_place_that_cannot_be_written_is_told(demo_copy, tmp_path):
    run_ = scored(demo_copy, out=tmp_path / "scores.parquet")
    written = pq.read_table(tmp_path / "scores.parquet").cast(run_.rows().schema)
    assert written.drop_columns("reasons").equals(run_.rows().drop_columns("reasons"))
    told, kept = (table.column("reasons").to_pylist() for table in (written, run_.rows()))
    assert [[(r["code"], r["points"]) for r in row] for row in told] == [
        [(r["code"], r["points"]) for r in row] for row in kept
    ]
    assert all(reason["text"] and "_" not in reason["text"] for row in told for reason in row)
    (tmp_path / ".taken.csv.tmp").symlink_to("/dev/full")
    with pytest.raises(OutsideError, match=r"--out: taken\.csv could not be written: .*The same rows are in"):
        scored(demo_copy, out=tmp_path / "taken.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "scores.parquet"]


def test_a_column_that_disappeared_is_named_and_the_run_goes_on_and_who_opted_out_is_not_scored(demo_copy, capsys):
    before = first_run(demo_copy)
    best = [row["lead_id"] for row in before.hottest(3)]

    def change(leads):
        leads.loc[leads["lead_id"].isin(best), "opted_out"] = "1"
        return leads.drop(columns="licences_planned")

    edit_leads(demo_copy, change)
    run_ = scored(demo_copy, now=NOW + 60)

    assert run_.manifest["missing_features"] == ["leads.licences_planned"]
    assert run_.manifest["n_leads"] == before.manifest["n_leads"] - 3
    assert not set(best) & set(run_.rows(["lead_id"]).column(0).to_pylist())
    assert run_.features(best).empty
    assert set(best) <= run_.opted_out()
    assert len(run_.opted_out()) == run_.manifest["policy"]["n_opted_out"] == len(before.opted_out()) + 3
    best = hottest(run_, demo_copy.model, 1, "fr")
    Console().show({}, *score_views(run_, best, "fr", removed=["run-1", "run-2"]))
    page = capsys.readouterr().out
    assert re.search(r"Anciens passages supprimés +2\b", page)
    assert "leads.licences_planned n'est plus dans les tables" in page
    assert "refusent" in page


def test_tables_that_disappeared_are_named_too(demo_copy):
    for name in ("events", "accounts", "answers"):
        (demo_copy.root / "data" / f"{name}.csv").unlink()
    missing = scored(demo_copy).manifest["missing_features"]
    assert {"events", "answers", "accounts.employees"} <= set(missing)
    assert not any(name.startswith(("signals", "leads")) for name in missing)


def test_the_verb_prints_what_it_published(demo_copy, capsys):
    job.run(demo_copy.root, Request(), now=NOW, console=Console(as_json=True))
    shown = json.loads(capsys.readouterr().out)
    run_ = published(demo_copy.workspace)[0]
    assert shown["path"] == str(run_.path)
    assert shown["n_leads"] == run_.manifest["n_leads"]
    assert [row["lead_id"] for row in shown["hottest"]] == [row["lead_id"] for row in run_.hottest(5)]

    job.run(demo_copy.root, Request(), now=NOW, console=Console())
    page = capsys.readouterr().out
    assert all(row["lead_id"] in page for row in run_.hottest(5))
    # Three runs of one second, of one input: each has its own name.
    assert len({path.name for path in demo_copy.workspace.scores.iterdir()}) == 3
