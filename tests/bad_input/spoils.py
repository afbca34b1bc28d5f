"""How a registry, score runs and databases are spoilt."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.bad_input.corpus import Case

LEAD = "L0405"
SCORE, EXPLAIN, MODELS = ("score",), ("explain", LEAD), ("models",)
Spoil = Callable[[Path], object]


def case(what: str, words: tuple[str, ...], code: int, spoil: Spoil, *says: str) -> Case:
    may_grow = (
        (".tamis/ledger.db",)
        if words[0] == "push"
        else (".tamis/staging/",)
        if "staged" in what or "staging" in what
        else ()
    )
    return Case(what, words, code, says, spoil, "worked", may_grow=may_grow)


def model(root: Path, name: str) -> Path:
    (found,) = (root / ".tamis" / "artifacts" / "models").glob(f"*/artifacts/artifacts/{name}")
    return found


def run(root: Path) -> Path:
    (found,) = (root / ".tamis" / "scores").iterdir()
    return found


def database(query: str, *values: Any) -> Spoil:
    def spoil(root: Path) -> None:
        with closing(sqlite3.connect(root / ".tamis" / "mlflow.db")) as connection, connection:
            connection.execute(query, values)

    return spoil


def edited(name: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(root: Path) -> None:
        path = model(root, name)
        path.write_bytes(change(path.read_bytes()))

    return spoil


def signed(change: Callable[[dict[str, Any]], object], *, name: str = "model.json") -> Spoil:
    """Edit a model, and the hash in the registry with it."""

    def spoil(root: Path) -> None:
        path = model(root, name)
        if name == "model.json":
            data = json.loads(path.read_bytes())
            path.write_text(json.dumps(change(data) or data), encoding="utf-8")
        signed_as_it_is(root)

    return spoil


def signed_as_it_is(root: Path) -> None:
    folder = model(root, "model.json").parent
    tag = json.dumps({path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()})
    database("UPDATE model_version_tags SET value = ? WHERE key = 'files'", tag)(root)


def put(*path: str, to: Any) -> Spoil:
    """Replace one value of a model by another; None takes it out."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[int(step) if isinstance(data, list) else step]
        last: Any = int(path[-1]) if isinstance(data, list) else path[-1]
        if to is None:
            del data[last]
        else:
            data[last] = to

    return signed(change)


def booster(change: Callable[[str], str]) -> Spoil:
    """Edit the trees, and every hash of them."""

    def spoil(root: Path) -> None:
        path = model(root, "booster_0.txt")
        path.write_text(change(path.read_text()))
        described = model(root, "model.json")
        data = json.loads(described.read_bytes())
        data["boosters"][0]["sha256"] = sha256(path.read_bytes()).hexdigest()
        described.write_text(json.dumps(data))
        signed_as_it_is(root)

    return spoil


def pickled(root: Path) -> None:
    (model(root, "model.json").parent / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")


def manifest(**values: Any) -> Spoil:
    def spoil(root: Path) -> None:
        path = run(root) / "manifest.json"
        data = {**json.loads(path.read_text()), **values}
        path.write_text(json.dumps({name: value for name, value in data.items() if value is not None}))

    return spoil


def rows(change: Callable[[pa.Table], pa.Table], place: str = "rows") -> Spoil:
    def spoil(root: Path) -> None:
        path = run(root) / place / "part-00000.parquet"
        pq.write_table(change(pq.read_table(path)), path)

    return spoil


def write(name: str, content: bytes) -> Spoil:
    def spoil(root: Path) -> None:
        path = root / ".tamis" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    return spoil


def in_run(name: str, content: bytes) -> Spoil:
    return lambda root: (run(root) / name).write_bytes(content)


def staged(change: Callable[[Path], object]) -> Spoil:
    """Spoil what was staged of the very source that is read."""
    return lambda root: [change(path) for path in (root / ".tamis" / "staging").iterdir()]


def link_away(root: Path) -> None:
    path = model(root, "booster_0.txt")
    path.unlink()
    path.symlink_to("/etc/passwd")


def table(root: Path, name: str, sql: str) -> None:
    with closing(sqlite3.connect(root / ".tamis" / name)) as connection, connection:
        connection.execute(sql)
