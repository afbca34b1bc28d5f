"""One lead on the page: its dossier, its propensity run after run, and who else is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.errors import DataError
from features.language import Language
from models.moves import Moves
from pipeline.dossiers import AtHand, dossiers, moved_since
from pipeline.history import WHO
from pipeline.page.index_tables import PERSONAL
from pipeline.page.library import Index, Library
from pipeline.page.sheets import RUNS_SHOWN, SCORED
from pipeline.report.dossier import Dossier
from pipeline.score_runs import ScoreRun
from pipeline.settings import Settings


@dataclass(frozen=True)
class Step:
    """A lead in one run.

    Attributes
    ----------
    cutoff : int
        UTC seconds.
    propensity : float
        0 to 1.
    band : str
        A to D.
    moved : Moves, optional
        Since the step before.
    """

    cutoff: int
    propensity: float
    band: str
    moved: Moves | None = None


def dossier_of(
    library: Library, settings: Settings, index: Index, row: Mapping[str, Any], language: Language
) -> Dossier:
    """Gather the dossier of a lead of the index.

    Raises
    ------
    DataError
        The run that the index was made of is no longer what was published.
    """
    found, earlier = _runs(library, index, row)
    scored = found.lead(row["lead_id"], SCORED)
    if scored is None:
        raise DataError(f"Score run {found.run_id}: expected lead {row['lead_id']}, found none. Score again.")
    before = earlier[0] if earlier else None
    who = _who(index, row)
    (made,) = dossiers(
        library.workspace,
        settings,
        found,
        [scored],
        index.model,
        language,
        earlier=before,
        at_hand=AtHand([row["rank"]], {row["lead_id"]: who} if who else None),
    )
    return made


def _who(index: Index, row: Mapping[str, Any]) -> dict[str, Any]:
    """Who a lead is; empty where the tables were no longer kept when the index was made."""
    chosen = {name: index.text(name, row[name]) for name in ("owner", "channel")}
    known = {**row, **chosen, "company": row["company"] or None}
    ours = {**{name: PERSONAL[name] for name in WHO}, "company": "company"}
    return {theirs: known[name] for theirs, name in ours.items() if known[name] is not None}


def steps(library: Library, index: Index, known: Mapping[str, Any], language: Language | None = None) -> list[Step]:
    """A lead of the index run after run, the newest first; with a language, with the facts that moved it.

    Raises
    ------
    DataError
        A run is no longer what was published.
    """
    found, earlier = _runs(library, index, known)
    lead_id, band = known["lead_id"], index.text("band", known["band"])
    seen: list[tuple[ScoreRun, Mapping[str, Any]]] = [(found, {"propensity": known["propensity"], "band": band})]
    for run in earlier:
        row = run.lead(lead_id, ("propensity", "band"))
        if row is None:
            break
        seen.append((run, row))
    moved = [None] * len(seen) if language is None else _moves(seen, index, lead_id, language)
    return [
        Step(int(run.manifest["cutoff"]), row["propensity"], row["band"], what)
        for (run, row), what in zip(seen, moved, strict=True)
    ]


def _moves(
    seen: Sequence[tuple[ScoreRun, Mapping[str, Any]]], index: Index, lead_id: str, language: Language
) -> list[Moves | None]:
    moved: list[Moves | None] = []
    for place, (run, _) in enumerate(seen):
        before = seen[place + 1][0] if place + 1 < len(seen) else None
        told = moved_since(before, index.model, lead_id, run.features([lead_id]), language) if before else None
        moved.append(told and told[1])
    return moved


def _runs(library: Library, index: Index, row: Mapping[str, Any]) -> tuple[ScoreRun, list[ScoreRun]]:
    """The run of the index, and those whose cutoff lies before it, the newest first; for one lead."""
    runs = library.runs()
    found = next((run for run in runs if run.run_id == index.run["run_id"]), None)
    if found is None:
        found = ScoreRun(library.workspace.scores / index.run["run_id"], index.run)
    earlier = [run for run in runs if run.manifest["cutoff"] < index.run["cutoff"]][: RUNS_SHOWN - 1]
    return index.kept(found, row), [index.kept(run, row) for run in earlier]
