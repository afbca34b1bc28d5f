"""The ledger: what was planned, sent, accepted and refused, so that a push can die at any point and be run again.

It is written before and after each batch, each time in one transaction. What was planned is never changed: a push knows
up to which place it was acknowledged, and keeps the leads that were not accepted. A lead that was sent and never
acknowledged is settled by reading the CRM, not by memory.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from features.errors import OutsideError
from pipeline.crm.accepted import Accepted, Latest
from pipeline.crm.adapter import Outcome
from pipeline.crm.connect import Link
from pipeline.crm.ledger_migration import migrate
from pipeline.crm.ledger_tables import ACCEPTED, METADATA, NOTE, OUTCOME, PARCEL, PUSH, REFUSED, UNDONE
from pipeline.crm.outbox import Place, Planned, blanked, columns_of, packed, unpacked

DONE = ("ok", "already")
# States that a person has to look at; the others are in order.
TROUBLE = ("rejected", "edited", "unknown", "invalid")
KEPT_PUSHES = 30
# Rows of the outbox that are read at a time.
PAGE = 20


@dataclass(frozen=True)
class Push:
    """One push on record; times in UTC seconds, ``fields`` as (column, field) in the order of the values."""

    id: int
    score_run: str
    cutoff: int
    scored_at: int
    fields: tuple[tuple[str, str], ...]
    mode: str
    state: str


class Ledger:
    """What was sent to one CRM.

    Parameters
    ----------
    link : Link
        Its database; tables are created where they are missing.
    target : str
        Names the CRM and its object: values accepted by one say nothing about another.
    """

    def __init__(self, link: Link, target: str) -> None:
        self._link = link
        self.target = sha256(target.encode()).hexdigest()[:16]
        self._insert: Any = postgresql.insert if link.dialect == "postgresql" else sqlite.insert
        self._latest = Latest(self.target, link.dialect)
        if link.dialect == "sqlite":
            sa.event.listen(link.engine, "connect", _write_ahead)
        with link.told():
            METADATA.create_all(link.engine)
            migrate(link.engine)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this ledger against pushes from other machines; the database frees it should the process die.

        Raises
        ------
        OutsideError
            Another push holds it.
        """
        if self._link.dialect != "postgresql":
            yield
            return
        with self._link.told(), self._link.engine.connect() as connection:
            number = int(self.target[:15], 16)
            if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar_one():
                raise OutsideError(
                    "Expected one 'tamis push' at a time for this CRM, found another one running. "
                    "Wait for it, then try again."
                )
            connection.commit()
            yield

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self._link.told(), self._link.engine.begin() as connection:
            yield connection

    def begin(self, run: Mapping[str, Any], fields: Sequence[tuple[str, str]], mode: str, now: int) -> int:
        """Open a push and give its number; what an interrupted one had not sent yet is forgotten."""
        mine = PUSH.c.target == self.target
        with self._transaction() as connection:
            wanted = sa.select(PUSH.c.id, PUSH.c.mode).where(mine, PUSH.c.state == "running")
            for number, its_mode in connection.execute(wanted).all():
                unsent = [PARCEL.c.push == number]
                if its_mode != "dry":
                    unsent.append(PARCEL.c.state == "pending")
                    if sent := _flight(connection, number).get("sent"):
                        unsent.append(_place(PARCEL) > sa.tuple_(*sent))
                connection.execute(sa.delete(PARCEL).where(*unsent))
                connection.execute(sa.update(PUSH).where(PUSH.c.id == number).values(state="interrupted", ended_at=now))
            old = sa.select(PUSH.c.id).where(mine).order_by(PUSH.c.id.desc()).offset(KEPT_PUSHES)
            for table in (PARCEL, OUTCOME):
                connection.execute(sa.delete(table).where(table.c.push.in_(old.scalar_subquery())))
            made = connection.execute(
                sa.insert(PUSH).values(
                    target=self.target,
                    score_run=run["run_id"],
                    cutoff=run["cutoff"],
                    scored_at=run["scored_at"],
                    fields=json.dumps(list(fields), ensure_ascii=False),
                    mode=mode,
                    state="running",
                    started_at=now,
                )
            )
            (number,) = made.inserted_primary_key or (0,)
            return int(number)

    def end(self, push: int, state: str, now: int, counts: Mapping[str, int]) -> None:
        """Close a push; of a dry one only the counts stay."""
        with self._transaction() as connection:
            dry = sa.select(PUSH.c.id).where(PUSH.c.id == push, PUSH.c.mode == "dry")
            connection.execute(sa.delete(PARCEL).where(PARCEL.c.push.in_(dry.scalar_subquery())))
            connection.execute(
                sa.update(PUSH).where(PUSH.c.id == push).values(state=state, ended_at=now, counts=json.dumps(counts))
            )

    def pushes(self) -> dict[int, Push]:
        """Every push to this CRM, the first one first."""
        columns = [PUSH.c[name] for name in ("id", "score_run", "cutoff", "scored_at", "fields", "mode", "state")]
        with self._transaction() as connection:
            rows = connection.execute(sa.select(*columns).where(PUSH.c.target == self.target).order_by(PUSH.c.id)).all()
        return {
            row.id: Push(
                row.id,
                row.score_run,
                row.cutoff,
                row.scored_at,
                tuple((ours, theirs) for ours, theirs in json.loads(row.fields)),
                row.mode,
                row.state,
            )
            for row in rows
        }

    def mark(self, pushes: Sequence[int], state: str) -> None:
        """Give pushes another state."""
        with self._transaction() as connection:
            connection.execute(sa.update(PUSH).where(PUSH.c.id.in_(pushes)).values(state=state))

    def accepted(self, low: str, high: str) -> dict[str, Accepted]:
        """Latest accepted values of the leads of a range, ends included."""
        with self._transaction() as connection:
            return self._latest.read(connection, low, high)

    def stage(self, push: int, leads: Planned) -> None:
        """Put planned leads into the outbox."""
        with self._transaction() as connection:
            if rows := list(packed(push, leads)):
                connection.execute(sa.insert(PARCEL), rows)

    def leads(self, push: int, states: Sequence[str]) -> Iterator[Planned]:
        """Leads of a push that were planned with some states, in the order of sending, some at a time."""
        after: Place | None = None
        while True:
            wanted = sa.select(PARCEL).where(PARCEL.c.push == push, PARCEL.c.state.in_(states))
            if after is not None:
                wanted = wanted.where(_place(PARCEL) > sa.tuple_(*after))
            with self._transaction() as connection:
                page = connection.execute(wanted.order_by(PARCEL.c.parent, PARCEL.c.seq).limit(PAGE)).mappings().all()
            if not page:
                return
            yield from map(unpacked, page)
            after = Place(page[-1]["parent"], page[-1]["seq"])

    def sending(self, push: int, last: Place) -> None:
        """Write down that leads are about to be sent, up to this one."""
        with self._transaction() as connection:
            _note_flight(connection, push, sent=last)

    def acknowledge(self, push: int, leads: Planned, outcomes: Sequence[Outcome], *, now: int) -> None:
        """Write down what became of sent leads, in one transaction."""
        others = [k for k, outcome in enumerate(outcomes) if outcome.state != "ok"]
        with self._transaction() as connection:
            if others:
                rows = [
                    {
                        "push": push,
                        "parent": leads.parent[k],
                        "seq": leads.seq[k],
                        "lead_id": leads.lead_id[k],
                        **outcomes[k]._asdict(),
                    }
                    for k in others
                ]
                connection.execute(sa.insert(OUTCOME), rows)
                self._keep_refused(connection, push, [row for row in rows if row["state"] in TROUBLE], now)
            lost = set(others)
            self._accept(connection, leads.take([k for k in range(len(outcomes)) if k not in lost]))
            n = _flight(connection, push).get("leads", 0) + len(outcomes)
            _note_flight(connection, push, acknowledged=leads.place(-1), leads=n)

    def settle_planned(self, push: int, *, now: int) -> None:
        """Take over what the plan found to be there already, and what it refused."""
        for leads in self.leads(push, ["already"]):
            with self._transaction() as connection:
                self._accept(connection, leads)
        for leads in self.leads(push, TROUBLE):
            named = zip(leads.lead_id, leads.state, leads.code, leads.message, strict=True)
            rows = [dict(zip(("lead_id", "state", "code", "message"), one, strict=True)) for one in named]
            with self._transaction() as connection:
                self._keep_refused(connection, push, rows, now)

    def _accept(self, connection: sa.Connection, leads: Planned) -> None:
        self._latest.write(connection, leads)
        mine = REFUSED.c.target == self.target
        refused = set(connection.execute(sa.select(REFUSED.c.lead_id).where(mine)).scalars())
        if mended := [{"gone": lead} for lead in leads.lead_id if lead in refused] if refused else []:
            connection.execute(sa.delete(REFUSED).where(mine, REFUSED.c.lead_id == sa.bindparam("gone")), mended)

    def _keep_refused(self, connection: sa.Connection, push: int, leads: Sequence[Mapping[str, Any]], now: int) -> None:
        if not leads:
            return
        inserted = self._insert(REFUSED)
        new = {name: inserted.excluded[name] for name in ("push", "state", "code", "message")}
        new["attempts"] = REFUSED.c.attempts + 1
        rows = [
            {
                "target": self.target,
                "lead_id": lead["lead_id"],
                "push": push,
                "since": now,
                "attempts": 1,
                "state": lead["state"],
                "code": lead["code"] or "",
                "message": lead["message"] or "",
            }
            for lead in leads
        ]
        connection.execute(inserted.on_conflict_do_update(index_elements=["target", "lead_id"], set_=new), rows)

    def outcomes(self, push: int) -> Sequence[sa.Row[Any]]:
        """Leads that were sent and not accepted: ``parent``, ``seq``, ``lead_id``, ``state``, ``code``, ``message``."""
        columns = [OUTCOME.c[name] for name in ("parent", "seq", "lead_id", "state", "code", "message")]
        with self._transaction() as connection:
            return connection.execute(sa.select(*columns).where(OUTCOME.c.push == push)).all()

    def counts(self, push: int) -> dict[str, int]:
        """Leads of a push by state."""
        planned = sa.select(PARCEL.c.state, sa.func.sum(PARCEL.c.n)).where(PARCEL.c.push == push)
        lost = sa.select(OUTCOME.c.state, sa.func.count()).where(OUTCOME.c.push == push)
        found: Counter[str] = Counter()
        with self._transaction() as connection:
            found.update({row[0]: int(row[1]) for row in connection.execute(planned.group_by(PARCEL.c.state))})
            others = Counter({row[0]: row[1] for row in connection.execute(lost.group_by(OUTCOME.c.state))})
            done = _flight(connection, push).get("leads", 0)
        found["pending"] -= done
        found["ok"] += done - others.total()
        found += others
        return dict(+found)

    def first_written(self, pushes: Sequence[int]) -> Iterator[sa.Row[Any]]:
        """By lead, in their order, what stood before the first of some pushes that it was accepted in.

        Each row has ``lead_id``, ``before`` and ``before_push``.
        """
        mine = UNDONE.c.target == self.target
        with self._transaction() as connection:
            connection.execute(sa.delete(UNDONE).where(mine))
        for push in sorted(pushes):
            for leads in self._written(push):
                named = zip(leads.lead_id, leads.before, leads.before_push, strict=True)
                rows = [
                    {"target": self.target, "lead_id": lead, "before": before, "before_push": number}
                    for lead, before, number in named
                ]
                with self._transaction() as connection:
                    if rows:
                        connection.execute(self._insert(UNDONE).on_conflict_do_nothing(), rows)
        columns = [UNDONE.c[name] for name in ("lead_id", "before", "before_push")]
        wanted = following = sa.select(*columns).where(mine).order_by(UNDONE.c.lead_id).limit(5000)
        while True:
            with self._transaction() as connection:
                page = connection.execute(following).all()
                if not page:
                    connection.execute(sa.delete(UNDONE).where(mine))
                    return
            yield from page
            following = wanted.where(UNDONE.c.lead_id > page[-1].lead_id)

    def _written(self, push: int) -> Iterator[Planned]:
        """Leads whose values of a push the CRM holds; those that were erased since are left out."""
        with self._transaction() as connection:
            acknowledged = tuple(_flight(connection, push).get("acknowledged", ()))
        lost = {(row.parent, row.seq) for row in self.outcomes(push)}
        for leads in self.leads(push, ["pending", *DONE]):
            is_done = [
                lead is not None and (state in DONE or ((parent, seq) <= acknowledged and (parent, seq) not in lost))
                for lead, state, parent, seq in zip(leads.lead_id, leads.state, leads.parent, leads.seq, strict=True)
            ]
            yield leads.take([k for k, done in enumerate(is_done) if done])

    def forget(self, lead_id: str) -> None:
        """Erase a lead, whatever CRM it was sent to."""
        named = PARCEL.c.lead_id.contains(json.dumps(lead_id, ensure_ascii=False), autoescape=True)
        with self._transaction() as connection:
            for row in connection.execute(sa.select(PARCEL).where(named)).mappings().all():
                here = [PARCEL.c[name] == row[name] for name in ("push", "parent", "seq")]
                connection.execute(sa.update(PARCEL).where(*here).values(columns_of(blanked(unpacked(row), lead_id))))
            for table in (OUTCOME, UNDONE, ACCEPTED, REFUSED):
                connection.execute(sa.delete(table).where(table.c.lead_id == lead_id))

    def keep(self, name: str, value: str | None) -> None:
        """Write a note durably; None removes it."""
        with self._transaction() as connection:
            connection.execute(sa.delete(NOTE).where(NOTE.c.target == self.target, NOTE.c.name == name))
            if value is not None:
                connection.execute(sa.insert(NOTE).values(target=self.target, name=name, value=value))

    def kept(self) -> Mapping[str, str]:
        """Every note of the adapter."""
        wanted = sa.select(NOTE.c.name, NOTE.c.value).where(NOTE.c.target == self.target)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(wanted)}

    def close(self) -> None:
        """Let go of the database."""
        self._link.engine.dispose()


def _place(table: sa.Table) -> sa.Tuple:
    return sa.tuple_(table.c.parent, table.c.seq)


def _flight(connection: sa.Connection, push: int) -> dict[str, Any]:
    """How far a push is: the last places that were ``sent`` and ``acknowledged``, and the ``leads`` up to there."""
    flight = connection.execute(sa.select(PUSH.c.flight).where(PUSH.c.id == push)).scalar_one()
    found: dict[str, Any] = json.loads(flight or "{}")
    return found


def _note_flight(connection: sa.Connection, push: int, **news: Any) -> None:
    flight = json.dumps(_flight(connection, push) | news, ensure_ascii=False)
    connection.execute(sa.update(PUSH).where(PUSH.c.id == push).values(flight=flight))


def _write_ahead(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-65536")  # 64 MB
    connection.execute("PRAGMA wal_autocheckpoint=10000")
