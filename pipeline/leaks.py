"""Describe the training snapshots without what has learnt from the decision: proven leaks go, suspects are named."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa

from features.attributes import attribute_frame
from features.consequences import event_timing
from features.errors import DataError
from features.language import Language
from features.matrix import Dropped
from features.snapshots import KEYS, decisions
from features.specification import Feature
from features.statements import attribute
from features.tables import Tables
from models.evidence import Evidence, Note
from models.leak_history import following, moved
from models.leakage import LINK, Suspect, ever_won, in_order, link_suspect, suspects
from pipeline.describe import Described, collect, describe_training, teaching
from pipeline.leak_words import xray
from pipeline.settings import Settings
from pipeline.source import Opened

LANGUAGES: tuple[Language, Language] = ("en", "fr")


@dataclass(frozen=True)
class Probed:
    """Training snapshots, and what may be learnt from them.

    Attributes
    ----------
    described : Described
        Every snapshot, with the features of the mature ones.
    teaching : pandas.DataFrame
        Those that may teach: the mature ones and, where the settings weigh them, the others.
    teaching_frame : pandas.DataFrame
        Their raw features, in the same order.
    features : tuple of Feature
        Those that are no proven leak, or that the settings keep.
    suspects : tuple of Suspect
        Refused ones first.
    """

    described: Described
    teaching: pd.DataFrame
    teaching_frame: pd.DataFrame
    features: tuple[Feature, ...]
    suspects: tuple[Suspect, ...]

    @property
    def rows(self) -> pd.DataFrame:
        """The mature ones."""
        return self.teaching[self.teaching["is_mature"] == 1].reset_index(drop=True)

    @property
    def frame(self) -> pd.DataFrame:
        """Raw features of the mature ones, in the same order."""
        mature = (self.teaching["is_mature"] == 1).to_numpy()
        return self.teaching_frame if mature.all() else self.teaching_frame[mature].reset_index(drop=True)

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What is refused: one entry per event type and per feature, with the figures that prove it."""
        by_name = self.by_name
        return tuple(
            Dropped(name, "leak", xray(suspect, by_name, "en"))
            for suspect in self.suspects
            if suspect.status == "refused"
            for name in suspect.features or (suspect.name,)
        )

    def told_in(self, evidence: Evidence) -> Evidence:
        """Add the leaks to the evidence: those refused to what was dropped, all but the harmless to its notes."""
        notes = [
            Note(f"leak_{suspect.status}", *(xray(suspect, self.by_name, language) for language in LANGUAGES))
            for suspect in self.suspects
            if suspect.status != "protected"
        ]
        dropped = [asdict(item) for item in self.dropped]
        return replace(evidence, dropped=[*dropped, *evidence.dropped], notes=[*notes, *evidence.notes])

    def require_columns(self) -> None:
        """Refuse to train where leaks were all there was to learn from.

        Raises
        ------
        DataError
            Every column that varies is a proven leak.
        """
        refused = [item.name for item in self.dropped]
        if refused and not any(self.frame[f.name].nunique(dropna=False) > 1 for f in self.features):
            raise DataError(
                f"features: expected columns known before the decision, found only {len(refused)} that look like "
                f"leaks: {', '.join(refused[:10])}. "
                "Bring others, or name those that are none in features.allow_suspects."
            )

    @property
    def by_name(self) -> dict[str, Feature]:
        """Every feature that was computed."""
        return {feature.name: feature for feature in self.described.features}


def describe_without_leaks(opened: Opened, settings: Settings, scratch: Path) -> Probed:
    """Compute the features and probe them; events that follow the decision are not even counted.

    Raises
    ------
    DataError
        A table does not hold what it should.
    """
    allowed = frozenset(settings.features.allow_suspects)
    excluded = frozenset(settings.features.exclude)
    events = tuple(s for s in _following(opened.tables, allowed) if s.name not in excluded)
    types = [s.name for s in events if s.status == "refused"]
    chosen = settings.features.model_copy(update={"exclude": (*settings.features.exclude, *types)})
    described = describe_training(opened, settings.model_copy(update={"features": chosen}), scratch)
    taught, of_taught = teaching(described.rows, settings), described.frame()
    everything = Probed(described, taught, of_taught, described.features, ())
    rows, frame = everything.rows, everything.frame
    won, tracked = _won(opened.tables), _tracked(opened.tables)
    found = suspects(frame, rows, described.features, won=won, tracked=tracked, allowed=allowed)
    beside = _beside(opened, described, frame, rows.assign(ever=ever_won(rows, won)), tracked, found, allowed)
    fallen = {name for s in beside if s.status == "refused" for name in s.features}
    every = in_order((*events, *beside, *(s for s in found if s.name not in fallen)))
    refused = {name for s in every if s.status == "refused" for name in s.features}
    features = tuple(feature for feature in described.features if feature.name not in refused)
    return replace(everything, features=features, suspects=every)


def _following(tables: Tables, allowed: Collection[str]) -> tuple[Suspect, ...]:
    if not {"events", "outcomes"} <= set(tables.frames):
        return ()
    return following(collect(event_timing(tables)), allowed)


def _won(tables: Tables) -> frozenset[str]:
    """Leads won at any time: beyond the horizon too, a column may be filled for them."""
    if "outcomes" not in tables.frames or tables.one_table:
        return frozenset()
    won = decisions(tables).filter(~nw.col("won_at").is_null()).select("lead_id")
    return frozenset(collect(won)["lead_id"].astype(str))


def _tracked(tables: Tables) -> frozenset[str]:
    """Columns of leads whose history is known."""
    if "changes" not in tables.frames:
        return frozenset()
    return frozenset(
        "leads." + collect(tables.frames["changes"].select("field").unique())["field"].dropna().astype(str)
    )


def _beside(
    opened: Opened,
    described: Described,
    frame: pd.DataFrame,
    rows: pd.DataFrame,
    tracked: frozenset[str],
    found: Sequence[Suspect],
    allowed: Collection[str],
) -> tuple[Suspect, ...]:
    """Probe the link to the account, and fields with a history, on one row per lead and today's values."""
    with_history = [f for f in described.features if f.recipe and tracked.intersection(f.recipe.columns)]
    tables = opened.tables
    has_link = LINK in tables.frames["leads"].collect_schema().names()
    if rows.empty or not (with_history or has_link):
        return ()
    last = ~rows["lead_id"].duplicated(keep="last")
    keys = opened.engine.put(pa.Table.from_pandas(rows.loc[last, KEYS], preserve_index=False))
    link = attribute(LINK, "fit", [f"leads.{LINK}"], "value", {})
    wanted = [*with_history, *([link] if has_link else [])]
    without = Tables({n: f for n, f in tables.frames.items() if n != "changes"}, tables.attributes, tables.extracted_at)
    today = collect(attribute_frame(keys, without, wanted, int(rows["cutoff"].max()) + 1))
    today = today.sort_values(KEYS, ignore_index=True)
    ever = rows.loc[last, "ever"].to_numpy()
    filled = {s.name for s in found if s.code == "filled_won"}
    linked = has_link and link_suspect(today[LINK].notna(), ever, described.features, found=filled, allowed=allowed)
    then = frame[last.to_numpy()].reset_index(drop=True)
    return (*((linked,) if linked else ()), *moved(then, today, ever, with_history))
