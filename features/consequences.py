"""When each type of event first happens, seen from the decision: what follows a sale cannot announce it."""

import narwhals.stable.v2 as nw

from features.frames import DAY_S, Aggregates, Frame, aggregate
from features.snapshots import decisions
from features.tables import Tables

IN_HAND_DAYS = 7
EVERYONE = ""  # no type of a checked table is empty
c = nw.col


def event_timing(tables: Tables) -> Frame:
    """Count, by type of event, decided leads by when it first happened to them.

    Only leads that were in hand for a week before their decision are counted: of a lead decided on its first day,
    everything happens close to the decision.

    Parameters
    ----------
    tables : Tables
        With ``leads``, ``events`` and ``outcomes``.

    Returns
    -------
    LazyFrame
        One row per ``type``, and one of type ``EVERYONE`` for all leads, in no order: ``n_won``, ``n_lost`` (leads that
        have the type before, at or after the decision), ``n_after`` (of them, first at the decision or later),
        ``n_day`` (first in the 24 hours before it). Whole numbers of leads.

    Examples
    --------
    >>> import pandas as pd
    >>> lazy = lambda **columns: nw.from_native(pd.DataFrame(columns)).lazy()
    >>> day = 86_400
    >>> tables = Tables({
    ...     "leads": lazy(lead_id=["a", "b"], created_at=[0, 0]),
    ...     "events": lazy(lead_id=["a", "a", "b"], type=["visit", "invoice", "visit"],
    ...                    occurred_at=[day, 20 * day, day]),
    ...     "outcomes": lazy(lead_id=["a", "b"], decided_at=[19 * day, 30 * day], outcome=["won", "lost"]),
    ... }, (), extracted_at=40 * day)
    >>> event_timing(tables).collect().to_native().sort_values("type", ignore_index=True)
          type  n_won  n_lost  n_after  n_day
    0               1       1        0      0
    1  invoice      1       0        1      0
    2    visit      1       1        0      0
    """
    events, leads = tables.frames["events"], tables.frames["leads"]
    first = (c("occurred_at"), "min")
    by_type = aggregate(events, ["lead_id", "type"], {"first": first})
    began = aggregate(events, ["lead_id"], {"began": first})
    dated = "created_at" in leads.collect_schema().names()
    created = leads.select("lead_id", created=c("created_at") if dated else nw.lit(None, nw.Int64))
    decided = decisions(tables).join(created, on="lead_id", how="inner").join(began, on="lead_id", how="left")
    in_hand = c("decided_at") - IN_HAND_DAYS * DAY_S
    decided = decided.filter((c("created") <= in_hand).fill_null(False) | (c("began") <= in_hand).fill_null(False))
    one, since = nw.lit(1, nw.Int64), c("first") - c("decided_at")
    outcome = {"n_won": ~c("won_at").is_null(), "n_lost": c("won_at").is_null()}
    when = {"n_after": since >= 0, "n_day": (since < 0) & (since >= -DAY_S)}
    counts: Aggregates = {name: (nw.when(test).then(one), "count") for name, test in (outcome | when).items()}
    everyone = decided.with_columns(type=nw.lit(EVERYONE), first=c("decided_at") - IN_HAND_DAYS * DAY_S)
    return nw.concat(
        [
            aggregate(decided.join(by_type, on="lead_id", how="inner"), ["type"], counts),
            aggregate(everyone, ["type"], counts),
        ]
    )
