"""Read ``tamis.toml``: every fault at once, each with the nearest known name."""

import difflib
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from features.errors import UseError
from features.tables import SCHEMA
from pipeline.decision_settings import Condition, PointsRule
from pipeline.settings import LabelName, Settings, TableSettings

FILE_NAME = "tamis.toml"
SECRETS = (
    ("source", "password"),
    ("registry", "token"),
    ("crm", "token"),
    ("crm", "ledger_password"),
    ("page", "oidc_secret"),
)


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
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
    faults = secrets or _environment_faults()
    # Names that begin with an underscore are orders to pydantic, not settings.
    faults += [_fault((key,), "extra_forbidden", "") for key in raw if key.startswith("_")]
    if not faults:
        try:
            return Settings(**raw)
        except ValidationError as error:
            faults = [_fault(item["loc"], item["type"], item["msg"]) for item in error.errors(include_input=False)]
        except SettingsError as error:
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
    known = list(_children(parts[:-1]))
    near = difflib.get_close_matches(parts[-1], known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
    noun = "section" if len(parts) == 1 else "table" if parts[:2] == ["source", "tables"] and wrong_table else "key"
    return f"- [{'.'.join(parts)}]{origin}: unknown {noun}. {hint}"


def _children(parts: list[str]) -> Iterable[str]:
    """Names that may stand at a place of the settings."""
    if parts == ["source", "tables"]:
        return SCHEMA
    if parts[:2] == ["source", "tables"]:
        return TableSettings.model_fields
    if parts[:1] == ["points"] and len(parts) > 2:
        return PointsRule.model_fields if parts[1] == "rules" and "also" not in parts else Condition.model_fields
    if parts[:2] == ["features", "labels"]:
        return get_args(LabelName)
    model: type[BaseModel] = Settings
    for part in parts:
        annotation = model.model_fields[part].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return model.model_fields
