"""The registry: model versions, their evidence and who promoted them. The only module that imports MLflow.

A version holds the model files (checked by SHA-256 when loaded); its run holds settings, figures and
evidence; its description is the model card; its tags are ``gates``, ``files``, ``figures``, ``lineage.*`` and
the caller's. Nothing about a person is kept. ``champion`` decides, ``challenger`` waits.
"""

import contextlib
import functools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from features.errors import GateError, UseError
from pipeline import store
from pipeline.mlflow_errors import is_missing, is_taken, told_plainly
from pipeline.model_version import Version, known, manifest
from pipeline.promotions import Promotion, former
from pipeline.settings import RegistrySettings
from pipeline.signature import TAG, check_signature, sign
from pipeline.workspace import Workspace

__all__ = ["CHALLENGER", "CHAMPION", "Promotion", "Registry", "Version", "serve"]

CHAMPION = "champion"
CHALLENGER = "challenger"

# Promises, whatever the environment says.
FIRM = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
}
# Defaults, which the environment may change.
QUIET = {
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_PRINT_MODEL_URLS_ON_CREATION": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A server that is down is told in seconds; MLflow's own defaults try for four minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # No connection outlives its query, so that a finished file can be renamed and a workspace moved.
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
}


class Registry:
    """Model versions of one workspace, in its own SQLite store or on a server.

    Parameters
    ----------
    workspace : Workspace
        Holds the store (``.tamis/mlflow.db``, ``.tamis/artifacts/``) and the locks.
    settings : RegistrySettings
        ``url`` (empty: the workspace's own store), ``name`` of the model and of the experiment, ``token``.

    Notes
    -----
    Every method may raise ``OutsideError``: the store or the server failed.

    Examples
    --------
    >>> server = RegistrySettings(url="https://ana:secret@mlflow.example.com")
    >>> Registry(Workspace(Path("crm")), server).place
    'the MLflow server mlflow.example.com'
    """

    def __init__(self, workspace: Workspace, settings: RegistrySettings) -> None:
        self.workspace = workspace
        self.name = settings.name
        self._url = settings.url
        self._token = settings.token
        self._key = None if settings.signing_key is None else settings.signing_key.get_secret_value()

    @property
    def place(self) -> str:
        """Where the registry is, in words and without credentials."""
        if not self._url:
            return f"the MLflow store in {self.workspace.home.name}"
        return "the MLflow server " + self._url.rpartition("@")[2].rpartition("://")[2]

    @functools.cached_property
    def uri(self) -> str:
        """MLflow tracking URI, of a store that is ready; for ``mlflow.set_tracking_uri`` in a notebook."""
        mlflow = _mlflow()
        if self._token is not None:
            os.environ["MLFLOW_TRACKING_TOKEN"] = self._token.get_secret_value()
        if self._url:
            return self._url
        with told_plainly(self.place):
            return store.ensure(self.workspace, lambda uri: mlflow.MlflowClient(uri, uri).search_experiments())

    def versions(self) -> list[Version]:
        """Every version, the newest first."""
        with told_plainly(self.place):
            if (model := self._registered()) is None:
                return []
            quote = '"' if "'" in self.name else "'"
            items = self._client.search_model_versions(f"name = {quote}{self.name}{quote}")
            found = [Version.from_mlflow(item, model.aliases) for item in items]
        return sorted(found, key=lambda version: -version.number)

    def find(self, alias: str) -> Version | None:
        """Give the version with that alias; none where there is none."""
        return next((version for version in self.versions() if alias in version.aliases), None)

    def get(self, which: str | int) -> Version:
        """Give the version with that alias or number.

        Raises
        ------
        UseError
            There is none; the message names what exists.
        """
        versions = self.versions()
        for version in versions:
            if which in version.aliases or str(which) == str(version.number):
                return version
        hint = f"Known versions: {known(versions)}." if versions else "There is none yet: run 'tamis train' first."
        raise UseError(f"Model {which!r} is not in {self.place}. {hint}")

    def save(
        self,
        model_files: Mapping[str, bytes],
        *,
        parameters: Mapping[str, str | float],
        figures: Mapping[str, float],
        artifacts: Mapping[str, str | bytes],
        card: str,
        lineage: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Version:
        """Keep a model and its evidence as a new version with the alias ``challenger``.

        The version appears once everything else is in place: a failure leaves a failed run and no version.

        Parameters
        ----------
        model_files : Mapping[str, bytes]
            File name -> content, as `LeadModel.dump` gives them.
        parameters, figures : Mapping
            Settings of the training and what it measured.
        artifacts : Mapping[str, str or bytes]
            Evidence: relative path -> content (``report.html``, ``evidence.json``, ``plots/gain.png``).
        card : str
            Model card, Markdown.
        lineage : Mapping[str, str]
            Where the model comes from (data, code, settings), kept as tags ``lineage.*``.
        tags : Mapping[str, str]
            ``gates`` (``passed`` or ``refused: why``) and whatever else tells versions apart.

        Returns
        -------
        Version
        """
        from pipeline.upload import Upload  # noqa: PLC0415 (it brings LightGBM)

        labels = {**tags, **{f"lineage.{name}": value for name, value in lineage.items()}}
        files = manifest(model_files)
        facts = {"files": files, "figures": json.dumps(dict(figures))}
        facts |= {} if self._key is None else {TAG: sign(self._key, self.name, files)}
        client = self._client
        with told_plainly(self.place), self.workspace.scratch() as folder:
            experiment = self._experiment()
            run_id = client.create_run(experiment, tags=labels, run_name="train").info.run_id
            try:
                upload = Upload(_mlflow(), client, run_id, folder)
                upload.log(parameters, figures, artifacts)
                model_id = upload.model(experiment, model_files)
            except BaseException:
                with contextlib.suppress(Exception):
                    client.set_terminated(run_id, "FAILED")
                raise
            client.set_terminated(run_id)
            with _unless_taken():
                client.create_registered_model(self.name)
            with _global_uri(self.uri):
                created = client.create_model_version(
                    self.name,
                    f"models:/{model_id}",
                    run_id=run_id,
                    tags={**labels, **facts},
                    description=card,
                    model_id=model_id,
                )
            client.set_registered_model_alias(self.name, CHALLENGER, str(created.version))
        return self.get(int(created.version))

    def load(self, which: str | int) -> tuple[Version, dict[str, bytes]]:
        """Give a version and its model files, byte for byte what was saved.

        Raises
        ------
        UseError
            No such version.
        DataError
            The files are not those that were saved, or nobody who holds the key saved them.
        """
        version = self._trusted(which)
        with told_plainly(self.place), self.workspace.scratch() as folder:
            kept = self._client.get_model_version_download_uri(self.name, str(version.number))
            place = _mlflow().artifacts.download_artifacts(
                artifact_uri=f"{kept.rstrip('/')}/artifacts", dst_path=str(folder), tracking_uri=self.uri
            )
            found = {path.name: path.read_bytes() for path in Path(place).iterdir()}
        return version, version.check_files(found)

    def artifact(self, version: Version, name: str) -> bytes:
        """Give a file of the evidence.

        Raises
        ------
        UseError
            The version has no such file; the message names those it has.
        """
        with told_plainly(self.place):
            names = sorted(self._artifact_names(version.run_id))
            if name in names:
                with self.workspace.scratch() as folder:
                    found = self._client.download_artifacts(version.run_id, name, str(folder))
                    return Path(found).read_bytes()
        raise UseError(f"Model version {version.number} has no evidence {name!r}. Known: {', '.join(names) or 'none'}.")

    def promote(self, which: str | int, *, by: str, why: str, at: int, force: bool = False) -> Version:
        """Make a version the champion, and record who did it and why.

        Promoting the champion changes nothing, so that a repeated job does no harm.

        Parameters
        ----------
        which : str or int
            Alias or number.
        by, why : str
            Who decides and for what reason.
        at : int
            UTC seconds.
        force : bool
            Whether to promote what the gates refused.

        Raises
        ------
        UseError
            No such version.
        GateError
            The gates refused it, and ``force`` is false.
        """
        version = self._trusted(which)
        if version.refusal is not None and not force:
            raise GateError(
                f"Model version {version.number} was refused by the gates: {version.refusal}. "
                "Correct the cause and train again; only force makes it champion as it is."
            )
        with told_plainly(self.place), self.workspace.lock("registry", wait=True):
            self._move(version.number, by=by, why=why, at=at)
        return self.get(version.number)

    def rollback(self, *, by: str, why: str, at: int) -> Version:
        """Return to the champion before this one; repeated, to the one before that.

        Parameters
        ----------
        by, why : str
            Who decides and for what reason.
        at : int
            UTC seconds.

        Raises
        ------
        UseError
            There was no other champion before.
        """
        with told_plainly(self.place), self.workspace.lock("registry", wait=True):
            champion = self.find(CHAMPION)
            now = champion.number if champion else None
            target = former(self.history(), now, {version.number for version in self.versions()})
            if target is None:
                raise UseError(f"No earlier champion to return to in {self.place}. Promote a version by number.")
            self._move(target, by=by, why=why, at=at, is_rollback=True)
        return self.get(target)

    def history(self) -> list[Promotion]:
        """Every promotion and rollback, the oldest first."""
        with told_plainly(self.place):
            model = self._registered()
            tags = model.tags if model else {}
        return [Promotion.load(tags[key]) for key in sorted(tags) if key.startswith("promotion.")]

    @functools.cached_property
    def _client(self) -> Any:
        return _mlflow().MlflowClient(self.uri, self.uri)

    def _trusted(self, which: str | int) -> Version:
        version = self.get(which)
        if self._key is not None:
            check_signature(self._key, self.name, version.number, version.tags)
        return version

    def _registered(self) -> Any:
        """The registered model, with its aliases and tags; none before the first version."""
        try:
            return self._client.get_registered_model(self.name)
        except Exception as error:
            if is_missing(error):
                return None
            raise

    def _experiment(self) -> str:
        if (found := self._client.get_experiment_by_name(self.name)) is None:
            place = None if self._url else store.artifacts_uri(self.workspace)
            with _unless_taken():
                self._client.create_experiment(self.name, artifact_location=place)
            found = self._client.get_experiment_by_name(self.name)
        return str(found.experiment_id)

    def _artifact_names(self, run_id: str, folder: str | None = None) -> Iterator[str]:
        for item in self._client.list_artifacts(run_id, folder):
            if item.is_dir:
                yield from self._artifact_names(run_id, item.path)
            else:
                yield str(item.path)

    def _move(self, number: int, *, by: str, why: str, at: int, is_rollback: bool = False) -> None:
        champion, challenger = self.find(CHAMPION), self.find(CHALLENGER)
        previous = champion.number if champion else None
        if previous == number:
            return
        # The alias first: should the process die in between, its predecessor is still the last on record.
        self._client.set_registered_model_alias(self.name, CHAMPION, str(number))
        move = Promotion(number, previous, at, by, why, is_rollback)
        self._client.set_registered_model_tag(self.name, f"promotion.{len(self.history()) + 1:05d}", move.dump())
        if challenger is not None and challenger.number == number:
            self._client.delete_registered_model_alias(self.name, CHALLENGER)


@functools.cache
def _mlflow() -> Any:
    os.environ.update(FIRM)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with told_plainly("MLflow itself"):
        import mlflow.pyfunc  # noqa: PLC0415 (1 s; verbs that need no registry must not pay it)
    return mlflow


def serve() -> None:
    """Hand the served model to MLflow: what the script kept beside each model's files calls (models from code).

    The environment is left alone: this runs in the process of whoever loads the model.
    """
    import pandas as pd  # noqa: PLC0415 (as above)
    from mlflow.models import set_model  # noqa: PLC0415
    from mlflow.pyfunc.model import PythonModel  # noqa: PLC0415

    from models.lead_model import LeadModel  # noqa: PLC0415
    from pipeline.served_model import answer  # noqa: PLC0415

    class ServedModel(PythonModel):
        """`answer`, in the manners of MLflow."""

        def load_context(self, context: Any) -> None:
            files = {name: Path(path).read_bytes() for name, path in context.artifacts.items()}
            self.model = LeadModel.load(files)

        def predict(
            self,
            context: Any,  # noqa: ARG002 (the signature is MLflow's)
            model_input: pd.DataFrame,
            params: dict[str, Any] | None = None,
        ) -> pd.DataFrame:
            return answer(self.model, model_input, explain=bool((params or {}).get("explain", True)))

    set_model(ServedModel())


@contextlib.contextmanager
def _unless_taken() -> Iterator[None]:
    """Two processes may create the same thing: the second one is content."""
    try:
        yield
    except Exception as error:
        if not is_taken(error):
            raise


@contextlib.contextmanager
def _global_uri(uri: str) -> Iterator[None]:
    """Let MLflow's SQL registry, which looks at its global URI only, find the model that it registers."""
    mlflow = _mlflow()
    before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
