"""A source written for one test, opened."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import LimitSettings, SourceSettings
from pipeline.source import Opened, open_source

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
