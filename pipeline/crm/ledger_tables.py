"""The tables of the ledger: pushes, outbox, latest accepted values, refusals, notes of adapters."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

METADATA = MetaData()
# Ranges of leads are compared byte by byte, as score runs are sorted, whatever the language of the database.
KEY = Text().with_variant(Text(collation="C"), "postgresql")

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
    Column("flight", Text, comment="JSON: first and last place of the batch that was sent and not acknowledged"),
    Column("counts", Text, comment="JSON: leads by state"),
)

OUTBOX = Table(
    "tamis_outbox",
    METADATA,
    Column("push", Integer, primary_key=True),
    Column("parent", KEY, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("lead_id", KEY, nullable=False),
    Column("crm_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("seen", Text, comment="JSON: our fields as they stood in the CRM"),
    Column("before", Text, comment="JSON: the last accepted values; null for a lead that was never sent"),
    Column("before_push", Integer, comment="the push that they came with"),
    Column("after", Text, comment="JSON: values, what is compared of the reasons, band; null empties the fields"),
    Column("after_push", Integer, nullable=False, comment="the push that the new values belong to"),
    Column("fingerprint", BigInteger),
    Column("state", String(12), nullable=False, comment="pending, sent, ok, already, or why it was not written"),
    Column("code", Text),
    Column("message", Text),
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
