"""Read ``tamis.toml``: every fault at once, each with the nearest known name."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from features.errors import UseError
from pipeline.settings import Settings

FILE_NAME = "tamis.toml"
SECRETS = (
    ("source", "password"),
    ("registry", "token"),
    ("registry", "signing_key"),
    ("crm", "token"),
    ("crm", "ledger_password"),
    ("page", "oidc_secret"),
)
# Addresses, and where the password that might stand in them belongs.
ADDRESSES = {
    ("source", "url"): "TAMIS_SOURCE__PASSWORD",
    ("crm", "url"): "TAMIS_CRM__TOKEN",
    ("crm", "ledger"): "TAMIS_CRM__LEDGER_PASSWORD",
    ("registry", "url"): "TAMIS_REGISTRY__TOKEN, or all of it in TAMIS_REGISTRY__URL",
}


def load(workspace: Path) -> Settings:
    """Read ``tamis.toml`` of a workspace, and the environment over it.

    Raises
    ------
    UseError
        No file, not TOML, unknown keys (with the nearest known name) or wrong values: all of them at once.
    """
    path = workspace / FILE_NAME
    if not path.is_file():
        raise UseError(
            f"No {FILE_NAME} in {workspace}. Run 'tamis init {workspace}' first, or name another --workspace."
        )
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 5,000 brackets
        raise UseError(f"{path.name}: expected TOML in UTF-8, found: {error}. Correct that line.") from error
    return from_dict(raw)


def from_dict(raw: dict[str, Any]) -> Settings:
    """Make settings from nested values, environment over them; secrets are refused here.

    Raises
    ------
    UseError
        Every fault, one line each.

    Examples
    --------
    >>> from_dict({"treshold": {"rule": "value"}})
    Traceback (most recent call last):
    ...
    features.errors.UseError: tamis.toml has 1 fault:
    - [treshold]: unknown section. Did you mean 'threshold'?
    """
    secrets = [
        f"- {section}.{key}: a secret does not belong in a file. Set TAMIS_{section.upper()}__{key.upper()}."
        for section, key in SECRETS
        if isinstance(raw.get(section), dict) and key in raw[section]
    ]
    secrets += [
        f"- {section}.{key}: a password does not belong in a file. Leave it out of the address and set {variable}."
        for (section, key), variable in ADDRESSES.items()
        if isinstance(raw.get(section), dict) and re.search(r"://[^/@:]*:[^/@]+@", str(raw[section].get(key, "")))
    ]
    faults = secrets or _environment_faults()
    # Names that begin with an underscore are orders to pydantic, not settings.
    faults += [_fault((key,), "extra_forbidden", "") for key in raw if key.startswith("_")]
    if not faults:
        try:
            return Settings(**raw)
        except ValidationError as error:
            faults = [_fault(item["loc"], item["type"], item["msg"]) for item in error.errors(include_input=False)]
        except (SettingsError, RecursionError) as error:
            faults = [f"- the environment: {error}. Set one value at a time, such as TAMIS_MODEL__SEED=7."]
    noun = "fault" if len(faults) == 1 else "faults"
    raise UseError(f"{FILE_NAME} has {len(faults)} {noun}:\n" + "\n".join(faults))


def _environment_faults() -> list[str]:
    folder = os.environ.get("TAMIS_SECRETS_DIR")
    if not folder or Path(folder).is_dir():
        return []
    return [f"- TAMIS_SECRETS_DIR: expected a folder of secret files, found none at {folder!r}."]


def _fault(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    parts = [str(part) for part in loc if part != "[key]"]
    variable = "TAMIS_" + "__".join(parts).upper()
    origin = f" (in {variable})" if variable in map(str.upper, os.environ) else ""
    where = (".".join(parts) or FILE_NAME) + origin
    wrong_table = kind == "literal_error" and loc[-1] == "[key]"
    if kind != "extra_forbidden" and not wrong_table:
        return f"- {where}: {message.removeprefix('Value error, ').rstrip('.')}."
    known = _children(parts[:-1])
    near = difflib.get_close_matches(parts[-1], known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
    tables = [f"[{'.'.join([*parts[:-1], name])}]" for name in known if _is_open([*parts[:-1], name])]
    if len(parts) > 1 and tables and not difflib.get_close_matches(parts[-1], known, n=1, cutoff=0.8):
        hint += f" If it is a line of {' or '.join(tables)}, that header goes above it."
    noun = "section" if len(parts) == 1 else "table" if parts[:2] == ["source", "tables"] and wrong_table else "key"
    return f"- [{'.'.join(parts)}]{origin}: unknown {noun}. {hint}"


def _children(parts: Iterable[str]) -> list[str]:
    """Names that may stand at a place of the settings; none where any may."""
    kinds = _kinds(parts)
    keys = [get_args(get_args(kind)[0]) for kind in kinds if get_origin(kind) is dict]
    fields = [kind.model_fields for kind in kinds if _is_model(kind)]
    return [str(name) for names in (*fields, *keys) for name in names]


def _is_open(parts: Iterable[str]) -> bool:
    """Whether a place is a table of any names, each with a plain value."""
    return any(
        get_origin(kind) is dict
        and get_args(kind)[0] is str
        and not any(map(_is_table, _alternatives(get_args(kind)[1])))
        for kind in _kinds(parts)
    )


def _is_table(kind: Any) -> bool:
    return _is_model(kind) or get_origin(kind) is dict


def _kinds(parts: Iterable[str]) -> list[Any]:
    kinds: list[Any] = [Settings]
    for part in parts:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)] or kinds
    return kinds


def _inside(kind: Any, part: str) -> list[Any]:
    """What may stand at a name, or a number, within a type; all alternatives of a union."""
    found = [kind.model_fields[part].annotation] if _is_model(kind) and part in kind.model_fields else []
    if get_origin(kind) in (dict, tuple):
        found = [next(inner for inner in reversed(get_args(kind)) if inner is not Ellipsis)]
    return [one for inner in found for one in _alternatives(inner)]


def _alternatives(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [one for inner in get_args(kind) for one in _alternatives(inner)]
    return [kind]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
