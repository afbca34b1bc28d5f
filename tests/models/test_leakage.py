"""The probes over all columns: each is judged by the rows that can tell, and names decide what becomes of it."""

import numpy as np
import pandas as pd
import pytest

from features.specification import Feature, Recipe
from features.statements import attribute
from models.leakage import link_suspect, suspects

N = 400
WON = np.arange(N) % 4 == 0
# Three snapshots a lead; a lead that is won has label 1 on its last one alone.
ROWS = pd.DataFrame({"lead_id": np.repeat(np.arange(N).astype(str), 3), "label": np.outer(WON, [0, 0, 1]).ravel()})


def column(name, dtype="number", measure="value", table="leads"):
    return attribute(f"fit__{name}", "fit", [f"{table}.{name}"], measure, {}, dtype=dtype)


def frame(**values):
    return pd.DataFrame({f"fit__{name}": np.repeat(value, 3) for name, value in values.items()})


def found(table, *features, **named):
    return [(s.name, s.code, s.status) for s in suspects(table, ROWS, features, **named)]


def test_a_column_filled_for_won_leads_is_found_though_their_early_snapshots_are_not_won_yet():
    signed = frame(signed=np.where(WON, 5.0, np.nan))
    assert found(signed, column("signed")) == [("fit__signed", "filled_won", "refused")]


def test_leads_won_after_the_horizon_count_as_won():
    late = (np.arange(N) % 4 == 1) & (np.arange(N) < 80)
    paid = frame(paid=np.where(WON | late, 5.0, np.nan))
    by_labels, by_all = (
        suspects(paid, ROWS, [column("paid")], won=won)[0].figures
        for won in ((), set(np.flatnonzero(late).astype(str)))
    )
    assert (by_labels["n_won"], by_labels["lost"]) == (100, 20 / 300)
    assert (by_all["n_won"], by_all["won"], by_all["lost"]) == (120, 1.0, 0.0)


def test_a_field_with_a_history_is_seen_at_each_cutoff_so_being_filled_proves_nothing():
    known = frame(budget=np.where(WON, 5.0, np.nan))
    assert found(known, column("budget"), tracked={"leads.budget"}) == []


def test_a_field_with_a_history_that_copies_each_label_is_proven_all_the_same():
    copy = pd.DataFrame({"fit__budget": ROWS["label"] * 1.0})
    assert found(copy, column("budget"), tracked={"leads.budget"}) == [("fit__budget", "too_good", "refused")]


def test_days_since_an_event_are_null_for_who_had_none_which_is_no_leak():
    demo = Feature("intent__demo_recency_days", "intent", "number", "demo", "none", recipe=Recipe("events", "recency"))
    table = pd.DataFrame({demo.name: np.where(ROWS["label"] == 1, 5.0, np.nan)})
    assert found(table, demo) == []


def test_how_old_a_lead_is_may_say_as_much_as_it_likes():
    age = attribute("engagement__lead_age_days", "engagement", ["leads.created_at"], "date", {}, dtype="number")
    assert found(pd.DataFrame({age.name: 30.0 - ROWS["label"]}), age) == []


@pytest.mark.parametrize("name", ["fit__signed", "signed", "leads.signed"])
def test_what_the_settings_name_is_kept_and_still_told(name):
    table = frame(signed=np.where(WON, 5.0, np.nan))
    assert found(table, column("signed"), allowed={name}) == [("fit__signed", "filled_won", "allowed")]


def test_what_is_refused_comes_first_then_what_says_most():
    rng = np.random.default_rng(1)
    table = frame(odd=1.6 * WON + rng.normal(size=N), copy=WON * 1.0, noise=rng.normal(size=N))
    names = [name for name, _, _ in found(table, column("odd"), column("copy"), column("noise"))]
    assert names == ["fit__copy", "fit__odd"]


@pytest.mark.parametrize("n_won", [0, 19])
def test_nothing_is_said_of_fewer_than_twenty_won_leads(n_won):
    rows = ROWS.assign(label=(ROWS.index < 3 * 4 * n_won) * ROWS["label"])
    assert suspects(frame(signed=np.where(WON, 5.0, np.nan)), rows, [column("signed")]) == ()


def test_with_a_link_that_only_won_leads_have_falls_all_that_is_read_through_it():
    signals = Feature("intent__x", "intent", "number", "x", "0", recipe=Recipe("signals", "count"))
    both = attribute("fit__country", "fit", ["leads.country", "accounts.country"], "value", {})
    through = [column("size", table="accounts"), signals, both, column("plan")]
    link = link_suspect(WON, WON * 1.0, through)
    assert (link.name, link.code, link.status) == ("account_id", "filled_won", "refused")
    assert link.features == ("fit__size", "intent__x")
    with_country = link_suspect(WON, WON * 1.0, through, found={"fit__country"})
    assert with_country.features == ("fit__size", "intent__x", "fit__country")
    assert link_suspect(WON, WON * 1.0, through, allowed={"account_id"}).status == "allowed"


def test_a_link_that_most_leads_have_is_no_suspect():
    assert link_suspect(WON | (np.arange(N) % 2 == 0), WON * 1.0, []) is None
