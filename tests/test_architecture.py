"""The rules of the house that no single module can hold: directions, doors, sizes, names."""

import ast
import importlib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("features", "models", "pipeline")
MAY_IMPORT = {
    "features": {"features"},
    "models": {"features", "models"},
    "pipeline": {"features", "models", "pipeline"},
}
LONGEST = 400

# What reaches files, clocks, networks, processes or the environment. `features.naf` reads the table shipped beside it.
WORLD = {
    *("asyncio", "ftplib", "glob", "http", "httpx", "io", "logging", "multiprocessing", "os", "pathlib", "requests"),
    *("secrets", "shutil", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib"),
    *("duckdb", "ibis", "mlflow", "rich", "sqlalchemy", "typer", "pydantic_settings"),
}
WORLDLY_CALLS = {"open", "print", "input", "breakpoint", "now", "utcnow", "today", "read_csv", "read_parquet", "to_csv"}
SERIALISERS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "skops"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__", "read_pickle", "to_pickle", "load_pickle"}


def sources(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of every import, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and last name of everything called."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.lineno, node.func.id
            elif isinstance(node.func, ast.Attribute) and not is_compiled_pattern(node.func):
                yield node.lineno, node.func.attr


def is_compiled_pattern(function: ast.Attribute) -> bool:
    return function.attr == "compile" and isinstance(function.value, ast.Name) and function.value.id == "re"


def places(path: Path, found: Iterator[tuple[int, str]], forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {name}" for line, name in found if {name, name.partition(".")[0]} & forbidden
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    forbidden = set(ROOMS) - MAY_IMPORT[room] | {"tests", "benchmarks", "examples", "notebooks"}
    assert [place for path in sources(room) for place in places(path, imports(path), forbidden)] == []


def test_features_and_models_touch_nothing_outside():
    pure = sources("features", "models")
    assert [place for path in pure for place in places(path, imports(path), WORLD)] == []
    assert [place for path in pure for place in places(path, calls(path), WORLDLY_CALLS)] == []


def test_only_tracking_imports_mlflow():
    importers = {
        path.relative_to(ROOT).as_posix() for path in sources(*ROOMS) if places(path, imports(path), {"mlflow"})
    }
    assert importers == {"pipeline/tracking.py"}


def test_nothing_is_pickled_and_no_text_is_run():
    everything = sources(*ROOMS)
    assert [place for path in everything for place in places(path, imports(path), SERIALISERS)] == []
    assert [place for path in everything for place in places(path, calls(path), RUNS_TEXT)] == []


def test_no_import_is_relative():
    everything = sources(*ROOMS, "tests", "benchmarks", "examples", "notebooks")
    assert [
        f"{path.relative_to(ROOT)}:{line}" for path in everything for line, name in imports(path) if name[:1] == "."
    ] == []


def test_no_file_is_longer_than_a_person_reads():
    everything = sources(*ROOMS, "tests", "benchmarks", "examples", "notebooks")
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in everything
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_module_says_what_it_is_for():
    silent = [path for path in sources(*ROOMS) if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert [path.relative_to(ROOT).as_posix() for path in silent] == []


def test_the_three_packages_stand_side_by_side_and_nobody_else_claims_their_names():
    found = {room: Path(importlib.import_module(room).__path__[0]).resolve().parent for room in ROOMS}
    assert set(found.values()) == {ROOT}
    installed = packages_distributions()
    assert {room: set(installed[room]) for room in ROOMS} == {room: {"tamis"} for room in ROOMS}
