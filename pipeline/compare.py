"""Champion and challenger on the same newest mature rows, which neither has learnt from.

The champion is judged as it is deployed, on rows that became mature after it was trained. The challenger as deployed
has learnt from these rows, so its *procedure* is judged: today's settings and columns, learnt as of an earlier instant
from what had matured by then, calibrated and given a threshold as a training at that time would have been
(`models.fair_rows`). Columns were chosen, and leaks found, with what is known today; rows of young cohorts do not teach
that copy. Where nothing of the procedure has changed since the champion was trained on the same past, the copy *is* the
champion, and the difference 0.

That the procedure is as good does not make this one model good: a training can be unlucky, or take noise of its last
months for a new level. So the challenger is judged as deployed too, each lead by those of its fold models that have not
learnt from it. They know the time of these rows, which the champion does not: this can only speak against a challenger,
never for it. How differently the two rank and reason is measured on the deployed models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import GateError
from models.fair_rows import AsOf, Learnt, as_of
from models.lead_model import LeadModel
from models.promises import Promises
from models.rivals import Comparison, by_segment, new_leaders, paired, stability, weights_of_facts
from models.segments import assign
from models.training import TrainingResult
from models.training import train as fit
from pipeline.describe import describe_rows
from pipeline.monitor_words import UNSOUND, tell
from pipeline.prepare import DAY_S, Prepared
from pipeline.retrain_words import nothing_new
from pipeline.settings import Settings
from pipeline.source import Opened
from pipeline.table_watch import BREAKS, watch_tables
from pipeline.tracking import Registry, Version

Floats = npt.NDArray[np.float64]
# Reasons are weighed on so many rows at most, and the top has between these shares of the rows.
_MOST_EXPLAINED = 20_000
_LEAST_SHARE, _MOST_SHARE, _USUAL_SHARE = 0.01, 0.5, 0.1


@dataclass(frozen=True)
class Compared:
    """A comparison and what follows from it.

    Attributes
    ----------
    comparison : Comparison
        Challenger beside champion.
    against : tuple of str
        Why the challenger must not replace the champion, one sentence each; empty where nothing speaks against it.
    key : str
        Of the data and settings that it was made of.
    """

    comparison: Comparison
    against: tuple[str, ...]
    key: str


def key_of(verb: str, opened: Opened, settings: Settings) -> str:
    """Name what a verb would be run on: the same data and settings give the same name, whatever the clock."""
    return sha256(f"{verb}\0{opened.stamp}\0{settings.model_dump_json()}".encode()).hexdigest()


def known_result(registry: Registry, champion: Version, key: str) -> tuple[Version, tuple[str, ...]] | None:
    """What came of these very data and settings before: the version, and why it is not champion.

    Returns
    -------
    Version and tuple of str, optional
        The champion and nothing where it came of them; None where nothing did, or where another was champion then.
    """
    if champion.tags.get("comparison.key") == key:
        return champion, ()
    for version in registry.versions():
        tags = version.tags
        against = tags.get("comparison", "").removeprefix("refused: ")
        same = tags.get("comparison.key") == key and tags["comparison.champion"] == str(champion.number)
        reasons = tuple(why for why in (version.refusal, against) if why and why != "passed")
        if same and reasons:
            return version, tuple(dict.fromkeys(reasons))
    return None


def require_sound(opened: Opened, champion: LeadModel, settings: Settings) -> None:
    """Learn nothing from tables that look broken: comparison and challenger would both learn the fault.

    Raises
    ------
    GateError
        Naming every fault, as the monitor does.
    """
    found = watch_tables(opened, champion.metadata.get("tables", {}))
    broken = [finding for finding in found if finding.kind in BREAKS]
    if broken:
        language = settings.output.language
        told = " ".join(tell(finding, {}, language)["what"] for finding in broken)
        raise GateError(f"{UNSOUND[language]} {told}")


def learnt_by(model: LeadModel) -> Learnt:
    """What a model, its calibration included, has learnt from.

    A model that does not say up to which row it was taught is taken to know all its data.
    """
    facts = model.metadata
    return _learnt({**facts, **facts.get("recalibrated", {})})


def trees_learnt(model: LeadModel) -> Learnt:
    """What its trees have learnt from, whatever was recalibrated since."""
    return _learnt(model.metadata)


def _learnt(facts: Mapping[str, Any]) -> Learnt:
    known_to = int(facts["extracted_at"])
    return Learnt(int(facts.get("taught_to", known_to)), known_to)


def mature_rows(prepared: Prepared) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows whose outcome is known, with their raw features."""
    known = prepared.rows["label"].notna().to_numpy()
    rows = prepared.rows[known].reset_index(drop=True)
    return rows.astype({"label": "int64"}), prepared.taught.frame[known].reset_index(drop=True)


def wait_of(settings: Settings, opened: Opened) -> int:
    """Seconds until a row is mature; 0 in one-table mode, where an outcome comes with its row."""
    chosen = settings.snapshots
    return 0 if opened.tables.one_table else (chosen.horizon_days + chosen.reporting_lag_days) * DAY_S


def newer_rows(rows: pd.DataFrame, champion: LeadModel, number: int, settings: Settings, opened: Opened) -> AsOf:
    """Find the rows of the comparison.

    Raises
    ------
    GateError
        Too few won leads that the champion has not learnt from, or no dates by which they could be told.
    """
    language, least = settings.output.language, settings.retrain.min_won
    learnt, wait = learnt_by(champion), wait_of(settings, opened)
    if opened.tables.one_table and rows["cutoff"].nunique() == 1:
        raise GateError(nothing_new("no_dates", language, champion=number))
    found = as_of(rows, learnt, wait)
    if found.n_won < least:
        since = learnt.taught_to
        raise GateError(nothing_new("few", language, champion=number, n=found.n_won, least=least, since=since))
    return found


def frame_of(
    model: LeadModel, frame: pd.DataFrame, rows: pd.DataFrame, prepared: Prepared, opened: Opened, scratch: Path
) -> pd.DataFrame:
    """Raw features as a model wants them: those it computes by recipes of its own are computed for it."""
    today = {feature.name: feature.recipe for feature in prepared.probed.described.features}
    own = [f for f in model.inputs if f.recipe is not None and today.get(f.name) != f.recipe]
    if not own:
        return frame
    computed = describe_rows(opened, rows, own, scratch)
    return frame.drop(columns=[f.name for f in own], errors="ignore").join(computed)


def compare(
    champion: LeadModel,
    number: int,
    challenger: TrainingResult,
    found: AsOf,
    prepared: Prepared,
    settings: Settings,
    opened: Opened,
    scratch: Path,
) -> Comparison:
    """Compare; see the head of this file.

    Parameters
    ----------
    champion : LeadModel
        As deployed.
    challenger : TrainingResult
        From all there is.
    number : int
        Version of the champion.
    found : AsOf
        From `newer_rows`.

    Returns
    -------
    Comparison

    Raises
    ------
    GateError
        Too little had matured by then to learn the challenger's procedure.
    """
    rows, frame = mature_rows(prepared)
    threads = settings.limits.threads
    past = rows[found.past].reset_index(drop=True)
    plan = replace(prepared.plan, n_bootstrap=1, points_grid=(), other_grids={})
    copy = fit(frame[found.past].reset_index(drop=True), past, prepared.probed.features, plan).model
    judged, seen = (table[found.rows].reset_index(drop=True) for table in (rows, frame))
    theirs = frame_of(champion, seen, judged, prepared, opened, scratch)
    y, w = (judged[name].to_numpy(dtype=np.float64) for name in ("label", "weight"))
    old, new = champion.propensity(theirs, threads), copy.propensity(seen, threads)
    share = share_handed_over(champion, theirs, old, w)
    chosen = settings.retrain
    said = [Promises(y, p, w, judged["lead_id"]) for p in (old, new)]
    bootstrap = prepared.plan.n_bootstrap
    drawing: Any = {"confidence": chosen.confidence, "n_bootstrap": bootstrap, "seed": plan.seed}
    some = np.sort(np.random.default_rng(plan.seed).permutation(len(judged))[:_MOST_EXPLAINED])
    leading = {
        who: weights_of_facts(model.names, model.contributions(table.iloc[some], threads).on_margin)
        for who, model, table in (("champion", champion, theirs), ("challenger", challenger.model, seen))
    }
    return Comparison(
        champion=number,
        as_of=found.at,
        first_cutoff=int(judged["cutoff"].min()),
        last_cutoff=int(judged["cutoff"].max()),
        n_rows=len(judged),
        n_leads=found.n_leads,
        n_won=found.n_won,
        share=share,
        pairs=paired(said[0], said[1], share, **drawing),
        deployed=paired(said[0], Promises(y, challenger.unseen[found.rows], w, judged["lead_id"]), share, **drawing),
        segments=by_segment(
            said[0],
            said[1],
            assign(plan.segments, seen),
            settings.certificate.tolerance,
            settings.certificate.confidence,
        ),
        stability=stability(old, challenger.model.propensity(seen, threads), share, plan.seed),
        leading=leading,
        leaders=new_leaders(leading["champion"], leading["challenger"]),
    )


def share_handed_over(champion: LeadModel, frame: pd.DataFrame, propensity: Floats, weight: Floats) -> float:
    """Share of the rows that its threshold hands over; a tenth where it has none."""
    above = propensity >= champion.thresholds(frame)
    share = float(weight[above].sum() / weight.sum()) or _USUAL_SHARE
    return min(max(share, _LEAST_SHARE), _MOST_SHARE)
