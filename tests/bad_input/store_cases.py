"""Score runs and databases that somebody or something spoilt."""

import shutil

import pyarrow as pa

from tests.bad_input.corpus import widen
from tests.bad_input.spoils import (
    EXPLAIN,
    LEAD,
    SCORE,
    case,
    in_run,
    manifest,
    rows,
    run,
    staged,
    table,
    write,
)

RUNS = [
    *widen(
        (
            case(
                f"runs: rows that are cut, {words[0]}",
                words,
                3,
                in_run("rows/part-00000.parquet", b"PAR1xxxx"),
                "expected the files that were published",
            )
            for words in (EXPLAIN, ("push",), ("monitor",), ("decisions", LEAD))
        ),
        2,
    ),
    case(
        "runs: features that are cut",
        EXPLAIN,
        3,
        in_run("features/part-00000.parquet", b"PAR1xxxx"),
        "expected the files that were published",
    ),
    case(
        "runs: features that are gone",
        EXPLAIN,
        3,
        lambda root: shutil.rmtree(run(root) / "features"),
        "expected the files that were published",
    ),
    case(
        "runs: rows that are gone",
        ("push",),
        3,
        lambda root: shutil.rmtree(run(root) / "rows"),
        "expected the files that were published",
    ),
    case(
        "runs: who opted out is cut",
        EXPLAIN,
        3,
        in_run("opted_out.parquet", b"PAR1"),
        "expected the files that were published",
    ),
    *widen(
        (
            case(
                f"runs: a manifest that is {what}, {words[0]}",
                words,
                3,
                in_run("manifest.json", content),
                "expected the files that were published",
            )
            for what, content in (
                ("no JSON", b"{"),
                ("a list", b"[]"),
                ("an empty object", b"{}"),
                ("binary", b"\xff\xfe\x00"),
            )
            for words in (EXPLAIN, ("push",))
        ),
        2,
    ),
    *(
        case(
            f"runs: a manifest whose {name} is {value!r}",
            words,
            3,
            manifest(**{name: value}),
            "expected the files that were published",
        )
        for name, value, words in (
            ("cutoff", "yesterday", EXPLAIN),
            ("cutoff", None, EXPLAIN),
            ("scored_at", [1], SCORE),
            ("run_id", "../../../x", EXPLAIN),
            ("kind", "other", ("push",)),
            ("model_version", "../1", ("monitor",)),
            ("certified", "yes", ("push",)),
            ("n_leads", "many", ("monitor",)),
        )
    ),
    case(
        "runs: a model that is no longer there",
        EXPLAIN,
        2,
        rows(
            lambda t: t.set_column(
                t.schema.get_field_index("model_version"), "model_version", pa.array(["9"] * t.num_rows)
            )
        ),
        "Model '9' is not in",
    ),
    case(
        "runs: a model that is no number",
        EXPLAIN,
        2,
        rows(
            lambda t: t.set_column(
                t.schema.get_field_index("model_version"), "model_version", pa.array(["x"] * t.num_rows)
            )
        ),
        "Model 'x' is not in",
    ),
    case("runs: rows without propensity", EXPLAIN, 3, rows(lambda t: t.drop_columns("propensity")), "expected"),
    case(
        "runs: propensities that are text",
        ("push",),
        3,
        rows(
            lambda t: t.set_column(t.schema.get_field_index("propensity"), "propensity", pa.array(["x"] * t.num_rows))
        ),
        "expected the files that were published",
    ),
    case(
        "runs: propensities that were changed",
        EXPLAIN,
        3,
        rows(
            lambda t: t.set_column(t.schema.get_field_index("propensity"), "propensity", pa.array([0.99] * t.num_rows))
        ),
        "expected the published propensity 0.990000",
    ),
]

DATABASES = [
    case(
        "stores: a ledger that is none",
        ("push",),
        5,
        write("ledger.db", b"no database at all, and long enough" * 99),
        "ledger",
    ),
    case(
        "stores: a ledger with other columns",
        ("push",),
        5,
        lambda root: [
            (root / ".tamis" / "ledger.db").unlink(),
            table(root, "ledger.db", "CREATE TABLE tamis_push (x)"),
        ],
        "ledger",
    ),
    *widen(
        (
            case(
                f"stores: {name} that is none, {words[0]}",
                words,
                5,
                write(name, b"no database at all, and long enough" * 99),
                name,
            )
            for name, words in (
                ("overrides.db", SCORE),
                ("overrides.db", ("override", LEAD, "nurture", "--why", "x")),
                ("reviews.db", ("monitor",)),
                ("reviews.db", ("decisions", LEAD)),
            )
        ),
        2,
    ),
    *(
        case(
            f"stores: a list of the erased that is {what}",
            SCORE,
            3,
            write("suppressed.json", content),
            "suppressed.json",
        )
        for what, content in (
            ("no JSON", b"{"),
            ("without salt", b'{"hashes": []}'),
            ("of another kind", b'{"salt": 1, "hashes": 2}'),
            ("salted with words", b'{"salt": "xyz", "hashes": ["a"]}'),
            ("a list", b"[]"),
        )
    ),
    case(
        "stores: a record of the staging that is no JSON",
        SCORE,
        0,
        staged(lambda path: (path / "source.json").write_bytes(b"{")),
        "Score run",
    ),
    case(
        "stores: staged tables that are cut",
        SCORE,
        0,
        staged(lambda path: (path / "leads.parquet").write_bytes(b"PAR1")),
        "Score run",
    ),
    case(
        "stores: staged tables that are gone",
        SCORE,
        0,
        staged(lambda path: (path / "leads.parquet").unlink()),
        "Score run",
    ),
    case(
        "stores: .tamis is a file",
        SCORE,
        2,
        lambda root: [shutil.rmtree(root / ".tamis"), (root / ".tamis").write_text("x")],
        "expected a folder that can be written",
    ),
    case(
        "stores: scores is a file",
        SCORE,
        5,
        lambda root: [shutil.rmtree(root / ".tamis" / "scores"), write("scores", b"x")(root)],
        "could not be published",
    ),
    case(
        "stores: a lock that is a folder",
        SCORE,
        5,
        lambda root: [
            (root / ".tamis" / "locks" / "score.lock").unlink(),
            (root / ".tamis" / "locks" / "score.lock").mkdir(),
        ],
        "score.lock",
    ),
]

CASES = [*widen(RUNS, 12), *widen(DATABASES, 9)]
