"""Leaks from the tables to the model: what is refused teaches nothing, and the evidence says so in both languages."""

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from pipeline.console import Console
from pipeline.settings_file import load
from pipeline.train import train

NOW = 1_791_000_000
DAY = pd.Timedelta(days=1)
SNAPSHOTS = {"grid": "age", "age_days": 5, "horizon_days": 60}


def trained(workspace):
    return train(workspace, load(workspace.root), now=NOW, by="ana", console=Console())


def dropped(evidence):
    return {item["name"] for item in evidence["dropped"] if item["reason"] == "leak"}


def crm(n=600, *, seed=4):
    """A company whose budget predicts: decided after 20 to 40 days, leads get an account only once they are won."""
    rng = np.random.default_rng(seed)
    budget = rng.normal(size=n).round(3)
    won = rng.random(n) < 1 / (1 + np.exp(0.8 - 1.2 * budget))
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 400, n)), unit="D")
    decided = created + pd.to_timedelta(rng.integers(20, 40, n), unit="D")
    ids = np.array([f"L{row:04d}" for row in range(n)])
    accounts = np.array([f"A{row % 90:02d}" for row in range(n)])
    events = [
        pd.DataFrame({"lead_id": ids, "occurred_at": created + DAY, "type": "page_view"}),
        pd.DataFrame({"lead_id": ids[won], "occurred_at": (decided - DAY / 4)[won], "type": "contract_signed"}),
    ]
    return {
        "leads": pd.DataFrame(
            {"lead_id": ids, "created_at": created, "budget": budget, "account_id": np.where(won, accounts, None)}
        ),
        "accounts": pd.DataFrame({"account_id": np.unique(accounts), "industry": ["Bank", "Food", "Law"] * 30}),
        "events": pd.concat(events),
        "outcomes": pd.DataFrame({"lead_id": ids, "decided_at": decided, "outcome": np.where(won, "won", "lost")}),
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "account_id: filled for 100% of the",
                "The account seems to be created once the outcome is known",
                "Events “contract_signed”: of",
                "had their first one at the decision or later",
                "learnt from the decision: see what to read first",
            ),
        ),
        (
            "fr",
            (
                "Le compte semble créé une fois l'issue connue",
                "Événements «\u00a0contract_signed\u00a0»\u00a0: sur",
                "Hors du modèle. Si l'information est connue avant la décision",
                "tient son savoir de la décision",
            ),
        ),
    ],
)
def test_what_only_won_leads_have_and_what_follows_the_sale_never_reaches_a_model(company, language, words) -> None:
    made = trained(company(crm(), snapshots=SNAPSHOTS, output={"language": language}))
    evidence = made.facts.evidence
    through_the_account = {"fit__industry", "engagement__colleagues_30d", "engagement__colleagues_90d"}
    assert dropped(evidence) == {"contract_signed", *through_the_account}
    assert not through_the_account & set(made.model.schema.names)
    assert not [name for name in made.model.schema.names if "contract" in name]
    assert [note["code"] for note in evidence["notes"]][:2] == ["leak_refused"] * 2
    page = made.report.read_text("utf-8").replace("&#39;", "'").replace("&#34;", '"')
    assert [word for word in words if word not in page] == []


def test_what_the_settings_allow_by_name_teaches_and_is_still_told(company) -> None:
    allowed = {"allow_suspects": ["account_id", "accounts.industry", "contract_signed"]}
    made = trained(company(crm(), snapshots=SNAPSHOTS, features=allowed))
    assert dropped(made.facts.evidence) == set()
    assert [name for name in made.model.schema.names if "industry" in name]
    assert "leak_allowed" in {note["code"] for note in made.facts.evidence["notes"]}


def test_an_honest_company_loses_no_column(company) -> None:
    tables = crm()
    tables["leads"]["account_id"] = [f"A{row % 90:02d}" for row in range(600)]
    tables["events"] = tables["events"][tables["events"]["type"] == "page_view"]
    evidence = trained(company(tables, snapshots=SNAPSHOTS)).facts.evidence
    assert dropped(evidence) == set()
    assert [note["code"] for note in evidence["notes"] if note["code"].startswith("leak")] == []


def test_the_demo_loses_no_column_and_raises_no_alarm(demo_made) -> None:
    evidence = demo_made.trained.facts.evidence
    assert dropped(evidence) == set()
    assert [note["code"] for note in evidence["notes"] if note["code"].startswith("leak")] == []


def test_the_demo_without_its_history_has_its_late_field_under_suspicion(demo_copy, tamis) -> None:
    (demo_copy.root / "data" / "changes.csv").unlink()
    found = json.loads(tamis("check", "-w", demo_copy.root, "--json").out)["suspects"]
    assert [(item["name"], item["code"], item["status"]) for item in found] == [
        ("fit__licences_planned", "filled_won", "suspect")
    ]


def test_with_its_history_the_field_is_seen_as_it_stood_and_check_says_so(demo_made, tamis) -> None:
    found = json.loads(tamis("check", "-w", demo_made.root, "--json").out)["suspects"]
    assert ("fit__licences_planned", "moved", "protected") in [(x["name"], x["code"], x["status"]) for x in found]
    assert {item["status"] for item in found} == {"protected"}


def test_where_all_is_a_leak_it_says_what_to_bring(company) -> None:
    won = np.arange(300) % 3 == 0
    leads = pd.DataFrame({"lead_id": range(300), "paid": won * 90 + 1, "outcome": np.where(won, "won", "lost")})
    with pytest.raises(DataError, match=r"found only 1 that look like leaks: fit__paid\. Bring others, or name"):
        trained(company({"leads": leads}))


def test_a_person_is_never_named(company) -> None:
    won = np.arange(300) % 3 == 0
    rng = np.random.default_rng(1)
    leads = pd.DataFrame(
        {
            "lead_id": range(300),
            "budget": rng.normal(size=300),
            "closer": np.where(won, "Kim Martin", rng.choice(["Lou Petit", "Ana Diaz"], 300)),
            "outcome": np.where(won, "won", "lost"),
        }
    )
    workspace = company({"leads": leads}, model={"bootstrap": 50, "folds": 2})
    made = trained(workspace)
    assert dropped(made.facts.evidence) == {"fit__closer"}
    assert "Martin" not in made.report.read_text("utf-8") + json.dumps(made.facts.evidence)
