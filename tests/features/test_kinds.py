"""Which features share a query: those that read the same rows in the same way."""

from features.declare import count, distinct, recency
from features.kinds import by_kind
from features.specification import Did, Feature, Tally
from features.statements import attribute

DID = {"en": Did("Did", "Things"), "fr": Did("A fait", "Choses")}
TALLY = {"en": Tally("thing", "things", "none"), "fr": Tally("chose", "choses", "aucune")}


def test_days_and_sessions_are_read_apart_and_everything_else_by_its_table():
    viewed = count("view", "engagement", days=(7, 30), **DID)
    days, sessions, types = (
        distinct(of, "engagement", of=of, days=(30,), **TALLY) for of in ("days", "sessions", "types")
    )
    signals = count("ipo", "intent", days=(90,), source="signals", **DID)
    asked = recency("need", "intent", source="answers", **DID)
    source = attribute("fit__source", "fit", ["leads.source"], "value", {})
    old = Feature("fit__old", "fit", "number", "old", "")
    assert by_kind((*viewed, *days, *sessions, *types, *signals, *asked, source, old)) == {
        "events": [*viewed, *types],
        "days": [*days],
        "sessions": [*sessions],
        "signals": [*signals],
        "answers": [*asked],
        "attributes": [source, old],
    }
