"""A registry, score runs and databases that somebody or something spoilt."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.bad_input.corpus import Case, widen

LEAD = "L0405"
SCORE, EXPLAIN, MODELS = ("score",), ("explain", LEAD), ("models",)
Spoil = Callable[[Path], object]


def _case(what: str, words: tuple[str, ...], code: int, spoil: Spoil, *says: str) -> Case:
    may_grow = (
        (".tamis/ledger.db",)
        if words[0] == "push"
        else (".tamis/staging/",)
        if "staged" in what or "staging" in what
        else ()
    )
    return Case(what, words, code, says, spoil, "worked", may_grow=may_grow)


def _model(root: Path, name: str) -> Path:
    (found,) = (root / ".tamis" / "artifacts" / "models").glob(f"*/artifacts/artifacts/{name}")
    return found


def _run(root: Path) -> Path:
    (found,) = (root / ".tamis" / "scores").iterdir()
    return found


def _database(query: str, *values: Any) -> Spoil:
    def spoil(root: Path) -> None:
        with closing(sqlite3.connect(root / ".tamis" / "mlflow.db")) as connection, connection:
            connection.execute(query, values)

    return spoil


def _edited(name: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(root: Path) -> None:
        path = _model(root, name)
        path.write_bytes(change(path.read_bytes()))

    return spoil


def _signed(change: Callable[[dict[str, Any]], object], *, name: str = "model.json") -> Spoil:
    """Edit a model, and the hash in the registry with it."""

    def spoil(root: Path) -> None:
        path = _model(root, name)
        if name == "model.json":
            data = json.loads(path.read_bytes())
            path.write_text(json.dumps(change(data) or data), encoding="utf-8")
        _signed_as_it_is(root)

    return spoil


def _signed_as_it_is(root: Path) -> None:
    folder = _model(root, "model.json").parent
    tag = json.dumps({path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()})
    _database("UPDATE model_version_tags SET value = ? WHERE key = 'files'", tag)(root)


def _put(*path: str, to: Any) -> Spoil:
    """Replace one value of a model by another; None takes it out."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[int(step) if isinstance(data, list) else step]
        last: Any = int(path[-1]) if isinstance(data, list) else path[-1]
        if to is None:
            del data[last]
        else:
            data[last] = to

    return _signed(change)


def _booster(change: Callable[[str], str]) -> Spoil:
    """Edit the trees, and every hash of them."""

    def spoil(root: Path) -> None:
        path = _model(root, "booster_0.txt")
        path.write_text(change(path.read_text()))
        model = _model(root, "model.json")
        data = json.loads(model.read_bytes())
        data["boosters"][0]["sha256"] = sha256(path.read_bytes()).hexdigest()
        model.write_text(json.dumps(data))
        _signed_as_it_is(root)

    return spoil


def _pickled(root: Path) -> None:
    (_model(root, "model.json").parent / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")


def _manifest(**values: Any) -> Spoil:
    def spoil(root: Path) -> None:
        path = _run(root) / "manifest.json"
        data = {**json.loads(path.read_text()), **values}
        path.write_text(json.dumps({name: value for name, value in data.items() if value is not None}))

    return spoil


def _rows(change: Callable[[pa.Table], pa.Table], place: str = "rows") -> Spoil:
    def spoil(root: Path) -> None:
        path = _run(root) / place / "part-00000.parquet"
        pq.write_table(change(pq.read_table(path)), path)

    return spoil


def _write(name: str, content: bytes) -> Spoil:
    def spoil(root: Path) -> None:
        path = root / ".tamis" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    return spoil


def _in_run(name: str, content: bytes) -> Spoil:
    return lambda root: (_run(root) / name).write_bytes(content)


def _staged(change: Callable[[Path], object]) -> Spoil:
    """Spoil what was staged of the very source that is read."""
    return lambda root: [change(path) for path in (root / ".tamis" / "staging").iterdir()]


def _link_away(root: Path) -> None:
    path = _model(root, "booster_0.txt")
    path.unlink()
    path.symlink_to("/etc/passwd")


TOUCHED = "expected the files that were saved, found"
REGISTRY = [
    *(
        _case(
            f"registry: {name} is edited",
            SCORE,
            3,
            _edited(name, lambda content: content + b" "),
            f"{TOUCHED} {name} changed",
        )
        for name in ("model.json", "booster_0.txt", "pattern_tables.bin")
    ),
    *widen(
        (
            _case(
                f"registry: {name} is cut",
                SCORE,
                3,
                _edited(name, lambda content: content[:100]),
                f"{TOUCHED} {name} changed",
            )
            for name in ("model.json", "booster_1.txt", "pattern_tables.bin")
        ),
        1,
    ),
    _case(
        "registry: a file is missing",
        SCORE,
        3,
        lambda root: _model(root, "booster_1.txt").unlink(),
        f"{TOUCHED} booster_1.txt missing",
    ),
    _case("registry: a pickle lies beside the model", SCORE, 3, _pickled, f"{TOUCHED} model.pkl unknown"),
    _case("registry: a file is a link to another place", SCORE, 5, _link_away, "MLflow failed"),
    _case(
        "registry: the folder of the artefacts is gone",
        SCORE,
        5,
        lambda root: shutil.rmtree(root / ".tamis" / "artifacts"),
        "MLflow",
    ),
    _case(
        "registry: a model that Tamis did not save",
        SCORE,
        3,
        _database("DELETE FROM model_version_tags WHERE key = 'files'"),
        "expected a model that Tamis saved",
    ),
    _case(
        "registry: hashes that are no JSON",
        SCORE,
        3,
        _database("UPDATE model_version_tags SET value = 'x' WHERE key = 'files'"),
        "Model version 1",
    ),
    _case(
        "registry: hashes that are a list",
        SCORE,
        3,
        _database("UPDATE model_version_tags SET value = '[1]' WHERE key = 'files'"),
        "Model version 1",
    ),
    _case(
        "registry: figures that are no JSON",
        MODELS,
        3,
        _database("UPDATE model_version_tags SET value = '{' WHERE key = 'figures'"),
        "Model version 1",
    ),
    _case(
        "registry: a promotion that is no JSON",
        ("models", "--json"),
        3,
        _database("UPDATE registered_model_tags SET value = 'x' WHERE key LIKE 'promotion%'"),
        "promotion",
    ),
    _case(
        "registry: a promotion with other keys",
        ("rollback",),
        3,
        _database("UPDATE registered_model_tags SET value = '{\"a\": 1}' WHERE key LIKE 'promotion%'"),
        "promotion",
    ),
    _case(
        "registry: an alias of a version that is not there",
        SCORE,
        2,
        _database("UPDATE registered_model_aliases SET version = 9"),
        "Model 'champion' is not in",
    ),
    _case(
        "registry: a model that lies elsewhere",
        SCORE,
        5,
        _database("UPDATE model_versions SET storage_location = 'file:///etc'"),
        "MLflow failed",
    ),
    _case(
        "registry: a model on a server that is not there",
        SCORE,
        5,
        _database("UPDATE model_versions SET storage_location = 'http://127.0.0.1:1/x'"),
        "MLflow",
    ),
    _case(
        "registry: no database",
        MODELS,
        5,
        _write("mlflow.db", b"no database, and long enough to be looked at" * 9),
        "expected an MLflow database",
    ),
    _case(
        "registry: a database that is cut",
        MODELS,
        5,
        lambda root: (root / ".tamis" / "mlflow.db").write_bytes((root / ".tamis" / "mlflow.db").read_bytes()[:20_000]),
        "mlflow.db",
    ),
    _case("registry: a database without tables", MODELS, 5, _database("DROP TABLE model_versions"), "MLflow failed"),
    _case(
        "registry: a database of another MLflow",
        MODELS,
        5,
        _database("UPDATE alembic_version SET version_num = '451aebb31d03'"),
        "Another version of MLflow wrote",
    ),
]

MODEL_FILES = [
    _case("models: of an older format", SCORE, 3, _put("format", to="tamis 0"), "expected format", "found 'tamis 0'"),
    _case("models: of a newer format", SCORE, 3, _put("format", to="tamis 99"), "expected format", "found 'tamis 99'"),
    _case("models: no object", SCORE, 3, _signed(lambda _: [1, 2]), "model.json: expected an object, found list"),
    _case(
        "models: columns that do not match their hash",
        SCORE,
        3,
        _put("schema", "columns", "0", to=None),
        "the columns do not match their hash",
    ),
    *widen(
        (
            _case(f"models: without {key}", SCORE, 3, _put(key, to=None), "model.json")
            for key in (
                "boosters",
                "tables",
                "schema",
                "schema_hash",
                "calibration",
                "threshold",
                "bands",
                "reference",
                "shared_facts",
                "metadata",
                "amount",
            )
        ),
        2,
    ),
    *widen(
        (
            _case(f"models: {' '.join(path)} is {value!r}", SCORE, 3, _put(*path, to=value), "model.json")
            for path, value in (
                (("calibration", "a"), "much"),
                (("calibration",), [1, 2, 3]),
                (("threshold", "threshold"), "high"),
                (("threshold", "threshold"), 7.0),
                (("threshold", "evil"), 1),
                (("bands", "a"), "x"),
                (("boosters",), "booster_0.txt"),
                (("schema", "columns"), 7),
                (("reference", "evil"), 1),
                (("reference", "margin"), "x"),
                (("metadata",), [1]),
                (("metadata", "attributes"), [{"x": 1}]),
                (("shared_facts", "groups"), [1]),
                (("certificate", "verdicts"), {"all": 1}),
                (("by_segment",), {"segments": 1}),
                (("linear",), {"base": "x"}),
            )
        ),
        8,
    ),
    *(
        _case(f"models: {what}", SCORE, 3, _put(*path, to=value), says)
        for what, path, value, says in (
            ("a slope below 0", ("calibration", "a"), -1.0, "calibration: expected slopes a, b > 0"),
            ("a slope that is no number", ("calibration", "a"), float("nan"), "calibration: expected slopes a, b > 0"),
            ("bands in disorder", ("bands", "a"), 0.0001, "bands: expected 1 > A > B > C > 0"),
            (
                "a file of the system for trees",
                ("boosters",),
                [{"file": "../../../../etc/passwd", "sha256": "0"}],
                "is missing",
            ),
            ("no trees", ("boosters",), [], "compiled from other boosters"),
            ("trees for tables", ("tables", "file"), "booster_0.txt", "booster_0.txt is not the file that was saved"),
        )
    ),
    _case("models: trees that are cut", SCORE, 3, _booster(lambda text: text[:2000]), "booster"),
    _case(
        "models: trees of another booster",
        SCORE,
        3,
        _booster(lambda text: text.replace("leaf_value=", "leaf_value=9")),
        "compiled from other boosters",
    ),
]


RUNS = [
    *widen(
        (
            _case(
                f"runs: rows that are cut, {words[0]}",
                words,
                3,
                _in_run("rows/part-00000.parquet", b"PAR1xxxx"),
                "expected the files that were published",
            )
            for words in (EXPLAIN, ("push",), ("monitor",), ("decisions", LEAD))
        ),
        2,
    ),
    _case(
        "runs: features that are cut",
        EXPLAIN,
        3,
        _in_run("features/part-00000.parquet", b"PAR1xxxx"),
        "expected the files that were published",
    ),
    _case(
        "runs: features that are gone",
        EXPLAIN,
        3,
        lambda root: shutil.rmtree(_run(root) / "features"),
        "expected the files that were published",
    ),
    _case(
        "runs: rows that are gone",
        ("push",),
        3,
        lambda root: shutil.rmtree(_run(root) / "rows"),
        "expected the files that were published",
    ),
    _case(
        "runs: who opted out is cut",
        EXPLAIN,
        3,
        _in_run("opted_out.parquet", b"PAR1"),
        "expected the files that were published",
    ),
    *widen(
        (
            _case(
                f"runs: a manifest that is {what}, {words[0]}",
                words,
                3,
                _in_run("manifest.json", content),
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
        _case(
            f"runs: a manifest whose {name} is {value!r}",
            words,
            3,
            _manifest(**{name: value}),
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
    _case(
        "runs: a model that is no longer there",
        EXPLAIN,
        2,
        _rows(
            lambda t: t.set_column(
                t.schema.get_field_index("model_version"), "model_version", pa.array(["9"] * t.num_rows)
            )
        ),
        "Model '9' is not in",
    ),
    _case(
        "runs: a model that is no number",
        EXPLAIN,
        2,
        _rows(
            lambda t: t.set_column(
                t.schema.get_field_index("model_version"), "model_version", pa.array(["x"] * t.num_rows)
            )
        ),
        "Model 'x' is not in",
    ),
    _case("runs: rows without propensity", EXPLAIN, 3, _rows(lambda t: t.drop_columns("propensity")), "expected"),
    _case(
        "runs: propensities that are text",
        ("push",),
        3,
        _rows(
            lambda t: t.set_column(t.schema.get_field_index("propensity"), "propensity", pa.array(["x"] * t.num_rows))
        ),
        "expected the files that were published",
    ),
    _case(
        "runs: propensities that were changed",
        EXPLAIN,
        3,
        _rows(
            lambda t: t.set_column(t.schema.get_field_index("propensity"), "propensity", pa.array([0.99] * t.num_rows))
        ),
        "expected the published propensity 0.990000",
    ),
]

DATABASES = [
    _case(
        "stores: a ledger that is none",
        ("push",),
        5,
        _write("ledger.db", b"no database at all, and long enough" * 99),
        "ledger",
    ),
    _case(
        "stores: a ledger with other columns",
        ("push",),
        5,
        lambda root: [
            (root / ".tamis" / "ledger.db").unlink(),
            _table(root, "ledger.db", "CREATE TABLE tamis_push (x)"),
        ],
        "ledger",
    ),
    *widen(
        (
            _case(
                f"stores: {name} that is none, {words[0]}",
                words,
                5,
                _write(name, b"no database at all, and long enough" * 99),
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
        _case(
            f"stores: a list of the erased that is {what}",
            SCORE,
            3,
            _write("suppressed.json", content),
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
    _case(
        "stores: a record of the staging that is no JSON",
        SCORE,
        0,
        _staged(lambda path: (path / "source.json").write_bytes(b"{")),
        "Score run",
    ),
    _case(
        "stores: staged tables that are cut",
        SCORE,
        0,
        _staged(lambda path: (path / "leads.parquet").write_bytes(b"PAR1")),
        "Score run",
    ),
    _case(
        "stores: staged tables that are gone",
        SCORE,
        0,
        _staged(lambda path: (path / "leads.parquet").unlink()),
        "Score run",
    ),
    _case(
        "stores: .tamis is a file",
        SCORE,
        2,
        lambda root: [shutil.rmtree(root / ".tamis"), (root / ".tamis").write_text("x")],
        "expected a folder that can be written",
    ),
    _case(
        "stores: scores is a file",
        SCORE,
        5,
        lambda root: [shutil.rmtree(root / ".tamis" / "scores"), _write("scores", b"x")(root)],
        "could not be published",
    ),
    _case(
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


def _table(root: Path, name: str, sql: str) -> None:
    with closing(sqlite3.connect(root / ".tamis" / name)) as connection, connection:
        connection.execute(sql)


CASES = [*widen(REGISTRY, 14), *MODEL_FILES, *widen(RUNS, 12), *widen(DATABASES, 9)]
