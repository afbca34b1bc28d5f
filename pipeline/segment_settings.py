"""Segments in the settings: which leads may have a model that differs from that of the whole."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from models.segments import ALL, Wanted

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LIMITS = {"at_least", "below"}
_HOW = "a text, a list of texts, or limits such as { at_least = 50, below = 250 }"
Filter = str | tuple[str, ...] | dict[str, float]


def _checked(raw: object) -> object:
    """Refuse every name and filter that is none, all at once; pydantic tells one fault of a union several times."""
    if not isinstance(raw, Mapping):
        raise ValueError(f"expected tables such as [segments.outbound], found {type(raw).__name__}")  # noqa: TRY004
    faults = []
    for name, filters in raw.items():
        if not _NAME.fullmatch(str(name)) or name == ALL:
            faults.append(
                f"[segments.{name}]: expected a name of at most 31 small letters, digits and _ that begins with a "
                f"letter and is not {ALL!r}"
            )
        if not isinstance(filters, Mapping) or not filters:
            faults.append(f'[segments.{name}]: expected at least one filter such as direction = "outbound"')
            continue
        faults += [f"[segments.{name}] {column}: {fault}" for column, f in filters.items() if (fault := _fault(f))]
    if faults:
        raise ValueError("; ".join(faults))
    return raw


def _fault(value: Any) -> str:
    if isinstance(value, str) and value:
        return ""
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) and item for item in value):
        return ""
    if not isinstance(value, Mapping):
        return f"expected {_HOW}, found {value!r}"
    numbers = all(
        isinstance(x, int | float) and not isinstance(x, bool) and abs(x) < float("inf") for x in value.values()
    )
    if not value or not set(value) <= _LIMITS or not numbers:
        return f"expected {_HOW}, found {dict(value)!r}"
    if len(value) == 2 and not value["at_least"] < value["below"]:
        return f"expected at_least < below, found {value['at_least']:g} and {value['below']:g}"
    return ""


Segments = Annotated[dict[str, dict[str, Filter]], BeforeValidator(_checked)]


def filters(segments: Mapping[str, Mapping[str, Filter]]) -> dict[str, dict[str, Wanted]]:
    """Say what the settings want of each column.

    Examples
    --------
    >>> filters({"abroad": {"country": ("BE", "CH"), "employees": {"at_least": 50}}})
    {'abroad': {'country': Wanted(values=('BE', 'CH'), at_least=None, below=None),
    'employees': Wanted(values=(), at_least=50, below=None)}}
    """
    return {name: {column: _wanted(value) for column, value in of.items()} for name, of in segments.items()}


def _wanted(value: Filter) -> Wanted:
    if isinstance(value, Mapping):
        return Wanted((), value.get("at_least"), value.get("below"))
    return Wanted((value,) if isinstance(value, str) else tuple(value))
