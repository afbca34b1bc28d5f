"""A small model without a workspace, and the rows it was made of."""

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.matrix import ColumnSchema, MatrixSchema
from features.specification import Feature
from models.bands import Bands
from models.calibration import BetaCalibration
from models.lead_model import LeadModel
from models.pattern_tables import PatternTables
from models.reference import Reference
from models.shared_facts import SharedFacts
from models.threshold import ThresholdChoice


def small_rows() -> pd.DataFrame:
    """Raw features of 200 leads, with nulls, and a level that the small model never saw in the last row."""
    rng = np.random.default_rng(7)
    visits = rng.poisson(2.0, 200).astype(float)
    visits[::17] = np.nan
    source = rng.choice(np.array(["web", "salon", "référence"], dtype=object), 200)
    source[3], source[-1] = None, "never seen"
    return pd.DataFrame({"engagement__page_view_count_30d": visits, "fit__source": source})


def two_boosters(small_frame: pd.DataFrame) -> LeadModel:
    """Two short boosters on two features, with a calibration that is not the identity."""
    visits, source = small_frame.columns
    levels = ("référence", "salon", "web")
    schema = MatrixSchema(
        (
            ColumnSchema(Feature(visits, "engagement", "number", "page_view", "none seen", 1), None),
            ColumnSchema(Feature(source, "fit", "category", "source", "unknown"), levels),
        )
    )
    codes = pd.Index(levels).get_indexer(small_frame[source]).astype(float)
    matrix = np.column_stack([small_frame[visits], np.where(codes < 0, np.nan, codes)])
    won = np.nan_to_num(matrix[:, 0]) + (codes == 0) > np.random.default_rng(8).normal(2.5, 1.0, 200)
    texts = []
    for seed in (1, 2):
        settings = {"objective": "binary", "max_depth": 3, "num_leaves": 6, "seed": seed, "verbosity": -1}
        data = lgb.Dataset(matrix, won.astype(float), categorical_feature=[1])
        texts.append(lgb.train({**settings, "num_threads": 1}, data, num_boost_round=5).model_to_string())
    return LeadModel(
        tables=PatternTables.from_boosters(texts),
        schema=schema,
        calibration=BetaCalibration(1.3, 0.9, -0.2),
        threshold=ThresholdChoice("value", 0.4, (), 200, "worth the contact", "vaut le contact"),
        bands=Bands(0.6, 0.4, 0.1),
        reference=Reference(-0.5, 0.3, {}),
        shared=SharedFacts.measure(matrix, [None, levels], np.arange(200), won.astype(float), np.ones(200)),
        amount=None,
        metadata={"seed": 7},
    )
