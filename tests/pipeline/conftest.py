"""A source written for one test, opened; a demo made once; a workspace around one file of leads."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.settings import LimitSettings, Settings, SourceSettings
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render
from pipeline.source import Opened, open_source
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


@pytest.fixture
def company(workspace: Workspace) -> Callable[..., Workspace]:
    """Give the workspace tables and settings that train in two seconds; sections as keywords change settings."""

    def fill(tables: dict[str, pd.DataFrame] | None = None, **sections: dict[str, Any]) -> Workspace:
        data = workspace.root / "data"
        data.mkdir(exist_ok=True)
        for name, table in (tables or {"leads": one_table()}).items():
            table.to_csv(data / f"{name}.csv", index=False)
        quick = {"model": {"bootstrap": 50, "folds": 2}, "limits": {"threads": 1}}
        merged = {name: {**quick.get(name, {}), **sections.get(name, {})} for name in {*quick, *sections}}
        (workspace.root / FILE_NAME).write_text(render(Settings(**merged)), encoding="utf-8")
        return workspace

    return fill


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
