"""The documents tell the truth: every verb and option they name exists."""

import re
from pathlib import Path

import pytest
import typer.main

from features.tables import SCHEMA
from pipeline.cli import app

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/crm.md",
    "docs/enrichment.md",
    "docs/page.md",
    "docs/privacy.md",
    "examples/README.md",
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_verb_and_option_of_a_document_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = re.findall(r"^\$ tamis (.+)$", text, flags=re.MULTILINE)
    for line in lines:
        verb, *words = line.split("#")[0].split()
        assert verb in COMMANDS, line
        known = {option for parameter in COMMANDS[verb].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
    for verb in re.findall(r"`tamis ([a-z]+)", text):
        assert verb in COMMANDS, verb


def test_the_readme_names_every_table_with_its_required_columns() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for table, columns in SCHEMA.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{table}`"))
        for column, spec in columns.items():
            if spec.required:
                assert f"`{column}`*" in row, f"{table}.{column}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(name: str) -> None:
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_changelog_has_something_unreleased() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
