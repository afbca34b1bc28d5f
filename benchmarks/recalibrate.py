"""Bank Marketing, the newest 30 % as four quarters: what learning only the percentages anew brings to an old model.

The model learns from the oldest 70 % (45 calls a day, the outcome of a call is known the next day) and is never trained
again. Every night `models.recalibration` tries out a recalibration on the newest outcomes that the present percentages
have not learnt from, and takes it by the gate of ``tamis recalibrate`` (log loss not worse than the margin at the worse
end of the interval). Expected calibration error by quarter of 69 days, ten bins of equal mass.

    python -m benchmarks.recalibrate [--json FILE]
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.quality_cases import DATASETS, bank_newest
from models.calibration import BetaCalibration
from models.drift import Margins
from models.metrics import ece
from models.promises import Promises
from models.recalibration import refit, try_out
from models.rivals import paired
from models.training import train
from pipeline.describe import describe_scoring, describe_training
from pipeline.prepare import training_plan
from pipeline.settings import Settings
from pipeline.settings_file import from_dict
from pipeline.source import open_source

QUARTERS = 4
DAY_S = 86_400
Floats = npt.NDArray[np.float64]


def margins() -> tuple[BetaCalibration, Floats, Floats, npt.NDArray[np.int64]]:
    """Calibration of the trained model; margin, outcome and day of every newer call."""
    (step,) = bank_newest()
    settings: Settings = from_dict(step.settings)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        step.write(root / "data")
        opened = open_source(
            settings.source, settings.limits, root=root, staging=root / "staging", quarantine=None, now=step.now
        )
        with closing(opened.connection):
            described = describe_training(opened, settings, root)
            known = described.rows["is_mature"] == 1
            plan = training_plan(settings)
            model = train(described.frame(), described.rows[known], described.features, plan).model
            (root / "new").mkdir()
            new = describe_scoring(opened, settings, step.now, model.inputs, root / "new")
            margin = model.margin(new.frame())
    order = np.argsort(new.rows["cutoff"], kind="stable")
    y = step.ended.loc[new.rows["lead_id"]].to_numpy(dtype=np.float64)
    day = (new.rows["cutoff"] - new.rows["cutoff"].min()).to_numpy(dtype=np.int64) // DAY_S
    return model.calibration, margin[order], y[order], day[order]


def nightly(
    trained: BetaCalibration, margin: Floats, y: Floats, day: npt.NDArray[np.int64], settings: Settings
) -> tuple[Floats, int, int]:
    """What each call was promised on its day; recalibrations taken and refused."""
    chosen, ones = settings.retrain, np.ones(len(y))
    present, since, said, taken, refused = trained, -1, np.empty(len(y)), 0, 0
    for today in range(int(day.max()) + 1):
        now, known = day == today, np.flatnonzero(day <= today)
        said[now] = present(margin[now])
        rows = Margins(margin[known], y[known], ones[known], day[known])
        trial = try_out(trained, rows, known, day[known] > since, chosen.min_won)
        if trial is None:
            continue
        at = known[trial.at]
        old, new = (Promises(y[at], p, ones[at], at) for p in (present(margin[at]), trial.propensity))
        pair = paired(old, new, 0.1, confidence=chosen.confidence, n_bootstrap=100)["log_loss"]
        if pair.difference.high <= chosen.margin * pair.champion:
            present, since, taken = refit(trained, rows), today, taken + 1
        else:
            refused += 1
    return said, taken, refused


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recalibrate", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    options = parser.parse_args(arguments)
    if not (DATASETS / "bank_marketing").is_dir():
        raise SystemExit("bank_marketing is not in the folder of data sets: set TAMIS_DATASETS")
    trained, margin, y, day = margins()
    said, taken, refused = nightly(trained, margin, y, day, Settings())
    untouched = trained(margin)
    print(
        f"recalibrated {taken} times, refused {refused} times\n{'':10}{'conversion':>12}{'untouched':>12}{'tamis':>12}"
    )
    rows = []
    parts = [*np.array_split(np.arange(len(y)), QUARTERS), np.arange(len(y))]
    for k, at in enumerate(parts):
        case = f"quarter {k + 1}" if k < QUARTERS else "together"
        errors = {name: ece(y[at], p[at], np.ones(len(at))) for name, p in (("untouched", untouched), ("tamis", said))}
        print(f"{case:10}{y[at].mean():12.3f}{errors['untouched']:12.4f}{errors['tamis']:12.4f}")
        rows += [{"case": case, "system": name, "ece": error} for name, error in errors.items()]
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
