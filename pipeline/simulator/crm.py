"""What stands in the CRM: leads with their history, accounts, events as delivered, costs of channels."""

import unicodedata

import numpy as np
import pandas as pd

from pipeline.simulator.activity import NAMES, SIGNALS, TYPES, Moments
from pipeline.simulator.columns import identifiers, pick, sirens
from pipeline.simulator.company import COMPANY_MAIL, EDUCATION, Accounts, Codes, Flags, Leads, draw, effect
from pipeline.simulator.funnel import Moves
from pipeline.simulator.plan import DAY_S, SimulationPlan
from pipeline.simulator.words import (
    CHANNELS,
    COMPANY_HEADS,
    COMPANY_TAILS,
    COUNTRIES,
    CRMS,
    EDUCATION_MAIL,
    FIRST_NAMES,
    FREE_MAIL,
    JOBS,
    LAST_NAMES,
    OWNERS,
    REGIONS,
    SECTORS,
)


def account_ids(positions: Codes) -> pd.Series:
    """``A000001`` by position; -1 is null."""
    text = pd.Series(identifiers("A", np.maximum(positions, 0) + 1, 7), dtype="str")
    return text.where(positions >= 0)


def _slug(text: str) -> str:
    """Lower-case ASCII letters, as in an address.

    Examples
    --------
    >>> _slug("Le_Goff"), _slug("Évrard"), _slug("& Fils")
    ('legoff', 'evrard', 'fils')
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in ascii_text.lower() if letter.isalpha())


def company_names(accounts: Accounts) -> pd.Series:
    """What companies are called; a town hall is called by its town."""
    heads, names = pick(COMPANY_HEADS, accounts.head), pick([n.replace("_", " ") for n in LAST_NAMES], accounts.name)
    company = pd.Series(heads) + " " + pd.Series(names) + " " + pd.Series(pick(COMPANY_TAILS, accounts.tail))
    public = np.array([s.naf == "84.11Z" for s in SECTORS])[accounts.sector]
    return company.where(~public, "Ville de " + pd.Series(names))


def accounts_table(rng: np.random.Generator, accounts: Accounts) -> pd.DataFrame:
    """Accounts with the columns of the schema and three more: region, employees_growth, founded_on.

    Parameters
    ----------
    rng : numpy.random.Generator
        Which cells are missing.
    accounts : Accounts
        True values.

    Returns
    -------
    pandas.DataFrame
        A SIREN and a NAF code in France, the four digits of NACE and no SIREN abroad.
    """
    n = len(accounts.sector)
    french = accounts.country == 0
    naf = pd.Series(pick([s.naf for s in SECTORS], accounts.sector))
    nace = pd.Series(pick([s.naf[:5] for s in SECTORS], accounts.sector))

    def some(values: np.ndarray, missing: float) -> np.ndarray:
        return np.where(rng.random(n) < missing, np.nan, values)

    return pd.DataFrame(
        {
            "account_id": account_ids(np.arange(n)),
            "name": company_names(accounts),
            "siren": pd.Series(sirens(accounts.siren8), dtype="str").where(french),
            "industry": naf.where(french, nace).where(rng.random(n) >= 0.02),
            "employees": some(accounts.employees, 0.06),
            "revenue": some(accounts.revenue, 0.14),
            "country": pick([c[0] for c in COUNTRIES], accounts.country),
            "region": pick([r[0] for r in REGIONS], accounts.region),
            "employees_growth": some(accounts.growth, 0.25),
            "founded_on": pd.Series(np.datetime_as_string(accounts.founded.astype("datetime64[D]")), dtype="str").where(
                rng.random(n) >= 0.1
            ),
        }
    )


def leads_and_changes(
    rng: np.random.Generator,
    plan: SimulationPlan,
    leads: Leads,
    moves: Moves,
    ids: pd.Index,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads as they stand at the end, and the history of the four fields that changed.

    `crm_used` is often found out later, `owner` and `job_title` change, and `licences_planned` is learnt when
    a lead is qualified: whoever uses its last value at an earlier cutoff leaks.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    plan : SimulationPlan
        Its end.
    leads : Leads
        Who they are.
    moves : Moves
        When they were qualified.
    ids : pandas.Index of str
        Lead ids.

    Returns
    -------
    leads, changes : pandas.DataFrame
        A field with a history has its first value (which may be null) in `changes` at creation. `email` and
        `opted_out` are still empty.
    """
    n = len(leads)
    crm_names, titles = [c[0] for c in CRMS], [j.title for j in JOBS]
    crm_at_first = np.where(rng.random(n) < 0.45, leads.crm, -1)
    found = leads.created_at + (rng.exponential(150.0, n) * DAY_S).astype(np.int64)
    enriched = (crm_at_first < 0) & (rng.random(n) < 0.6) & (found < plan.end)
    moved = leads.created_at + (rng.exponential(900.0, n) * DAY_S).astype(np.int64)
    promoted = (rng.random(n) < 0.12) & (moved < plan.end)
    new_job = draw(rng, effect(JOBS, lambda j: j.weight), n)
    handed = leads.created_at + (rng.exponential(400.0, n) * DAY_S).astype(np.int64)
    reassigned = (rng.random(n) < 0.12) & (handed < plan.end)
    new_owner = draw(rng, np.ones(len(OWNERS)), n)
    planned = moves.qualified < plan.end
    licences = np.maximum(1.0, np.rint(0.15 * leads.employees**0.8 * np.exp(rng.normal(0.7, 0.5, n))))
    licences_text = pd.Series(licences.astype(np.int64)).astype("str")
    nothing = pick(["-"], np.full(n, -1))

    def text(words: list[str], codes: Codes) -> pd.Series:
        return pd.Series(pick(words, codes))

    changes = pd.concat(
        [
            _history(ids, leads, "crm_used", enriched, found, pd.Series(nothing), text(crm_names, leads.crm)),
            _history(ids, leads, "job_title", promoted, moved, text(titles, leads.job), text(titles, new_job)),
            _history(
                ids,
                leads,
                "owner",
                reassigned,
                handed,
                text(list(OWNERS), leads.owner),
                text(list(OWNERS), new_owner),
            ),
            _history(ids, leads, "licences_planned", planned, moves.qualified, pd.Series(nothing), licences_text),
        ],
        ignore_index=True,
    ).astype({"field": "str"})
    job = np.where(promoted, new_job, leads.job)
    seniority = np.array([("c_level", "director", "manager", "staff", "student").index(j.seniority) for j in JOBS])
    first, last = (
        text(list(FIRST_NAMES), leads.first),
        text([name.replace("_", " ") for name in LAST_NAMES], leads.last),
    )
    table = pd.DataFrame(
        {
            "lead_id": ids.array,
            "created_at": leads.created_at,
            "account_id": account_ids(leads.account),
            "source": pick([c.name for c in CHANNELS], leads.channel),
            "direction": pick([c.direction for c in CHANNELS], leads.channel),
            "job_title": pick(titles, np.where(rng.random(n) < 0.04, -1, job)),
            "seniority": pick(
                ("c_level", "director", "manager", "staff", "student"),
                np.where((rng.random(n) < 0.4) | promoted, -1, seniority[leads.job]),
            ),
            "country": pick([c[0] for c in COUNTRIES], np.where(rng.random(n) < 0.03, -1, leads.country)),
            "owner": pick(OWNERS, np.where(reassigned, new_owner, leads.owner)),
            "display_name": first + " " + last,
            "email": None,
            "opted_out": 0,
            "crm_used": pick(crm_names, np.where(enriched, leads.crm, crm_at_first)),
            "licences_planned": np.where(planned, licences, np.nan),
        }
    )
    return table, changes.sort_values(["known_at", "lead_id", "field"], kind="stable", ignore_index=True)


def _history(
    ids: pd.Index, leads: Leads, field: str, changed: Flags, at: Codes, before: pd.Series, after: pd.Series
) -> pd.DataFrame:
    """Two rows by changed lead: what stood at creation, what stands since."""
    rows = np.flatnonzero(changed)
    lead = np.concatenate([rows, rows])
    return pd.DataFrame(
        {
            "lead_id": ids.array.take(lead),
            "known_at": np.concatenate([leads.created_at[rows], at[rows]]),
            "field": field,
            "value": pd.concat([before.iloc[rows], after.iloc[rows]], ignore_index=True),
        }
    )


def emails(leads: Leads, accounts: Accounts) -> pd.Series:
    """``first.last@domain``; company domains end in the reserved .example, so that none is anybody's."""
    person = pd.Series(pick([_slug(name) for name in FIRST_NAMES], leads.first)) + "."
    person = person + pd.Series(pick([_slug(name) for name in LAST_NAMES], leads.last))
    number = pd.Series(leads.created_at % 9_000 + 1_000).astype("str")
    account = leads.account
    company = pd.Series(pick([_slug(word) for word in COMPANY_HEADS], accounts.head[account])) + "-"
    company = company + pd.Series(pick([_slug(name) for name in LAST_NAMES], accounts.name[account])) + "-"
    company = company + pd.Series(pick([_slug(word) for word in COMPANY_TAILS], accounts.tail[account])) + ".example"
    town = "ville-" + pd.Series(pick([_slug(name) for name in LAST_NAMES], accounts.name[account])) + ".example"
    public = np.array([s.naf == "84.11Z" for s in SECTORS])[accounts.sector[account]]
    company = company.where(~public, town)
    free = person + number + "@" + pd.Series(pick(FREE_MAIL, leads.mail_domain % len(FREE_MAIL)))
    education = person + "@" + pd.Series(pick(EDUCATION_MAIL, leads.mail_domain % len(EDUCATION_MAIL)))
    address = free.where(leads.mail != COMPANY_MAIL, person + "@" + company)
    return education.where(leads.mail == EDUCATION, address)


def events_table(rng: np.random.Generator, events: Moments, known: Codes, ids: pd.Index, end: int) -> pd.DataFrame:
    """Events in order of arrival; one in 200 is delivered again minutes later, under the same event_id.

    Parameters
    ----------
    rng : numpy.random.Generator
        Which deliveries are repeated.
    events : Moments
        What happened.
    known : ndarray of int
        When each was known, UTC seconds.
    ids : pandas.Index of str
        Lead ids.
    end : int
        UTC seconds; what is not known by then is left out.

    Returns
    -------
    pandas.DataFrame
        A repeated delivery differs from the first one by its later `known_at` alone.
    """
    order = np.lexsort((events.lead, events.at, known))
    order = order[known[order] < end]
    again = np.flatnonzero(rng.random(len(order)) < 0.005)
    row = np.concatenate([np.arange(len(order)), again])
    arrival = np.concatenate([known[order], known[order][again] + rng.integers(30, 7_200, len(again))])
    by_arrival = np.argsort(arrival, kind="stable")
    row, arrival = row[by_arrival], arrival[by_arrival]
    row, arrival = row[arrival < end], arrival[arrival < end]
    source = order[row]
    channels = np.array([TYPES[name][0] for name in NAMES])
    names, code = np.unique(channels, return_inverse=True)
    return pd.DataFrame(
        {
            "event_id": pd.array(identifiers("E", row + 1, 9), dtype="str"),
            "lead_id": ids.array.take(events.lead[source]),
            "occurred_at": events.at[source],
            "known_at": arrival,
            "type": pick(NAMES, events.type[source]),
            "channel": pick(list(names), code[events.type[source]]),
            "value": events.value[source],
        }
    )


def signals_table(signals: Moments, known: Codes, accounts: pd.Series) -> pd.DataFrame:
    """Signals of accounts in order of arrival."""
    table = pd.DataFrame(
        {
            "account_id": accounts,
            "occurred_at": signals.at,
            "known_at": known,
            "type": pick(SIGNALS, signals.type),
            "strength": signals.value,
        }
    )
    return table.sort_values(["known_at", "account_id", "type"], kind="stable", ignore_index=True)


def costs_table(rng: np.random.Generator, plan: SimulationPlan, leads: Leads) -> pd.DataFrame:
    """Euros spent on each channel by calendar month: a share by lead, a fixed share, noise."""
    created = leads.created_at.astype("datetime64[s]").astype("datetime64[M]")
    first = np.datetime64(plan.start, "s").astype("datetime64[M]")
    months = (created - first).astype(np.int64)
    n_months = plan.months + 1
    counts = np.bincount(months * len(CHANNELS) + leads.channel, minlength=n_months * len(CHANNELS))
    unit = np.tile(effect(CHANNELS, lambda c: c.unit_cost), n_months)
    noise = np.exp(rng.normal(0.0, 0.12, len(counts)))
    cost = np.rint(unit * (0.8 * counts + 0.2 * counts.mean()) * noise)
    month = np.repeat(first + np.arange(n_months), len(CHANNELS)).astype("datetime64[s]").astype(np.int64)
    names = pick([c.name for c in CHANNELS], np.tile(np.arange(len(CHANNELS)), n_months))
    return pd.DataFrame({"source": names, "month": month, "cost": cost})
