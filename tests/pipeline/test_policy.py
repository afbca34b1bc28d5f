"""The definition at work: read from settings and tables, applied to score runs, kept for whoever contests it."""

import json
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from features.errors import UseError
from features.faults import Faults
from features.tables import Tables
from models.calendar import HOUR_S
from models.policy import QUALIFICATIONS
from pipeline import overrides, reviews
from pipeline.console import Console
from pipeline.decisions import decisions_of
from pipeline.engines.engine import Embedded
from pipeline.explain import dossier
from pipeline.office import work_calendar
from pipeline.overrides import Override, said_by_people
from pipeline.policy_facts import policy_version, read_policy_facts
from pipeline.policy_settings import PolicySettings
from pipeline.policy_words import ruled, status
from pipeline.report.dossier import render
from pipeline.report.handover_note import handover_note
from pipeline.reviews import Review
from pipeline.score import Request, score
from pipeline.score_runs import published
from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME, from_dict
from pipeline.settings_template import render as render_settings
from pipeline.source import Opened
from pipeline.workspace import Workspace

NOW = 1_791_000_000
DAY = 86_400
JUNE = 1_748_736_000  # 2025-06-01
NOBODY = pd.DataFrame(
    {"lead_id": pd.Series([], dtype="str"), "at": pd.Series([], dtype="int64"), "decision": [], "reason": []}
)


def at(day, hour=0):
    return datetime.fromtimestamp(JUNE + day * DAY + hour * HOUR_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


LEADS = [
    "lead_id,created_at,direction,job_title,country,account_id",
    f"a,{at(0)},inbound,Étudiante en master,FR,x",
    f"b,{at(0)},Outbound,Directeur commercial,de,x",
    f"c,{at(0)},inbound,DSI,FR,y",
    f"d,{at(0)},,,,",
    f"e,{at(0)},inbound,CEO,FR,y",
]
ACCOUNTS = ["account_id,industry", "x,Conseil", "y,Notre Concurrent SA"]
RULES = [
    {"reason": "student", "column": "job_title", "contains": ["etudiante", "stagiaire"]},
    {"reason": "competitor", "column": "industry", "contains": ["concurrent"]},
    {"reason": "out_of_territory", "column": "country", "outside": ["FR", "BE"]},
]
STAGES = [
    "lead_id,stage,entered_at,decision,reason",
    f"a,SAL,{at(3)},accepted,",
    f"b,sal,{at(4)},refused,Budget de M. Durand",
    f"c,sal,{at(4)},Refused,no_budget",
    f"c,opportunity,{at(9)},,",
    f"d,sal,{at(2)},refused,duplicate",
]
ANSWERS = [
    "lead_id,known_at,criterion,answer",
    *(f"e,{at(5)},{name},oui" for name in ("Budget", "authority", "need")),
    f"e,{at(6)},timing,T3 2026",
    f"e,{at(8)},need,non",
]


def facts(opened, day, policy=None, people=NOBODY):
    leads = pd.Series(list("abcde"), dtype="str")
    chosen = Settings(policy=policy or {"disqualify": RULES})
    found = read_policy_facts(opened, chosen, leads, JUNE + day * DAY, people)
    return found.of(leads, leads.map(lambda _: "all").to_numpy(dtype=object))


def test_facts_are_those_known_before_the_cutoff_whatever_the_spelling(opening):
    opened = opening(leads=LEADS, accounts=ACCOUNTS, stages=STAGES, answers=ANSWERS)
    first = facts(opened, 1)
    assert first.disqualified.tolist() == ["student", "out_of_territory", "competitor", None, "competitor"]
    assert first.first_call.tolist() == [False, True, False, False, False]
    assert set(first.stage) == set(first.refusal) == set(first.criteria) == {None}
    week = facts(opened, 7)
    assert week.stage.tolist() == ["sal", None, None, None, None]
    # Free text of a CRM does not leave its table; a duplicate is one for good.
    assert week.refusal.tolist() == [None, "other", "no_budget", "duplicate", None]
    assert week.for_good.tolist() == [False, False, False, True, False]
    assert week.criteria.tolist() == [None, None, None, None, "bant"]
    # Known at an instant is not known before it.
    assert facts(opened, 6).criteria.tolist()[-1] is None
    later = facts(opened, 10)
    assert later.stage.tolist() == ["sal", None, "sql", None, None]
    assert later.criteria.tolist()[-1] is None
    assert facts(opened, 100).refusal.tolist() == [None, None, None, "duplicate", None]


def test_criteria_are_those_of_the_settings_and_looser_where_a_segment_says_so(opening):
    opened = opening(leads=LEADS, answers=ANSWERS)
    leads = pd.Series(["d", "e"], dtype="str")

    def met(segment, **policy):
        chosen = Settings(segments={"large": {"direction": "inbound"}}, policy=policy)
        found = read_policy_facts(opened, chosen, leads, JUNE + 9 * DAY, NOBODY)
        return found.of(leads, pd.Series([segment] * 2).to_numpy(dtype=object)).criteria.tolist()

    assert met("all") == [None, None]
    assert met("all", sql={"answer": "clear"}) == [None, "bant"]
    assert met("all", sql={"least": 3}) == [None, "bant"]
    loose = {"segments": {"large": {"criteria": ["timing"]}}}
    assert met("large", **loose) == [None, "own"]
    assert met("all", **loose) == [None, None]
    assert met("all", sql={"criteria": "meddic"}) == [None, None]


def test_a_rule_on_a_column_that_is_not_there_is_told_with_the_nearest(opening):
    opened = opening(leads=LEADS)
    rule = {"reason": "student", "column": "job_titel", "contains": ["x"]}
    with pytest.raises(
        UseError, match=r"policy\.disqualify: expected a column .* found 'job_titel'. Did you mean 'job_"
    ):
        facts(opened, 1, {"disqualify": [rule]})


times = st.integers(0, 12)
known = st.tuples(st.sampled_from("abcde"), st.sampled_from(["need", "budget"]), times)


def in_memory(stages, answers):
    """An opened source of five leads, without the work of reading files."""
    tables = {
        "leads": {"lead_id": list("abcde"), "direction": [None] * 5},
        "stages": {"lead_id": [], "stage": [], "entered_at": [], "decision": [], "reason": []},
        "answers": {"lead_id": [], "known_at": [], "criterion": [], "answer": []},
    }
    for name, rows in (("stages", stages), ("answers", answers)):
        for column, values in zip(tables[name], zip(*rows, strict=True), strict=False):
            tables[name][column] = list(values)
    connection = duckdb.connect()
    frames = {}
    for name, columns in tables.items():
        kinds = {column: pa.int64() if column.endswith("_at") else pa.string() for column in columns}
        table = pa.table({column: pa.array(values, kinds[column]) for column, values in columns.items()})
        frames[name] = nw.from_native(connection.from_arrow(table)).lazy()
    return Opened(Tables(frames, (), JUNE + 99 * DAY), Faults((), {}), "", connection, Embedded(connection))


@settings(max_examples=25)
@given(
    stages=st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["sal", "sql"]), times, st.booleans()), max_size=6
    ),
    said=st.lists(known, max_size=6),
    judged=st.lists(st.tuples(st.sampled_from("abcde"), times, st.booleans()), max_size=4),
    cutoff=times,
)
def test_no_snapshot_sees_a_stage_an_answer_or_a_review_before_it_was_known(stages, said, judged, cutoff):
    def seen(until):
        rows = [
            (lead, stage, JUNE + day * DAY, "refused" if no else "accepted", "no_need")
            for lead, stage, day, no in stages
            if day < until
        ]
        told = [(lead, JUNE + day * DAY, name, "yes") for lead, name, day in said if day < until]
        people = pd.DataFrame(
            [
                (lead, JUNE + day * DAY, "refused" if no else "accepted", None)
                for lead, day, no in judged
                if day < until
            ],
            columns=list(NOBODY),
        ).astype({"lead_id": "str", "at": "int64", "decision": "object", "reason": "object"})
        opened = in_memory(rows, told)
        with closing(opened.connection):
            return facts(opened, cutoff, {"sql": {"criteria": ["need", "budget"], "least": 1}}, people)

    whole, part = seen(99), seen(cutoff)
    for name in ("stage", "refusal", "criteria", "override"):
        assert getattr(whole, name).tolist() == getattr(part, name).tolist()


def apply(demo, **policy):
    """Change [policy] of a demo, and score again a minute later."""
    chosen = demo.settings.model_copy(update={"policy": demo.settings.policy.model_copy(update=policy)})
    (demo.root / FILE_NAME).write_text(render_settings(chosen), encoding="utf-8")
    now = NOW + 60 * len(published(demo.workspace))
    return score(demo.workspace, demo.settings, Request(), now=now, console=Console()).run


def test_a_change_of_the_policy_leaves_every_decision_as_it_was_and_an_override_decides_from_then_on(demo_copy, tamis):
    workspace = demo_copy.workspace
    (first,) = published(workspace)
    rows = first.rows().to_pandas().set_index("lead_id")
    held = rows.index[rows["qualification"] == "inactive"][0]
    mql = rows.index[rows["qualification"] == "mql"][0]
    before = {lead: decisions_of(workspace, lead) for lead in (held, mql)}
    files = {path: path.read_bytes() for path in first.path.rglob("*") if path.is_file()}

    second = apply(demo_copy, least_families=1, refused_for_days=0)
    assert second.manifest["policy"]["version"] != first.manifest["policy"]["version"]
    assert all(path.read_bytes() == content for path, content in files.items())
    after = decisions_of(workspace, held)
    assert after[:1] == before[held]
    assert [one.qualification for one in after] == ["inactive", "mql"]
    assert [one.policy_version for one in after] == [run_.manifest["policy"]["version"] for run_ in (first, second)]
    assert after[0].definition["least_families"] == 2
    assert after[0].facts.keys() == {name for name in first.features([held]) if name != "lead_id"}
    assert after[0].propensity >= after[0].threshold
    assert second.manifest["policy"]["n_held_back"] == 0

    assert tamis("override", mql, "nurture", "-w", demo_copy.root).code == 2
    assert tamis("override", mql, "later", "--why", "x", "-w", demo_copy.root).code == 2
    assert tamis("override", "nobody", "nurture", "--why", "x", "-w", demo_copy.root).code == 2
    assert overrides.read(workspace) == []
    said = tamis("override", mql, "nurture", "--why", "M. Durand part en mars", "--lang", "fr", "-w", demo_copy.root)
    assert (said.code, "Enregistré : à nourrir" in said.out) == (0, True)
    kept = overrides.read(workspace)
    # The clock of the verb is the real one; the runs of this test live in 2026.
    third = score(workspace, demo_copy.settings, Request(), now=kept[0].at + 1, console=Console()).run
    row = third.lead(mql)
    assert (row["decision"], row["qualification"], row["rule"], row["due_at"]) == ("nurture", None, "override", None)
    look_back = score(
        workspace, demo_copy.settings, Request(as_of="2026-09-15"), now=kept[0].at + 2, console=Console()
    ).run
    assert "override" not in look_back.manifest["policy"]["rules"]
    told = tamis("decisions", mql, "--json", "-w", demo_copy.root)
    shown = json.loads(told.out)["decisions"]
    assert [one["decision"] for one in shown if one["by"] != "tamis"] == ["nurture"]
    assert [one["why"] for one in shown if one["by"] != "tamis"] == ["M. Durand part en mars"]
    page = tamis("decisions", mql, "--lang", "fr", "-w", demo_copy.root).out
    assert "décidé par une" in page
    assert tamis("decisions", "nobody", "-w", demo_copy.root).code == 2


def test_a_refusal_on_the_page_holds_the_lead_back_and_who_opts_out_has_no_dossier(demo_copy):
    workspace = demo_copy.workspace
    (first,) = published(workspace)
    rows = first.rows().to_pandas().set_index("lead_id")
    mql, other = rows.index[rows["qualification"] == "mql"][:2]
    for lead, reason in ((mql, "no_budget"), (other, "student")):
        when = first.manifest["cutoff"] - 5
        reviews.record(workspace, Review(lead, when, "ana", "refused", reason, first.run_id, "1", 0.1, 0.05))
    run_ = apply(demo_copy)
    assert [run_.lead(mql)[name] for name in ("qualification", "rule", "decision")] == [
        "refused",
        "refusal:no_budget",
        "nurture",
    ]
    assert run_.lead(other)["rule"] == "refusal:student"
    assert run_.lead(other)["decision"] == "disqualify"
    assert run_.manifest["policy"]["rules"]["refusal:no_budget"] >= 1
    assert [one.decision for one in decisions_of(workspace, mql) if one.by == "ana"] == ["refused"]
    path = demo_copy.root / "data" / "leads.csv"
    leads = pd.read_csv(path, dtype="str", keep_default_na=False)
    leads.loc[leads["lead_id"] == mql, "opted_out"] = "1"
    leads.to_csv(path, index=False)
    apply(demo_copy)
    with pytest.raises(UseError, match="asked not to be contacted: it is not scored"):
        dossier(workspace, demo_copy.settings, mql, "en")
    assert [one.decision for one in decisions_of(workspace, mql) if one.by == "ana"] == ["refused"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("To contact by 2026-10-02 23:46 UTC\n", "MQL (evidence in enough families)", "For:\n• ", "To ask:\n• "),
        ),
        ("fr", ("À contacter avant le 02/10/2026 23:46 UTC\n", "preuves dans assez de familles", "Pour\u00a0:\n• ")),
    ],
)
def test_the_note_has_what_sales_needs_and_fits_the_field(demo_made, language, words, read_html):
    rows = published(demo_made.workspace)[0].rows().to_pandas()
    lead = rows.loc[rows["qualification"] == "mql", "lead_id"].iloc[0]
    found = dossier(demo_made.workspace, demo_made.settings, lead, language)
    note = handover_note(found, language, 4000)
    assert all(word in note for word in words)
    assert str(found.who["display_name"]) not in note
    assert all(question in note for question in found.questions[:5])
    assert not any(line.startswith(("=", "+", "-", "@")) for line in note.splitlines())
    short = handover_note(found, language, 120)
    assert len(short) <= 120
    assert note.startswith(short.removesuffix(" …"))
    page = " ".join(read_html(render(found, language)).words)
    assert found.status(language) in page
    assert found.policy_version in page


def test_reviews_count_from_before_the_cutoff_and_orders_until_now(tmp_path):
    workspace = Workspace(tmp_path)
    assert said_by_people(workspace, reviewed_before=9, ordered_before=9).empty
    for when in (5, 10):
        reviews.record(workspace, Review("L", when, "ana", "accepted", None, "r", "1", 0.5, None))
        overrides.record(workspace, Override("L", when, "bob", "free", "enough"))
    found = said_by_people(workspace, reviewed_before=10, ordered_before=11)
    assert found[["at", "decision"]].to_numpy().tolist() == [[5, "accepted"], [5, "free"], [10, "free"]]


def test_delays_run_in_working_hours_of_the_company_and_its_country():
    def due(start, **calendar):
        chosen = Settings(
            source={"time_zone": "Europe/Paris"}, policy={"calendar": calendar, "contact_within_hours": 8}
        )
        begin = int(datetime.fromisoformat(start).timestamp())
        found = work_calendar(chosen, begin, begin).after([begin], 8 * HOUR_S)[0]
        return datetime.fromtimestamp(found, chosen.zone).strftime("%m-%d %H:%M")

    office = {"opens": "09:00", "closes": "17:00"}
    assert due("2026-05-07T15:00+02:00", **office) == "05-11 15:00"  # Friday the 8th is a holiday in France
    assert due("2026-05-07T15:00+02:00", **office, country="") == "05-08 15:00"
    assert due("2026-05-07T15:00+02:00", **office, country="BE") == "05-08 15:00"
    assert due("2026-05-07T15:00+02:00", **office, closed=["2026-05-11"]) == "05-12 15:00"
    assert due("2026-05-09T12:00+02:00", **office, days=["saturday"], country="") == "05-16 12:00"
    # Summer time began on 29 March: a night has an hour less, a working day has not.
    assert due("2026-03-27T16:00+01:00", **office) == "03-30 16:00"
    assert due("2026-04-03T20:00+02:00") == "04-07 04:00"  # round the clock on working days; Easter Monday is none


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"calendar": {"opens": "18:00", "closes": "09:00"}}, "expected opens before closes"),
        ({"calendar": {"opens": "9 o'clock"}}, "expected a time of day such as '09:00'"),
        ({"calendar": {"country": "XX"}}, "expected a country of two letters"),
        ({"calendar": {"country": "FR", "subdivision": "Bavaria"}}, "expected a subdivision of FR"),
        ({"calendar": {"closed": ["24/12/2026"]}}, "expected days such as '2026-12-24'"),
        ({"disqualify": [{"reason": "x", "column": "y"}]}, "expected one of equals, contains and outside"),
        ({"sql": {"criteria": ["need"], "least": 2}}, "expected at least one criterion and least up to 1"),
        ({"segments": {"nowhere": {}}}, "expected segments of"),
    ],
)
def test_settings_that_cannot_be_are_refused(policy, message):
    with pytest.raises(UseError, match=message):
        from_dict({"policy": policy})


def test_every_status_and_rule_has_words_in_both_languages_and_the_version_follows_every_setting():
    for language in ("en", "fr"):
        assert all(status(one, language) for one in QUALIFICATIONS)
        for rule in ("override", "disqualify:student", "refusal:own_words", "stage:sql", "answers:own", "lottery"):
            assert "{" not in ruled(rule, "nurture", language)
            assert ruled(rule, "nurture", language)
    assert ruled(None, "nurture", "en") == ""
    versions = {
        policy_version(PolicySettings(**one))
        for one in ({}, {"evidence_share": 0.2}, {"calendar": {"closed": ["2026-12-24"]}}, {"disqualify": RULES})
    }
    assert len(versions) == 4
    with pytest.raises(ValidationError):
        PolicySettings(least_families=4)


def test_a_rule_that_cannot_be_is_found_by_check_and_not_by_the_nightly_job(company, tamis):
    rule = {"reason": "student", "column": "job_titel", "contains": ["x"]}
    workspace = company(policy={"disqualify": [rule]})
    said = tamis("check", "-w", workspace.root)
    assert (said.code, "policy.disqualify: expected a column of leads" in said.err) == (2, True)
