"""Send what was planned, a batch at a time, and keep what became of each record."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.crm.adapter import EDITED, OK, Adapter, Ahead, Change, Outcome, Uncertain
from pipeline.crm.ledger import Ledger
from pipeline.crm.outbox import Planned, batches
from pipeline.crm.standing import same

TRIES = 4
UNKNOWN = Outcome("unknown", "unknown", "The connection broke again and again; the next push reads the record.")


def send(ledger: Ledger, adapter: Adapter, push: int, *, now: int, size: int) -> None:
    """Empty the outbox.

    While the CRM works on a batch, the one before is written down and the next one made ready; a batch is marked as
    sent before the first byte leaves, so that whatever dies, nothing is taken for accepted that was not.

    Raises
    ------
    OutsideError
        The CRM or the ledger failed; what was accepted is kept.
    """
    ledger.settle_planned(push, now=now)
    waiting = ((batch, _changes(batch, adapter)) for batch in batches(ledger.leads(push, ["pending"]), size))
    with ThreadPoolExecutor(2) as workers:
        done: tuple[Planned, Sequence[Outcome]] | None = None
        following = next(waiting, None)
        while following:
            batch, changes = following
            ledger.sending(push, batch.place(-1))
            answer = workers.submit(deliver, adapter, changes)
            kept = workers.submit(ledger.acknowledge, push, *done, now=now) if done else None
            following = next(waiting, None)
            done = batch, answer.result()
            if kept:
                kept.result()
        if done:
            ledger.acknowledge(push, *done, now=now)


def deliver(adapter: Adapter, changes: Sequence[Change]) -> list[Outcome]:
    """Write a batch; where the connection broke, read it again and write only what is not there yet."""
    outcomes: dict[int, Outcome] = {}
    left = list(range(len(changes)))
    for _ in range(TRIES):
        try:
            written = adapter.write(changes if len(left) == len(changes) else [changes[i] for i in left])
        except Uncertain:
            found = {record.key: record for record in adapter.read([changes[i].lead_id for i in left])}
            again = []
            for i in left:
                change, record = changes[i], found.get(changes[i].lead_id)
                if record is None:
                    outcomes[i] = Outcome("missing")
                elif same(record.values, change.values, adapter.fields):
                    outcomes[i] = OK
                elif record.version == change.version and (change.before is None or record.values == change.before):
                    again.append(i)
                else:
                    outcomes[i] = EDITED
            left = again
        else:
            outcomes.update(zip(left, written, strict=True))
            left = []
        if not left:
            break
    return [outcomes.get(i, UNKNOWN) for i in range(len(changes))]


def _changes(batch: Planned, adapter: Adapter) -> Sequence[Change]:
    n = len(adapter.fields)
    # A lead that was never sent before gets its fields emptied by a rollback.
    nothing = json.dumps([None] * n)
    wanted = json.loads(f"[{','.join([text or nothing for text in batch.after])}]")
    read = json.loads(f"[{','.join([text or 'null' for text in batch.seen])}]")
    values = [tuple(row[:n]) for row in wanted]
    before = [row and tuple(row[:n]) for row in read]
    changes = list(map(Change._make, zip(batch.lead_id, batch.crm_id, batch.version, values, before, strict=True)))
    return adapter.ahead(changes) if isinstance(adapter, Ahead) else changes
