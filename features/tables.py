"""The nine canonical tables: their columns, and what they look like once read and checked.

In a checked table every canonical column exists (typed nulls where the source has none): identifiers and text are
``String``, times are ``Int64`` UTC seconds, numbers are ``Float64``. ``known_at`` is never null and never before
``occurred_at``. Of ``event_id`` an empty text may be all that is left: it is read before tables are checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import narwhals.stable.v2 as nw

Kind = Literal["id", "time", "number", "text", "flag"]
AttributeKind = Literal["number", "category", "date"]


@dataclass(frozen=True)
class Column:
    """One canonical column.

    Attributes
    ----------
    kind : {"id", "time", "number", "text", "flag"}
        How the source's values are read; a flag becomes 0 or 1 (``Int64``).
    required : bool
        Whether a table without this column is refused.
    """

    kind: Kind
    required: bool = False


def _columns(spec: str) -> dict[str, Column]:
    """Read ``"lead_id:id* created_at:time"``; the star marks a required column."""
    pairs = (word.split(":") for word in spec.split())
    return {name: Column(cast("Kind", kind.rstrip("*")), kind.endswith("*")) for name, kind in pairs}


SCHEMA: Mapping[str, Mapping[str, Column]] = {
    "leads": _columns(
        "lead_id:id* created_at:time account_id:id source:text direction:text job_title:text seniority:text "
        "country:text owner:text display_name:text email:text opted_out:flag outcome:text"
    ),
    "accounts": _columns(
        "account_id:id* name:text siren:text industry:text employees:number revenue:number country:text"
    ),
    "events": _columns("lead_id:id* occurred_at:time* type:text* event_id:id known_at:time channel:text value:number"),
    "signals": _columns("account_id:id* occurred_at:time* type:text* known_at:time strength:number"),
    "outcomes": _columns("lead_id:id* decided_at:time* outcome:text* amount:number lost_reason:text"),
    "stages": _columns("lead_id:id* stage:text* entered_at:time* decision:text reason:text actor:text"),
    "answers": _columns("lead_id:id* known_at:time* criterion:text* answer:text*"),
    "changes": _columns("lead_id:id* known_at:time* field:text* value:text"),
    "costs": _columns("source:text* month:time* cost:number*"),
}

# Who a person is, or who works on them: shown, never learnt from.
NOT_FEATURES = frozenset(
    {"lead_id", "account_id", "display_name", "name", "email", "owner", "opted_out", "outcome", "siren"}
)


@dataclass(frozen=True)
class Attribute:
    """A column of ``leads`` or ``accounts`` that the schema does not know and that becomes a feature by itself.

    Attributes
    ----------
    table : {"leads", "accounts"}
        Where it stands.
    name : str
        Its column name in the checked table.
    kind : {"number", "category", "date"}
        ``Float64``, ``String`` or ``Int64`` UTC seconds.
    """

    table: Literal["leads", "accounts"]
    name: str
    kind: AttributeKind


@dataclass(frozen=True)
class Tables:
    """The checked tables of one extraction.

    Attributes
    ----------
    frames : mapping of str to narwhals.LazyFrame
        By table name; a table that the source does not have is absent.
    attributes : tuple of Attribute
        Columns beyond the schema, in the order of the source.
    extracted_at : int
        UTC seconds; nothing in the tables is later.
    one_table : bool
        Whether the outcome stands in ``leads`` itself.
    """

    frames: Mapping[str, nw.LazyFrame[Any]]
    attributes: tuple[Attribute, ...]
    extracted_at: int
    one_table: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
