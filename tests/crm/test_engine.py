"""The engine beside its oracle: what is a change, what is refused before sending, and what stops a push."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UseError
from models.lead_model import LeadModel
from pipeline.crm import push as job_module
from pipeline.crm.accepted import Accepted
from pipeline.crm.diff import compare
from pipeline.crm.fields import resolve
from pipeline.crm.ledger import Push
from pipeline.crm.values import normalise, payload, payloads, sentences
from pipeline.score_runs import SCHEMA
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace
from tests.crm.worlds.files import SqliteWorld
from tests.crm.worlds.postgres import PostgresWorld
from tests.crm.worlds.runs import NIGHT, publish, row

LEADS = [f"L{number:02d}" for number in range(40)]
MAPPING = {"propensity": "p", "intent_points": "i", "expected_value": "v", "band": "b", "due_at": "d", "run_id": "r"}
FIELDS = resolve(MAPPING)
SCORED = (NIGHT, NIGHT + 60)


def block_of(*rows: dict[str, Any], certified: dict[str, bool] | None = None, longest: int = 1000) -> Any:
    table = pa.Table.from_pylist([{"run_id": "r1", **one} for one in rows], schema=SCHEMA)
    return normalise(table, FIELDS, certified=certified or {}, longest=longest)


def accept(block: Any, push: int = 1) -> dict[str, Accepted]:
    found = {}
    for i, lead in enumerate(block.lead_ids):
        rows = np.array([i])
        values = [block.values(place, rows)[0] for place in range(len(FIELDS))]
        kept = payload(values, int(block.reasons[i]), block.bands[i])
        found[lead] = Accepted(push, int(block.fingerprint[i]), kept)
    return found


def pushes(**how: Any) -> dict[int, Push]:
    usual = {"cutoff": SCORED[0], "scored_at": SCORED[1], "fields": tuple(MAPPING.items()), "mode": "live"}
    return {1: Push(id=1, score_run="r0", state="done", **{**usual, **how})}


@pytest.mark.parametrize(
    ("change", "is_sent"),
    [
        ({}, False),
        ({"propensity": 0.1333}, False),
        ({"propensity": 0.1335}, True),
        ({"propensity": None}, True),
        ({"intent_points": 1.2}, False),
        ({"intent_points": 1.5}, True),
        ({"expected_value": 1240.0}, False),
        ({"expected_value": 1250.0}, True),
        ({"band": "B"}, True),
        ({"due_at": NIGHT}, True),
        ({"run_id": "another"}, False),
        ({"trend": "up"}, False),
    ],
)
def test_a_change_is_a_move_of_the_minimum_or_any_other_value(change: dict[str, Any], is_sent: bool) -> None:
    before = block_of(row("a"), row("b"))
    after = block_of(row("a", **change), row("b"))
    found = compare(after, FIELDS, accept(before), pushes(), SCORED, 0.01)
    assert found.changed.tolist() == ([0] if is_sent else [])
    assert (found.known, found.moved, found.older) == (2, "band" in change, 0)


def test_a_newer_score_is_never_overwritten_and_another_mapping_sends_again() -> None:
    block = block_of(row("a"), row("b", band="B"))
    later = compare(block, FIELDS, accept(block), pushes(cutoff=NIGHT + 1), SCORED, 0.01)
    assert (later.changed.tolist(), later.older) == ([], 2)
    remapped = compare(block, FIELDS, accept(block), pushes(fields=(("band", "b"),)), SCORED, 0.01)
    assert (remapped.changed.tolist(), remapped.known, remapped.moved) == ([0, 1], 2, 0)


def test_reasons_are_compared_as_a_set_with_their_directions() -> None:
    def with_reasons(*reasons: tuple[str, float]) -> Any:
        listed = [{"code": code, "family": "fit", "points": points, "text": None} for code, points in reasons]
        return block_of(row("a", reasons=listed))

    first = with_reasons(("FIT.A", 2.0), ("FIT.B", -1.0)).reasons
    assert first == with_reasons(("FIT.B", -0.4), ("FIT.A", 1.0)).reasons
    assert first != with_reasons(("FIT.A", -2.0), ("FIT.B", -1.0)).reasons
    assert first != with_reasons(("FIT.A", 2.0)).reasons


def test_percentages_that_are_not_certified_are_emptied() -> None:
    (uncertain,) = accept(block_of(row("a"), certified={"all": False})).values()
    p, i, v, b, *_ = json.loads(uncertain.payload)
    assert (p, i, v, b) == (None, None, None, "C")
    (certain,) = accept(block_of(row("a"), certified={"all": True, "fr": False})).values()
    assert json.loads(certain.payload)[:3] == [0.1235, 0.4, 1234.57]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
            st.one_of(st.none(), st.text()),
            st.integers(-(2**62), 2**62),
        ),
        min_size=1,
    )
)
def test_payloads_by_column_are_those_by_row_and_read_back(rows: list[tuple[Any, Any, int]]) -> None:
    numbers, texts, reasons = (list(column) for column in zip(*rows, strict=True))
    written = payloads([numbers, texts], reasons, texts)
    assert [json.loads(text) for text in written] == [[n, t, r, t] for n, t, r in rows]
    assert [json.loads(payload([n, t], r, t)) for n, t, r in rows] == [json.loads(text) for text in written]


def test_reasons_too_long_lose_the_last_ones_and_one_too_long_is_cut() -> None:
    assert sentences([{"text": "x" * 50, "points": 1.0}], 20) == "▲ " + "x" * 16 + " …"
    assert sentences([], 20) == ""


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({}, "expected at least one column = field"),
        ({"band": ""}, "'band' has no field"),
        ({"band": "key"}, "'key' belongs to the CRM"),
        ({"band": "x", "trend": "x"}, "two columns go into 'x'"),
        ({"zzz": "x"}, "'zzz' is no column of a score run. Known: cutoff"),
    ],
)
def test_a_wrong_mapping_is_told(mapping: dict[str, str], sentence: str) -> None:
    with pytest.raises(UseError, match=sentence):
        resolve(mapping, "key")


@pytest.fixture
def job(sqlite_world: SqliteWorld, pushing: Callable[..., Any]) -> Any:
    sqlite_world.add(*LEADS)
    return pushing(sqlite_world)


def test_the_brake_stops_a_push_that_would_change_too_many_bands(job: Any, sqlite_world: SqliteWorld) -> None:
    publish(job.workspace, [row(lead) for lead in LEADS])
    job.push()
    new = [row(lead, band="A" if n < 13 else "C") for n, lead in enumerate(LEADS)]
    publish(job.workspace, new, night=1)
    revisions = sqlite_world.revisions()
    code, said = job.push()
    assert (code, sqlite_world.revisions()) == (4, revisions)
    assert said["error"].startswith("13 of 40 leads (32%) would change band: expected at most 30% (crm.brake)")
    assert job.push("--dry-run", "--force")[1]["states"] == {"pending": 13}
    assert job.push("--force")[1]["states"] == {"ok": 13}


def test_an_older_run_never_overwrites_a_newer_one_even_with_a_new_ledger(job: Any, sqlite_world: SqliteWorld) -> None:
    publish(job.workspace, [row(lead, propensity=0.2) for lead in LEADS])
    newer = publish(job.workspace, [row(lead, propensity=0.7) for lead in LEADS], night=1)
    job.push()
    held = sqlite_world.held()
    (newer.path / "manifest.json").unlink()
    code, said = job.push()
    assert (code, said["older"], said["states"]) == (0, 40, {})
    for path in job.workspace.home.glob("ledger.db*"):
        path.unlink()
    assert job.push()[1]["states"] == {"older": 40}
    assert sqlite_world.held() == held


def test_only_the_last_pushes_keep_their_rows(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.crm.ledger.KEPT_PUSHES", 2)
    for night in range(5):
        publish(job.workspace, [row(lead, propensity=night / 10) for lead in LEADS], night=night)
        job.push()
    engine = sa.create_engine(f"sqlite:///{job.workspace.home / 'ledger.db'}")
    with closing(engine.raw_connection()) as connection:
        query = "SELECT DISTINCT push FROM tamis_parcel ORDER BY push"
        assert connection.cursor().execute(query).fetchall() == [(3,), (4,), (5,)]
    engine.dispose()


def test_a_ledger_on_postgres_serves_two_workspaces_and_lets_one_push_at_a_time(
    postgres_world: PostgresWorld, pushing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    postgres_world.run(f'GRANT CREATE ON SCHEMA public TO "{postgres_world.role}"')
    url = postgres_world.settings["url"]
    monkeypatch.setenv("TAMIS_CRM__LEDGER_PASSWORD", str(postgres_world.token))
    job = pushing(postgres_world, ledger=url)
    postgres_world.add(*LEADS)
    publish(job.workspace, [row(lead) for lead in LEADS])
    second = []
    original = job_module.send

    def send(*given: Any, **named: Any) -> None:
        monkeypatch.setattr("pipeline.crm.push.send", original)
        (tmp_path / ".tamis" / "locks" / "push.lock").unlink()  # as from another machine
        second.append(job.push())
        original(*given, **named)

    monkeypatch.setattr("pipeline.crm.push.send", send)
    code, said = job.push()
    assert (code, said.get("states")) == (0, {"ok": 40}), said
    assert (second[0][0], "one 'tamis push' at a time" in second[0][1]["error"]) == (5, True)
    assert job.push()[1]["unchanged"] == 40
    assert not (job.workspace.home / "ledger.db").exists()


def test_reasons_arrive_as_sentences_of_the_model_in_the_language_of_the_settings(
    workspace: Workspace,
    small_model: LeadModel,
    sqlite_world: SqliteWorld,
    tamis: Callable[..., Any],
) -> None:
    registry = Registry(workspace, RegistrySettings())
    registry.save(
        small_model.dump(), parameters={}, figures={}, artifacts={}, card="", lineage={}, tags={"gates": "passed"}
    )
    codes = [feature.code for feature in small_model.features]
    reasons = [
        {"code": codes[0], "family": "engagement", "points": 3.2, "text": None},
        {"code": codes[1], "family": "fit", "points": -1.1, "text": None},
    ]
    features = pd.DataFrame({"lead_id": LEADS, small_model.names[0]: 4.0, small_model.names[1]: "=cmd 🙂 référence"})
    sqlite_world.add(*LEADS)
    publish(workspace, [row(lead, reasons=reasons) for lead in LEADS], features=features, parts=3)
    lines = ["[crm]", 'adapter = "sql"', f'url = "sqlite:///{sqlite_world.file}"', 'object = "the leads"', 'key = "id"']
    lines += ["[crm.fields]", 'reasons = "our decision"', 'band = "our band"', "[output]", 'language = "fr"']
    (workspace.root / "tamis.toml").write_text("\n".join(lines), "utf-8")
    assert tamis("push", "-w", workspace.root).code == 0
    told = {one["decision"] for one in sqlite_world.held().values()}
    (text,) = told
    assert text.startswith("▲ ")
    assert "\n▼ " in text
    assert "=cmd 🙂 référence" in text
    revisions = sqlite_world.revisions()
    features[small_model.names[0]] = 5.0
    publish(workspace, [row(lead, reasons=reasons[::-1]) for lead in LEADS], features=features, night=1)
    assert tamis("push", "-w", workspace.root).code == 0
    assert sqlite_world.revisions() == revisions


def test_what_a_person_reads_names_the_changes_and_every_lead_left_alone(job: Any, sqlite_world: SqliteWorld) -> None:
    sqlite_world.delete(LEADS[0])
    publish(job.workspace, [row(lead) for lead in LEADS])
    said = job.said("--dry-run")
    flat = " ".join(said.out.split())
    assert "Would be sent to the CRM (nothing was written)" in flat
    assert "our propensity empty 0.1235" in flat
    assert "… and 29 more (--json shows all)" in flat
    assert "No longer in the CRM, not created again 1" in flat
    assert "No record has this key: deleted or" in flat
    assert job.said().code == 0
    publish(job.workspace, [row(lead, band="\x00", propensity=0.9) for lead in LEADS[:1]], night=1)
    said = job.said("--rollback", "run-007")
    assert (said.code, "expected a score run that was pushed, found 'run-007'. Known: run-000." in said.err) == (
        2,
        True,
    )
    job.set(fields={"band": "our band"})
    said = job.said("--rollback", "run-000")
    assert (said.code, "crm.fields has changed" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("crm", "words", "sentence"),
    [
        ({"adapter": ""}, [], "crm.adapter: no CRM is set"),
        ({"key": ""}, [], "expected the column that holds our lead_id"),
        ({"object": "nothing"}, [], "has no table 'nothing'"),
        ({"fields": {"band": "nowhere"}}, [], "has no column 'nowhere'. 'tamis push --prepare' creates"),
        ({"url": "nonsense"}, [], "crm.url: expected a database URL"),
        ({"ledger": "nonsense://x"}, [], "crm.ledger: expected a database URL"),
        ({}, ["--prepare", "--dry-run"], "--prepare stands alone"),
        ({}, [], "There is no score run of the open leads yet"),
        ({"adapter": "odoo", "url": "https://x", "api": "soap"}, [], "expected json-2 or json-rpc"),
        ({"adapter": "odoo", "url": "https://x"}, [], "crm.database"),
        ({"adapter": "hubspot", "url": "https://x"}, [], "TAMIS_CRM__TOKEN"),
    ],
)
def test_wrong_settings_are_told_in_one_sentence(
    crm: dict[str, Any], words: list[str], sentence: str, job: Any
) -> None:
    if "no score run" not in sentence:
        publish(job.workspace, [row(lead) for lead in LEADS])
    job.set(**crm)
    code, said = job.push(*words)
    assert (code, sentence in said["error"]) == (2, True), said["error"]
