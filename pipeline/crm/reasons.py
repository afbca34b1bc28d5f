"""The sentences of the reasons, made for rows that are sent and for no other."""

from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.crm.plan import Order, Words
from pipeline.crm.values import sentences
from pipeline.settings import Settings
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from models.lead_model import LeadModel


def words_for(order: Order, workspace: Workspace, settings: Settings) -> Words:
    """Make sentences with the model that scored the run; it is loaded when the first row needs them."""
    loaded: list[LeadModel] = []

    def words(name: str, rows: pa.Table) -> list[str]:
        # A push that sends no reasons starts without the model and MLflow.
        from models.lead_model import LeadModel  # noqa: PLC0415
        from pipeline.telling import tell  # noqa: PLC0415
        from pipeline.tracking import Registry  # noqa: PLC0415

        if not loaded:
            version = int(order.run.manifest["model_version"])
            loaded.append(LeadModel.load(Registry(workspace, settings.registry).load(version)[1]))
        features = order.run.features_of(name, rows.column("lead_id").to_pylist())
        told = tell(rows.to_pylist(), features, loaded[0], settings.output.language)
        return [sentences(row["reasons"], order.longest) for row in told]

    return words
