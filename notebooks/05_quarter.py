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
# # 5. A quarter later: keep, recalibrate or replace?
#
# A model learnt in spring. Since then leads have come and deals were decided. Three questions, in this order: do leads still
# look like those it knows (no outcome needed)? Are its percentages still true? Is a newer model better *on rows that
# neither has learnt from*? `tamis monitor`, `tamis recalibrate` and `tamis retrain` ask them every night and every quarter;
# here we look over their shoulder.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from features.words import label
from models.comparison import figures
from models.learning import part
from models.metrics import reliability
from models.recalibration import refit
from models.shift import Bins, measure
from pipeline.report.plots import formatter
from pipeline.study import study

it = study()
share = formatter("en", shares=True)
periods, rows = it.periods(), it.rows
old, quarter, newest = (
    periods.rows("fit"),
    periods.rows("calibrate"),
    np.concatenate([periods.rows("threshold"), periods.rows("test")]),
)


def when(at: np.ndarray) -> str:
    first, last = (pd.Timestamp(int(end), unit="s") for end in rows["cutoff"].iloc[at].agg(["min", "max"]))
    return f"{first:%d %b %Y} to {last:%d %b %Y}"


{"champion learnt from": when(old), "the quarter since": when(quarter), "judged on": when(newest)}

# %% [markdown]
# ## Do the leads still look the same?
#
# Population stability index of every column, newest against oldest: 0.25 is the usual "look at it". Time alone moves some
# columns (whoever has waited longer has done more), which is why the monitor also knows what months moved when nothing was
# wrong. To see what an alarm is made of, we break one column: a form loses the number of employees.

# %%
who = rows["lead_id"]
before, now = it.frame.iloc[old], it.frame.iloc[newest].copy()
broken = next((f.name for f in it.features if f.name == "fit__employees"), it.features[0].name)
damaged = now.assign(**{broken: now[broken].where(np.arange(len(now)) % 3 == 0)})
found = []
for feature in it.features:
    bins = Bins.of(before[feature.name], who.iloc[old], is_category=feature.dtype == "category")
    shift = measure(bins, damaged[feature.name])
    if bins.null < 0.9:  # of what almost nobody has, an index says nothing
        found.append((label(feature, "en"), shift.psi, shift.null - bins.null))
moved = pd.DataFrame(found, columns=["column", "psi", "empty"]).groupby("column").max()
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
top = moved["psi"].sort_values().tail(10)
left.barh(top.index, top, color="#2f6f8f")
left.axvline(0.25, color="#b5533c", linestyle="--")
left.set(title="Stability index")
gone = moved["empty"].sort_values().tail(10)
right.barh(gone.index, gone, color="#2f6f8f")
right.axvline(0.2, color="#b5533c", linestyle="--")
right.set(title="More cells without a value than before")
right.xaxis.set_major_formatter(share)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## Are the percentages still true?
#
# The champion's ranking with two calibrations: its own, and one learnt anew from the quarter since (two numbers, not a new
# model). Dots on the line are promises kept.

# %%
champion = it.learn(old, periods.weight[old], it.features, it.frame)
since = part(rows, quarter, periods.weight[quarter]).margins(champion.margin(it.frame.iloc[quarter]))
own = champion.calibrate(part(rows, old, periods.weight[old]).margins(champion.unseen_margin()), forward=False)
anew = refit(own, since)
y, w = rows["label"].to_numpy(dtype=float)[newest], (rows["weight"].to_numpy(dtype=float) * periods.weight)[newest]
margin = champion.margin(it.frame.iloc[newest])
figure, axes = plt.subplots(figsize=(5.6, 5.2))
for name, promised, colour in (("its own", own(margin), "#b5533c"), ("learnt anew", anew(margin), "#2f6f8f")):
    bins = pd.DataFrame(reliability(y, promised, w, 6))
    axes.plot(bins["stated"], bins["observed"], "o-", color=colour, label=name)
    axes.vlines(bins["stated"], bins["low"], bins["high"], color=colour, linewidth=0.7)
limit = axes.get_xlim()[1]
axes.plot([0, limit], [0, limit], color="#999999", linestyle=":")
axes.set(xlabel="promised", ylabel="happened", title="Promises of the champion on the newest leads")
axes.xaxis.set_major_formatter(share)
axes.yaxis.set_major_formatter(share)
axes.legend()
plt.show()

# %% [markdown]
# ## Champion and challenger
#
# The challenger learns from the quarter too. Both are judged on the newest rows; leads are resampled together. A challenger
# is not promoted because it is newer: where intervals overlap, the champion stays (`[retrain] margin`).

# %%
everything = np.concatenate([old, quarter])
challenger = it.learn(everything, periods.weight[everything], it.features, it.frame)
level = challenger.calibrate(
    part(rows, everything, periods.weight[everything]).margins(challenger.unseen_margin()), forward=False
)
ahead = level(challenger.margin(it.frame.iloc[newest]))
scores = {"champion": (own(margin), margin), "recalibrated": (anew(margin), margin), "challenger": (ahead, ahead)}
found = figures(y, scores, w, who.iloc[newest].to_numpy(), 200, it.plan.seed)
figure, axes = plt.subplots(1, 2, figsize=(10, 2.8))
for axis, key, title in zip(
    axes, ("log_loss", "auc"), ("log loss (left is better)", "AUC (right is better)"), strict=True
):
    for place, row in enumerate(found.values()):
        figure_ = row[key]
        axis.plot([figure_.low, figure_.high], [place, place], color="#2f6f8f")
        axis.plot([figure_.value], [place], "o", color="#2f6f8f")
    axis.set(title=title, yticks=range(len(found)), yticklabels=list(found))
plt.tight_layout()
plt.show()
pd.DataFrame({name: {key: f"{v.value:.4f}" for key, v in row.items()} for name, row in found.items()})

# %% [markdown]
# What to do: broken columns first (no model can help), then `tamis recalibrate` where only the level moved, then
# `tamis retrain`. All three are undone by `tamis rollback`. What twelve quarters of this looked like, alarms and refusals
# included, is in [docs/watch.md](../docs/watch.md).
