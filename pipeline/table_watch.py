"""What of the tables somebody should look at: gone, silent, late, too many or too few, emptied, unreadable, refused."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.arrivals import share_moved, silence, volume
from models.watching import Finding
from pipeline.reviews import Review
from pipeline.source import Opened
from pipeline.table_profile import DAY_S, NEWEST_DAYS, days_of, profile, shares_by

COUNTED = ("leads", "events", "signals", "outcomes", "stages", "answers")
# Findings after which a table cannot be relied on: neither its features nor a model learnt from it.
BREAKS = frozenset({"missing_table", "missing_column", "changed_type", "unreadable", "emptied_column", "silent_table"})
LEAST_FALL = 0.2
LEAST_SHARE = 0.15
UNREADABLE = 0.2
# Of the newest weeks, and of the half year before.
Counts = tuple[Mapping[str, int], Mapping[str, int]]


def watch_tables(opened: Opened, before: Mapping[str, Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Hold the tables of tonight against those of the training, and against their own past.

    Parameters
    ----------
    opened : Opened
        Tonight's tables.
    before : mapping
        `pipeline.table_profile.profile` at the training; empty where the model has none.

    Returns
    -------
    tuple of Finding
    """
    now = profile(opened)
    return (
        *_missing(before, now),
        *_unreadable(opened),
        *_emptied(before, now),
        *_late(before, now),
        *_arrivals(opened),
    )


def _missing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    for table in before:
        if table not in now:
            yield Finding("missing_table", table, 0.0, 1.0, {"n": before[table]["n"]})
            continue
        gone = sorted(set(before[table]["columns"]) - set(now[table]["columns"]))
        if gone:
            yield Finding("missing_column", table, float(len(gone)), 1.0, {"columns": gone})
        old, new = before[table]["columns"], now[table]["columns"]
        changed = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
        if changed:
            yield Finding("changed_type", table, float(len(changed)), 1.0, {"columns": changed})


def _unreadable(opened: Opened) -> Iterator[Finding]:
    """Columns whose cells could not be read as what they were at the training."""
    for item in opened.faults.items:
        read = opened.faults.counts[item.table].read if item.table in opened.faults.counts else 0
        if item.level == "cell" and read and item.rows > UNREADABLE * read:
            yield Finding("unreadable", item.table, item.rows / read, UNREADABLE, {"columns": [item.column]})


def _emptied(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    """Columns that are far emptier in the newest rows than they were in the newest rows of the training."""
    for table in sorted(before.keys() & now.keys()):
        old, new = before[table], now[table]
        fallen = []
        # The newest leads have no outcome yet: that is what they are scored for.
        for column in sorted((old["filled"].keys() & new["filled"].keys()) - {"outcome"}):
            was, is_ = old["filled"][column], new["filled"][column]
            if min(old["n_newest"], new["n_newest"]) == 0 or was == 0:
                continue
            shares = was / old["n_newest"], is_ / new["n_newest"]
            half = shares[1] < shares[0] / 2
            if half and share_moved(is_, new["n_newest"], was, old["n_newest"], LEAST_FALL):
                fallen.append((shares[1], column, shares[0]))
        if fallen:
            share, _, was = min(fallen)
            facts = {"columns": [column for _, column, _ in sorted(fallen)], "was": 1 - was}
            yield Finding("emptied_column", table, 1 - share, 1 - was / 2, facts)


def _late(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    for table in sorted(before.keys() & now.keys()):
        old, new = before[table], now[table]
        if share_moved(new["n_late"], new["n_newest"], old["n_late"], old["n_newest"], LEAST_FALL) and (
            new["n_late"] * old["n_newest"] > old["n_late"] * new["n_newest"]
        ):
            was = old["n_late"] / old["n_newest"]
            yield Finding("late_rows", table, new["n_late"] / new["n_newest"], was + LEAST_FALL, {"was": was})


def _arrivals(opened: Opened) -> Iterator[Finding]:
    end = opened.tables.extracted_at / DAY_S
    for table in opened.tables.frames:
        days = days_of(opened, table)
        if days is None or not len(days.day):
            continue
        silent = silence(table, days.day, end)
        if silent is not None:
            yield silent
        elif table in COUNTED:
            found = volume(table, days.day, days.n, end, _source(opened) if table == "leads" else None)
            if found is not None:
                yield found


def _source(opened: Opened) -> dict[str, Any]:
    """The source that brought most of the newest leads beyond its usual share."""
    now, before = shares_by(opened, "leads", "source")
    if not now or not before:
        return {}
    n, n_before = sum(now.values()), sum(before.values())
    grown = {name: now[name] / n - before.get(name, 0) / n_before for name in now if name}
    name = max(grown, key=lambda one: (grown[one], one), default="")
    return {"source": name, "share": now[name] / n} if name else {}


def refusals(opened: Opened) -> Counts:
    """Why sales refused leads, newest weeks and before, by reason, from the table of stages; empty without one."""
    if "stages" not in opened.tables.frames:
        return {}, {}
    return shares_by(opened, "stages", "reason", ("refused",))


def decided(opened: Opened) -> Counts:
    """How many leads sales accepted and refused."""
    if "stages" not in opened.tables.frames:
        return {}, {}
    return shares_by(opened, "stages", "decision", ("accepted", "refused"))


def reviewed(reviews: Sequence[Review], end: int) -> tuple[Counts, Counts]:
    """Reasons of refusals, and verdicts, among the reviews of sales: newest 28 days and the 180 before.

    Parameters
    ----------
    reviews : sequence of Review
        From `pipeline.reviews.read`.
    end : int
        UTC seconds.

    Returns
    -------
    tuple of two Counts
    """
    newest = end - NEWEST_DAYS * DAY_S
    now = [review for review in reviews if newest <= review.at]
    before = [review for review in reviews if newest - 180 * DAY_S <= review.at < newest]
    reasons = tuple(Counter(r.reason or "" for r in part if r.decision == "refused") for part in (now, before))
    verdicts = tuple(Counter(str(r.decision) for r in part) for part in (now, before))
    return (reasons[0], reasons[1]), (verdicts[0], verdicts[1])


def together(one: Counts, other: Counts) -> Counts:
    """Counts of two sources."""
    now, before = (dict(Counter(a) + Counter(b)) for a, b in zip(one, other, strict=True))
    return now, before


def watch_refusals(reasons: Counts, verdicts: Counts) -> tuple[Finding, ...]:
    """Tell when sales refuses far more than before, or for another reason.

    Parameters
    ----------
    reasons, verdicts : Counts
        Refusals by reason; what sales said, ``accepted`` or ``refused``.

    Returns
    -------
    tuple of Finding
    """
    found = []
    now, before = verdicts
    n, n_before = sum(now.values()), sum(before.values())
    k, k_before = now.get("refused", 0), before.get("refused", 0)
    if share_moved(k, n, k_before, n_before, LEAST_SHARE) and k * n_before > k_before * n:
        was = k_before / n_before
        found.append(Finding("refusals", "stages", k / n, was + LEAST_SHARE, {"was": was}))
    now, before = reasons
    n, n_before = sum(now.values()), sum(before.values())
    for reason, k in now.items():
        k_before = before.get(reason, 0)
        if reason and share_moved(k, n, k_before, n_before, LEAST_SHARE) and k * n_before > k_before * n:
            was = k_before / n_before
            found.append(Finding("refusal_reason", reason, k / n, was + LEAST_SHARE, {"was": was}))
    return tuple(found)
