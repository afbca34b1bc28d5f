"""Score runs made by Spark's executors, one of which is killed, and in Postgres; the registered model as a UDF."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.errors import DataError, OutsideError, UseError
from pipeline.console import Console
from pipeline.score import Request, score
from pipeline.score_runs import ScoreRun
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render
from pipeline.tracking import Registry
from pipeline.train import train
from pipeline.workspace import Workspace

NOW = 1_791_000_000
FEW = ("leads", "events", "outcomes")
OF_THE_RUN = ["run_id", "scored_at"]


@pytest.fixture(scope="module")
def trained(simulated: Any, mlflow_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a model that learnt from the files."""
    made = Workspace(tmp_path_factory.mktemp("trained") / "workspace")
    made.home.mkdir(parents=True)
    shutil.copyfile(mlflow_template, made.home / "mlflow.db")
    shutil.copytree(simulated.root / "data", made.root / "data")
    quick = {
        "model": {"bootstrap": 50, "folds": 2, "learning_rate": 0.3, "num_leaves": 4, "min_won": 10},
        "limits": {"threads": 1, "rows_per_block": 100},
    }
    # Fewer tables, a smaller plan: that every column is equal is tested elsewhere.
    source = {"only_named": True, "tables": {name: {"path": f"{name}.parquet"} for name in FEW}}
    settings = type(simulated.settings).model_validate({**quick, "source": source})
    (made.root / FILE_NAME).write_text(render(settings), encoding="utf-8")
    train(made, settings, now=NOW, by="test", console=Console(as_json=True))
    return made


def settings_of(company: Any, workspace: Workspace, **source: Any) -> Any:
    from pipeline.settings_file import load  # noqa: PLC0415

    found = load(workspace.root)
    if not source:
        return found
    there = company.source(**source)
    tables = {name: there.tables[name] for name in FEW}
    return found.model_copy(update={"source": there.model_copy(update={"tables": tables, "only_named": True})})


def scored(workspace: Workspace, settings: Any) -> ScoreRun:
    return score(workspace, settings, Request(model="1"), now=NOW, console=Console(as_json=True)).run


@pytest.fixture(scope="module")
def here(trained: Workspace, simulated: Any) -> ScoreRun:
    """The embedded run."""
    return scored(trained, settings_of(simulated, trained))


def rows(run: ScoreRun) -> pd.DataFrame:
    return run.rows().to_pandas().drop(columns=OF_THE_RUN)


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Reasons as text of whole digits, for they are lists."""
    reasons = [[(r["code"], r["family"], round(r["points"], 7)) for r in row] for row in frame["reasons"]]
    return frame.assign(reasons=[str(row) for row in reasons])


def test_a_run_by_executors_equals_the_embedded_one_though_one_is_killed(
    trained: Workspace, here: ScoreRun, simulated: Any, spark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pyspark import cloudpickle  # noqa: PLC0415 (an extra)

    from pipeline.engines import spark_score  # noqa: PLC0415 (an extra)

    true_task = spark_score.task
    flag = tmp_path / "killed"

    def dying(job: Any, size: int) -> Any:
        work = true_task(job, size)

        def run(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            for report in work(batches):
                # The files of the first block to be ready stand already, and nobody heard of them.
                try:
                    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    yield report
                    continue
                daemon = os.getppid()
                executor = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
                flag.write_text(report["file"][0])
                os.kill(executor, signal.SIGKILL)
                yield report

        return run

    monkeypatch.setattr(spark_score, "task", dying)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    source = {"paths": f"{trained.root}/data/{{}}.parquet", "url": "spark://"}
    there = scored(trained, settings_of(simulated, trained, **source))

    assert flag.read_text() in {path.name for path in (there.path / "rows").iterdir()}
    assert len(list((there.path / "rows").iterdir())) > 1
    assert {p.name for p in (there.path / "rows").iterdir()} == {p.name for p in (there.path / "features").iterdir()}
    got, expected = flat(rows(there)), flat(rows(here))
    assert got["lead_id"].is_unique
    assert_frame_equal(got, expected, rtol=0, atol=1e-9)
    total = got["reference_propensity"] + got[["fit_points", "engagement_points", "intent_points"]].sum(axis=1) / 100
    assert np.abs(total - got["propensity"]).max() < 1e-9
    left_out = ("run_id", "source", "scored_at")
    same = [{k: v for k, v in run.manifest.items() if k not in left_out} for run in (there, here)]
    assert same[0] == same[1]
    lead = got["lead_id"].iloc[-1]
    assert there.lead(lead) is not None
    assert_frame_equal(there.features([lead]), here.features([lead]))


def test_a_run_in_the_database_equals_the_embedded_one(
    trained: Workspace, here: ScoreRun, simulated: Any, in_postgres: Any
) -> None:
    source = {"paths": "simulated.{}", "url": in_postgres("simulated", simulated.tables), "in_place": True}
    there = scored(trained, settings_of(simulated, trained, **source))
    assert_frame_equal(flat(rows(there)), flat(rows(here)), rtol=0, atol=1e-9)
    lead = rows(here)["lead_id"].iloc[-1]
    assert_frame_equal(there.features([lead]), here.features([lead]))


# PySpark 4.3 warns of pandas 3; what it computes is compared here.
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_the_registered_model_is_a_udf(
    trained: Workspace, here: ScoreRun, spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow  # noqa: PLC0415 (1 s)

    from pipeline.served_model import answer  # noqa: PLC0415

    registry = Registry(trained, settings_registry(trained))
    from models.lead_model import LeadModel  # noqa: PLC0415

    _, files = registry.load("1")
    model = LeadModel.load(files)
    frame = pd.concat([part for _, part in here.parts()], ignore_index=True)
    expected = answer(model, frame, explain=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.uri)
    mlflow.set_tracking_uri(registry.uri)
    try:
        udf = mlflow.pyfunc.spark_udf(
            spark, f"models:/{registry.name}/1", env_manager="local", result_type="propensity double, band string"
        )
    finally:
        mlflow.set_tracking_uri(None)
    columns = [feature.name for feature in model.inputs]
    table = spark.createDataFrame(
        frame[["lead_id", *columns]].astype(object).where(frame.notna(), None), schema_of(model)
    )
    got = table.select("lead_id", udf(*columns).alias("said")).toPandas().set_index("lead_id")["said"]
    said = pd.DataFrame(list(got), index=got.index, columns=["propensity", "band"]).loc[frame["lead_id"]]
    assert np.abs(said["propensity"].to_numpy() - expected["propensity"].to_numpy()).max() < 1e-12
    assert said["band"].tolist() == expected["band"].tolist()


def settings_registry(workspace: Workspace) -> Any:
    from pipeline.settings_file import load  # noqa: PLC0415

    return load(workspace.root).registry


def schema_of(model: Any) -> str:
    kinds = {"number": "double", "category": "string"}
    return "lead_id string, " + ", ".join(f"`{feature.name}` {kinds[feature.dtype]}" for feature in model.inputs)


def test_what_spark_does_not_have_is_told(trained: Workspace, simulated: Any, spark: Any) -> None:
    with pytest.raises(DataError, match=r"expected nowhere\.leads, found no tables and views at all"):
        simulated.open(simulated.source("nowhere.{}", url="spark://"))
    with pytest.raises(OutsideError, match=r"source.url: Spark failed: .*PATH_NOT_FOUND"):
        simulated.open(simulated.source("/nowhere/{}.parquet", url="spark://"))
    settings = settings_of(simulated, trained, paths="{}", url="spark://")
    request = replace(Request(model="1"), leads=trained.root / "data" / "leads.parquet")
    with pytest.raises(UseError, match="--leads: expected tables that Tamis reads itself"):
        score(trained, settings, request, now=NOW, console=Console(as_json=True))
