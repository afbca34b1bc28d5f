"""Ledgers from before the outbox was packed hold a row for every lead: they are packed once, when they are opened."""

import sqlalchemy as sa

from pipeline.crm.ledger_tables import PARCEL, PUSH
from pipeline.crm.outbox import Planned, packed

OLD = "tamis_outbox"
PAGE = 20_000


def migrate(engine: sa.Engine) -> None:
    """Pack the outbox of a former version, in one transaction.

    What was not acknowledged then is left out: the next push reads it from the CRM.
    """
    if not sa.inspect(engine).has_table(OLD):
        return
    with engine.begin() as connection:
        old = sa.Table(OLD, sa.MetaData(), autoload_with=connection)
        columns = [old.c[name] for name in Planned._fields]
        place = sa.tuple_(old.c.push, old.c.parent, old.c.seq)
        following = sa.select(old.c.push, *columns).where(old.c.state.not_in(("pending", "sent"))).limit(PAGE)
        following = following.order_by(old.c.push, old.c.parent, old.c.seq)
        wanted = following
        while page := connection.execute(wanted).all():
            for push in sorted({row.push for row in page}):
                leads = Planned(*zip(*(row[1:] for row in page if row.push == push), strict=True))
                connection.execute(sa.insert(PARCEL), list(packed(push, leads)))
            last = page[-1]
            wanted = following.where(place > sa.tuple_(last.push, last.parent, last.seq))
        connection.execute(sa.update(PUSH).values(flight=None))
        old.drop(connection)
