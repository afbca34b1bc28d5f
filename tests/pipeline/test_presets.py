"""Exports of four CRMs in their own layouts: what init understands, the tables that come of it, scores at the end."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.presets.compose import compose
from pipeline.presets.presets import PRESETS
from pipeline.presets.recognise import recognise
from pipeline.settings_file import load
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import Simulation, simulate
from pipeline.source import open_source
from tests import vendor_exports
from tests.vendor_exports import EXPORTS

NOW = 1_791_000_000
LEADS = 1500
# What of each kind of event the files hold, under our names.
KINDS = {
    "hubspot": (
        *("call", "meeting", "reply", "demo_request", "quote_request", "download", "page_view", "pricing_view"),
        *("case_study_view", "comparison_view", "email_open", "email_click", "webinar", "product_use", "unsubscribe"),
    ),
    "salesforce": ("call", "meeting", "webinar", "email_click", "download", "demo_request"),
    "dynamics": ("call", "meeting", "reply"),
    "odoo": ("reply",),
}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(SimulationPlan(n_leads=LEADS, seed=11))


@pytest.fixture(scope="module")
def exported(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per vendor; no test may change it."""
    root = tmp_path_factory.mktemp("exports")
    for vendor, export in EXPORTS.items():
        export(simulation, root / vendor)
    return root


def opened(workspace: Path) -> dict[str, pd.DataFrame]:
    settings = load(workspace)
    places = {"root": workspace, "staging": workspace / "staging", "quarantine": None, "now": NOW}
    source = open_source(settings.source, settings.limits, **places)
    with source.connection:
        assert [item for item in source.faults.items if item.level in ("refuse", "row", "cell")] == []
        return {name: frame.collect().to_pandas() for name, frame in source.tables.frames.items()}


def ours(vendor: str, ids: pd.Series) -> pd.Series:
    """The vendor's identifiers of the simulated leads."""
    return {
        "hubspot": lambda: vendor_exports.number_of(ids, 51_000),
        "salesforce": lambda: vendor_exports.salesforce_id(ids, "00Q"),
        "dynamics": lambda: vendor_exports.guid(ids),
        "odoo": lambda: ids.str[1:].astype(int).astype(str),
    }[vendor]().astype(str)


@pytest.mark.parametrize("vendor", EXPORTS)
def test_the_tables_of_an_export_are_those_of_the_company(
    vendor: str, simulation: Simulation, exported: Path, tamis: Any, tmp_path: Path
) -> None:
    where = ["--data", exported / vendor, "--time-zone", "Europe/Paris"]
    said = tamis("init", tmp_path / "crm", "--preset", vendor, *where, "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    truth = {name: table.copy() for name, table in simulation.tables.items()}
    for name in ("leads", "outcomes", "events"):
        truth[name]["lead_id"] = ours(vendor, truth[name]["lead_id"])
    tables = opened(tmp_path / "crm")
    # Clocks without seconds, or without the hour, lose as much and no more.
    lost_s = {"hubspot": 60, "dynamics": 60}.get(vendor, 1)

    leads = tables["leads"].set_index("lead_id").loc[truth["leads"].lead_id]
    expected = truth["leads"].set_index("lead_id")
    late = expected.created_at - leads.created_at
    assert late.between(0, lost_s - 1).all()
    for column in ("job_title", "country", "owner", "email"):
        assert leads[column].fillna("").tolist() == expected[column].fillna("").tolist()
    assert leads.opted_out.fillna(0).tolist() == (expected.opted_out.tolist() if vendor != "odoo" else [0] * LEADS)

    outcomes = tables["outcomes"].set_index("lead_id")
    decided = truth["outcomes"].set_index("lead_id")
    assert outcomes.outcome.to_dict() == decided.outcome.to_dict()
    assert (
        (decided.decided_at.astype("int64") - outcomes.decided_at.reindex(decided.index)).between(0, lost_s - 1).all()
    )
    won = decided.index[decided.outcome == "won"]
    assert outcomes.amount.reindex(won).tolist() == pytest.approx(decided.amount.reindex(won).tolist())
    assert told["outcomes"] == decided.outcome.value_counts().to_dict()

    events = truth["events"].drop_duplicates("event_id")
    renamed = {"blog_view": "page_view"} if vendor == "hubspot" else {}
    counted = events.type.replace(renamed)[events.type.replace(renamed).isin(KINDS[vendor])]
    found = tables["events"]
    assert found.type[found.type.isin(KINDS[vendor])].value_counts().to_dict() == counted.value_counts().to_dict()
    assert set(found.lead_id) <= set(leads.index)

    if vendor != "odoo":
        # Where companies are told apart by their names alone, two of one name are one.
        company = simulation.tables["accounts"].drop_duplicates("name", keep=False).set_index("account_id")
        alone = expected.account_id.isin(company.index).to_numpy()
        found_size = tables["accounts"].set_index("account_id").employees.reindex(leads.account_id[alone])
        true_size = company.employees.reindex(expected.account_id[alone])
        assert alone.mean() > 0.8
        assert found_size.fillna(-1).tolist() == true_size.fillna(-1).tolist()


@pytest.mark.parametrize("vendor", EXPORTS)
def test_nothing_that_tells_the_end_comes_along(vendor: str, exported: Path) -> None:
    known, _ = recognise(PRESETS[vendor], exported / vendor)
    composed = compose(PRESETS[vendor], known)
    expected = {
        "hubspot": ("Original Traffic Source Drill-Down 1", "Employees growth"),
        "salesforce": ("crm_used",),
        "dynamics": ("Region",),
        "odoo": ("Region",),
    }[vendor]
    assert composed.attributes == expected
    given_away = {"hubspot": "Lead Status", "salesforce": "Rating", "dynamics": "Status Reason", "odoo": "Sales Team"}
    assert given_away[vendor] in composed.left_out


def test_history_gives_fields_as_they_stood(simulation: Simulation, exported: Path, tamis: Any, tmp_path: Path) -> None:
    assert tamis("init", tmp_path, "--preset", "salesforce", "--data", exported / "salesforce").code == 0
    changes = opened(tmp_path)["changes"]
    true = simulation.tables["changes"].query("field in ('crm_used', 'job_title')")
    true = true.assign(lead_id=vendor_exports.salesforce_id(true.lead_id, "00Q"))
    told = {(row.lead_id, row.field, row.known_at): row.value for row in changes.itertuples()}
    for row in true.itertuples():
        found = told[row.lead_id, row.field, row.known_at]
        assert found == row.value or (pd.isna(found) and pd.isna(row.value))
    first = changes.sort_values("known_at").groupby("lead_id").known_at.first()
    created = simulation.tables["leads"].assign(lead_id=lambda t: vendor_exports.salesforce_id(t.lead_id, "00Q"))
    assert (first == created.set_index("lead_id").created_at.reindex(first.index)).all()


# HubSpot's way to the end is tests/test_docs.py, which follows its page.
@pytest.mark.parametrize("vendor", [vendor for vendor in EXPORTS if vendor != "hubspot"])
def test_exports_go_from_files_to_explained_scores(
    vendor: str, exported: Path, tamis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_template: Path
) -> None:
    quick = {"MODEL__BOOTSTRAP": "50", "MODEL__FOLDS": "2", "LIMITS__THREADS": "1", "SNAPSHOTS__HORIZON_DAYS": "45"}
    for name, value in quick.items():
        monkeypatch.setenv(f"TAMIS_{name}", value)
    root = tmp_path / "crm"
    shutil.copytree(exported / vendor, root / "data")
    (root / ".tamis").mkdir()
    shutil.copyfile(mlflow_template, root / ".tamis" / "mlflow.db")
    assert tamis("init", root, "--preset", vendor, "--time-zone", "Europe/Paris").code == 0
    assert tamis("check", "-w", root).code == 0
    trained = tamis("train", "-w", root, "--json")
    assert trained.code == 0, trained.err
    scored = tamis("score", "-w", root, "--json")
    assert scored.code == 0, scored.err
    hottest = json.loads(scored.out)["hottest"][0]["lead_id"]
    dossier = tamis("explain", hottest, "-w", root, "--lang", "fr")
    assert dossier.code == 0
    assert len(dossier.out.splitlines()) > 5
