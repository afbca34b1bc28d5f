"""The sentences of the reasons and the hand-over notes, made for rows that are sent and for no other."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.crm.fields import NOTE
from pipeline.crm.plan import Order, Words
from pipeline.crm.values import sentences
from pipeline.score_runs import OPTED_OUT, newest
from pipeline.settings import Settings
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from models.lead_model import LeadModel


def words_for(order: Order, workspace: Workspace, settings: Settings) -> Words:
    """Make texts with the model that scored the run; it is loaded when the first row needs them."""
    loaded: list[LeadModel] = []
    makers: dict[str, Callable[[str, pa.Table, LeadModel], list[str]]] = {
        "reasons": lambda name, rows, model: _reasons(order, settings, name, rows, model),
        NOTE: lambda _, rows, model: _notes(order, workspace, settings, rows, model),
    }
    mapped = [one.ours for one in order.fields if one.kind == "reasons"]

    def words(name: str, rows: pa.Table) -> dict[str, list[str]]:
        if name == OPTED_OUT:
            return {ours: [""] * rows.num_rows for ours in mapped}
        # A push that sends no text starts without the model and MLflow.
        from models.lead_model import LeadModel  # noqa: PLC0415
        from pipeline.tracking import Registry  # noqa: PLC0415

        if not loaded:
            version = int(order.run.manifest["model_version"])
            loaded.append(LeadModel.load(Registry(workspace, settings.registry).load(version)[1]))
        return {ours: makers[ours](name, rows, loaded[0]) for ours in mapped}

    return words


def _reasons(order: Order, settings: Settings, name: str, rows: pa.Table, model: "LeadModel") -> list[str]:
    from pipeline.telling import tell  # noqa: PLC0415 (as above)

    features = order.run.features_of(name, rows.column("lead_id").to_pylist())
    told = tell(rows.to_pylist(), features, model, settings.output.language)
    return [sentences(row["reasons"], order.longest) for row in told]


def _notes(order: Order, workspace: Workspace, settings: Settings, rows: pa.Table, model: "LeadModel") -> list[str]:
    """The dossier of each lead that waits for its first contact; empty for the others."""
    from pipeline.dossiers import dossiers  # noqa: PLC0415 (as above)
    from pipeline.report.handover_note import handover_note  # noqa: PLC0415 (as above)

    language = settings.output.language
    leads = rows.column("lead_id").to_pylist()
    waiting = [row for row in order.run.leads(leads) if row["due_at"] is not None]
    earlier = newest(workspace, "portfolio", before=order.run.manifest["cutoff"])
    made = dossiers(workspace, settings, order.run, waiting, model, language, earlier=earlier) if waiting else []
    notes = {one.row["lead_id"]: handover_note(one, language, order.longest) for one in made}
    return [notes.get(lead_id, "") for lead_id in leads]
