"""Write docs/reference/ from the code: every verb, every setting, every reason in both languages, every CRM layout.

``make docs`` runs it; a test holds that what is committed is what it writes.
"""

import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from features.catalogue import DECLARED
from features.specification import Feature
from features.words import label, sentence
from pipeline.cli import app
from pipeline.presets.presets import PRESETS
from pipeline.settings import Settings
from pipeline.settings_template import EXAMPLES, toml

REFERENCE = Path(__file__).parent / "reference"
HEAD = "<!-- Written by docs/generate.py (make docs): change the code, not this page. -->\n"
FAMILIES = {"fit": "Fit · Adéquation", "engagement": "Engagement", "intent": "Intent · Intention"}


def verbs() -> str:
    """Every verb with its arguments and options, as ``--help`` has them."""
    lines = [
        HEAD,
        "# Every verb\n",
        "`tamis VERB --help` says the same. Exit codes: 0 done, 2 bad use or settings, 3 bad data, 4 a gate refused, "
        "5 an outside system failed, 6 done in part, 1 a bug.\n",
    ]
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        example = str(command.epilog).removeprefix("Example: ")
        lines += [f"## tamis {name}\n", f"{command.help}\n", f"```console\n$ {example}\n```\n"]
        lines += ["| option | what | default |", "|---|---|---|"]
        for parameter in command.params:
            is_argument = parameter.param_type_name == "argument"
            named = parameter.metavar or parameter.name.upper() if is_argument else ", ".join(parameter.opts)
            value = (
                "" if is_argument or getattr(parameter, "is_flag", False) else f" {parameter.metavar or ''}".rstrip()
            )
            default = (
                "" if parameter.default in (None, False, "", ()) or callable(parameter.default) else parameter.default
            )
            lines.append(f"| `{named}{value}` | {_cell(parameter.help or '')} | {_cell(str(default))} |")
        lines.append("")
    return "\n".join(lines)


def settings() -> str:
    """Every setting with its kind, default and comment."""
    lines = [
        HEAD,
        "# Every setting\n",
        "`tamis init` writes them all into `tamis.toml` with these comments; what is not there has its default, and a "
        "key that is none of these is refused. The environment wins: `TAMIS_THRESHOLD__WIN_VALUE=8000` is "
        "`win_value` in `[threshold]`. Secrets come from the environment or from a folder of secret files "
        "(`TAMIS_SECRETS_DIR`).\n",
    ]
    for name, field in Settings.model_fields.items():
        lines += _section(name, Settings.model_fields[name].annotation, field)
    return "\n".join(lines)


def _section(place: str, annotation: Any, field: FieldInfo) -> Iterator[str]:
    model = _model(annotation)
    if not isinstance(annotation, type) or model is None:
        yield from _mapping(place, annotation, field, "##")
        return
    yield f"## [{place}]\n"
    yield f"{_first_line(model)}\n"
    yield from _table(model)
    for name, below in model.model_fields.items():
        if isinstance(below.annotation, type) and issubclass(below.annotation, BaseModel):
            yield from _section(f"{place}.{name}", below.annotation, below)
        elif f"{place}.{name}" in EXAMPLES:
            yield from _mapping(f"{place}.{name}", below.annotation, below, "###")


def _mapping(place: str, annotation: Any, field: FieldInfo, level: str) -> Iterator[str]:
    yield f"{level} [{place}]\n"
    yield f"{_sentence(field.description or '')}\n"
    yield f"```toml\n{EXAMPLES[place]}\n```\n"
    model = _model(annotation)
    if model is not None:
        yield from _table(model)


def _table(model: type[BaseModel]) -> Iterator[str]:
    plain = {
        name: field
        for name, field in model.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
    }
    if plain:
        yield "| key | default | what |"
        yield "|---|---|---|"
        for name, field in plain.items():
            yield f"| `{name}` | {_default(field)} | {_cell(field.description or '')} |"
        yield ""


def _default(field: FieldInfo) -> str:
    if SecretStr in get_args(field.annotation):
        return "only from the environment"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        return "a grid of " + str(len(value)) + " rules"
    return f"`{_cell(toml(value))}`" if value not in ("", (), {}, None) else ""


def _model(annotation: Any) -> type[BaseModel] | None:
    """The section within ``dict[str, X]`` or ``X``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model(part))), None)


def reasons() -> str:
    """Every declared reason: its code, and its sentences in both languages."""
    lines = [
        HEAD,
        "# Every reason · Toutes les raisons\n",
        "One line per declared feature: the code that score rows hold, then the sentence for a value, in English and "
        "French. Columns of your own and types of events that nobody declared get sentences by the same rules. A "
        "fact's near duplicates (7, 30, 90 days) give one reason.\n",
        "Une ligne par variable déclarée : le code que contiennent les lignes de score, puis une phrase d'exemple "
        "dans les deux langues.\n",
    ]
    for family, features in groupby(DECLARED, key=lambda feature: feature.family):
        lines += [f"## {FAMILIES[family]}\n", "| code | English | Français | null |", "|---|---|---|---|"]
        for feature in features:
            value = _telling(feature)
            texts = [_cell(sentence(feature, value, language)) for language in ("en", "fr")]
            lines.append(f"| `{feature.code}` | {texts[0]} | {texts[1]} | {_cell(feature.null)} |")
        lines.append("")
    return "\n".join(lines)


def _telling(feature: Feature) -> float | str:
    """A value whose sentence shows what the feature is about."""
    if feature.dtype == "number":
        return 0.4 if feature.words.get("number") == "percent" else 250.0 if feature.family == "fit" else 3.0
    levels: Mapping[str, str] = feature.words["en"].get("levels", {})
    return next(iter(levels), label(feature, "en").lower())


def layouts() -> str:
    """Every CRM layout of ``tamis init --preset``."""
    lines = [
        HEAD,
        "# The exports that `tamis init --preset` understands\n",
        "A file is known by its columns, whatever it is called; names are compared without case, accents and "
        "signs. The first name that the file has is taken. Every file but the first of a CRM may be absent: what is "
        "not there costs accuracy.\n",
    ]
    for preset in PRESETS.values():
        lines += [f"## {preset.title}: `--preset {preset.name}`\n"]
        lines.append(
            f"Stages that mean won: {', '.join(preset.won)}; lost: {', '.join(preset.lost)}. `--won` names others.\n"
        )
        for export in preset.exports:
            makes = [
                part.table
                for part in preset.parts
                if f"{{{export.name}." in str(part.columns) or export.name in part.needs
            ]
            lines += [
                f"### {export.name}\n",
                f"{export.title}. Gives: {', '.join(dict.fromkeys(makes)) or 'help for the others'}. "
                f"Known by: {', '.join(names.replace('|', ' or ') for names in export.told_by)}.\n",
                "| what | columns |",
                "|---|---|",
                *(f"| {ours} | {', '.join(f'`{name}`' for name in names)} |" for ours, names in export.columns.items()),
                "",
            ]
    return "\n".join(lines)


PAGES = {"verbs.md": verbs, "settings.md": settings, "reasons.md": reasons, "layouts.md": layouts}


def _first_line(model: type[BaseModel]) -> str:
    return str(model.__doc__ or "").strip().splitlines()[0]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str]) -> int:
    """Write the pages; with ``--check`` only say which are not what the code says."""
    REFERENCE.mkdir(exist_ok=True)
    old = {
        name
        for name in PAGES
        if not (REFERENCE / name).is_file() or (REFERENCE / name).read_text("utf-8") != PAGES[name]()
    }
    if "--check" in arguments:
        print(*(f"docs/reference/{name} is not what the code says: run 'make docs'." for name in sorted(old)), sep="\n")
        return int(bool(old))
    for name in old:
        (REFERENCE / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
