# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. Where do we draw the line?
#
# Three people ask for a threshold. Finance: "call while it pays." The head of sales: "we can treat so many a week."
# Marketing: "promise us a conversion." And everybody asks whether it beats the points grid that the CRM has today.
# The rows below are newer than all that the model behind them learnt from.

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from models.learning import part
from models.points import PointsGrid
from models.threshold_rules import choose
from pipeline.points_grids import points_grids
from pipeline.report.plots import formatter
from pipeline.study import study

it = study()
share = formatter("en", shares=True)
periods, rows = it.periods(), it.rows
fit, later = periods.rows("fit"), periods.rows("calibrate")
learnt = it.learn(fit, periods.weight[fit], it.features, it.frame)
calibration = learnt.calibrate(
    part(rows, later, periods.weight[later]).margins(learnt.margin(it.frame.iloc[later])), forward=periods.forward
)
at = np.concatenate([periods.rows("threshold"), periods.rows("test")])
propensity = calibration(learnt.margin(it.frame.iloc[at]))
sample = part(rows, at, periods.weight[at]).sample(propensity)
{
    "rows": len(at),
    "leads": len(set(sample.lead)),
    "won": int(sample.y.sum()),
    "promised": round(float(propensity.mean()), 3),
}

# %% [markdown]
# ## Three rules, one curve
#
# *Value*: hand over while propensity x win value exceeds the cost of a contact. *Capacity*: as many as sales can treat.
# *Precision*: the loosest threshold that keeps a conversion with stated confidence (exact binomial tests from strict to
# loose). The last one may answer *none*: that is an answer, not an error.

# %%
base = float(np.average(sample.y, weights=sample.weight))
rules = {
    "value": {},
    "capacity": {"capacity_per_week": 5.0},
    "precision": {"target_precision": round(2 * base, 3)},
}
choices = {name: choose(sample, replace(it.plan, rule=name, per_lead=False, **knobs)) for name, knobs in rules.items()}
pd.DataFrame(
    {
        name: {"threshold": choice.threshold, "share handed over": choice.share, "why": choice.reason_en}
        for name, choice in choices.items()
    }
).T.style.format("{:.1%}", subset=["threshold", "share handed over"], na_rep="none")

# %%
curve = pd.DataFrame([vars(point) for point in choices["value"].curve])
colours = {"value": "#2f6f8f", "capacity": "#b5533c", "precision": "#6a8f2f"}
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8))
left.plot(curve["share"], curve["value_per_lead"] * 100, color="#444444")
left.set(title="What 100 open leads bring", xlabel="share handed over", ylabel=it.settings.output.currency)
right.plot(curve["share"], curve["precision"], color="#444444")
right.fill_between(curve["share"], curve["precision_low"], curve["precision"], color="#dddddd")
right.axhline(base, color="#999999", linestyle=":")
right.set(title="How many of them are won (grey: proven)", xlabel="share handed over")
for name, choice in choices.items():
    if choice.threshold is not None:
        left.axvline(choice.share, color=colours[name], linestyle="--", label=name)
        right.axvline(choice.share, color=colours[name], linestyle="--")
left.legend()
left.xaxis.set_major_formatter(share)
right.xaxis.set_major_formatter(share)
right.yaxis.set_major_formatter(share)
plt.show()

# %% [markdown]
# ## Against the points grid
#
# A grid with threshold 60 hands over some share of the leads. At *that very share*, how many of the wins would the model
# have caught? Points of the same height are ties, hence the steps.

# %%
grid, others = points_grids(it.settings)
usable = {
    name: PointsGrid.applicable(one.rules, one.threshold, list(it.frame.columns), it.features)
    for name, one in {"your grid": grid, **others}.items()
}
known = {name: one for name, one in usable.items() if one is not None}
figure, axes = plt.subplots(figsize=(9, 4.2))


def caught(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-score, kind="stable")
    weight, won = sample.weight[order], (sample.weight * sample.y)[order]
    return np.cumsum(weight) / weight.sum(), np.cumsum(won) / won.sum()


axes.plot(*caught(propensity), color="#2f6f8f", label="Tamis")
axes.plot([0, 1], [0, 1], color="#999999", linestyle=":", label="by chance")
for name, one in known.items():
    points = one.points(it.frame.iloc[at])
    if points.max() > points.min():
        x, z = caught(points + 1e-9 * np.random.default_rng(0).random(len(points)))
        (line,) = axes.plot(x, z, linewidth=1, label=name)
        chosen = points >= one.threshold
        if chosen.any():
            handed = sample.weight[chosen].sum() / sample.weight.sum()
            wins = (sample.weight * sample.y)[chosen].sum() / (sample.weight * sample.y).sum()
            axes.plot([handed], [wins], "o", color=line.get_color())
axes.set(
    title="Share of the wins caught (dots: the grids' own thresholds)", xlabel="share handed over", ylabel="of the wins"
)
axes.xaxis.set_major_formatter(share)
axes.yaxis.set_major_formatter(share)
axes.legend()
plt.show()

# %% [markdown]
# `[threshold]` in `tamis.toml` takes the rule; `tamis train` writes this curve, with intervals and the swap set (who changes
# hands), into the report of every model. Next: [04_explanations](04_explanations.py).
