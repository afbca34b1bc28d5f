"""Send what was planned, a batch at a time, and keep what became of each record."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.crm.adapter import EDITED, OK, Adapter, Change, Outcome, Uncertain
from pipeline.crm.ledger import Ledger, Place
from pipeline.crm.standing import same

TRIES = 4
UNKNOWN = Outcome("unknown", "unknown", "The connection broke again and again; the next push reads the record.")
Batch = Sequence[Any]


def send(ledger: Ledger, adapter: Adapter, push: int, *, now: int, size: int) -> None:
    """Empty the outbox.

    While the CRM works on a batch, the one before is written down; a batch is marked as sent before the first byte
    leaves, so that whatever dies, nothing is taken for accepted that was not.

    Raises
    ------
    OutsideError
        The CRM or the ledger failed; what was accepted is kept.
    """
    ledger.settle_planned(push, now=now)
    n = len(adapter.fields)
    batches = ((batch, _changes(batch, n)) for batch in _batches(ledger, push, size))
    with ThreadPoolExecutor(1) as worker:
        done: tuple[Batch, Sequence[Outcome]] | None = None
        following = next(batches, None)
        while following:
            batch, changes = following
            ledger.sending(push, _first(batch), _last(batch))
            answer = worker.submit(deliver, adapter, changes)
            if done:
                _write_down(ledger, push, *done, now=now)
            following = next(batches, None)
            done = batch, answer.result()
        if done:
            _write_down(ledger, push, *done, now=now)


def deliver(adapter: Adapter, changes: Sequence[Change]) -> list[Outcome]:
    """Write a batch; where the connection broke, read it again and write only what is not there yet."""
    outcomes: dict[int, Outcome] = {}
    left = list(range(len(changes)))
    for _ in range(TRIES):
        try:
            written = adapter.write([changes[i] for i in left])
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


def _batches(ledger: Ledger, push: int, size: int) -> Iterator[Batch]:
    after: Place | None = None
    while batch := ledger.to_send(push, after, size):
        yield batch
        after = _last(batch)


def _write_down(ledger: Ledger, push: int, batch: Batch, outcomes: Sequence[Outcome], *, now: int) -> None:
    others = [
        {"parent": row.parent, "seq": row.seq, "state": outcome.state, "code": outcome.code, "message": outcome.message}
        for row, outcome in zip(batch, outcomes, strict=True)
        if outcome.state != "ok"
    ]
    ledger.acknowledge(push, _first(batch), _last(batch), others, now=now)


def _first(batch: Batch) -> Place:
    return Place(batch[0].parent, batch[0].seq)


def _last(batch: Batch) -> Place:
    return Place(batch[-1].parent, batch[-1].seq)


def _changes(batch: Batch, n: int) -> list[Change]:
    _, _, lead_ids, crm_ids, versions, seen, after = zip(*batch, strict=True)
    # A lead that was never sent before gets its fields emptied by a rollback.
    nothing = json.dumps([None] * n)
    wanted = json.loads(f"[{','.join([text or nothing for text in after])}]")
    read = json.loads(f"[{','.join([text or 'null' for text in seen])}]")
    values = [tuple(row[:n]) for row in wanted]
    before = [row and tuple(row[:n]) for row in read]
    return list(map(Change._make, zip(lead_ids, crm_ids, versions, values, before, strict=True)))
