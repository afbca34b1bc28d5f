"""What all parts of the settings have in common."""

import difflib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator


class Section(BaseModel):
    """A part of the settings: frozen; unknown keys, infinite numbers and control characters are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _printable(cls, value: object, info: ValidationInfo) -> object:
        # A path with a NUL, a name that moves the cursor: no setting means one. A tab may stand between fields, and a
        # query is written in lines.
        allowed = "\t\n" if info.field_name == "query" else "\t"
        if any(
            unicodedata.category(mark) in ("Cc", "Cs") and mark not in allowed
            for text in _texts(value)
            for mark in text
        ):
            raise ValueError("expected text without control characters, found one")
        return value


def _texts(value: object) -> Iterator[str]:
    """Every text in a setting, those of mappings and lists included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value.keys(), *value.values()])
    elif isinstance(value, Collection):
        for item in value:
            yield from _texts(item)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"expected a time zone such as 'Europe/Paris', found {name!r}.{hint}")
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]
