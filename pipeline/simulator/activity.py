"""What leads do: events and account signals, emitted from the present hidden state.

People act in sessions. How often, how long and on which pages depends on the intent; those who keep watch
read and download as much as buyers do, on other pages. Personal activity has a heavy tail.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.simulator.chain import Runs
from pipeline.simulator.company import Codes, Flags, Leads, Numbers, effect
from pipeline.simulator.journeys import WATCHING
from pipeline.simulator.plan import DAY_S
from pipeline.simulator.words import CHANNELS
from pipeline.simulator.worktime import WorkClock

# type: (channel, seconds until the system knows: "at once", "batch" = next morning's import, "hours" = entered later)
TYPES = {
    "email_open": ("email", "at once"),
    "email_click": ("email", "at once"),
    "page_view": ("web", "at once"),
    "blog_view": ("web", "at once"),
    "pricing_view": ("web", "at once"),
    "comparison_view": ("web", "at once"),
    "case_study_view": ("web", "at once"),
    "download": ("web", "at once"),
    "webinar": ("webinar", "batch"),
    "product_use": ("product", "hours"),
    "social": ("linkedin", "batch"),
    "unsubscribe": ("email", "at once"),
    "demo_request": ("web", "at once"),
    "quote_request": ("web", "at once"),
    "reply": ("email", "at once"),
    "call": ("phone", "hours"),
    "meeting": ("phone", "hours"),
}
NAMES = tuple(TYPES)
_BATCH_HOUR_S = 4 * 3_600

# Rows: cold, watching with a project, active, buying, keeping watch without a project.
_WATCHER = 4
_SESSIONS = np.array([0.013, 0.040, 0.095, 0.155, 0.100])  # by work day, before the overall scale
_MORE = np.array([0.35, 0.50, 0.62, 0.66, 0.58])  # chance that a session goes on after each event
_PAGES = np.array(
    [  # open click page blog pricing comparison case download webinar product social unsubscribe
        [0.62, 0.06, 0.14, 0.11, 0.010, 0.002, 0.004, 0.020, 0.015, 0.008, 0.015, 0.0035],
        [0.36, 0.12, 0.20, 0.14, 0.035, 0.015, 0.020, 0.055, 0.035, 0.015, 0.025, 0.0010],
        [0.22, 0.14, 0.26, 0.08, 0.095, 0.040, 0.040, 0.055, 0.035, 0.045, 0.030, 0.0005],
        [0.17, 0.13, 0.26, 0.04, 0.150, 0.065, 0.045, 0.040, 0.020, 0.095, 0.030, 0.0000],
        [0.26, 0.13, 0.19, 0.16, 0.055, 0.015, 0.025, 0.085, 0.060, 0.015, 0.030, 0.0015],
    ]
)
_REPLY = np.array([[0.0003, 0.002, 0.006, 0.010], [0.004, 0.012, 0.030, 0.050]])  # untouched, touched
_CALLS = np.array([0.012, 0.022, 0.040, 0.055])  # once contacted

SIGNALS = ("job_change", "hiring", "funding", "comparator_visit", "competitor_content", "keyword_surge")
_SIGNALS = np.array(
    [
        [0.0006, 0.0012, 0.0002, 0.0002, 0.0004, 0.0004],
        [0.0007, 0.0014, 0.0003, 0.0008, 0.0015, 0.0015],
        [0.0016, 0.0024, 0.0008, 0.0050, 0.0055, 0.0060],
        [0.0022, 0.0028, 0.0010, 0.0110, 0.0080, 0.0100],
        [0.0006, 0.0012, 0.0002, 0.0006, 0.0012, 0.0012],
    ]
)
_SIGNAL_DELAY_DAYS = np.array([2.0, 4.0, 1.5, 0.3, 0.5, 0.5])


@dataclass(frozen=True)
class Moments:
    """Things that happen to leads, one row each, in no special order.

    Attributes
    ----------
    lead, type : ndarray of int, shape (n,)
        Position of the lead; position in `NAMES` (or in `SIGNALS`).
    at : ndarray of int, shape (n,)
        UTC seconds.
    value : ndarray of float, shape (n,)
        Minutes of product use, strength of a signal, else null.
    """

    lead: Codes
    type: Codes
    at: Codes
    value: Numbers

    def __len__(self) -> int:
        return len(self.lead)

    def only(self, rows: Flags) -> "Moments":
        """The rows where the mask is true."""
        return Moments(self.lead[rows], self.type[rows], self.at[rows], self.value[rows])


def together(parts: list[Moments]) -> Moments:
    """Concatenate."""
    return Moments(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("lead", "type", "at", "value"))
    )


def behaviour(runs: Runs, leads: Leads) -> Codes:
    """How the person behaves during each stay: the intent, or 4 where they keep watch without a project."""
    intent = runs.state % 4
    return np.where(leads.watcher[runs.lead] & (intent == WATCHING), _WATCHER, intent)


def during(rng: np.random.Generator, runs: Runs, rate: Numbers) -> tuple[Codes, Numbers]:
    """A Poisson process over stays: the stay and the work day of each point; nothing after a decision."""
    expected = np.where(runs.live, rate * (runs.end - runs.begin), 0.0)
    stay = np.repeat(np.arange(len(runs)), rng.poisson(expected))
    return stay, runs.begin[stay] + rng.random(len(stay)) * (runs.end[stay] - runs.begin[stay])


def make_activity(rng: np.random.Generator, runs: Runs, leads: Leads, clock: WorkClock, n_events: float) -> Moments:
    """Sessions of e-mails, pages, downloads, webinars and product use, replies and calls.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    runs : Runs
        Stays of all leads.
    leads : Leads
        With their hidden activity.
    clock : WorkClock
        Work days to UTC.
    n_events : float
        Expected number of events; session rates are scaled to meet it.

    Returns
    -------
    Moments
        A session's events may run past its stay, never past a decision.
    """
    how = behaviour(runs, leads)
    eager = leads.activity * effect(CHANNELS, lambda c: c.activity)[leads.channel]
    rate = _SESSIONS[how] * eager[runs.lead]
    stay_length = np.where(runs.live, runs.end - runs.begin, 0.0)
    touched = np.minimum(runs.state // 4, 1)
    reply_rate = _REPLY[touched, runs.state % 4] * np.sqrt(eager[runs.lead])
    call_rate = np.where(touched > 0, _CALLS[runs.state % 4], 0.0)
    others = ((reply_rate + call_rate) * stay_length).sum()
    planned = (rate * stay_length / (1.0 - _MORE[how])).sum()
    rate *= max(n_events - others, 0.1 * others) / max(planned, 1e-9)
    stay, at = during(rng, runs, rate)
    length = rng.geometric(1.0 - _MORE[how[stay]])
    row = np.repeat(np.arange(len(stay)), length)
    step = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    pause = np.where(step == 0, 0.0, rng.exponential(150.0, len(row)))
    since = np.cumsum(pause)
    seconds = clock.utc(at)[row] + since - np.repeat(since[np.cumsum(length) - length], length)
    pages = Moments(
        runs.lead[stay][row], _types(rng, how[stay][row]), seconds.astype(np.int64), np.full(len(row), np.nan)
    )
    minutes = np.round(np.exp(rng.normal(2.3, 0.9, len(row))), 1)
    pages.value[:] = np.where(pages.type == NAMES.index("product_use"), minutes, np.nan)
    talks = []
    for kind, each in (("reply", reply_rate), ("call", call_rate)):
        stay, at = during(rng, runs, each)
        type_ = np.full(len(stay), NAMES.index(kind))
        if kind == "call":
            meets = rng.random(len(stay)) < np.where(runs.state[stay] // 4 > 1, 0.4, 0.1)
            type_[meets] = NAMES.index("meeting")
        talks.append(Moments(runs.lead[stay], type_, clock.utc(at).astype(np.int64), np.full(len(stay), np.nan)))
    return together([pages, *talks])


def _types(rng: np.random.Generator, how: Codes) -> Codes:
    """Types of events: one draw by row from the row's behaviour."""
    uniform, types = rng.random(len(how)), np.zeros(len(how), dtype=np.int64)
    for kind, shares in enumerate(_PAGES):
        rows = np.flatnonzero(how == kind)
        types[rows] = np.searchsorted(np.cumsum(shares / shares.sum())[:-1], uniform[rows], side="right")
    return types


def respect_opt_outs(events: Moments, n_leads: int) -> tuple[Moments, Flags]:
    """Nobody opens an e-mail after having unsubscribed: the events that remain, and who opted out."""
    gone = np.full(n_leads, np.iinfo(np.int64).max)
    left = events.type == NAMES.index("unsubscribe")
    np.minimum.at(gone, events.lead[left], events.at[left])
    mail = np.isin(events.type, [NAMES.index(name) for name in ("email_open", "email_click", "unsubscribe")])
    again = mail & (events.at >= gone[events.lead]) & ~(left & (events.at == gone[events.lead]))
    return events.only(~again), gone < np.iinfo(np.int64).max


def origin_events(leads: Leads) -> Moments:
    """The act that made each inbound lead known, at its creation; referrals, partners, fairs leave none."""
    act = [NAMES.index(c.first_act) if c.first_act else -1 for c in CHANNELS]
    type_ = np.array(act)[leads.channel]
    lead = np.flatnonzero(type_ >= 0)
    return Moments(lead, type_[lead], leads.created_at[lead], np.full(len(lead), np.nan))


def known_at(rng: np.random.Generator, moments: Moments) -> Codes:
    """When the system knew of each event: at once, at 04:00 UTC of the next day, or some hours later."""
    how = np.array([("at once", "batch", "hours").index(TYPES[name][1]) for name in NAMES])[moments.type]
    batch = (moments.at // DAY_S + 1) * DAY_S + _BATCH_HOUR_S
    later = moments.at + np.exp(rng.normal(9.2, 1.0, len(moments))).astype(np.int64)  # median 2 h 45
    return np.select([how == 0, how == 1], [moments.at, batch], later)


def make_signals(rng: np.random.Generator, runs: Runs, leads: Leads, clock: WorkClock) -> tuple[Moments, Codes]:
    """Signals of the leads' accounts, more and stronger where one is about to buy; and when each was known.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    runs : Runs
        Stays of all leads.
    leads : Leads
        Those without an account send none.
    clock : WorkClock
        Work days to UTC.

    Returns
    -------
    signals : Moments
        `lead` is the position of the lead behind the signal: the table keeps only its account.
    known_at : ndarray of int, shape (n,)
        UTC seconds, hours to days after.
    """
    how = behaviour(runs, leads)
    parts = []
    for type_ in range(len(SIGNALS)):
        stay, at = during(rng, runs, np.where(leads.account[runs.lead] >= 0, _SIGNALS[how, type_], 0.0))
        warm = np.array([0.0, 0.1, 0.5, 0.9, 0.05])[how[stay]]
        strength = np.round(rng.beta(2.0 + 2.0 * warm, 4.0 - 1.5 * warm), 2)
        parts.append(Moments(runs.lead[stay], np.full(len(stay), type_), clock.utc(at).astype(np.int64), strength))
    signals = together(parts)
    delay = rng.exponential(_SIGNAL_DELAY_DAYS[signals.type] * DAY_S).astype(np.int64)
    return signals, signals.at + delay
