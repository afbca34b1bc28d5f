"""The tables of the ledger: pushes, outbox, what was not accepted, latest accepted values, refusals, notes."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

METADATA = MetaData()
# Ranges of leads are compared byte by byte, as score runs are sorted, whatever the language of the database.
KEY = Text().with_variant(Text(collation="C"), "postgresql")
# What the outbox knows of a lead.
PACKED = {
    "lead_id": "ours",
    "crm_id": "the CRM's",
    "version": "what was read",
    "seen": "our fields as they stood in the CRM",
    "before": "the last accepted values; null for a lead that was never sent",
    "before_push": "the push that they came with",
    "after": "values, what is compared of the reasons, band; null empties the fields",
    "after_push": "the push that the new values belong to",
    "fingerprint": "of the new values",
    "code": "why it is not written",
    "message": "the same in words",
}

PUSH = Table(
    "tamis_push",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("target", String(16), nullable=False, comment="which CRM"),
    Column("score_run", Text, nullable=False),
    Column("cutoff", BigInteger, nullable=False, comment="UTC seconds"),
    Column("scored_at", BigInteger, nullable=False, comment="UTC seconds"),
    Column("fields", Text, nullable=False, comment="JSON: [column, field] in the order of the values"),
    Column("mode", String(12), nullable=False, comment="live, dry or rollback"),
    Column("state", String(12), nullable=False, comment="running, done, refused, failed, interrupted, rolled_back"),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("flight", Text, comment="JSON: last places sent and acknowledged, leads acknowledged"),
    Column("counts", Text, comment="JSON: leads by state"),
)

PARCEL = Table(
    "tamis_parcel",
    METADATA,
    Column("push", Integer, primary_key=True),
    Column("parent", KEY, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False, comment="of the first lead; the others follow"),
    Column("state", String(12), nullable=False, comment="as planned: pending, already, or why it is not written"),
    Column("n", Integer, nullable=False, comment="leads"),
    *(Column(name, Text, nullable=False, comment=f"JSON: {what}, by lead") for name, what in PACKED.items()),
)

OUTCOME = Table(
    "tamis_outcome",
    METADATA,
    Column("push", Integer, primary_key=True),
    Column("parent", KEY, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("lead_id", KEY, nullable=False),
    Column("state", String(12), nullable=False, comment="why the CRM does not hold what was sent"),
    Column("code", Text),
    Column("message", Text),
)

UNDONE = Table(
    "tamis_undone",
    METADATA,
    Column("target", String(16), primary_key=True),
    Column("lead_id", KEY, primary_key=True),
    Column("before", Text, comment="what a rollback gives back"),
    Column("before_push", Integer),
    sqlite_with_rowid=False,
)

ACCEPTED = Table(
    "tamis_accepted",
    METADATA,
    Column("target", String(16), primary_key=True),
    Column("lead_id", KEY, primary_key=True),
    Column("push", Integer, nullable=False),
    Column("fingerprint", BigInteger),
    Column("payload", Text, nullable=False),
    sqlite_with_rowid=False,
)

REFUSED = Table(
    "tamis_refused",
    METADATA,
    Column("target", String(16), primary_key=True),
    Column("lead_id", KEY, primary_key=True),
    Column("push", Integer, nullable=False, comment="the last push that tried"),
    Column("since", BigInteger, nullable=False, comment="UTC seconds of the first refusal in a row"),
    Column("attempts", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False, comment="the CRM's own words"),
)

NOTE = Table(
    "tamis_note",
    METADATA,
    Column("target", String(16), primary_key=True),
    Column("name", KEY, primary_key=True),
    Column("value", Text, nullable=False),
)
