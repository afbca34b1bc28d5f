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
# # 4. Why this lead, and when not to believe it?
#
# From the margin of the trees to the sentence that a salesperson reads, step by step, with nothing lost on the way: the
# contributions sum to the propensity, the families sum to the contributions, the sentences carry their points.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import shap

from features.words import label
from models.narrator import Narrator
from models.reasons import top_reasons
from pipeline.study import study

it = study()
model = it.model
newest = it.rows.sort_values("cutoff").groupby("lead_id").tail(1).index[-400:]
frame = it.frame.loc[newest].reset_index(drop=True)
told = model.contributions(frame)
gap = np.abs(told.reference_propensity + told.on_propensity.sum(axis=1) - told.propensity).max()
print(f"{len(frame)} leads, {len(told.names)} columns; reference + contributions = propensity to {gap:.1e}")

# %% [markdown]
# ## From log-odds to percentage points
#
# Trees add up log-odds (exact, path-dependent SHAP). People read percentages, so each contribution is carried over by the
# slope of the chord between the average lead and this one: `c_i = phi_i (g(F) - g(F0)) / (F - F0)`. It sums exactly, and a
# fact never changes its sign on the way. The price: the same fact counts for more points in a lead that is already hot.

# %%
column = int(np.abs(told.on_margin).mean(axis=0).argmax())
figure, axes = plt.subplots(figsize=(8, 3.6))
dots = axes.scatter(
    told.on_margin[:, column], 100 * told.on_propensity[:, column], c=told.propensity, s=12, cmap="viridis"
)
axes.set(xlabel="log-odds", ylabel="percentage points", title=label(model.features[column], "en"))
figure.colorbar(dots, label="propensity")
plt.show()

# %% [markdown]
# ## One lead, all of it
#
# The hottest lead of these. shap's own plots take our explanations as they are.

# %%
hot = int(np.argmax(told.propensity))
labels = [label(feature, "en") for feature in model.features]
explanation = told.to_shap("propensity", frame.reindex(columns=list(told.names)), labels)
shap.plots.waterfall(explanation[hot], max_display=10, show=False)
plt.gcf().set_size_inches(10, 4.5)
plt.show()

# %% [markdown]
# In words: near-duplicates (7, 30, 90 days) give one reason, and every claim has its count behind it. « En français » too.

# %%
reasons = top_reasons(model.features, told.on_propensity, frame)
for language in ("en", "fr"):
    for reason in Narrator(model, language).reasons(reasons, frame, told.matrix)[hot]:
        print(f"{reason.points:+6.1f}  {reason.text}  [{reason.evidence}]")
    print()

# %% [markdown]
# ## Families
#
# Fit, engagement and intent are sums of their members' contributions. A lead with engagement alone is somebody who keeps
# watch: the policy holds it back (`engagement_only`), whatever its propensity.

# %%
families = told.family_points(model.families)
order = np.argsort(told.propensity)
figure, axes = plt.subplots(figsize=(9, 3.6))
bottom = np.zeros(len(order))
axes.plot(100 * (told.propensity - told.reference_propensity)[order], color="black", linewidth=1, label="propensity")
for family, colour in zip(families, ("#6a8f2f", "#2f6f8f", "#b5533c"), strict=True):
    axes.plot(families[family].to_numpy()[order], color=colour, linewidth=0.7, label=family)
axes.set(
    title="Points by family, from the coldest to the hottest lead",
    xlabel="leads",
    ylabel="points above the average lead",
)
axes.legend()
plt.show()

# %% [markdown]
# ## When not to believe it
#
# 1. **A contribution is about the model, not about the world.** If downloads stand for "size of the company", making people
#    download more wins nothing. Nothing here says what would happen *if*.
# 2. **A reason can go against what was measured.** The model sees facts together; taken alone, a fact may have gone the
#    other way. Tamis says so itself ("taken alone it looks otherwise"). How often?
# 3. **One reason for everybody is no reason.** When most leads of a night share their first reason, the run rings.

# %%
narrator = Narrator(model, "en")
said = narrator.reasons(reasons, frame, told.matrix)
contrary = [reason for row in said for reason in row if reason.evidence.startswith("taken alone")]
first = pd.Series([row[0].code for row in said if row]).value_counts(normalize=True)
print(f"{len(contrary)} of {sum(map(len, said))} reasons go against what was measured alone.")
for reason in contrary[:3]:
    print(f"  {reason.points:+.1f}  {reason.text}: {reason.evidence}")
figure, axes = plt.subplots(figsize=(9, 3.2))
called = {feature.code: label(feature, "en") for feature in model.features}
axes.barh([called[code] for code in first.index[:8][::-1]], 100 * first.to_numpy()[:8][::-1], color="#2f6f8f")
axes.axvline(50, color="#b5533c", linestyle="--")
axes.set(title="Share of leads that have this as their first reason, % (alarm from 50%)")
plt.show()

# %% [markdown]
# And where the certificate refuses a segment, its percentages are not shown at all: rank and band stand for them.

# %%
verdicts = (it.evidence["certificate"] or {}).get("verdicts", {})
pd.DataFrame(verdicts).T.reindex(columns=["word", "n_leads", "n_won", "promised", "happened", "low", "high"])

# %% [markdown]
# Next: what a quarter does to all of this: [05_quarter](05_quarter.py).
