"""Score runs made by hand, published as `tamis score` does."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.score_runs import MANIFEST, SCHEMA, ScoreRun
from pipeline.workspace import Workspace

DAY = 86_400
NIGHT = 1_795_000_000  # 2026-11-18


def row(lead_id: str, **more: Any) -> dict[str, Any]:
    """A score row; what is not given is usual."""
    usual: dict[str, Any] = dict.fromkeys(SCHEMA.names)
    usual |= {
        "lead_id": lead_id,
        "model_version": "1",
        "propensity": 0.1234567,
        "raw_score": -1.9,
        "reference_propensity": 0.1,
        "threshold": 0.3,
        "band": "C",
        "decision": "nurture",
        "fit_points": 1.0,
        "engagement_points": 0.9,
        "intent_points": 0.44567,
        "expected_amount": 10_000.0,
        "expected_value": 1234.567,
        "reasons": [],
        "trend": "stable",
    }
    return usual | more


def publish(
    workspace: Workspace,
    rows: Sequence[Mapping[str, Any]],
    *,
    night: int = 0,
    features: pd.DataFrame | None = None,
    parts: int = 1,
    **manifest: Any,
) -> ScoreRun:
    """Publish a run of the portfolio, ``night`` nights after the first one."""
    at = NIGHT + night * DAY
    run_id = manifest.pop("run_id", f"run-{night:03d}")
    stamps = {"cutoff": at, "scored_at": manifest.pop("scored_at", at + 60), "run_id": run_id}
    final = workspace.scores / run_id
    for name in ("rows", "features"):
        (final / name).mkdir(parents=True)
    ordered = sorted(({**one, **stamps} for one in rows), key=lambda one: str(one["lead_id"]))
    read = pd.DataFrame({"lead_id": [one["lead_id"] for one in ordered]}) if features is None else features
    size = max(1, -(-len(ordered) // parts))
    for number, start in enumerate(range(0, len(ordered), size)):
        part = pa.Table.from_pylist(ordered[start : start + size], schema=SCHEMA)
        pq.write_table(part, final / "rows" / f"part-{number:05d}.parquet")
        of_part = read[read["lead_id"].isin(part.column("lead_id").to_pylist())]
        pq.write_table(
            pa.Table.from_pandas(of_part, preserve_index=False), final / "features" / f"part-{number:05d}.parquet"
        )
    facts = {"kind": "portfolio", "model_version": "1", "n_leads": len(ordered), **stamps, **manifest}
    (final / MANIFEST).write_text(json.dumps(facts), encoding="utf-8")
    return ScoreRun(final, facts)
