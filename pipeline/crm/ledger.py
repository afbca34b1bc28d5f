"""The ledger: what was planned, sent, accepted and refused, so that a push can die at any point and be run again.

It is written before and after each batch, each time in one transaction. A row that was sent and never acknowledged is
settled by reading the CRM, not by memory.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from features.errors import OutsideError
from pipeline.crm.connect import Link
from pipeline.crm.ledger_tables import ACCEPTED, METADATA, NOTE, OUTBOX, PUSH, REFUSED

DONE = ("ok", "already")
# States that a person has to look at; the others are in order.
TROUBLE = ("rejected", "edited", "unknown", "invalid")
KEPT_PUSHES = 30


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


class Accepted(NamedTuple):
    """The latest accepted values of a lead."""

    push: int
    fingerprint: int | None
    payload: str


class Planned(NamedTuple):
    """Rows of the outbox, column by column, all of one length."""

    parent: Sequence[str]
    seq: Sequence[int]
    lead_id: Sequence[str]
    crm_id: Sequence[str]
    version: Sequence[str]
    seen: Sequence[str | None]
    before: Sequence[str | None]
    before_push: Sequence[int | None]
    after: Sequence[str | None]
    after_push: Sequence[int]
    fingerprint: Sequence[int | None]
    state: Sequence[str]
    code: Sequence[str | None]
    message: Sequence[str | None]


class Place(NamedTuple):
    """Where a row stands in the outbox."""

    parent: str
    seq: int


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
        if link.dialect == "sqlite":
            sa.event.listen(link.engine, "connect", _write_ahead)
        with link.told():
            METADATA.create_all(link.engine)

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
        unsent = OUTBOX.c.state == "pending"
        with self._transaction() as connection:
            wanted = sa.select(PUSH.c.id, PUSH.c.mode, PUSH.c.flight).where(mine, PUSH.c.state == "running")
            for number, its_mode, flight in connection.execute(wanted).all():
                if flight:
                    rows = _range(number, *(Place(*place) for place in json.loads(flight)))
                    connection.execute(sa.update(OUTBOX).where(*rows, unsent).values(state="sent"))
                lost = sa.delete(OUTBOX).where(OUTBOX.c.push == number)
                connection.execute(lost if its_mode == "dry" else lost.where(unsent))
                connection.execute(sa.update(PUSH).where(PUSH.c.id == number).values(state="interrupted", ended_at=now))
            old = sa.select(PUSH.c.id).where(mine).order_by(PUSH.c.id.desc()).offset(KEPT_PUSHES)
            connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.push.in_(old.scalar_subquery())))
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
            connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.push.in_(dry.scalar_subquery())))
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
        columns = [ACCEPTED.c[name] for name in ("lead_id", "push", "fingerprint", "payload")]
        lead_id = ACCEPTED.c.lead_id
        wanted = sa.select(*columns).where(ACCEPTED.c.target == self.target, lead_id >= low, lead_id <= high)
        with self._transaction() as connection:
            return {row[0]: Accepted(row[1], row[2], row[3]) for row in connection.execute(wanted).all()}

    def stage(self, push: int, rows: Planned) -> None:
        """Put planned rows into the outbox."""
        if not rows.seq:
            return
        # By the driver, and what all rows have in common once: both cost more than all the rest of a row.
        mark = "?" if self._link.dialect == "sqlite" else "%s"
        values = [None if column is rows.seq else _constant(column) for column in rows]
        marks = ", ".join(mark if value is None else value for value in values)
        varying = [column for column, value in zip(rows, values, strict=True) if value is None]
        statement = f"INSERT INTO {OUTBOX.name} (push, {', '.join(rows._fields)}) VALUES ({push:d}, {marks})"  # noqa: S608 (our own names)
        with self._transaction() as connection:
            connection.exec_driver_sql(statement, list(zip(*varying, strict=True)))

    def staged(self, push: int, states: Sequence[str], after: Place | None, limit: int) -> Sequence[sa.Row[Any]]:
        """The next rows of a push in the order of sending."""
        return self._staged(list(OUTBOX.c), push, states, after, limit)

    def to_send(self, push: int, after: Place | None, limit: int) -> Sequence[sa.Row[Any]]:
        """The next pending rows, with what sending needs of them."""
        columns = [OUTBOX.c[name] for name in ("parent", "seq", "lead_id", "crm_id", "version", "seen", "after")]
        return self._staged(columns, push, ["pending"], after, limit)

    def _staged(
        self, columns: Sequence[sa.Column[Any]], push: int, states: Sequence[str], after: Place | None, limit: int
    ) -> Sequence[sa.Row[Any]]:
        wanted = sa.select(*columns).where(OUTBOX.c.push == push, OUTBOX.c.state.in_(states))
        if after is not None:
            wanted = wanted.where(_place() > sa.tuple_(after.parent, after.seq))
        with self._transaction() as connection:
            return connection.execute(wanted.order_by(OUTBOX.c.parent, OUTBOX.c.seq).limit(limit)).all()

    def sending(self, push: int, first: Place, last: Place) -> None:
        """Write down that rows are about to be sent."""
        with self._transaction() as connection:
            flight = json.dumps([first, last], ensure_ascii=False)
            connection.execute(sa.update(PUSH).where(PUSH.c.id == push).values(flight=flight))

    def acknowledge(
        self, push: int, first: Place, last: Place, others: Sequence[Mapping[str, Any]], *, now: int
    ) -> None:
        """Write down what became of sent rows, in one transaction.

        Parameters
        ----------
        others : sequence of mapping
            Rows that were not accepted: ``parent``, ``seq``, ``state``, ``code``, ``message``.
        """
        rows = _range(push, first, last)
        with self._transaction() as connection:
            if others:
                statement = sa.update(OUTBOX).where(
                    OUTBOX.c.push == push,
                    OUTBOX.c.parent == sa.bindparam("p_parent"),
                    OUTBOX.c.seq == sa.bindparam("p_seq"),
                )
                renamed = [{"p_parent": row["parent"], "p_seq": row["seq"], **_told(row)} for row in others]
                connection.execute(
                    statement.values({name: sa.bindparam(f"new_{name}") for name in ("state", "code", "message")}),
                    renamed,
                )
            connection.execute(sa.update(OUTBOX).where(*rows, OUTBOX.c.state == "pending").values(state="ok"))
            self._accept(connection, [*rows, OUTBOX.c.state.in_(DONE)])
            self._keep_refused(connection, push, [*rows, OUTBOX.c.state.in_(TROUBLE)], now)

    def settle_planned(self, push: int, *, now: int) -> None:
        """Take over what the plan found to be there already, and what it refused."""
        with self._transaction() as connection:
            self._accept(connection, [OUTBOX.c.push == push, OUTBOX.c.state == "already"])
            self._keep_refused(connection, push, [OUTBOX.c.push == push, OUTBOX.c.state.in_(TROUBLE)], now)

    def _accept(self, connection: sa.Connection, rows: Sequence[sa.ColumnElement[bool]]) -> None:
        leads = sa.select(OUTBOX.c.lead_id).where(*rows)
        values = sa.select(
            sa.literal(self.target), OUTBOX.c.lead_id, OUTBOX.c.after_push, OUTBOX.c.fingerprint, OUTBOX.c.after
        ).where(*rows, OUTBOX.c.after.is_not(None))
        inserted = self._insert(ACCEPTED).from_select(["target", "lead_id", "push", "fingerprint", "payload"], values)
        new = {name: inserted.excluded[name] for name in ("push", "fingerprint", "payload")}
        connection.execute(inserted.on_conflict_do_update(index_elements=["target", "lead_id"], set_=new))
        emptied = leads.where(OUTBOX.c.after.is_(None))
        if connection.execute(emptied.limit(1)).first():
            gone = ACCEPTED.c.lead_id.in_(emptied)
            connection.execute(sa.delete(ACCEPTED).where(ACCEPTED.c.target == self.target, gone))
        mine = REFUSED.c.target == self.target
        if connection.execute(sa.select(sa.exists().where(mine))).scalar_one():
            connection.execute(sa.delete(REFUSED).where(mine, REFUSED.c.lead_id.in_(leads)))

    def _keep_refused(
        self, connection: sa.Connection, push: int, rows: Sequence[sa.ColumnElement[bool]], now: int
    ) -> None:
        names = ["target", "lead_id", "push", "since", "attempts", "state", "code", "message"]
        values = sa.select(
            sa.literal(self.target),
            OUTBOX.c.lead_id,
            sa.literal(push),
            sa.literal(now),
            sa.literal(1),
            OUTBOX.c.state,
            sa.func.coalesce(OUTBOX.c.code, ""),
            sa.func.coalesce(OUTBOX.c.message, ""),
        ).where(*rows)
        inserted = self._insert(REFUSED).from_select(names, values)
        new = {name: inserted.excluded[name] for name in ("push", "state", "code", "message")}
        new["attempts"] = REFUSED.c.attempts + 1
        connection.execute(inserted.on_conflict_do_update(index_elements=["target", "lead_id"], set_=new))

    def counts(self, push: int) -> dict[str, int]:
        """Rows of the outbox by state."""
        wanted = sa.select(OUTBOX.c.state, sa.func.count()).where(OUTBOX.c.push == push).group_by(OUTBOX.c.state)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(wanted)}

    def first_written(self, pushes: Sequence[int]) -> Iterator[sa.Row[Any]]:
        """The earliest accepted row of each lead in some pushes, ordered by lead."""
        kept = sa.select(sa.func.min(OUTBOX.c.push).label("push"), OUTBOX.c.lead_id)
        kept = kept.where(OUTBOX.c.push.in_(pushes), OUTBOX.c.state.in_(DONE)).group_by(OUTBOX.c.lead_id)
        found = kept.subquery()
        same = sa.and_(OUTBOX.c.push == found.c.push, OUTBOX.c.lead_id == found.c.lead_id)
        wanted = sa.select(OUTBOX).join(found, same).where(OUTBOX.c.state.in_(DONE)).order_by(OUTBOX.c.lead_id)
        with self._link.told(), self._link.engine.connect() as connection:
            yield from connection.execution_options(yield_per=5000).execute(wanted)

    def forget(self, lead_id: str) -> None:
        """Erase a lead, whatever CRM it was sent to."""
        with self._transaction() as connection:
            for table in (OUTBOX, ACCEPTED, REFUSED):
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


def _place() -> sa.Tuple:
    return sa.tuple_(OUTBOX.c.parent, OUTBOX.c.seq)


def _range(push: int, first: Place, last: Place) -> list[sa.ColumnElement[bool]]:
    within = [_place() >= sa.tuple_(first.parent, first.seq), _place() <= sa.tuple_(last.parent, last.seq)]
    return [OUTBOX.c.push == push, *within]


def _constant(column: Sequence[Any]) -> str | None:
    """The one value of a column as SQL writes it; None where rows differ, or for a text that would need quoting."""
    first = column[0]
    if not (first is None or isinstance(first, int) or first.replace("_", "a").isalnum() or not first):
        return None
    if (first is not None and not str(first).isascii()) or column.count(first) < len(column):
        return None
    return "NULL" if first is None else str(first) if isinstance(first, int) else f"'{first}'"


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": row[name] for name in ("state", "code", "message")}


def _write_ahead(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-65536")  # 64 MB
    connection.execute("PRAGMA wal_autocheckpoint=10000")
