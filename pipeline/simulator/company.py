"""Who they are: the accounts and the leads of a French B2B company, with hidden fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.simulator.plan import Apart, SimulationPlan
from pipeline.simulator.words import (
    CHANNELS,
    COUNTRIES,
    CRMS,
    DECISION_SENIORITY,
    EDUCATION_MAIL,
    FIRST_NAMES,
    FREE_MAIL,
    JOBS,
    LAST_NAMES,
    OWNERS,
    REGIONS,
    SECTORS,
    TARGET_NAF,
)
from pipeline.simulator.worktime import WorkClock

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Positions of a lead's pace: how many employees make a company small, medium, large.
SIZE_LIMITS = (50, 250)
COMPANY_MAIL, FREE, EDUCATION = 0, 1, 2


@dataclass(frozen=True)
class Accounts:
    """Accounts, one row each; codes are positions in the vocabulary.

    Attributes
    ----------
    sector, country, region : ndarray of int, shape (n,)
        Codes; region is -1 outside France.
    employees, revenue, growth : ndarray of float, shape (n,)
        True values: head count, euros a year, relative growth of the head count over a year.
    heat : ndarray of float, shape (n,)
        Hidden: how much the whole account is moving, in log-hazard.
    visits : ndarray of float, shape (n,)
        Relative chance of being a lead's account.
    head, tail, name : ndarray of int, shape (n,)
        Codes of the company name.
    siren8 : ndarray of int, shape (n,)
        First eight digits of the SIREN.
    founded : ndarray of int, shape (n,)
        Days since 1970.
    """

    sector: Codes
    country: Codes
    region: Codes
    employees: Numbers
    revenue: Numbers
    growth: Numbers
    heat: Numbers
    visits: Numbers
    head: Codes
    tail: Codes
    name: Codes
    siren8: Codes
    founded: Codes

    @property
    def size(self) -> Codes:
        """0 small, 1 medium, 2 large."""
        return np.digitize(self.employees, SIZE_LIMITS)


@dataclass(frozen=True)
class Leads:
    """Leads in order of creation; codes are positions in the vocabulary.

    Attributes
    ----------
    created_at : ndarray of int, shape (n,)
        UTC seconds.
    account : ndarray of int, shape (n,)
        Position of the account, -1 for none.
    channel, job, country, mail, crm, owner, first, last, mail_domain : ndarray of int, shape (n,)
        Codes; `mail` is COMPANY_MAIL, FREE or EDUCATION.
    size : ndarray of int, shape (n,)
        0 small, 1 medium, 2 large; without an account 0.
    employees : ndarray of float, shape (n,)
        Of the account; without an account 1.
    appeal : ndarray of float, shape (n,)
        Hidden: fit with what is sold, in log-hazard of winning; what no column shows included.
    watcher : ndarray of bool, shape (n,)
        Hidden: keeps watch (student, consultant, the curious) and has no project.
    activity : ndarray of float, shape (n,)
        Hidden: how much this person reads and clicks, mean about 1, heavy tail.
    fit_points : ndarray of float, shape (n,)
        What the old points grid gives for fit.
    """

    created_at: Codes
    account: Codes
    channel: Codes
    job: Codes
    country: Codes
    mail: Codes
    crm: Codes
    owner: Codes
    first: Codes
    last: Codes
    mail_domain: Codes
    size: Codes
    employees: Numbers
    appeal: Numbers
    watcher: Flags
    activity: Numbers
    fit_points: Numbers

    def __len__(self) -> int:
        return len(self.created_at)


def effect(rows: Sequence[Any], of: Callable[[Any], float]) -> Numbers:
    """One number by entry of the vocabulary."""
    return np.array([of(row) for row in rows], dtype=np.float64)


def draw(rng: np.random.Generator, weights: Numbers, size: int) -> Codes:
    """Positions drawn with the given relative weights (faster than ``Generator.choice`` on millions)."""
    cumulative = np.cumsum(weights)
    position = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return cast("Codes", np.minimum(position, len(cumulative) - 1).astype(np.int64))


def make_accounts(rng: np.random.Generator, n: int) -> Accounts:
    """Draw accounts.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n : int
        How many.

    Returns
    -------
    Accounts
        Head counts are log-normal (median 55), a few accounts attract many leads.
    """
    sector = draw(rng, effect(SECTORS, lambda s: s.weight), n)
    country = draw(rng, effect(COUNTRIES, lambda c: c[1]), n)
    region = np.where(country == 0, draw(rng, effect(REGIONS, lambda r: r[1]), n), -1)
    employees = np.clip(np.rint(np.exp(rng.normal(4.0, 1.5, n))), 1, 60_000)
    productivity = effect(SECTORS, lambda s: s.productivity)[sector]
    revenue = np.rint(employees * productivity * np.exp(rng.normal(0, 0.45, n))) * 1_000
    heat = rng.normal(0, 0.45, n)
    return Accounts(
        sector=sector,
        country=country,
        region=region,
        employees=employees,
        revenue=revenue,
        growth=(0.03 + 0.10 * heat + rng.normal(0, 0.11, n)).clip(-0.6, 1.5).round(3),
        heat=heat,
        visits=np.exp(rng.normal(0, 0.9, n)) * employees**0.25,
        head=draw(rng, np.ones(10), n),
        tail=draw(rng, np.ones(10), n),
        name=draw(rng, np.ones(len(LAST_NAMES)), n),
        siren8=_distinct(rng, n, 10_000_000, 99_999_999),
        founded=rng.integers(-5_000, 19_500, n),
    )


def _distinct(rng: np.random.Generator, n: int, low: int, high: int) -> Codes:
    """Distinct integers of [low, high] in random order: one by slot of a regular comb."""
    step = (high - low) // max(n, 1)
    return cast("Codes", rng.permutation(low + np.arange(n) * step + rng.integers(0, step, n)))


def make_leads(rng: np.random.Generator, plan: SimulationPlan, clock: WorkClock, accounts: Accounts) -> Leads:
    """Draw leads, ordered by creation, with their hidden fit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    plan : SimulationPlan
        How many, over which period.
    clock : WorkClock
        Leads appear in office hours; their pace grows by half over the period.
    accounts : Accounts
        Where they work.

    Returns
    -------
    Leads
        With at least one second between creation and the end of the plan.
    """
    n = plan.n_leads
    progress = np.sort((np.sqrt(0.64 + rng.random(n) * (1.44 - 0.64)) - 0.8) / 0.4)  # density 0.8 to 1.2
    first, last = clock.days_at([plan.start, plan.end])
    created = np.minimum(clock.utc(first + progress * (last - first)).astype(np.int64), plan.end - 1)
    channel = _channels(rng, progress, plan.apart)
    job = draw(rng, effect(JOBS, lambda j: j.weight), n)
    student = np.array([j.function == "study" for j in JOBS])[job]
    account = draw(rng, accounts.visits, n)
    account = np.where(rng.random(n) < np.where(student, 0.6, 0.025), -1, account)
    alone = account < 0
    employees = np.where(alone, 1.0, accounts.employees[account])
    mail = _mail(rng, student, alone, employees)
    crm = np.where(alone, 0, draw(rng, effect(CRMS, lambda c: c[1]), n))
    region = np.where(alone, -1, accounts.region[account])
    abroad = alone & (rng.random(n) < 0.1)
    country = np.where(alone, np.where(abroad, 1, 0), accounts.country[account])
    sector_appeal = np.where(alone, -0.8, effect(SECTORS, lambda s: s.appeal)[accounts.sector[account]])
    sector_watch = np.where(alone, 0.8, effect(SECTORS, lambda s: s.watch)[accounts.sector[account]])
    heat = np.where(alone, 0.0, accounts.heat[account])
    turned = 1.0 if plan.apart is None else np.where(_outbound()[channel], 1.0 - plan.apart.contrast, 1.0)
    appeal = (
        turned * (0.8 * sector_appeal + _size_appeal(employees) + 0.8 * effect(JOBS, lambda j: j.appeal)[job])
        + effect(CHANNELS, lambda c: c.appeal)[channel]
        + effect(CRMS, lambda c: c[2])[crm]
        + np.where(mail == COMPANY_MAIL, 0.0, -0.6)
        + np.where(country == 0, 0.1, -0.4)
        + 0.6 * heat
        + rng.normal(0, 0.75, n)  # what no column will ever show
    )
    watch = -1.75 + turned * sector_watch + turned * effect(JOBS, lambda j: j.watch)[job]
    watch += effect(CHANNELS, lambda c: c.watch)[channel]
    watch += np.where(mail == COMPANY_MAIL, 0.0, 0.9) - 0.5 * heat
    watcher = rng.random(n) < 1 / (1 + np.exp(-watch))
    return Leads(
        created_at=created,
        account=account,
        channel=channel,
        job=job,
        country=country,
        mail=mail,
        crm=crm,
        owner=np.where(rng.random(n) < 0.15, draw(rng, np.ones(len(OWNERS)), n), (region + 1) % len(OWNERS)),
        first=draw(rng, np.ones(len(FIRST_NAMES)), n),
        last=draw(rng, np.ones(len(LAST_NAMES)), n),
        mail_domain=rng.integers(0, len(FREE_MAIL) * len(EDUCATION_MAIL), n),
        size=np.where(alone, 0, accounts.size[account]),
        employees=employees,
        appeal=appeal,
        watcher=watcher,
        activity=np.minimum(np.exp(rng.normal(-0.45, 0.95, n)) * np.where(watcher, 1.4, 1.0), 30.0),
        fit_points=_fit_points(accounts, account, employees, job),
    )


def _outbound() -> Flags:
    return np.array([c.direction == "outbound" for c in CHANNELS])


def _channels(rng: np.random.Generator, progress: Numbers, apart: Apart | None) -> Codes:
    """The mix of channels moves linearly from its first to its last shares."""
    first, last = effect(CHANNELS, lambda c: c.share[0]), effect(CHANNELS, lambda c: c.share[1])
    if apart is not None:
        first, last = (_with_share(shares, apart.share) for shares in (first, last))
    early, late = draw(rng, first, len(progress)), draw(rng, last, len(progress))
    return np.where(rng.random(len(progress)) < progress, late, early)


def _with_share(shares: Numbers, share: float) -> Numbers:
    """Shares of the channels with this one for prospecting."""
    group = np.where(_outbound(), shares @ _outbound(), shares @ ~_outbound())
    return shares / group * np.where(_outbound(), share, 1.0 - share)


def _mail(rng: np.random.Generator, student: Flags, alone: Flags, employees: Numbers) -> Codes:
    """Kind of e-mail domain: students write from school or home, small firms often from a free mailbox."""
    free = np.where(alone, 1.0, np.where(employees < 5, 0.45, 0.07))
    kind = np.where(rng.random(len(alone)) < free, FREE, COMPANY_MAIL)
    return np.where(student & (rng.random(len(alone)) < 0.65), EDUCATION, kind)


def _size_appeal(employees: Numbers) -> Numbers:
    """Best between 20 and 500 employees; the product is too heavy below and too light above."""
    distance: Numbers = np.log(employees) - np.log(120.0)
    return 0.3 - 0.08 * distance * distance


def _fit_points(accounts: Accounts, account: Codes, employees: Numbers, job: Codes) -> Numbers:
    """The old grid: ideal profile +20, decision role +10, insufficient budget (under 10 people) -10."""
    target = np.array([s.naf in TARGET_NAF for s in SECTORS])
    in_profile = (account >= 0) & target[accounts.sector[account]] & (employees >= 10) & (employees < 1_000)
    decides = np.array([j.seniority in DECISION_SENIORITY for j in JOBS])[job]
    points: Numbers = 20.0 * in_profile + 10.0 * decides - 10.0 * (employees < 10)
    return points
