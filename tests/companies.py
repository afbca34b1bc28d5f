"""A small company with all nine tables, and its workspace once it has trained, scored and pushed."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.console import Console
from pipeline.crm import push
from pipeline.score import Request, score
from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME, load
from pipeline.settings_template import render
from pipeline.train import train
from pipeline.workspace import Workspace

FIRST = pd.Timestamp("2024-01-01", tz="UTC")
NOW = 1_767_225_600  # 2026-01-01
SETTINGS = {
    "source": {"time_zone": "Europe/Paris", "extracted_at": "2025-12-31T00:00:00Z"},
    "snapshots": {"grid": "age", "age_days": 10.0, "horizon_days": 60, "max_age_days": 365},
    "model": {"bootstrap": 50, "folds": 2, "learning_rate": 0.3, "num_leaves": 4, "min_won": 10, "min_lost": 10},
    "certificate": {"tolerance": 2.0},
    "limits": {"threads": 1, "memory": "512MB"},
    "crm": {"adapter": "csv", "fields": {"propensity": "score", "band": "band", "reasons": "why"}},
}


def tables(n: int = 420, seed: int = 11) -> dict[str, pd.DataFrame]:
    """Give leads of two years, won the more often the more they visit, and everything around them."""
    rng = np.random.default_rng(seed)
    ids = [f"L{row:04d}" for row in range(n)]
    accounts = [f"A{row // 2:03d}" for row in range(n)]
    created = FIRST + pd.to_timedelta(np.arange(n) * 720 // n * 24 + 9, unit="h")
    visits, source = rng.poisson(1.5, n), rng.choice(["salon", "web", "référence"], n)
    rate = 1 / (1 + np.exp(3 - 1.8 * visits - 1.5 * (source == "salon")))
    won, open_ = rng.random(n) < rate, np.arange(n) >= n - 30
    decided = created + pd.to_timedelta(rng.integers(20, 60, n), unit="D")
    leads = pd.DataFrame(
        {
            "lead_id": ids,
            "created_at": written(created),
            "account_id": accounts,
            "source": source,
            "direction": rng.choice(["inbound", "outbound"], n),
            "job_title": rng.choice(["Directrice des achats", "IT manager", "CEO"], n),
            "country": rng.choice(["FR", "BE", "DE"], n),
            "owner": rng.choice(["owner-1", "owner-2"], n),
            "budget": rng.normal(50, 9, n).round(1),
        }
    )
    at = created.repeat(visits) + pd.to_timedelta(rng.integers(1, 9 * 86_400, visits.sum()), unit="s")
    events = pd.DataFrame(
        {
            "lead_id": np.repeat(ids, visits),
            "occurred_at": written(at),
            "type": rng.choice(["pricing_view", "page_view", "email_click"], visits.sum()),
            "event_id": [f"E{row}" for row in range(visits.sum())],
            "value": rng.integers(1, 9, visits.sum()),
        }
    )
    outcomes = pd.DataFrame({"lead_id": ids, "decided_at": written(decided), "outcome": np.where(won, "won", "lost")})
    outcomes["amount"] = np.where(won, rng.integers(5, 90, n) * 100, np.nan)
    some = leads[["lead_id"]].iloc[::3]
    later = written(created + pd.to_timedelta(2, unit="D"))[::3]
    firms = leads[["account_id", "country"]].drop_duplicates("account_id")
    return {
        "leads": leads,
        "accounts": firms.assign(industry=rng.choice(["62.01Z", "Retail"], len(firms)), employees=40, name="Firme"),
        "events": events,
        "signals": firms[["account_id"]]
        .iloc[::4]
        .assign(occurred_at="2025-03-01T08:00:00Z", type="hiring", strength=1.0),
        "outcomes": outcomes[~open_],
        "stages": some.assign(stage="mql", entered_at=later, decision="accepted", reason="", actor="sdr"),
        "answers": some.assign(known_at=later, criterion="budget", answer="yes"),
        "changes": some.assign(known_at=later, field="country", value="FR"),
        "costs": pd.DataFrame({"source": ["web", "salon"], "month": "2025-03", "cost": [900, 4000.5]}),
    }


def written(times: pd.DatetimeIndex) -> list[str]:
    """Write instants as a CRM exports them."""
    return list(times.strftime("%Y-%m-%dT%H:%M:%SZ"))


def write(root: Path, given: dict[str, pd.DataFrame], **sections: dict[str, object]) -> Workspace:
    """Lay a workspace; keywords replace sections of the settings."""
    (root / "data").mkdir(parents=True, exist_ok=True)
    for name, table in given.items():
        table.to_csv(root / "data" / f"{name}.csv", index=False)
    settings = Settings.model_validate({**SETTINGS, **sections})
    (root / FILE_NAME).write_text(render(settings), encoding="utf-8")
    return Workspace(root)


def worked(workspace: Workspace, now: int = NOW) -> Workspace:
    """Let a workspace train, score and push."""
    settings, console = load(workspace.root), Console(as_json=True)
    trained = train(workspace, settings, now=now, by="tests", console=console)
    assert trained.promoted, trained.facts.gates
    score(workspace, settings, Request(), now=now, console=console)
    push.run(workspace.root, push.Request(), now=now, console=Console(as_json=True))
    return workspace
