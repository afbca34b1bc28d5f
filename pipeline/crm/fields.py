"""Which columns of a score run go into which fields of the CRM, and what kind of value each of them is."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from features.errors import UseError
from pipeline.score_runs import SCHEMA

Kind = Literal["rate", "points", "amount", "number", "choice", "text", "reasons", "instant"]
Value = float | int | str | None

DIGITS: dict[Kind, int] = {"rate": 4, "points": 1, "amount": 2, "number": 4}
# They say when and by what a lead was scored: they go with a change, and are none by themselves.
STAMPS = frozenset({"run_id", "scored_at", "cutoff", "model_version"})
CHOICES: dict[str, tuple[str, ...]] = {
    "band": ("A", "B", "C", "D"),
    "decision": ("hand_over", "nurture", "disqualify"),
    "trend": ("new", "up", "down", "stable"),
}
POINTS = frozenset({"fit_points", "engagement_points", "intent_points"})
AMOUNTS = frozenset({"expected_amount", "expected_value"})
RATES = frozenset(
    {"propensity", "reference_propensity", "threshold", "previous_propensity", "handover_probability", "lower", "upper"}
)
# The dossier as text, made when it is sent: no column of a score run, and told anew when the reasons change.
NOTE = "handover_note"
# Where percentages were not certified, a number that would be read as one is emptied.
PERCENTAGES = RATES | POINTS | {"expected_value"}


@dataclass(frozen=True)
class Field:
    """One column of a score run and the field that it is written to.

    Attributes
    ----------
    ours, theirs : str
        The column, the field.
    kind : str
        ``rate`` (0 to 1), ``points``, ``amount``, ``number``, ``choice``, ``text``, ``reasons`` (sentences, one a
        line; the hand-over note as well) or ``instant`` (UTC seconds).
    """

    ours: str
    theirs: str
    kind: Kind

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers that are rounded."""
        return self.kind in DIGITS

    @property
    def is_stamp(self) -> bool:
        """Whether it goes with a change and is none by itself."""
        return self.ours in STAMPS

    @property
    def choices(self) -> tuple[str, ...]:
        """Its values, where they are few and known."""
        return CHOICES.get(self.ours, ())


def resolve(mapping: Mapping[str, str], key: str = "", reserved: Collection[str] = ()) -> tuple[Field, ...]:
    """Read the mapping of the settings.

    Parameters
    ----------
    mapping : mapping of str to str
        Column of a score run -> field of the CRM.
    key : str
        The field that holds our lead_id: it is never written.
    reserved : collection of str
        Fields that the CRM fills itself.

    Raises
    ------
    UseError
        Every fault of the mapping.

    Examples
    --------
    >>> resolve({"band": "lead_band"})
    (Field(ours='band', theirs='lead_band', kind='choice'),)
    >>> resolve({"bande": "lead_band"})
    Traceback (most recent call last):
    ...
    features.errors.UseError: crm.fields: 'bande' is no column of a score run. Did you mean 'band'?
    """
    if not mapping:
        raise UseError(
            'crm.fields: expected at least one column = field, such as propensity = "tamis_propensity", found none. '
            "Fill [crm.fields] in tamis.toml; 'tamis push --prepare' then creates the fields that are missing."
        )
    faults, known = [], [*(name for name in SCHEMA.names if name != "lead_id"), NOTE]
    for ours, theirs in mapping.items():
        if ours not in known:
            near = difflib.get_close_matches(ours, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            faults.append(f"crm.fields: {ours!r} is no column of a score run. {hint}")
        if not theirs:
            faults.append(f"crm.fields: {ours!r} has no field. Name one, or remove the line.")
        elif theirs in reserved or theirs in ("id", key):
            faults.append(f"crm.fields: {theirs!r} belongs to the CRM and is never written. Name a field of your own.")
    twice = sorted({theirs for theirs in mapping.values() if theirs and list(mapping.values()).count(theirs) > 1})
    faults += [f"crm.fields: two columns go into {theirs!r}. Name a field for each." for theirs in twice]
    if faults:
        raise UseError("\n".join(faults))
    return tuple(Field(ours, theirs, _kind(ours)) for ours, theirs in mapping.items())


def _kind(name: str) -> Kind:
    for kind, names in (("rate", RATES), ("points", POINTS), ("amount", AMOUNTS), ("choice", CHOICES)):
        if name in names:
            return kind  # type: ignore[return-value]
    if name in ("reasons", NOTE):
        return "reasons"
    stored = SCHEMA.field(name).type
    if pa.types.is_timestamp(stored):
        return "instant"
    return "number" if pa.types.is_floating(stored) else "text"
