"""The procedure on trial.

Learnt, calibrated and given a threshold on three periods, measured on the fourth beside its baselines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.language import percent
from features.matrix import to_matrix
from features.specification import Feature
from models import baselines, comparison, metrics
from models.bands import Bands
from models.decision_evidence import decision_evidence
from models.evidence import Note
from models.learning import Learnt, Part, part
from models.periods import NAMES, FourPeriods
from models.plan import TrainingPlan
from models.points import PointsGrid
from models.pricing import Pricing
from models.promises import Promises
from models.segments import assign
from models.slices import slices
from models.swap_set import compare_grids
from models.threshold_rules import choose

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Evaluated:
    """Parts of `models.evidence.Evidence` that come from the test period, and the margins behind them.

    Attributes
    ----------
    margin : mapping of str to ndarray
        Raw scores of the rows of ``calibrate``, ``threshold`` and ``test``.
    periods, figures, reliability, gain_curves, decision, points_grids, slices, test, notes
        As in the evidence.
    """

    margin: Mapping[str, Floats]
    periods: Sequence[Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, Mapping[str, float]]]
    reliability: Sequence[Mapping[str, float]]
    gain_curves: Mapping[str, Sequence[Mapping[str, float]]]
    decision: Mapping[str, Any]
    points_grids: Sequence[Mapping[str, Any]]
    slices: Sequence[Mapping[str, Any]]
    test: Mapping[str, Sequence[Any]]
    notes: Sequence[Note]


def evaluate(frame: pd.DataFrame, rows: pd.DataFrame, four: FourPeriods, learnt: Learnt, pricing: Pricing) -> Evaluated:
    """Calibrate, choose a threshold and measure, each on its own period.

    Parameters
    ----------
    frame, rows : pandas.DataFrame of n rows
        Raw features; ``lead_id``, ``cutoff``, ``label``, ``weight``, ``owner`` (a code, -1 for none),
        ``opportunity`` (0 or 1, where it is known).
    four : FourPeriods
        Of these rows.
    learnt : Learnt
        From the period ``fit``.
    pricing : Pricing
        What rows are worth, by amounts from the period ``fit``; its plan has all knobs.

    Returns
    -------
    Evaluated
    """
    plan = pricing.plan
    of = {name: part(rows, four.rows(name), four.weight[four.rows(name)]) for name in NAMES}
    margin = {name: learnt.margin(frame.iloc[of[name].at]) for name in NAMES[1:]}
    calibration = learnt.calibrate(of["calibrate"].margins(margin["calibrate"]), forward=four.forward)
    decided = pricing.priced(of["threshold"].sample(calibration(margin["threshold"])), of["threshold"].at)
    choice = choose(decided, plan, pricing.economics)
    bands = Bands.derive(decided.propensity, decided.y, of["threshold"].w, decided.lead, choice.threshold)
    test = of["test"]
    propensity = calibration(margin["test"])
    tested = pricing.priced(test.sample(propensity), test.at)
    scores = _systems(frame, of, learnt, plan, propensity)
    figures = {
        system: {name: asdict(figure) for name, figure in by_name.items()}
        for system, by_name in comparison.figures(
            test.y, scores, test.w, test.lead, plan.n_bootstrap, plan.seed
        ).items()
    }
    periods = [_describe(name, of[name], four) for name in NAMES]
    on_the_way = rows["opportunity"].to_numpy(dtype=np.float64)[test.at] if "opportunity" in rows else None
    grids = compare_grids(tested, frame.iloc[test.at], _at_hand(learnt, frame), _features(learnt), plan, on_the_way)
    return Evaluated(
        margin=margin,
        periods=periods,
        figures=figures,
        reliability=metrics.reliability(test.y, propensity, test.w),
        gain_curves={name: metrics.gain_curve(test.y, score, test.w) for name, (_, score) in scores.items()},
        decision={
            **decision_evidence(choice, decided, tested, {name: of[name].at for name in NAMES[2:]}, pricing),
            "bands": bands.to_dict(),
        },
        points_grids=grids,
        slices=slices(
            frame.iloc[test.at],
            Promises(test.y, propensity, test.w, test.lead),
            tested.rank >= (np.inf if choice.threshold is None else choice.threshold),
            plan.tolerance,
            plan.certificate_confidence,
        ),
        test={
            "lead_id": test.lead.tolist(),
            "cutoff": test.cutoff.tolist(),
            "label": test.y.astype(int).tolist(),
            "weight": test.w.tolist(),
            "propensity": propensity.tolist(),
            "segment": assign(plan.segments, frame.iloc[test.at]).tolist(),
        },
        notes=[*_notes(figures, periods, plan, has_points="points" in scores), *pricing.notes()],
    )


def _describe(name: str, rows: Part, four: FourPeriods) -> dict[str, Any]:
    k = NAMES.index(name)
    return {
        "name": name,
        "first_cutoff": four.starts[k],
        "last_cutoff": four.ends[k],
        "n_rows": len(rows.at),
        "n_leads": len(np.unique(rows.lead)),
        "n_won": len(np.unique(rows.lead[rows.y == 1])),
        "base_rate": float(rows.w @ rows.y / rows.w.sum()),
    }


def _systems(
    frame: pd.DataFrame, of: Mapping[str, Part], learnt: Learnt, plan: TrainingPlan, propensity: Floats
) -> dict[str, tuple[Floats, Floats]]:
    """Probability and ranking score of every system on the test rows.

    Baselines learn from the rows that taught and calibrated the model.
    """
    known, test = [of["fit"], of["calibrate"]], of["test"]
    at = np.concatenate([p.at for p in known])
    y, w = np.concatenate([p.y for p in known]), np.concatenate([p.w for p in known])
    before, now = frame.iloc[at], frame.iloc[test.at]
    matrix, matrix_now = to_matrix(before, learnt.schema), to_matrix(now, learnt.schema)
    categories = [column.feature.name for column in learnt.schema.columns if column.levels is not None]
    bayes = baselines.OdooNaiveBayes().fit(matrix[categories], y).predict(matrix_now[categories])
    logistic = baselines.predict_logistic(baselines.fit_logistic(matrix, y, w, plan.seed), matrix_now)
    base = baselines.constant(y, w, len(test.at))
    scores = {
        "tamis": (propensity, propensity),
        "constant": (base, base),
        "naive_bayes": (bayes, bayes),
        "logistic": (logistic, logistic),
    }
    grid = PointsGrid.applicable(plan.points_grid, plan.points_threshold, _at_hand(learnt, frame), _features(learnt))
    if grid is None:
        return scores
    points = grid.points(now)
    rates = baselines.rates_of_points(grid.points(before), y, w)
    return scores | {"points": (np.asarray(rates.predict_proba(points[:, None])[:, 1]), points)}


def _at_hand(learnt: Learnt, frame: pd.DataFrame) -> tuple[str, ...]:
    """Columns that a rule may look at: what says nothing to the trees may still be there, a leak or a void is not."""
    left_out = (dropped.name for dropped in learnt.dropped)
    return (*learnt.schema.names, *(name for name in left_out if frame[name].notna().any()))


def _features(learnt: Learnt) -> list[Feature]:
    return [column.feature for column in learnt.schema.columns]


def _notes(
    figures: Mapping[str, Mapping[str, Mapping[str, float]]],
    periods: Sequence[Mapping[str, Any]],
    plan: TrainingPlan,
    *,
    has_points: bool,
) -> list[Note]:
    notes = []
    ours, flat = figures["tamis"], figures["constant"]
    if not ours["auc"]["low"] > 0.5:
        notes.append(
            Note(
                "no_signal",
                "Nothing in these data is shown to predict the outcome: the ranking is not better than "
                "chance (AUC "
                f"{ours['auc']['value']:.2f}, interval {ours['auc']['low']:.2f} to "
                f"{ours['auc']['high']:.2f}).",
                "Rien dans ces données ne permet de prédire l'issue : le classement ne fait pas mieux que "
                "le hasard (AUC "
                f"{_fr(ours['auc']['value'])}, intervalle de {_fr(ours['auc']['low'])} à "
                f"{_fr(ours['auc']['high'])}).",
            )
        )
    if ours["log_loss"]["value"] >= flat["log_loss"]["value"]:
        notes.append(
            Note(
                "not_better_than_constant",
                "On the test period the propensities are no better than giving everyone the same one.",
                "Sur la période de test, les probabilités ne font pas mieux qu'une probabilité identique pour tous.",
            )
        )
    if ours["auc"]["value"] > 0.97:
        notes.append(
            Note(
                "too_good",
                "The ranking is nearly perfect: look for a column that is filled in only after the outcome.",
                "Le classement est presque parfait : cherchez une colonne qui n'est remplie qu'après l'issue.",
            )
        )
    notes += _drift(periods[0], periods[3])
    if plan.points_grid and not has_points:
        notes.append(
            Note(
                "points_grid_absent",
                "No rule of the points grid names a column of these data: there is nothing to compare it with.",
                "Aucune règle de la grille de points ne porte sur une colonne de ces données : la "
                "comparaison est impossible.",
            )
        )
    return notes


def _drift(fit: Mapping[str, Any], test: Mapping[str, Any]) -> list[Note]:
    """Say that conversion itself has moved, where intervals of the two periods do not touch."""
    before = metrics.wilson(fit["base_rate"] * fit["n_leads"], fit["n_leads"])
    now = metrics.wilson(test["base_rate"] * test["n_leads"], test["n_leads"])
    if before[0] <= now[1] and now[0] <= before[1]:
        return []
    old, new = fit["base_rate"], test["base_rate"]
    return [
        Note(
            "drift",
            f"Conversion has moved from {percent(old, 'en')} in the oldest period to {percent(new, 'en')} "
            "in the newest; "
            "propensities follow as new outcomes come in, and run only a little ahead of them.",
            f"La conversion est passée de {percent(old, 'fr')} sur la période la plus ancienne à "
            f"{percent(new, 'fr')} sur la plus "
            "récente ; les probabilités suivent à mesure que les issues arrivent, et ne les devancent que de peu.",
        )
    ]


def _fr(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")
