"""Bad words on the command line, and bad files of leads to score."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from pipeline.settings_file import FILE_NAME
from tests.bad_input.corpus import ROOT, Case, widen

NEW = f"{ROOT}/new.csv"
LEAD = "L0405"


def _case(
    what: str, words: str, *says: str, code: int = 2, spoil: Any = lambda _: None, may_grow: tuple[str, ...] = ()
) -> Case:
    return Case(f"arguments: {what}", tuple(words.split(" ")), code, says, spoil, "worked", may_grow=may_grow)


def _score(what: str, content: str | bytes | pa.Table, *says: str, code: int = 3) -> Case:
    """A file of leads to score."""
    name = "new.parquet" if isinstance(content, pa.Table) else "new.csv"

    def spoil(root: Path) -> None:
        if isinstance(content, pa.Table):
            pa.parquet.write_table(content, root / name)
        else:
            (root / name).write_bytes(content.encode() if isinstance(content, str) else content)

    words = ("score", "--leads", f"{ROOT}/{name}")
    return Case(f"score files: {what}", words, code, says, spoil, "worked")


def _source_of(name: str) -> Callable[[Path], object]:
    return lambda root: (root / name).write_text("lead_id,source\nx,web\n", encoding="utf-8")


def _one_lead(root: Path) -> None:
    _source_of("new.csv")(root)


ARGUMENTS = [
    _case("a verb that is none", "trian", "No such command 'trian'. Did you mean"),
    _case("an option that is none", "score --modle x", "No such option: --modle"),
    _case("a word too many", "score now", "unexpected extra argument"),
    _case("a workspace that is not there", "check --workspace {root}/nowhere", "No tamis.toml in"),
    _case("a workspace that is a file", "check --workspace {root}/tamis.toml", "No tamis.toml in"),
    _case("a workspace with a byte that is no UTF-8", "check --workspace /tmp/\udcff", "No tamis.toml in"),
    *widen(
        (
            _case(f"--as-of {text}", f"score --as-of {text}", "--as-of: expected an instant")
            for text in ("yesterday", "2025-02-30", "1735689600", "2025-01-01T25:00", "2025-01-01T00:00:00+99:00", "''")
        ),
        2,
    ),
    _case("--as-of in the future", "score --as-of 2999-01-01", "is in the future"),
    _case("--as-of at the end of time", "score --as-of 9999-12-31T23:59:59-14:00", "--as-of"),
    _case("--as-of at its beginning", "score --as-of 0001-01-01T00:00:00+14:00", "--as-of", code=2),
    _case("--as-of before the first lead", "score --as-of 1990-01-02", "No open lead at", code=3),
    *widen(
        (
            _case(f"--model {name}", f"score --model {name}", f"Model '{name}' is not in")
            for name in ("latest", "0", "99", "../1", "¹", "1.0", "champion;--")
        ),
        2,
    ),
    _case("--leads that are not there", "score --leads nowhere.csv", "--leads: nowhere.csv does not exist"),
    _case("--leads that are a folder", "score --leads {root}", "does not exist. Name a CSV or Parquet file"),
    _case(
        "--leads that are a workbook",
        "score --leads {root}/new.xlsx",
        "leads",
        code=3,
        spoil=lambda root: (root / "new.xlsx").write_bytes(b"PK\x03\x04" + bytes(99)),
    ),
    _case("--leads of a device", "score --leads /dev/zero", "does not exist"),
    _case("--out of another kind", "score --out {root}/x.xlsx", "--out: expected a name that ends in .parquet or .csv"),
    _case("--out in no folder", "score --out {root}/no/x.csv", "does not exist. Create it first"),
    _case("--out that is a folder", "score --out {root}/x.csv", "--out", spoil=lambda root: (root / "x.csv").mkdir()),
    _case("--out over the leads", f"score --leads {NEW} --out {NEW}", "--out", spoil=_one_lead),
    _case("--out over a table of the source", "score --out {root}/data/leads.csv", "--out"),
    _case(
        "--out through a link to a table",
        "score --out {root}/x.csv",
        "--out",
        spoil=lambda root: (root / "x.csv").symlink_to("data/leads.csv"),
    ),
    _case("--out in what Tamis keeps", "score --out {root}/.tamis/x.csv", "--out: expected a place of your own"),
    _case("--html over the settings", f"explain {LEAD} --html {{root}}/{FILE_NAME}", "--html"),
    _case("--html over a table", f"explain {LEAD} --html {{root}}/data/leads.csv", "--html"),
    _case(
        "--html that is a folder",
        f"explain {LEAD} --html {{root}}/x.html",
        "--html: expected a file, found a folder",
        spoil=lambda root: (root / "x.html").mkdir(),
    ),
    _case("--html of the funnel over the settings", f"funnel --html {{root}}/{FILE_NAME}", "--html"),
    _case("--csv of the funnel over the source", "funnel --csv {root}/data", "--csv"),
    _case(
        "--csv of the funnel in a file", f"funnel --csv {{root}}/{FILE_NAME}", "--csv: expected a folder, found a file"
    ),
    _case("--note of another kind", "monitor --note {root}/tamis.toml", "--note: expected a name that ends in"),
    _case("--note in no folder that can be", f"monitor --note {{root}}/{FILE_NAME}/x.html", "could not be written"),
    _case("--lang of another country", f"explain {LEAD} --lang de", "--lang: expected en or fr, found 'de'"),
    *widen(
        (
            _case(f"explain {name!r}", f"explain {name}", "is in no score run")
            for name in ("nobody", "../../etc/passwd", "L0405;DROP", "[red]x[/red]", "\x1b[2J", "x" * 5000)
        ),
        2,
    ),
    *(
        _case(f"{verb} of bytes that are no UTF-8", f"{verb} \udcff", "expected text in UTF-8")
        for verb in ("explain", "decisions", "forget")
    ),
    *widen((_case(f"decisions of {name!r}", f"decisions {name}", name) for name in ("nobody", "../x")), 1),
    *widen(
        (
            _case(f"promote {number}", f"promote {number}", "")
            for number in ("0", "-1", "three", "1e3", "99", "1" + "0" * 400)
        ),
        2,
    ),
    _case("rollback to nothing", "rollback", "No earlier champion to return to"),
    _case("a rollback of a push that never was", "push --rollback ../../x", "../../x", may_grow=(".tamis/ledger.db",)),
    _case("--prepare and a dry run", "push --prepare --dry-run", "--prepare stands alone"),
    _case("override to nowhere", f"override {LEAD} elsewhere --why x", "expected hand_over, nurture"),
    _case("override without a reason", f"override {LEAD} nurture --why \u00a0", "override"),
    _case("override of nobody", "override nobody nurture --why x", "nobody"),
    _case("forget nobody", "forget nobody", "found no trace of that number"),
    *widen(
        (
            _case(f"funnel within {days}", f"funnel --within {days}", "--within")
            for days in ("0", "-1", "1" + "0" * 18, "x")
        ),
        1,
    ),
    _case("serve at a port that is none", "serve --port 70000", "port"),
    _case("serve for everybody", "serve --host 0.0.0.0", "page.host: expected a loopback address"),
    _case("serve at a name that is none", "serve --host no.such.host.invalid", "no.such.host.invalid"),
    _case("init where settings are", "init {root}", "exists already: expected a new workspace"),
    _case("init of no file", "init {root}/w --leads {root}/no.csv", "does not exist: expected a CSV or Parquet file"),
    _case(
        "init of a cut Parquet file",
        "init {root}/w --leads {root}/x.parquet",
        "x.parquet: expected a Parquet file",
        code=3,
        spoil=lambda root: (root / "x.parquet").write_bytes(b"PAR1"),
    ),
    _case(
        "init of a column that is not there",
        f"init {{root}}/w --leads {NEW} --outcome Fin",
        "--outcome",
        spoil=_one_lead,
    ),
    _case(
        "init of a packed file that is none",
        "init {root}/w --leads {root}/x.csv.gz",
        "x.csv.gz",
        code=3,
        spoil=lambda root: (root / "x.csv.gz").write_bytes(b"lead_id\n"),
    ),
    _case("a demo over a workspace", "demo {root}", "expected a new or empty folder, found files"),
    _case("a demo of five leads", "demo {root}/d --leads 5", "greater than or equal to 1000"),
]

SCORES = [
    _score("no bytes", b"", "leads: no row"),
    _score("a header alone", "lead_id,source\n", "leads: no row"),
    _score("no identifier", "source,budget\nweb,1\n", "no column lead_id"),
    _score("an identifier that is empty", "lead_id,source\n,web\n", "[missing_value]"),
    _score("the same lead twice", "lead_id,source\nx,web\nx,salon\n", "[duplicate_id]"),
    _score("Windows-1252", "lead_id,source\nx,référence\n".encode("cp1252"), "is not utf-8"),
    _score("a web page", b"<!doctype html>\n<p>Sign in\n", "no column lead_id"),
    _score("a quote that stays open", 'lead_id,source\nx,"web\n', "never closed"),
    _score("a time that is none", "lead_id,created_at\nx,soon\n", "[unreadable_time]"),
    _score("created in 2999", "lead_id,created_at\nx,2999-01-01\n", "[after_extraction]"),
    _score("created in 1899", "lead_id,created_at\nx,1899-01-01\n", "[before_1990]"),
    _score("leads that are decided", "lead_id,created_at,source\nL0001,2024-01-02T00:00:00Z,web\n", "No open lead at"),
    _score("a column twice", "lead_id,source,source\nx,web,web\n", "[duplicate_header]"),
    _score("text for a number", "lead_id,created_at,source,budget\nx,2025-12-01T00:00:00Z,web,much\n", "", code=0),
    _score(
        "a level that nobody knows", "lead_id,created_at,source,budget\nx,2025-12-01T00:00:00Z,=1+1,9\n", "", code=0
    ),
    _score(
        "a list for a number",
        pa.table({"lead_id": ["x"], "created_at": ["2025-12-01T00:00:00Z"], "budget": [[1.0]]}),
        "",
        code=0,
    ),
    _score("a record for a source", pa.table({"lead_id": ["x"], "source": [{"a": 1}]}), "leads.source"),
    _score(
        "infinite numbers",
        pa.table({"lead_id": ["x"], "created_at": ["2025-12-01T00:00:00Z"], "budget": [float("inf")]}),
        "",
        code=0,
    ),
    _score("Parquet without rows", pa.table({"lead_id": pa.array([], pa.string())}), "leads: no row"),
]

CASES = [*ARGUMENTS, *widen(SCORES, 8)]
