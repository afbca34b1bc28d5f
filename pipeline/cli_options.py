"""Options and arguments that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="Folder with tamis.toml.", metavar="DIR")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
LogOption = Annotated[bool, typer.Option("--log-json", help="Log each step as a JSON line on stderr.")]
LanguageOption = Annotated[str | None, typer.Option("--lang", help="en or fr; default: the settings.", metavar="LANG")]
HERE = Path()


def in_utf8(value: str) -> str:
    """Refuse bytes that the shell handed over and that are no text."""
    if not value.isascii() and any("\ud800" <= mark <= "\udfff" for mark in value):
        raise typer.BadParameter(f"expected text in UTF-8, found {value!a}.")
    return value


LeadArgument = Annotated[str, typer.Argument(help="The lead.", metavar="LEAD_ID", callback=in_utf8)]
WhyOption = Annotated[str, typer.Option(help="Kept with the decision.", callback=in_utf8)]
