"""One lead answered at once: the numbers of the night, and what is said to lines that cannot be read."""

import io
import json
import math

import pandas as pd
import pytest

from models.lead_model import LeadModel
from pipeline import online
from pipeline.cli import run_verb
from pipeline.console import Console
from pipeline.opening import open_tables
from pipeline.score_runs import newest
from pipeline.tracking import Registry
from tests.demos import DEMO_NOW, Demo


@pytest.fixture(scope="module")
def answering(demo_made: Demo) -> online.Online:
    version, files = Registry(demo_made.workspace, demo_made.settings.registry).load("champion")
    return online.Online(LeadModel.load(files), str(version.number), demo_made.settings)


@pytest.fixture(scope="module")
def tables(demo_made: Demo) -> dict[str, pd.DataFrame]:
    """What the night read of every lead."""
    opened = open_tables(demo_made.workspace, demo_made.settings, now=DEMO_NOW)
    with opened.connection:
        return {name: frame.to_native().df() for name, frame in opened.tables.frames.items()}


def submission(tables: dict[str, pd.DataFrame], lead_id: str) -> dict[str, object]:
    """All that the tables hold of a lead, its account and its colleagues, as a form would send it."""

    def listed(table: str, column: str, value: object) -> list[dict[str, object]]:
        rows = tables[table]
        return json.loads(rows[rows[column] == value].to_json(orient="records"))

    (lead,) = listed("leads", "lead_id", lead_id)
    account = lead["account_id"]
    others = [] if account is None else [r["lead_id"] for r in listed("leads", "account_id", account)]
    return {
        "lead": lead,
        "account": {} if account is None else listed("accounts", "account_id", account)[0],
        "signals": [] if account is None else listed("signals", "account_id", account),
        **{table: listed(table, "lead_id", lead_id) for table in ("events", "answers", "changes")},
        "colleagues": [
            {"lead_id": other, "events": listed("events", "lead_id", other)} for other in others if other != lead_id
        ],
    }


def test_a_lead_alone_has_the_numbers_of_the_night(
    demo_made: Demo, answering: online.Online, tables: dict[str, pd.DataFrame]
) -> None:
    run = newest(demo_made.workspace, "portfolio")
    rows = run.rows().to_pandas().sort_values("propensity")
    chosen = pd.concat([rows.head(4), rows.tail(8), rows.sample(12, random_state=1)]).drop_duplicates("lead_id")
    for row in chosen.to_dict("records"):
        found = answering.answer({**submission(tables, row["lead_id"]), "cutoff": row["cutoff"].isoformat()}, 0)
        for name in ("propensity", "raw_score", "fit_points", "engagement_points", "intent_points", "expected_value"):
            assert math.isclose(found[name], row[name], rel_tol=0, abs_tol=1e-9), (row["lead_id"], name)
        assert found["band"] == row["band"]
        assert [reason["code"] for reason in found["reasons"]] == [reason["code"] for reason in row["reasons"]]
        assert all(reason["text"] for reason in found["reasons"])
        points = sum(found[f"{family}_points"] for family in ("fit", "engagement", "intent"))
        assert found["reference_propensity"] + points / 100 == pytest.approx(found["propensity"], abs=1e-9)


def test_what_is_known_only_after_the_cutoff_changes_nothing(
    answering: online.Online, tables: dict[str, pd.DataFrame]
) -> None:
    data = submission(tables, tables["events"]["lead_id"].mode()[0])
    at = int(pd.Series([row["known_at"] for row in data["events"]]).median())
    then = {**data, "cutoff": pd.Timestamp(at, unit="s", tz="UTC").isoformat()}
    before = {**then, "events": [row for row in data["events"] if row["known_at"] < at]}
    assert answering.answer(then, 0) == answering.answer(before, 0)
    assert answering.answer(then, 0) != answering.answer({**data, "cutoff": "2026-10-03"}, 0)


def test_a_repeated_delivery_counts_once(answering: online.Online) -> None:
    event = {"type": "demo_request", "occurred_at": DEMO_NOW - 100, "event_id": "e1"}
    once, twice = ({"lead": {"lead_id": "a"}, "events": [event] * n} for n in (1, 2))
    assert answering.answer(once, DEMO_NOW) == answering.answer(twice, DEMO_NOW)


def test_a_form_without_history_is_answered(answering: online.Online) -> None:
    found = answering.answer({"lead": {"lead_id": "a", "opted_out": False, "shoe_size": 43}}, DEMO_NOW)
    assert found["lead_id"] == "a"
    assert 0 < found["propensity"] < 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "the line: expected a JSON object"),
        ("[]", "the line: expected an object, found a list"),
        ('{"lead": 7}', "lead: expected an object, found a number"),
        ('{"lead": {}}', "lead.lead_id: expected a text, found none"),
        ('{"lead": {"lead_id": "a"}, "events": {}}', "events: expected a list of objects, found an object"),
        ('{"lead": {"lead_id": "a"}, "events": [{"type": "x"}]}', "events[0].occurred_at: expected a time, found none"),
        ('{"lead": {"lead_id": "a", "created_at": "Jo"}}', "lead.created_at: expected a time such as"),
        ('{"lead": {"lead_id": "a"}, "account": {"employees": "many"}}', "account.employees: expected a number"),
        ('{"lead": {"lead_id": {"a": 1}}}', "lead.lead_id: expected a text, found an object"),
        ('{"lead": {"lead_id": "a"}, "cutoff": "soon"}', "cutoff: expected an instant"),
    ],
)
def test_a_line_that_cannot_be_read_is_answered_with_what_is_wrong(
    answering: online.Online, line: str, message: str
) -> None:
    assert message in online._one(answering, line, DEMO_NOW)["error"]


def test_lines_in_lines_out(demo_made: Demo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    good = '{"lead": {"lead_id": "a", "email": "jo@example.com"}}'
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{good}\n\nnonsense\n"))
    assert run_verb(["score", "--stdin", "--workspace", str(demo_made.root)]) == 6
    said = capsys.readouterr()
    first, second = map(json.loads, said.out.splitlines())
    assert first["lead_id"] == "a"
    assert second["exit_code"] == 3
    assert "1 lines could not be answered" in said.err
    assert "example.com" not in said.out + said.err
    assert run_verb(["score", "--stdin", "--as-of", "2026-01-01", "--workspace", str(demo_made.root)]) == 2


def test_without_polars_the_message_says_how_to_get_it(
    demo_made: Demo, answering: online.Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars.io.plugins", None)
    with pytest.raises(online.UseError, match="expected Polars, found none"):
        online.run(demo_made.root, online.Request(), now=lambda: DEMO_NOW, console=Console(), lines=[])
