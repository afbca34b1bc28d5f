"""The latest accepted values of every lead, as the ledger stores them."""

import json
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa

from pipeline.crm.ledger_tables import ACCEPTED
from pipeline.crm.outbox import Planned

# Leads in one statement.
TOGETHER = 100


class Accepted(NamedTuple):
    """The latest accepted values of a lead."""

    push: int
    fingerprint: int | None
    payload: str


class Latest:
    """The accepted values of one CRM.

    Parameters
    ----------
    target : str
        The CRM, as the ledger calls it.
    dialect : {"sqlite", "postgresql"}
        Of the database.
    """

    def __init__(self, target: str, dialect: str) -> None:
        self._target = target
        self._mark = "?" if dialect == "sqlite" else "%s"
        self._packed: Any = _json_agg if dialect == "postgresql" else sa.func.json_group_array

    def read(self, connection: sa.Connection, low: str, high: str) -> dict[str, Accepted]:
        """Those of a range of leads, ends included."""
        lead_id = ACCEPTED.c.lead_id
        # As one row: the database packs it while this process does something else.
        packed = [self._packed(ACCEPTED.c[name]) for name in ("lead_id", "push", "fingerprint")]
        wanted = sa.select(*packed, sa.func.aggregate_strings(ACCEPTED.c.payload, "\n"))
        wanted = wanted.where(ACCEPTED.c.target == self._target, lead_id >= low, lead_id <= high)
        *known, payloads = connection.execute(wanted).one()
        if payloads is None:
            return {}
        leads, pushes, prints = map(json.loads, known)
        return dict(zip(leads, map(Accepted, pushes, prints, payloads.split("\n")), strict=True))

    def write(self, connection: sa.Connection, leads: Planned) -> None:
        """Take over what leads hold now; of those whose fields were emptied nothing stays."""
        kept = zip(leads.lead_id, leads.after_push, leads.fingerprint, leads.after, strict=True)
        rows = [row for row in kept if row[3] is not None]
        # By the driver, many at a time: these rows cost more than all the rest.
        one = f"('{self._target}', {', '.join([self._mark] * 4)})"
        for start in range(0, len(rows), TOGETHER):
            some = rows[start : start + TOGETHER]
            statement = (
                f"INSERT INTO {ACCEPTED.name} (target, lead_id, push, fingerprint, payload) "  # noqa: S608 (our own names)
                f"VALUES {', '.join([one] * len(some))} ON CONFLICT (target, lead_id) DO UPDATE "
                "SET push = excluded.push, fingerprint = excluded.fingerprint, payload = excluded.payload"
            )
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
        emptied = [{"gone": lead} for lead, after in zip(leads.lead_id, leads.after, strict=True) if after is None]
        if emptied:
            mine = ACCEPTED.c.target == self._target
            connection.execute(sa.delete(ACCEPTED).where(mine, ACCEPTED.c.lead_id == sa.bindparam("gone")), emptied)


def _json_agg(column: sa.Column[Any]) -> sa.Cast[str]:
    return sa.cast(sa.func.json_agg(column), sa.Text)
