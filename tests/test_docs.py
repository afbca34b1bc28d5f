"""The documents tell the truth: what they name exists, what they command parses, what they mark as run is run."""

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from docs import generate
from features.catalogue import DECLARED
from features.tables import SCHEMA
from pipeline.cli import app
from pipeline.presets.presets import PRESETS
from pipeline.score_runs import newest
from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME, from_dict, load
from pipeline.settings_template import render
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import simulate
from pipeline.workspace import Workspace
from tests import vendor_exports
from tests.demos import Demo

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for place in (".", "docs", "examples", "notebooks", ".github")
    for path in (ROOT / place).glob("*.md" if place == "." else "**/*.md")
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[a-z]+)(?:: (?P<where>\w+))? -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)```", re.DOTALL
)
# Each person has a page, and what it shows is run.
QUICK_STARTS = [name for name in DOCUMENTS if "quickstart" in name or name.endswith("demarrage.md")]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str, where: str | None = None) -> list[list[str]]:
    """What the console blocks say to type, without comments; with ``where``, those that are marked to run there."""
    blocks = [b for b in BLOCK.finditer(text) if b["kind"] == "console" and (where is None or b["where"] == where)]
    lines = [line[2:] for block in blocks for line in block["text"].splitlines() if line.startswith("$ ")]
    return [shlex.split(line, comments=True) for line in lines if line.count("'") != 1 and line.count('"') != 1]


def verb_of(words: list[str]) -> list[str]:
    return words[1:] if words and words[0].rpartition("/")[2] == "tamis" else []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_of_a_document_can_be_typed(name: str) -> None:
    text = text_of(name)
    for words in commands(text):
        if verb := verb_of(words):
            assert verb[0] in COMMANDS, words
            COMMANDS[verb[0]].make_context(verb[0], verb[1:])
        elif words[0] == "make":
            assert set(words[1:2]) <= TARGETS, words
    for verb_named in re.findall(r"`tamis ([a-z]+)", text):
        assert verb_named in COMMANDS, verb_named
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert target in TARGETS, target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(name: str) -> None:
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_piece_of_settings_in_a_document_is_accepted(name: str, tmp_path: Path) -> None:
    for block in BLOCK.finditer(text_of(name)):
        if block["kind"] == "toml" and "reference" not in name:
            (tmp_path / FILE_NAME).write_text(block["text"], encoding="utf-8")
            load(tmp_path)


def test_every_document_is_found_from_the_index() -> None:
    reached, waiting = set(), ["README.md", "docs/README.md"]
    while waiting:
        name = waiting.pop()
        if name in reached or not name.endswith(".md"):
            continue
        reached.add(name)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(name)):
            found = (ROOT / name).parent.joinpath(target).resolve()
            found = found / "README.md" if found.is_dir() else found
            if found.is_file():
                waiting.append(found.relative_to(ROOT).as_posix())
    assert {name for name in DOCUMENTS if not name.startswith(".github")} - reached == set()


def test_the_readme_names_every_table_with_its_required_columns() -> None:
    text = text_of("README.md")
    for table, columns in SCHEMA.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{table}`"))
        for column, spec in columns.items():
            if spec.required:
                assert f"`{column}`*" in row, f"{table}.{column}"


def test_the_changelog_has_something_unreleased() -> None:
    assert re.search(r"## \[Unreleased\]\n+### ", text_of("CHANGELOG.md"))


@pytest.mark.parametrize("page", generate.PAGES)
def test_the_reference_is_what_the_code_says(page: str) -> None:
    written = (generate.REFERENCE / page).read_text(encoding="utf-8")
    assert written == generate.PAGES[page](), f"docs/reference/{page}: run 'make docs'"


def test_the_reference_has_every_verb_option_setting_reason_and_layout() -> None:
    verbs, settings, reasons, layouts = (text_of(f"docs/reference/{page}") for page in generate.PAGES)
    for verb, command in COMMANDS.items():
        assert f"## tamis {verb}\n" in verbs
        section = verbs.partition(f"## tamis {verb}\n")[2].partition("\n## ")[0]
        assert all(option in section for parameter in command.params for option in parameter.opts if option[0] == "-")
    for section in Settings.model_fields:
        assert f"## [{section}]" in settings
    for key in re.findall(r"^([a-z_0-9]+) = ", (ROOT / "docs/reference/settings.md").read_text("utf-8"), re.MULTILINE):
        assert key in settings
    for feature in DECLARED:
        assert f"`{feature.code}`" in reasons
    for preset in PRESETS.values():
        assert all(f"### {export.name}\n" in layouts for export in preset.exports)


def test_every_setting_of_the_template_is_documented() -> None:
    settings = text_of("docs/reference/settings.md")

    def keys(model: Any) -> set[str]:
        below = [field.annotation for field in model.model_fields.values()]
        inner = [keys(kind) for kind in below if isinstance(kind, type) and hasattr(kind, "model_fields")]
        return set(model.model_fields).union(*inner)

    missing = {key for key in keys(Settings) if f"`{key}`" not in settings and f"[{key}" not in settings}
    assert {key for key in missing if f".{key}]" not in settings} == set()


def test_make_help_explains_every_target() -> None:
    makefile = text_of("Makefile")
    named = re.search(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)
    assert named is not None
    for target in named[1].split():
        assert re.search(rf"^{target}:.*## \w", makefile, flags=re.MULTILINE), target


def test_the_forms_of_the_repository_can_be_read() -> None:
    hooks = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"format", "lint", "types", "reference"}
    citation = yaml.safe_load(text_of("CITATION.cff"))
    project = text_of("pyproject.toml")
    assert f'version = "{citation["version"]}"' in project
    for form in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"):
        assert {"name", "about"} <= set(yaml.safe_load(form.read_text("utf-8").split("---")[1]))


@pytest.fixture(scope="module")
def home(demo_made: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a demo in it, as the quick starts have one."""
    root = tmp_path_factory.mktemp("home")
    shutil.copytree(demo_made.root, root / "demo")
    return root


def run_all(lines: list[list[str]], tamis: Callable[..., Any], **stand_ins: str) -> int:
    """Type commands one after the other; what cannot be known when a page is written is put in."""
    ran = 0
    for words in lines:
        if verb := verb_of(words):
            said = tamis(*(stand_ins.get(word, word) for word in verb))
            assert said.code == 0, (words, said.err)
            ran += 1
    return ran


@pytest.mark.parametrize("name", QUICK_STARTS)
def test_a_quick_start_can_be_followed(
    name: str, home: Path, tamis: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    run = newest(Workspace(home / "demo"))
    assert run is not None
    lead = str(run.hottest(1)[0]["lead_id"])
    text = text_of(name)
    assert run_all(commands(text, "demo"), tamis, L0017467=lead) >= 2
    if pushed := commands(text, "push"):
        (given,) = (b["text"] for b in BLOCK.finditer(text) if b["kind"] == "toml" and b["where"] == "push")
        settings = home / "demo" / FILE_NAME
        changed = tomllib.loads(settings.read_text("utf-8")) | tomllib.loads(given)
        settings.write_text(render(from_dict(changed)), encoding="utf-8")
        assert run_all(pushed, tamis) == 3
        assert len(list((home / "demo" / "outbox").glob("*.csv"))) == 1


def test_the_page_for_hubspot_leads_from_files_to_explained_scores(
    tamis: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_template: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for key, value in {"MODEL__BOOTSTRAP": "50", "MODEL__FOLDS": "2", "LIMITS__THREADS": "1"}.items():
        monkeypatch.setenv(f"TAMIS_{key}", value)
    vendor_exports.hubspot(simulate(SimulationPlan(n_leads=2000, seed=7)), tmp_path / "exports")
    (tmp_path / "crm" / ".tamis").mkdir(parents=True)
    shutil.copyfile(mlflow_template, tmp_path / "crm" / ".tamis" / "mlflow.db")
    *to_scores, explain = commands(text_of("docs/hubspot.md"), "hubspot")
    assert run_all(to_scores, tamis) == 4
    run = newest(Workspace(tmp_path / "crm"))
    assert run is not None
    assert run_all([explain], tamis, **{"53204": str(run.hottest(1)[0]["lead_id"])}) == 1
    assert "<html" in (tmp_path / "dossier.html").read_text(encoding="utf-8")
    assert len((tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()) == run.rows().num_rows + 1
    assert json.loads(tamis("models", "-w", "crm", "--json").out)["versions"][0]["aliases"] == ["champion"]
