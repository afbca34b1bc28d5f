"""What SECURITY.md promises of the code: no eval, no pickle, no shell, no secret in a file, licences known."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests import supply_chain

ROOT = Path(__file__).parents[1]
ROOMS = [path for room in ("features", "models", "pipeline") for path in sorted((ROOT / room).rglob("*.py"))]
NEVER_CALLED = {"eval", "exec", "compile", "__import__", "system", "popen", "mktemp", "unsafe_load", "extractall"}
NEVER_IMPORTED = {"pickle", "cloudpickle", "joblib", "dill", "marshal", "shelve", "yaml", "tarfile", "xml", "telnetlib"}
SECRETS = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "token": r"\b(?:ghp|gho|ghs|github_pat|glpat|xox[abprs]|sk_live|pat-[a-z]{2}\d)[-_][A-Za-z0-9_-]{16,}",
    "bearer": r"[Bb]earer [A-Za-z0-9._~+/-]{24,}",
    "password in an address": r"\b[a-z][a-z0-9+]*://[^\s/:@\"'{}]+:[^\s/@\"'{}]{3,}@(?!127\.0\.0\.1)[a-z0-9.-]+\.[a-z]{2,}",
}
# Addresses that tests and docstrings use to show that a password is hidden.
SHOWN = ("secret@mlflow.example.com",)


def called(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            names.add(node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", ""))
    return names


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_code_is_made_of_data(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # re.compile and the compilers of patterns are methods; the built-in is a plain name.
    plain = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not (called(tree) - {"compile"}) & NEVER_CALLED
    assert "compile" not in plain
    assert not imported(tree) & NEVER_IMPORTED
    shells = [word.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords]
    assert "shell" not in shells
    assert "allow_pickle" not in shells


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_secret_stands_in_a_file() -> None:
    found = []
    for path in tracked():
        if path.suffix == ".png" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for kind, pattern in SECRETS.items():
            matches = [match[0] for match in re.finditer(pattern, text)]
            found += [(path.name, kind) for match in matches if not match.endswith(SHOWN)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["-----BEGIN RSA " + "PRIVATE KEY-----", "AKIA" + "A1B2" * 4, "https://ana:" + "hunter2@crm.example.com"]
)
def test_the_search_for_secrets_finds_some(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in SECRETS.values())


def test_bandit_has_nothing_to_say() -> None:
    words = [".venv/bin/bandit", "-q", "-c", "pyproject.toml", "-r", "features", "models", "pipeline"]
    bandit = ROOT / words[0]
    done = subprocess.run(
        [str(bandit) if bandit.is_file() else "bandit", *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_licence_of_every_pinned_package_is_in_the_table() -> None:
    pinned, table = supply_chain.pinned(), supply_chain.LICENCES.read_text(encoding="utf-8")
    assert len(pinned) > 100
    missing = [name for name, version in pinned.items() if f"| {name} | {version} | " not in table]
    assert missing == [], "run: python -m tests.supply_chain licences"
    assert not [name for name, said in supply_chain.table().items() if not said]


def test_no_package_that_we_import_is_under_the_gpl() -> None:
    gpl = {name for name, said in supply_chain.table().items() if re.search(r"(?<![L])GPL", said)}
    assert all(name.startswith(("trytond", "python-sql", "tryton")) or name in BESIDE for name in gpl), gpl
    names = {name.replace("-", "_") for name in gpl}
    assert not any(names & imported(ast.parse(path.read_text(encoding="utf-8"))) for path in ROOMS)


# Of Tryton's own company, installed with it.
BESIDE = {"relatorio", "genshi"}


def test_a_lock_holds_hashes_and_no_address(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(
        '{"install": [{"metadata": {"name": "Numpy", "version": "2.4.0"}, "download_info": {"url": "https://x/y.whl", '
        '"archive_info": {"hashes": {"sha256": "ab"}}}}, {"metadata": {"name": "tamis", "version": "0"}, '
        '"download_info": {"url": "file:///x", "dir_info": {}}}]}'
    )
    assert supply_chain.lock(report) == "numpy==2.4.0 --hash=sha256:ab\n"
