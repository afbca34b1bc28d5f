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
# # 2. Is this new feature worth its place?
#
# Somebody in sales says: "who came back twice in the same week is serious". Does that help beyond what the model knows?
# We declare the feature, compute it as it stood at every cutoff, and learn twice: with and without it. The difference has
# an interval; if zero lies in it, the honest answer is "not shown".

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from features.declare import count, distinct
from features.specification import Tally
from features.words import label, sentence
from models.comparison import figures
from models.metrics import log_loss
from pipeline.study import study

it = study()

# %% [markdown]
# ## Three lines
#
# `count` and `distinct` are the same constructors that `features/engagement.py` uses: windows are half-open
# `[cutoff - L, cutoff)`, and a row is seen only if it was known before the cutoff. The words go with the feature.

# %%
NEW = (
    *count("content", "engagement", days=(14,), types=("download", "case_study_view", "webinar"),
           en=Tally("look into our content", "looks into our content", "No look into our content"),
           fr=Tally("consultation de contenu", "consultations de contenus", "Aucune consultation de contenu")),
    *distinct("week_days", "engagement", of="days", days=(7,),
              en=Tally("day with activity", "days with activity", "No day with activity"),
              fr=Tally("jour d'activité", "jours d'activité", "Aucun jour d'activité")),
)  # fmt: skip
[(feature.name, sentence(feature, 2.0, "en"), sentence(feature, 2.0, "fr")) for feature in NEW]

# %%
more = it.compute(NEW)
frame = pd.concat([it.frame, more], axis=1)
y, w = it.rows["label"].to_numpy(dtype=float), it.rows["weight"].to_numpy(dtype=float)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2))
for axis, feature in zip(axes, NEW, strict=True):
    grouped = pd.DataFrame({"value": more[feature.name].clip(upper=5), "y": y, "w": w}).groupby("value")
    rate = grouped.apply(lambda group: np.average(group["y"], weights=group["w"]))
    axis.bar(rate.index, 100 * rate, color="#2f6f8f")
    axis.set(title=label(feature, "en"), xlabel="value (5: or more)", ylabel="won, %")
plt.tight_layout()
plt.show()

# %% [markdown]
# It looks good, as such plots do: whoever is active is active in every feature. What counts is what it *adds*.
#
# ## With and without, on the future
#
# Both models learn from the oldest rows and are asked about the newest, one horizon later. Same rows, same seed; leads are
# resampled together, so the interval is that of the paired difference.

# %%
periods = it.periods()
old = np.concatenate([periods.rows(name) for name in ("fit", "calibrate")])
new = np.concatenate([periods.rows(name) for name in ("threshold", "test")])
scores = {}
for name, features in (("without", it.features), ("with", (*it.features, *NEW))):
    learnt = it.learn(old, periods.weight[old], features, frame)
    margin = learnt.margin(frame.iloc[new])
    scores[name] = 1 / (1 + np.exp(-margin))
leads, n_w = it.rows["lead_id"].to_numpy()[new], (w * periods.weight)[new]
pd.DataFrame(
    {
        name: {key: f"{value.value:.4f} ({value.low:.4f} to {value.high:.4f})" for key, value in row.items()}
        for name, row in figures(y[new], {k: (p, p) for k, p in scores.items()}, n_w, leads, 100).items()
    }
)

# %%
rng = np.random.default_rng(it.plan.seed)
codes, names = pd.factorize(leads)
gained = []
for _ in range(300):
    weight = n_w * np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[codes]
    gained.append(log_loss(y[new], scores["without"], weight) - log_loss(y[new], scores["with"], weight))
low, middle, high = np.quantile(gained, [0.05, 0.5, 0.95])
figure, axes = plt.subplots(figsize=(9, 2.6))
axes.hist(gained, bins=30, color="#2f6f8f")
axes.axvline(0, color="#b5533c", linestyle="--")
axes.set(title="Log loss gained by the new features (right of the line: they help)", yticks=[])
plt.show()
verdict = "helps" if low > 0 else "hurts" if high < 0 else "is not shown to help"
print(f"The pair {verdict}: {middle:+.5f} nats per lead, 90% interval {low:+.5f} to {high:+.5f}.")

# %% [markdown]
# If it helps, its lines go to `features/engagement.py` and the tests of `features/` pick it up by themselves: words in both
# languages, the same values on every engine, nothing from the future ([the tour](../docs/tour.md)). If it is not shown to
# help, leave it out: every column costs time each night and a place in the explanations.
#
# Next: [03_threshold](03_threshold.py).
