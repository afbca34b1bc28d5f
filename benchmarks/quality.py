"""Who predicts best, on the same rows: Tamis through its own pipeline beside the methods that others use.

``python -m benchmarks.quality [--json FILE] [--case NAME] [--trials N]``

Tamis reads tables, describes leads, trains with all of its evidence and scores, as ``tamis train`` and ``tamis score``
do, with one set of defaults. Peers get the very matrix that Tamis made of the same leads; where leads are predicted in
several blocks, every system is trained anew before each block, on all rows before it, and the predictions are pooled.
Brackets hold 95% bootstrap intervals, leads resampled. Where somebody knows the true probabilities, ``kl`` is the mean
Kullback-Leibler divergence from them in nats, what a log loss without the luck of the draw would show, and ``truth``
the mean absolute distance, which favours whoever promises too little where most leads are hopeless. ``seconds`` are CPU
seconds on one thread to train (Tamis: from the files to the model with its evidence, and the peers' time does not hold
the making of the matrix).
"""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr

from benchmarks.peers import peers, quietly
from benchmarks.quality_cases import CASES, DATASETS, Step
from features.matrix import to_matrix
from models.comparison import figures
from models.training import train
from pipeline.describe import describe_scoring, describe_training
from pipeline.prepare import training_plan
from pipeline.settings_file import from_dict
from pipeline.source import open_source

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]
FIGURES = {"log_loss": 4, "auc": 3, "brier": 4, "ece": 4, "lift10": 2}


@dataclass(frozen=True)
class Predicted:
    """What every system says of the leads of one step, in the same order."""

    lead: npt.NDArray[np.object_]
    y: Floats
    truth: Floats | None
    by_system: Mapping[str, tuple[Floats, float]]
    notes: Sequence[str]


def predict(step: Step, trials: int) -> Predicted:
    """Train every system on the leads whose outcome is known, and predict the others."""
    settings = from_dict({**step.settings, "limits": {"threads": 1}})
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        step.write(root / "data")
        began = time.process_time()
        opened = open_source(
            settings.source, settings.limits, root=root, staging=root / "staging", quarantine=None, now=step.now
        )
        with closing(opened.connection):
            described = describe_training(opened, settings, root)
            rows = described.rows[described.rows["is_mature"] == 1].reset_index(drop=True)
            known, plan = described.frame(), training_plan(settings)
            trained = train(known, rows, described.features, plan)
            seconds = time.process_time() - began
            (root / "new").mkdir()
            new = describe_scoring(opened, settings, step.now, described.features, root / "new")
            frame = new.frame()
        at = new.rows["lead_id"].isin(step.ended.index).to_numpy()
        frame, asked = frame[at].reset_index(drop=True), new.rows[at]
        lead = asked["lead_id"].to_numpy(dtype=object)
        if len(lead) != len(step.ended):
            raise SystemExit(f"{len(step.ended)} leads were to be predicted, {len(lead)} were.")
        by_system = {"tamis": (trained.model.propensity(frame), seconds)}
        schema = trained.model.schema
        matrix, matrix_now = to_matrix(known, schema), to_matrix(frame, schema)
        y, w = rows["label"].to_numpy(dtype=np.float64), rows["weight"].to_numpy(dtype=np.float64)
        for system, fit in peers(plan.points_grid, schema.names, trials).items():
            began = time.process_time()
            model = quietly(fit, matrix, y, w)
            by_system[system] = (model(matrix_now), time.process_time() - began)
        truth = None if step.truth is None else step.truth(lead, asked["cutoff"].to_numpy())
        ended = step.ended.loc[lead].to_numpy(dtype=np.float64)
        return Predicted(lead, ended, truth, by_system, [note.en for note in trained.evidence.notes])


def measure(case: str, steps: Sequence[Predicted]) -> list[Row]:
    """Figures of each system over all steps together."""
    y = np.concatenate([s.y for s in steps])
    lead = np.concatenate([[f"{k} {name}" for name in s.lead] for k, s in enumerate(steps)])
    systems = list(steps[0].by_system)
    p = {name: np.concatenate([s.by_system[name][0] for s in steps]) for name in systems}
    measured = figures(y, {name: (p[name], p[name]) for name in systems}, np.ones(len(y)), lead)
    rows = []
    for name in systems:
        row: Row = {"case": case, "system": name}
        for figure, found in measured[name].items():
            row |= {figure: found.value, f"{figure}_low": found.low, f"{figure}_high": found.high}
        row["seconds"] = sum(s.by_system[name][1] for s in steps)
        truths = [s.truth for s in steps if s.truth is not None]
        if truths:
            row |= {"kl": divergence(np.concatenate(truths), p[name])}
            row |= {"truth": float(np.abs(p[name] - np.concatenate(truths)).mean())}
        rows.append(row)
    return rows


def divergence(truth: Floats, p: Floats) -> float:
    """Mean Kullback-Leibler divergence of propensities from the true probabilities.

    Examples
    --------
    >>> round(divergence(np.array([0.5]), np.array([0.25])), 4)
    0.1438
    """
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return float((rel_entr(truth, p) + rel_entr(1 - truth, 1 - p)).mean())


def show(rows: Sequence[Row]) -> None:
    print(
        f"\n{rows[0]['case']}\n{'':24}{''.join(f'{name:>26}' for name in FIGURES)}{'seconds':>9}{'kl':>9}{'truth':>8}"
    )
    for row in rows:
        cells = [
            f"{row[name]:.{digits}f} [{row[f'{name}_low']:.{digits}f}, {row[f'{name}_high']:.{digits}f}]"
            for name, digits in FIGURES.items()
        ]
        truth = f"{row['kl']:9.5f}{row['truth']:8.4f}" if "truth" in row else ""
        print(f"{row['system']:24}{''.join(f'{cell:>26}' for cell in cells)}{row['seconds']:9.1f}{truth}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    parser.add_argument("--case", choices=CASES, action="append", help="only this case; may be given several times")
    parser.add_argument("--trials", type=int, default=40, metavar="N", help="of Optuna; 0 leaves it out")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for case in options.case or CASES:
        make, needs = CASES[case]
        absent = [name for name in needs if not (DATASETS / name).is_dir()]
        if absent:
            print(f"\n{case}: left out, {absent[0]} is not in the folder of data sets: set TAMIS_DATASETS")
            continue
        steps = [predict(step, options.trials) for step in make()]
        found = measure(case, steps)
        show(found)
        for note in dict.fromkeys(note for step in steps for note in step.notes):
            print(f"  tamis: {note}")
        rows += found
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
