"""A source written for one test, opened; a demo made once; a workspace around one file of leads."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from pipeline.console import Console
from pipeline.limit_settings import LimitSettings
from pipeline.settings import Settings, SourceSettings
from pipeline.settings_file import FILE_NAME, load
from pipeline.settings_template import render
from pipeline.source import Opened, open_source
from pipeline.train import Trained, train
from pipeline.workspace import Workspace
from tests.demos import Demo

NOW = 1_767_225_600  # 2026-01-01


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Write tables given as lines of CSV or bytes and open them: settings first, `open_source` arguments in ``how``."""
    connections = []

    def write_and_open(
        settings: dict[str, Any] | None = None,
        /,
        how: dict[str, Any] | None = None,
        **tables: Sequence[str] | bytes,
    ) -> Opened:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, lines in tables.items():
            content = lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode()
            (folder / f"{name}.csv").write_bytes(content)
        source = SourceSettings.model_validate(
            {"time_zone": "Europe/Paris", "max_faulty_rate": 1.0, **(settings or {})}
        )
        places = {
            "root": tmp_path,
            "staging": tmp_path / ".tamis" / "staging",
            "quarantine": tmp_path / ".tamis" / "quarantine",
            "now": NOW,
        }
        opened = open_source(source, LimitSettings(threads=1), **{**places, **(how or {})})
        connections.append(opened.connection)
        return opened

    yield write_and_open
    for connection in connections:
        connection.close()


@pytest.fixture
def demo_copy(demo_made: Demo, tmp_path: Path) -> Demo:
    """A copy of the demo that a test may change; it has moved, so nothing may depend on where it was made."""
    root = tmp_path / "demo"
    shutil.copytree(demo_made.root, root)
    return replace(demo_made, root=root)


def one_table(n: int = 600, *, signal: float = 1.5, seed: int = 5) -> pd.DataFrame:
    """Leads with an outcome column that their budget and source predict, as strongly as asked."""
    rng = np.random.default_rng(seed)
    budget, source = rng.normal(size=n).round(3), rng.choice(["salon", "web", "référence"], n)
    rate = 1 / (1 + np.exp(1.2 - signal * (budget + (source == "référence"))))
    outcome = np.where(rng.random(n) < rate, "won", "lost")
    ids = [f"F{row:05d}" for row in range(n)]
    return pd.DataFrame({"lead_id": ids, "budget": budget, "source": source, "outcome": outcome})


def _fill(workspace: Workspace, tables: dict[str, pd.DataFrame] | None = None, **sections: dict[str, Any]) -> Workspace:
    data = workspace.root / "data"
    data.mkdir(exist_ok=True)
    for name, table in (tables or {"leads": one_table()}).items():
        table.to_csv(data / f"{name}.csv", index=False)
    quick = {"model": {"bootstrap": 50, "folds": 2}, "limits": {"threads": 1}}
    merged = {name: {**quick.get(name, {}), **sections.get(name, {})} for name in {*quick, *sections}}
    (workspace.root / FILE_NAME).write_text(render(Settings(**merged)), encoding="utf-8")
    return workspace


@pytest.fixture
def company(workspace: Workspace) -> Callable[..., Workspace]:
    """Give the workspace tables and settings that train in two seconds; sections as keywords change settings."""
    return partial(_fill, workspace)


class Taught(NamedTuple):
    """A company and its first model."""

    workspace: Workspace
    first: Trained


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Taught:
    """The company as it is without other settings, once it has trained; made once, never changed."""
    made = Workspace(tmp_path_factory.mktemp("taught") / "workspace")
    made.home.mkdir(parents=True)
    shutil.copyfile(mlflow_template, made.home / "mlflow.db")
    _fill(made)
    return Taught(made, train(made, load(made.root), now=1_791_000_000, by="ana", console=Console(as_json=True)))


@pytest.fixture
def taught_copy(taught: Taught, company: Callable[..., Workspace], workspace: Workspace) -> Callable[..., Workspace]:
    """As `company`, with a copy of the first model."""
    shutil.copytree(taught.workspace.home, workspace.home, dirs_exist_ok=True)
    return company


MARKET_OLD, MARKET_LEADS = 700, 1300


def market(n: int, *, turned_after: int | None = None, seed: int = 3) -> pd.DataFrame:
    """Decided leads, two a day; from some lead on, what made leads win makes them lose."""
    rng = np.random.default_rng(seed)
    budget, team = (rng.normal(size=MARKET_LEADS).round(3) for _ in range(2))
    source = rng.choice(["salon", "web", "référence"], MARKET_LEADS)
    sign = np.where(np.arange(MARKET_LEADS) < (turned_after or MARKET_LEADS), 1.0, -1.0)
    p = 1 / (1 + np.exp(0.8 - sign * (1.2 * budget + 1.2 * team + 1.6 * (source == "référence"))))
    created = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(MARKET_LEADS) // 2, unit="D")
    return pd.DataFrame(
        {
            "lead_id": [f"F{row:05d}" for row in range(MARKET_LEADS)],
            "created_at": created.strftime("%Y-%m-%d"),
            "budget": budget,
            "team": team,
            "source": source,
            "outcome": np.where(rng.random(MARKET_LEADS) < p, "won", "lost"),
        }
    ).head(n)


@pytest.fixture(scope="session")
def history() -> Callable[..., pd.DataFrame]:
    """Give the decided leads of a market, the first so many."""
    return market


@pytest.fixture(scope="session")
def grown() -> Callable[[Workspace, pd.DataFrame], None]:
    """Write the leads of a workspace anew."""

    def write(workspace: Workspace, table: pd.DataFrame) -> None:
        table.to_csv(workspace.root / "data" / "leads.csv", index=False)

    return write


@pytest.fixture(scope="session")
def first_champion(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Workspace:
    """A workspace with a champion that learnt from the older leads of the market; made once, never changed."""
    made = Workspace(tmp_path_factory.mktemp("aged") / "workspace")
    (made.root / "data").mkdir(parents=True)
    made.home.mkdir()
    shutil.copyfile(mlflow_template, made.home / "mlflow.db")
    quick = {"model": {"bootstrap": 60, "folds": 2, "learning_rate": 0.3, "num_leaves": 4}, "limits": {"threads": 1}}
    loose = {"retrain": {"certified": False, "margin": 0.5}, "certificate": {"tolerance": 1.0}}
    (made.root / FILE_NAME).write_text(render(Settings(**quick, **loose)), encoding="utf-8")
    market(MARKET_OLD).to_csv(made.root / "data" / "leads.csv", index=False)
    trained = train(made, load(made.root), now=1_789_000_000, by="first", console=Console(as_json=True))
    assert trained.promoted
    return made


@pytest.fixture
def aged(first_champion: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, moved elsewhere."""
    shutil.copytree(first_champion.root, tmp_path / "moved")
    return Workspace(tmp_path / "moved")


class _Strict(HTMLParser):
    """Every element that is opened is closed, in its order."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.outside: list[str] = []
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.outside += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name.rpartition(":")[2] in {"src", "href", "action"} and not (value or "").startswith("#")
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.words.append(data.strip())


@pytest.fixture(scope="session")
def read_html() -> Callable[[str], _Strict]:
    """Read a page: it must be well formed and refer to nothing outside."""

    def read(page: str) -> _Strict:
        assert page.startswith("<!doctype html>")
        parser = _Strict()
        parser.feed(page)
        parser.close()
        assert parser.open == []
        assert parser.outside == []
        assert parser.seen["html"] == parser.seen["body"] == parser.seen["title"] == parser.seen["h1"] == 1
        return parser

    return read
