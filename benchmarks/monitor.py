"""How often the monitor rings when nothing is wrong, and how soon when something is.

One small model is trained on a made-up company; nights are then drawn directly (open leads, arrivals, matured scores),
thirteen weeks a quarter. Stable quarters differ from the training by chance alone. In the others one thing goes wrong
from the first week on; the delay is counted in weeks from there (for promises that do not come true: from the week in
which the first scores of the changed market mature).

    python -m benchmarks.monitor [--quarters N] [--json FILE]
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from features.specification import Feature, Recipe
from models.arrivals import silence, volume
from models.lead_model import LeadModel
from models.plan import TrainingPlan
from models.promises import Promises
from models.realised import realised
from models.training import train
from models.watching import Limits, watch_columns, watch_expected
from pipeline.settings import Settings

DAY_S = 86_400
N_OPEN, A_WEEK, WEEKS = 700, 90, 13
# Of the open leads that are replaced in a week.
RENEWED = A_WEEK / N_OPEN
Floats = npt.NDArray[np.float64]
SOURCES = {"demo": (0.2, 0.9), "search": (0.35, 0.0), "fair": (0.1, -0.8), "content": (0.35, -0.5)}


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a quarter, week by week."""

    fair: Callable[[int], float] = lambda _week: SOURCES["fair"][0]
    emptied: Callable[[int], float] = lambda _week: 0.0
    market: float = 0.0
    search: float = 0.0
    volume: float = 1.0
    silent: bool = False


def renewed(week: int) -> float:
    """Share of the open leads that came since the first week."""
    return 1 - (1 - RENEWED) ** (week + 1)


CASES = {
    "stable": Wrong(),
    "campaign: a fair brings half of the new leads": Wrong(fair=lambda week: 0.1 + 0.4 * renewed(week), volume=1.8),
    "a column turns empty for new leads": Wrong(emptied=renewed),
    "a column turns empty for all leads": Wrong(emptied=lambda _week: 1.0),
    "conversion falls by half": Wrong(market=-0.75),
    "leads from search become three times as good": Wrong(search=1.3),
    "new leads come three times as often": Wrong(volume=3.0),
    "the events stop": Wrong(silent=True),
}


def leads(
    rng: np.random.Generator, n: int, fair: float = SOURCES["fair"][0], emptied: float = 0.0
) -> tuple[pd.DataFrame, Floats]:
    """Raw features, and the true probability of each lead."""
    shares = np.array([fair if name == "fair" else share for name, (share, _) in SOURCES.items()])
    others = np.array([name != "fair" for name in SOURCES])
    shares[others] *= (1 - fair) / shares[others].sum()
    source = rng.choice(np.array(list(SOURCES), dtype=object), n, p=shares)
    employees = np.round(np.exp(rng.normal(4, 1.2, n)))
    views, clicks = rng.poisson(1.0, n).astype(float), rng.poisson(2.0, n).astype(float)
    growth = rng.normal(size=n)
    z = -2.4 + 0.5 * np.minimum(views, 4) + 0.3 * (np.log(employees + 1) - 4) + 0.2 * growth
    z += pd.Series(source).map({name: effect for name, (_, effect) in SOURCES.items()}).to_numpy()
    employees = np.where(rng.random(n) < emptied, np.nan, employees)
    return pd.DataFrame(
        {
            "fit__source": source,
            "fit__employees": employees,
            "engagement__page_view_count_30d": views,
            "engagement__email_click_count_30d": clicks,
            "fit__growth": growth,
        }
    ), np.asarray(expit(z))


def trained() -> LeadModel:
    """A model of two years of leads, looked at monthly."""
    rng = np.random.default_rng(1)
    frame, truth = leads(rng, 24 * N_OPEN)
    cutoff = np.repeat(np.arange(24) * 30 * DAY_S, N_OPEN)
    label = (rng.random(len(truth)) < truth).astype("int64")
    rows = pd.DataFrame(
        {"lead_id": np.arange(len(truth)).astype("str"), "cutoff": cutoff, "label": label, "weight": 1.0}
    )
    of = {"employees": "accounts.employees", "source": "leads.source", "growth": "accounts.growth"}
    features = []
    for name in frame.columns:
        family, _, what = name.partition("__")
        if family == "fit":
            recipe = Recipe("attributes", "value", columns=(of[what],))
        else:
            recipe = Recipe("events", "count", days=30, types=(what.removesuffix("_count_30d"),))
        kind = "category" if what == "source" else "number"
        features.append(Feature(name, family, kind, what, "not known", recipe=recipe))  # type: ignore[arg-type]
    classifier = {"n_folds": 2, "learning_rate": 0.2, "num_leaves": 8, "max_depth": 4}
    return train(frame, rows, features, TrainingPlan(n_bootstrap=50, horizon_s=60 * DAY_S, classifier=classifier)).model


def week_of(rng: np.random.Generator, model: LeadModel, wrong: Wrong, week: int) -> list[str]:
    """Kinds of the findings of one look."""
    limits = Limits(**Settings().monitor.model_dump(exclude={"stale_days"}))
    frame, _ = leads(rng, N_OPEN, wrong.fair(week), wrong.emptied(week))
    propensity = model.propensity(frame)
    least = model.threshold.threshold
    moved = watch_columns(frame, propensity, model.features, model.reference, limits)
    _, fallen = watch_expected(propensity, propensity >= (least or 1.0), model.reference, limits)
    found = [finding.kind for finding in (*moved.findings, *fallen)]
    days = np.arange(365 + 7 * (week + 1))
    rate = A_WEEK / 5 * np.where(days % 7 < 5, 1.0, 0.05)
    counts = rng.poisson(rate * np.where(days >= 365, wrong.volume, 1.0))
    there = counts > 0
    now = float(days[-1] + 1)
    if volume("leads", days[there], counts[there], now):
        found.append("volume")
    heard = there & ~((days >= 365) & wrong.silent)
    if silence("events", days[heard], now):
        found.append("silent_table")
    frame, truth = leads(rng, 3 * N_OPEN)
    said = model.propensity(frame)
    # Of the three monthly cohorts that are held to account, so many are of the changed market by now.
    changed = np.arange(3 * N_OPEN) < N_OPEN * min(3, 1 + week * 7 // 30)
    of_search = wrong.search * (frame["fit__source"] == "search").to_numpy()
    y = rng.random(len(truth)) < expit(logit(truth) + (wrong.market + of_search) * changed)
    promises = Promises(y, said, np.ones(len(y)), np.arange(len(y)))
    kinds = {"fit__source": frame["fit__source"]}
    kept = realised(promises, model.bands.assign(said), Settings().certificate.tolerance, 0.999, kinds)
    if kept.off or any(band["off"] for band in kept.bands):
        found.append("realised_conversion")
    if kept.kinds:
        found.append("realised_kind")
    return found


def quarters(model: LeadModel, case: str, n: int) -> dict[str, object]:
    """Looks with an alarm, quarters with one, and the median week of the first."""
    first: list[int] = []
    looks, kinds = 0, dict[str, int]()
    for k in range(n):
        rng = np.random.default_rng([k, len(case)])
        rang = [(week, found) for week in range(WEEKS) if (found := week_of(rng, model, CASES[case], week))]
        looks += len(rang)
        if rang:
            first.append(rang[0][0] + 1)
            for kind in dict.fromkeys(rang[0][1]):
                kinds[kind] = kinds.get(kind, 0) + 1
    return {
        "case": case,
        "system": "tamis",
        "quarters": n,
        "quarters_with_alarm": len(first),
        "share_of_looks_with_alarm": looks / (n * WEEKS),
        "median_weeks_to_alarm": float(np.median(first)) if first else None,
        "first_alarms": kinds,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor", description=__doc__)
    parser.add_argument("--quarters", type=int, default=100, metavar="N", help="of the stable company; others: a fifth")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    options = parser.parse_args(arguments)
    model = trained()
    rows = []
    for case in CASES:
        row = quarters(model, case, options.quarters if case == "stable" else max(1, options.quarters // 5))
        rows.append(row)
        print(
            f"{case:50} quarters with an alarm {row['quarters_with_alarm']:3} of {row['quarters']:3}, "
            f"looks {row['share_of_looks_with_alarm']:.4f}, first in week {row['median_weeks_to_alarm']}, "
            f"{row['first_alarms']}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
