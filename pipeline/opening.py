"""Open the tables of a workspace, the one way that every verb goes."""

from collections.abc import Sequence
from pathlib import Path

from features.errors import DataError
from features.tables import Attribute
from models.lead_model import LeadModel
from pipeline.settings import Settings
from pipeline.source import Opened, open_source
from pipeline.workspace import Workspace


def open_tables(
    workspace: Workspace,
    settings: Settings,
    *,
    now: int,
    model: LeadModel | None = None,
    leads_file: Path | None = None,
) -> Opened:
    """Read, check, enrich and stage the tables that the settings name, or use what was staged before.

    Parameters
    ----------
    now : int
        UTC seconds: later times are faults.
    model : LeadModel, optional
        One that will read them: the types of its attributes are settled.
    leads_file : Path, optional
        CSV or Parquet of leads that replace those of the source.

    Returns
    -------
    Opened
        The caller closes its connection.

    Raises
    ------
    DataError, UseError, OutsideError
        As `open_source`.
    """
    kinds: Sequence[Attribute] = ()
    if model is not None:
        try:
            kinds = [Attribute(**kind) for kind in model.metadata.get("attributes", ())]
        except TypeError as error:
            raise DataError(
                f"model.json: expected table, name and kind of each attribute, found others ({error}); it was altered: "
                "fetch the model again."
            ) from error
    return open_source(
        settings.source,
        settings.limits,
        root=workspace.root,
        staging=workspace.staging,
        quarantine=workspace.quarantine,
        now=now,
        enrichment=settings.enrichment,
        leads_file=leads_file,
        kinds=kinds,
    )
