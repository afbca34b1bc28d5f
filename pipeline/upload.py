"""Write a training run and its model to MLflow, before any version points at them.

MLflow is handed in by ``pipeline.tracking``, the only module that imports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.lead_model import LeadModel
from pipeline import served_model

SCRIPT = '''"""A Tamis model for MLflow: the code is the installed tamis, the model is the files beside it."""

from pipeline.tracking import serve

serve()
'''
LOGGED_NAME = "tamis"  # MLflow allows fewer characters here than in the name of a registered model
BATCH = 100  # parameters that MLflow takes at once


@dataclass(frozen=True)
class Upload:
    """One run being written.

    Attributes
    ----------
    mlflow : module
        MLflow, imported and quiet.
    client : mlflow.MlflowClient
        Of the store or server.
    run_id : str
        A run that exists.
    folder : pathlib.Path
        Private, gone afterwards.
    """

    mlflow: Any
    client: Any
    run_id: str
    folder: Path

    def log(
        self,
        parameters: Mapping[str, str | float],
        figures: Mapping[str, float],
        artifacts: Mapping[str, str | bytes],
    ) -> None:
        """Write settings, figures and evidence of the run."""
        entities = self.mlflow.entities
        metrics = [entities.Metric(name, value, 0, 0) for name, value in figures.items()]
        self.client.log_batch(self.run_id, metrics=metrics)
        params = [entities.Param(name, str(value)) for name, value in parameters.items()]
        for start in range(0, len(params), BATCH):
            self.client.log_batch(self.run_id, params=params[start : start + BATCH])
        self.client.log_artifacts(self.run_id, str(_write(self.folder / "evidence", artifacts)))

    def model(self, experiment_id: str, files: Mapping[str, bytes]) -> str:
        """Write the model files in a directory that any MLflow client can serve.

        Returns
        -------
        str
            MLflow's id of the logged model.

        Raises
        ------
        DataError
            The files are not a model.
        """
        model = LeadModel.load(files)
        logged = self.client.create_logged_model(experiment_id, LOGGED_NAME, source_run_id=self.run_id)
        self.client.log_model_artifacts(logged.model_id, str(self._build(model, files, logged.model_id)))
        self.client.finalize_logged_model(logged.model_id, "READY")
        output = self.mlflow.entities.LoggedModelOutput(logged.model_id, step=0)
        self.client.log_outputs(self.run_id, [output])
        return str(logged.model_id)

    def _build(self, model: LeadModel, files: Mapping[str, bytes], model_id: str) -> Path:
        sources = _write(self.folder / "files", files)
        script = self.folder / "served.py"
        script.write_text(SCRIPT, encoding="utf-8")
        described = self.mlflow.models.Model(
            artifact_path="model", model_uuid=model_id, run_id=self.run_id, model_id=model_id
        )
        built = self.folder / "model"
        self.mlflow.pyfunc.save_model(
            str(built),
            python_model=str(script),
            artifacts={name: str(sources / name) for name in files},
            signature=self._signature(model),
            pip_requirements=served_model.requirements(),
            mlflow_model=described,
        )
        # MLflow notes where the files came from: paths of this machine, which tell others nothing.
        flavor = described.flavors["python_function"]
        flavor["model_code_path"] = script.name
        for artifact in flavor["artifacts"].values():
            artifact["uri"] = artifact["path"]
        described.save(str(built / "MLmodel"))
        return built

    def _signature(self, model: LeadModel) -> Any:
        types = self.mlflow.types
        taken, given = (
            types.Schema([types.ColSpec(kind, name) for name, kind in columns.items()])
            for columns in (served_model.inputs(model), served_model.outputs(model))
        )
        explain = types.ParamSchema([types.ParamSpec("explain", "boolean", True)])
        return self.mlflow.models.ModelSignature(taken, given, explain)


def _write(folder: Path, contents: Mapping[str, str | bytes] | Mapping[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
