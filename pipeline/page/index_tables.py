"""The tables of the index: one row per scored lead, narrow indexes for each order, words for the search.

``place`` is the rank by expected value, so that whatever is read in the order of the table, searches included, comes
best first and may stop early. The columns that people filter by are small numbers (table ``choice``) and stand in every
index of an order: a filter is decided without reading the lead itself.
"""

FORMAT = "2"
# Due time of a lead that waits for nothing.
NEVER = 9_999_999_999
CALL = 0  # choice of `decision` that stands for hand_over
DECISIONS = ("hand_over", "nurture", "disqualify")
FAMILIES = ("fit", "engagement", "intent")
# Columns of the table of leads, and what the index calls them.
PERSONAL = {
    "display_name": "name",
    "job_title": "title",
    "account_id": "account",
    "country": "country",
    "owner": "owner",
    "source": "channel",
    "created_at": "created",
    "opted_out": "opted_out",
}
WHOLE = ("created_at", "opted_out")  # not texts but whole numbers
CHOICES = ("owner", "channel", "segment", "band", "family", "qualification")

COLUMNS = (
    # ``line``: which row of the run it is, from 0.
    *("place INTEGER PRIMARY KEY", "line INTEGER NOT NULL", "key BLOB NOT NULL", "lead_id TEXT NOT NULL"),
    *("name TEXT", "company TEXT", "title TEXT", "account TEXT", "country TEXT"),
    *("created INTEGER", "opted_out INTEGER"),
    *("decision INTEGER NOT NULL", *(f"{name} INTEGER" for name in CHOICES)),
    # UTC seconds; rank by propensity, from 1, equal ones share the better place.
    *("due INTEGER NOT NULL", "rank INTEGER NOT NULL"),
    *("propensity REAL NOT NULL", "previous REAL", "threshold REAL", "amount REAL", "value REAL"),
    # The two facts that speak most for the lead: column of the model, points, value of the feature.
    *("fact1 INTEGER", "points1 REAL", "number1 REAL", "text1 TEXT"),
    *("fact2 INTEGER", "points2 REAL", "number2 REAL", "text2 TEXT"),
)
NAMES = tuple(column.split(" ")[0] for column in COLUMNS)
FILTERS = ", ".join(CHOICES)

CREATE = f"""
CREATE TABLE lead ({", ".join(COLUMNS)});
CREATE TABLE choice (name TEXT NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, n_call INTEGER NOT NULL,
                     PRIMARY KEY (name, id)) WITHOUT ROWID;
CREATE VIRTUAL TABLE word USING fts5(name, company, lead_id, content='', detail='none', columnsize=0,
                                     tokenize='unicode61 remove_diacritics 2');
-- Few large segments are written faster than many small ones that are merged again and again.
INSERT INTO word (word, rank) VALUES ('hashsize', 67108864);
"""  # noqa: S608 (words of our own)
INDEX = f"""
CREATE UNIQUE INDEX lead_key ON lead (key);
CREATE INDEX lead_account ON lead (account) WHERE account IS NOT NULL;
CREATE INDEX call_value ON lead (decision, place, due, {FILTERS}) WHERE decision = {CALL};
CREATE INDEX call_propensity ON lead (decision, rank, place, due, {FILTERS}) WHERE decision = {CALL};
CREATE INDEX call_due ON lead (decision, due, place, {FILTERS}) WHERE decision = {CALL};
CREATE INDEX call_owner ON lead (owner, place, due, rank, band, family, channel, segment, qualification)
    WHERE decision = {CALL};
CREATE INDEX all_value ON lead (place, {FILTERS});
CREATE INDEX all_propensity ON lead (rank, place, {FILTERS});
"""
