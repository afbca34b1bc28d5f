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
# # 1. What is in our CRM, and what announces a sale?
#
# Before any model: which leads are old enough to judge, which channels bring business rather than contacts, and which
# facts separate the leads that were won. Everything below comes from the workspace that `TAMIS_NOTEBOOKS` names, or from
# the demo (`make demo`).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from features.snapshots import maturity
from features.words import label
from models.comparison import conversion
from models.incidence import incidence
from models.metrics import auc
from pipeline.describe import snapshot_plan
from pipeline.report.plots import formatter
from pipeline.study import study

it = study()
share = formatter("en", shares=True)
leads, outcomes = it.table("leads"), it.table("outcomes")
{name: len(it.table(name)) for name in it.opened.tables.frames}

# %% [markdown]
# ## Who is old enough?
#
# A lead of last week has not lost: nobody knows yet. Tamis learns from whole cohorts whose horizon is over, and from
# nobody else. The last bars are the ones that a naive export counts as lost.

# %%
cohorts = maturity(it.snapshots, snapshot_plan(it.settings), it.opened.tables.extracted_at)
names = pd.to_datetime(cohorts["cohort"]).dt.strftime("%b %y")
figure, axes = plt.subplots(figsize=(9, 3.2))
axes.bar(names, cohorts["n"], color=np.where(cohorts["is_mature"].astype(bool), "#2f6f8f", "#d8d8d8"))
axes.set(title="Open leads by cohort: blue may teach, grey is too young", ylabel="leads")
axes.tick_params(axis="x", rotation=60)
plt.show()

# %% [markdown]
# How long does a sale take here? Leads that are still open count for as long as they were followed (Aalen-Johansen).
# A horizon that is much shorter than this curve cuts off what it should learn.

# %%
ended = leads[["lead_id", "created_at"]].merge(outcomes[["lead_id", "decided_at", "outcome"]], how="left")
followed = (ended["decided_at"].fillna(it.opened.tables.extracted_at) - ended["created_at"]).clip(lower=0) / 86_400
won, lost = (ended["outcome"].eq(word).to_numpy() for word in ("won", "lost"))
curve = incidence(followed.to_numpy(dtype=float), won, lost)
figure, axes = plt.subplots(figsize=(9, 3.2))
axes.step(curve.times, curve.passed, where="post", color="#2f6f8f")
axes.axvline(it.settings.snapshots.horizon_days, color="#b5533c", linestyle="--", label="horizon of the model")
axes.set(title="Share of leads won, by days since they came", xlabel="days", xlim=(0, float(followed.max())))
axes.yaxis.set_major_formatter(share)
axes.legend()
plt.show()

# %% [markdown]
# ## Which channels bring business?
#
# Conversion of leads that may be judged, with 95% intervals (Wilson). A channel whose interval is as wide as the plot
# has not said anything yet: do not move its budget.

# %%
taught = it.rows.merge(leads[["lead_id", "source"]])
channels = pd.DataFrame(
    {
        name: conversion(group["label"].to_numpy(), group["weight"].to_numpy(), group["lead_id"])
        for name, group in taught.groupby("source")
    }
).T.astype(float)
channels = channels.sort_values("conversion")
figure, axes = plt.subplots(figsize=(9, 4))
reach = [channels["conversion"] - channels["low"], channels["high"] - channels["conversion"]]
axes.errorbar(channels["conversion"], channels.index, xerr=np.abs(reach), fmt="o", color="#2f6f8f")
axes.axvline(np.average(it.rows["label"], weights=it.rows["weight"]), color="#999999", linestyle=":")
axes.set(title=f"Won within {it.settings.snapshots.horizon_days} days, by channel (dotted: all leads)")
axes.xaxis.set_major_formatter(share)
plt.show()

# %% [markdown]
# ## What separates won from lost, one fact at a time?
#
# Area under the ROC curve of every number alone, on the snapshots that teach: 0.5 is a coin. Facts that are near 1 by
# themselves are usually leaks, and `tamis check` has taken those out already.

# %%
y, w = it.rows["label"].to_numpy(dtype=float), it.rows["weight"].to_numpy(dtype=float)
alone = {}
for feature in it.features:
    values = it.frame[feature.name]
    if feature.dtype == "number" and values.nunique() > 1:
        found = auc(y, values.fillna(values.min() - 1).to_numpy(dtype=float), w)
        alone[label(feature, "en")] = max(found, 1 - found)
best = pd.Series(alone).sort_values().tail(15)
figure, axes = plt.subplots(figsize=(9, 5))
axes.barh(best.index, best - 0.5, left=0.5, color="#2f6f8f")
axes.set(title="What one number says alone (AUC)", xlim=(0.5, None))
plt.show()

# %% [markdown]
# Next: what the model makes of all of them together, and how to add one: [02_features](02_features.py).
