"""Write ``tamis.toml``: every setting with its value and one line of comment."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from pipeline.settings import Settings

HEADER = """\
# Settings of Tamis. Every setting stands here with its value; unknown keys are refused.
# The environment wins: TAMIS_THRESHOLD__WIN_VALUE=8000 replaces win_value in [threshold].
"""
# A mapping that is empty by default shows how it is filled.
EXAMPLES = {
    "source.tables": (
        '[source.tables.leads]\npath = "contacts.csv"\ncolumns = { lead_id = "Record ID", source = "Origin" }\n'
        "[source.tables.outcomes]\nquery = 'SELECT id AS lead_id, closed AS decided_at, outcome FROM deals'"
    ),
    "source.exports": '[source.exports]\ncontacts = "hubspot-crm-exports-all-contacts-*.csv"',
    "enrichment": (
        '[enrichment.sirene]\nkind = "sirene"\npath = "StockUniteLegale_utf8.parquet"\n'
        'establishments = "StockEtablissement_utf8.parquet"\nsiren = "siren"\nname = "company"\npostcode = "zip"\n'
        'licence = "Licence Ouverte 2.0"\n[enrichment.vendor]\nkind = "table"\npath = "vendor_companies.csv"\n'
        'match = { domain = "website" }\nknown_at = "enriched_at"'
    ),
    "threshold.contact_costs": "[threshold.contact_costs]\ntrade_show = 320.0",
    "threshold.capacity_per_owner": '[threshold.capacity_per_owner]\n"Agnès Thévenot" = 4.0',
    "crm.fields": (
        '[crm.fields]\npropensity = "tamis_propensity"\nband = "tamis_band"\nreasons = "tamis_reasons"\n'
        'scored_at = "tamis_scored_at"'
    ),
    "page.users": (
        '[page.users."ana@example.com"]\nrole = "manager"\n[page.users."luc@example.com"]\nrole = "rep"\n'
        'owner = "Luc Petit"'
    ),
    "policy.segments": (
        '[policy.segments.large_abroad]\ncriteria = ["need", "authority"]\n'
        "least = 1  # where a cycle takes 18 months, nobody has a budget at the first contact"
    ),
    "features.families": '[features.families]\ncampaign_clicks = "engagement"',
    "features.labels": (
        '[features.labels.growth]\nen = "Growth in a year"\nfr = "Croissance sur un an"\n'
        'unit = "percent"  # 0.08 is shown as 8%; any other unit follows the number'
    ),
    "segments": (
        '[segments.outbound]\ndirection = "outbound"\n[segments.large_abroad]\ncountry = ["BE", "CH", "DE"]\n'
        "employees = { at_least = 250 }  # a column of leads or accounts, or a feature; also below = 50"
    ),
}


def render(settings: Settings) -> str:
    """Write settings as TOML; secrets are never written.

    Returns
    -------
    str
        TOML that :func:`pipeline.settings_file.from_dict` reads back to equal settings.

    Examples
    --------
    >>> text = render(Settings())
    >>> 'rule = "value"  # value, capacity or precision' in text
    True
    """
    return HEADER + "".join(
        _part(name, getattr(settings, name), field) for name, field in Settings.model_fields.items()
    )


def _part(name: str, value: Any, field: FieldInfo) -> str:
    return _mapping(name, value, field) if isinstance(value, Mapping) else _section(name, value)


def _section(path: str, section: BaseModel) -> str:
    lines = [f"\n# {_first_line(section)}\n[{path}]\n"]
    below: list[str] = []
    for name, field in type(section).model_fields.items():
        value, place = getattr(section, name), f"{path}.{name}"
        if isinstance(value, BaseModel):
            below.append(_section(place, value))
        elif isinstance(value, Mapping):
            below.append(_mapping(place, value, field))
        elif _is_secret(field):
            lines.append(f"# {name}: {field.description}\n")
        else:
            lines.append(_line(name, value, field))
    return "".join(lines + below)


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in getattr(field.annotation, "__args__", ())


def _line(name: str, value: Any, field: FieldInfo) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        rows = "".join(f"    {toml(row.model_dump(exclude_defaults=True))},\n" for row in value)
        return f"# {field.description}\n{name} = [\n{rows}]\n"
    return f"{name} = {toml(value)}  # {field.description}\n"


def _mapping(place: str, value: Mapping[str, Any], field: FieldInfo) -> str:
    if not value:
        example = "".join(f"# {line}\n" for line in EXAMPLES[place].splitlines())
        return f"\n# {field.description}:\n{example}"
    head = f"\n# {field.description}\n"
    if not any(isinstance(item, (BaseModel, Mapping)) for item in value.values()):
        return head + f"[{place}]\n" + "".join(f"{key_of(k)} = {toml(v)}\n" for k, v in value.items())
    return head + "".join(
        f"[{place}.{key_of(key)}]\n" + "".join(f"{key_of(k)} = {toml(v)}\n" for k, v in _items(item))
        for key, item in value.items()
    )


def _items(item: BaseModel | Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    pairs = item.model_dump(exclude_defaults=True) if isinstance(item, BaseModel) else item
    yield from pairs.items()


def _first_line(thing: Any) -> str:
    return str(thing.__doc__ or "").strip().splitlines()[0].rstrip(".")


def key_of(name: str) -> str:
    r"""Quote a TOML key where it needs quotes.

    Examples
    --------
    >>> key_of("lead_id"), key_of("Chiffre d'affaires")
    ('lead_id', '"Chiffre d\'affaires"')
    """
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else json.dumps(name, ensure_ascii=False)


def toml(value: Any) -> str:
    """Write one value as TOML.

    Examples
    --------
    >>> toml({"at_least": 1.0, "equals": "été"})
    '{ at_least = 1.0, equals = "été" }'
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key_of(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, str) and value.endswith("\n") and _is_block(value):
        return f"'''\n{value}'''"
    if isinstance(value, str):
        # TOML's basic strings have JSON's escapes but for DEL, which JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _is_block(text: str) -> bool:
    """Whether a text of lines may stand between triple quotes as it is: TOML escapes nothing there."""
    return "'''" not in text and all(sign in "\n\t" or sign.isprintable() for sign in text)
