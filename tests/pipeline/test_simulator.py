"""The tables of the simulated company: clean, reproducible, of the promised size and shape."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import UseError
from features.tables import SCHEMA
from pipeline.simulator.plan import SimulationPlan
from pipeline.simulator.simulate import Simulation, simulate
from pipeline.simulator.write import write_tables, write_truth

_TIMES = {"created_at", "occurred_at", "known_at", "decided_at", "entered_at", "month"}


@pytest.fixture(scope="module")
def timed() -> tuple[Simulation, float]:
    begin = time.process_time()
    simulation = simulate(SimulationPlan())
    return simulation, time.process_time() - begin


@pytest.fixture(scope="module")
def company(timed: tuple[Simulation, float]) -> Simulation:
    return timed[0]


def test_the_default_company_has_the_promised_size_within_six_seconds(timed: tuple[Simulation, float]) -> None:
    simulation, seconds = timed
    assert len(simulation.tables["leads"]) == 20_000
    assert 285_000 <= simulation.tables["events"]["event_id"].nunique() <= 315_000
    assert seconds < 6.0


def test_every_canonical_table_has_its_required_columns_and_nothing_unknown_outside_leads_and_accounts(
    company: Simulation,
) -> None:
    assert set(company.tables) == set(SCHEMA)
    for name, table in company.tables.items():
        assert {c for c, column in SCHEMA[name].items() if column.required} <= set(table.columns)
        unknown = set(table.columns) - set(SCHEMA[name])
        expected = {
            "leads": {"crm_used", "licences_planned"},
            "accounts": {"region", "employees_growth", "founded_on"},
        }
        assert unknown == expected.get(name, set())
        required = [c for c, column in SCHEMA[name].items() if column.required]
        assert table[required].notna().all(axis=None), name


def test_identifiers_are_unique_and_every_reference_exists(company: Simulation) -> None:
    tables = company.tables
    assert tables["leads"]["lead_id"].is_unique
    assert tables["accounts"]["account_id"].is_unique
    for name in ("events", "outcomes", "stages", "answers", "changes"):
        assert tables[name]["lead_id"].isin(tables["leads"]["lead_id"]).all(), name
    assert tables["leads"]["account_id"].dropna().isin(tables["accounts"]["account_id"]).all()
    assert tables["signals"]["account_id"].isin(tables["accounts"]["account_id"]).all()
    assert tables["outcomes"]["lead_id"].is_unique
    assert tables["costs"]["source"].isin(tables["leads"]["source"]).all()


def test_nothing_is_at_or_after_the_end_nor_known_before_it_happened_nor_before_the_lead(company: Simulation) -> None:
    created = company.tables["leads"].set_index("lead_id")["created_at"]
    for name, table in company.tables.items():
        for column in _TIMES & set(table.columns):
            assert table[column].between(company.plan.start, company.plan.end - 1).all(), (name, column)
        if {"occurred_at", "known_at"} <= set(table.columns):
            assert (table["occurred_at"] <= table["known_at"]).all()
        if "lead_id" in table and name != "leads":
            first = (_TIMES & set(table.columns)).pop() if name != "events" else "occurred_at"
            assert (table[first] >= created[table["lead_id"]].to_numpy()).all(), name


def test_sirens_pass_luhn_and_only_french_accounts_have_one(company: Simulation) -> None:
    accounts = company.tables["accounts"]
    assert accounts["siren"].notna().eq(accounts["country"] == "FR").all()
    digits = np.array([[int(d) for d in siren] for siren in accounts["siren"].dropna()])
    doubled = digits[:, 1::2] * 2
    assert digits.shape[1] == 9
    assert ((digits[:, ::2].sum(axis=1) + (doubled // 10 + doubled % 10).sum(axis=1)) % 10 == 0).all()
    assert accounts["siren"].dropna().is_unique


def test_a_repeated_delivery_changes_nothing_but_its_later_arrival(company: Simulation) -> None:
    events = company.tables["events"]
    again = events[events["event_id"].duplicated(keep=False)].sort_values(["event_id", "known_at"])
    assert 0.002 < events["event_id"].duplicated().mean() < 0.01
    facts = again.drop(columns="known_at").drop_duplicates()
    assert facts["event_id"].is_unique
    assert again.groupby("event_id")["known_at"].nunique().gt(1).mean() > 0.99


def test_some_events_arrive_with_the_next_morning_s_batch_and_activity_has_a_heavy_tail(company: Simulation) -> None:
    events = company.tables["events"].drop_duplicates("event_id")
    delay = (events["known_at"] - events["occurred_at"]) / 3_600
    webinar = delay[events["type"] == "webinar"]
    assert webinar.between(4, 28).all()
    assert (delay[events["type"] == "pricing_view"] == 0).all()
    by_lead = events.groupby("lead_id").size().reindex(company.tables["leads"]["lead_id"], fill_value=0)
    assert by_lead.quantile(0.99) > 12 * by_lead.median()


def test_the_company_has_a_credible_base_rate_and_many_open_leads(company: Simulation) -> None:
    outcomes = company.tables["outcomes"]
    won = outcomes["outcome"] == "won"
    assert 0.06 <= won.sum() / 20_000 <= 0.10
    assert 5_500 <= 20_000 - len(outcomes) <= 9_000
    assert (outcomes.loc[won, "amount"] > 0).all()
    assert outcomes.loc[won, "lost_reason"].isna().all()
    assert outcomes.loc[~won, "amount"].isna().all()
    assert {"no_budget", "competitor", "no_project", "timing", "unreachable"} <= set(outcomes["lost_reason"].dropna())


def test_only_contacted_leads_are_won_and_the_funnel_is_passed_in_order(company: Simulation) -> None:
    outcomes, stages = company.tables["outcomes"], company.tables["stages"]
    won = outcomes[outcomes["outcome"] == "won"].set_index("lead_id")["decided_at"]
    accepted = stages[stages["decision"] != "refused"].pivot_table(
        index="lead_id", columns="stage", values="entered_at", aggfunc="min"
    )
    path = accepted.reindex(won.index)
    assert path[["sal", "sql", "opportunity"]].notna().all(axis=None)
    assert (path["sal"] <= path["sql"]).all()
    assert (path["sql"] <= path["opportunity"]).all()
    assert (path["opportunity"] <= won).all()
    refused = stages[stages["decision"] == "refused"]
    assert refused["reason"].notna().all()
    assert 0.1 < len(refused) / (stages["stage"] == "sal").sum() < 0.5


def test_large_companies_take_longer_and_pay_more(company: Simulation) -> None:
    tables = company.tables
    won = tables["outcomes"].query("outcome == 'won'").merge(tables["leads"], on="lead_id")
    won = won.merge(tables["accounts"][["account_id", "employees"]], on="account_id")
    days = (won["decided_at"] - won["created_at"]) / 86_400
    small, large = won["employees"] < 50, won["employees"] >= 250
    assert days[large].median() > 1.4 * days[small].median()
    assert days[small].quantile(0.1) < 60
    assert days[large].max() > 500
    assert won.loc[large, "amount"].median() > 2 * won.loc[small, "amount"].median()


def test_the_history_of_a_field_ends_at_its_present_value(company: Simulation) -> None:
    leads, changes = company.tables["leads"].set_index("lead_id"), company.tables["changes"]
    last = changes.groupby(["lead_id", "field"], as_index=False).tail(1)
    for field in ("crm_used", "owner", "licences_planned"):
        rows = last[last["field"] == field]
        present = leads.loc[rows["lead_id"], field]
        text = present.astype(int).astype("str") if field == "licences_planned" else present
        assert len(rows) > 100
        assert (text.to_numpy() == rows["value"].to_numpy()).all(), field
    assert leads["licences_planned"].notna().sum() == (last["field"] == "licences_planned").sum()


def test_nobody_opens_an_e_mail_after_unsubscribing(company: Simulation) -> None:
    events, leads = company.tables["events"], company.tables["leads"]
    gone = events[events["type"] == "unsubscribe"].groupby("lead_id")["occurred_at"].min()
    mails = events[events["type"].isin(["email_open", "email_click"]) & events["lead_id"].isin(gone.index)]
    assert (mails["occurred_at"] < gone[mails["lead_id"]].to_numpy()).all()
    assert 0.003 < leads["opted_out"].mean() < 0.05


def test_names_are_french_and_addresses_are_plain_ascii_on_three_kinds_of_domain(company: Simulation) -> None:
    leads = company.tables["leads"]
    assert leads["display_name"].str.contains("[éèêëïôçœ]", regex=True).mean() > 0.3
    assert leads["email"].str.fullmatch(r"[a-z]+\.[a-z]+\d*@[a-z.-]+").all()
    domain = leads["email"].str.split("@").str[1]
    assert domain.str.endswith(".example").mean() > 0.6
    assert 0.03 < domain.isin(["gmail.com", "orange.fr", "free.fr", "laposte.net"]).mean() < 0.4
    assert domain.str.startswith("etu.").any()


def test_the_same_plan_gives_the_same_tables_to_the_bit_and_another_seed_does_not() -> None:
    plan = SimulationPlan(n_leads=600, seed=3)
    first, second = simulate(plan), simulate(plan)
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, second.tables[name], check_exact=True)
    other = simulate(SimulationPlan(n_leads=600, seed=4))
    assert not first.tables["events"]["occurred_at"].head(100).equals(other.tables["events"]["occurred_at"].head(100))


@pytest.mark.parametrize("n_leads", [1, 2, 30])
def test_a_tiny_company_still_has_its_nine_tables(n_leads: int) -> None:
    simulation = simulate(SimulationPlan(n_leads=n_leads, months=3))
    assert set(simulation.tables) == set(SCHEMA)
    assert len(simulation.tables["leads"]) == n_leads


@pytest.mark.parametrize(
    ("setting", "value"),
    [("n_leads", 0), ("events_per_lead", 0.0), ("seed", -1), ("months", 1), ("horizon_days", 0), ("slowness", 0.0)],
)
def test_a_setting_out_of_range_is_refused_with_its_name_and_value(setting: str, value: float) -> None:
    with pytest.raises(UseError, match=rf"simulation: {setting} must be .*, got {value}"):
        SimulationPlan(**{setting: value})  # type: ignore[arg-type]


def test_written_files_hold_utc_texts_and_never_the_truth(tmp_path: Path) -> None:
    simulation = simulate(SimulationPlan(n_leads=300))
    paths = write_tables(simulation, tmp_path / "crm")
    assert sorted(path.name for path in (tmp_path / "crm").iterdir()) == sorted(f"{name}.csv" for name in SCHEMA)
    assert [path.stem for path in paths] == list(simulation.tables)
    columns = {column for path in paths for column in pd.read_csv(path, nrows=5).columns}
    assert not columns & {"propensity", "intent", "state", "watcher", "appeal"}
    events = pd.read_csv(tmp_path / "crm" / "events.csv")
    assert events["known_at"].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
    seconds = pd.to_datetime(events["occurred_at"], utc=True).dt.as_unit("s").astype("int64")
    assert (seconds == simulation.tables["events"]["occurred_at"]).all()
    assert pd.read_csv(tmp_path / "crm" / "leads.csv")["display_name"].equals(
        simulation.tables["leads"]["display_name"].astype("str")
    )


def test_parquet_and_csv_say_the_same_and_another_format_is_refused(tmp_path: Path) -> None:
    simulation = simulate(SimulationPlan(n_leads=300))
    for path in write_tables(simulation, tmp_path, format="parquet"):
        written = pd.read_parquet(path)
        assert len(written) == len(simulation.tables[path.stem])
        assert list(written.columns) == list(simulation.tables[path.stem].columns)
    with pytest.raises(UseError, match="format must be csv or parquet, got 'xlsx'"):
        write_tables(simulation, tmp_path, format="xlsx")  # type: ignore[arg-type]


def test_the_truth_is_written_elsewhere_and_refused_beside_the_tables(tmp_path: Path) -> None:
    simulation = simulate(SimulationPlan(n_leads=300))
    write_tables(simulation, tmp_path / "crm")
    cutoffs = [simulation.plan.end - 90 * 86_400, simulation.plan.end]
    write_truth(simulation.truth, tmp_path / "hidden" / "truth.parquet", cutoffs)
    table = pd.read_parquet(tmp_path / "hidden" / "truth.parquet")
    assert list(table.columns) == ["lead_id", "cutoff", "propensity"]
    assert sorted(table["cutoff"].unique()) == cutoffs
    assert table["propensity"].between(0, 1).all()
    with pytest.raises(UseError, match=r"found leads beside truth\.parquet"):
        write_truth(simulation.truth, tmp_path / "crm" / "truth.parquet", cutoffs)
