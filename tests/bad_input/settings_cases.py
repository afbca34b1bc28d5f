"""Bad settings: every setting with a value of the wrong type, and what people and enemies write into TOML."""

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME
from tests.bad_input.corpus import Case

WRONG = "{ no = 'thing of the sort' }"
TABLES = "[source.tables.{}]\n"


def _sections(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every setting of the sections that stand in any workspace, with its type."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _sections(kind, (*path, name))
        else:
            yield (*path, name), kind


def _is_mapping(kind: Any) -> bool:
    return typing.get_origin(kind) is dict


def _is_secret(kind: Any) -> bool:
    return SecretStr in (typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,))


def _toml(text: str | bytes) -> Any:
    content = text.encode() if isinstance(text, str) else text
    return lambda root: (root / FILE_NAME).write_bytes(content)


def _case(what: str, text: str | bytes, *says: str, words: tuple[str, ...] = ("check",), code: int = 2) -> Case:
    return Case(f"settings: {what}", words, code, says, _toml(text))


def _wrong_types() -> Iterator[Case]:
    for path, kind in _sections(Settings):
        *sections, key = path
        value = "7" if _is_mapping(kind) else WRONG
        head = f"[{'.'.join(sections)}]\n" if sections else ""
        says = "a secret does not belong in a file" if _is_secret(kind) else ".".join(path)
        yield _case(f"{'.'.join(path)} is of another type", f"{head}{key} = {value}", says)


def _link(root: Path) -> None:
    (root / FILE_NAME).unlink()
    (root / FILE_NAME).symlink_to(FILE_NAME)


SYNTAX = [
    _case("no TOML", "rule: value\n", "expected TOML in UTF-8, found", "line 1"),
    _case("a key twice", "[model]\nseed = 1\nseed = 2\n", "expected TOML in UTF-8, found", "Cannot overwrite"),
    _case("a string that never ends", '[source]\nurl = "data', "expected TOML in UTF-8, found"),
    _case("Windows-1252", '[output]\ncurrency = "€"\n'.encode("cp1252"), "expected TOML in UTF-8, found"),
    _case("UTF-16", "[model]\nseed = 1\n".encode("utf-16"), "expected TOML in UTF-8, found"),
    _case("binary", bytes(range(256)), "expected TOML in UTF-8, found"),
    _case("brackets in brackets", "x = " + "[" * 5000 + "]" * 5000, "expected TOML in UTF-8, found"),
    _case("dots without end", "a" + ".a" * 2_000 + " = 1", "[a]: unknown section"),
    _case("a number without end", "[model]\nseed = " + "9" * 5000, "expected TOML in UTF-8, found"),
    _case("infinity", "[threshold]\nwin_value = inf\n", "threshold.win_value"),
    _case("no number", "[threshold]\ncontact_cost = nan\n", "threshold.contact_cost"),
    _case("unknown section", "[treshold]\nrule = 'value'\n", "[treshold]: unknown section. Did you mean 'threshold'?"),
    _case("unknown key", "[model]\nsed = 1\n", "[model.sed]: unknown key. Did you mean 'seed'?"),
    _case("an order to pydantic", "_env_file = '/etc/passwd'\n", "[_env_file]: unknown section"),
    _case("another order to pydantic", "[_secrets_dir]\nx = 1\n", "[_secrets_dir]: unknown section"),
    _case("a secret in the file", "[crm]\ntoken = 'abc'\n", "crm.token: a secret does not belong in a file"),
    _case(
        "every fault at once", "[model]\nseed = -1\nfolds = 99\n[x]\n", "3 faults", "model.seed", "model.folds", "[x]"
    ),
    Case("settings: a link to itself", ("check",), 2, ("No tamis.toml in",), _link),
]

VALUES = [
    _case("a folder that is not there", "[source]\nurl = 'nowhere'\n", "source.url: expected a folder", "found none"),
    _case("a folder with a NUL", '[source]\nurl = "da\\u0000ta"\n', "source.url"),
    _case(
        "a database with its password", "[source]\nurl = 'postgresql://u:pw@h/d'\n", "source.url: a password does not"
    ),
    _case(
        "a database of no kind", "[source]\nurl = 'nosuch://host/name'\n", "source.url: expected a folder or a database"
    ),
    _case("a database URL that is none", "[source]\nurl = 'postgresql://host:port/x'\n", "source.url: expected"),
    _case(
        "a SQLite file that is not there", "[source]\nurl = 'sqlite:///no.db'\n", "expected a SQLite file, found none"
    ),
    _case("a web page as database", "[source]\nurl = 'https://example.com/x'\n", "source.url: expected a folder or a"),
    _case("a table with a NUL", TABLES.format("leads") + 'path = "le\\u0000ads.csv"\n', "source.tables.leads.path"),
    _case("a table that is a folder", TABLES.format("leads") + "path = '..'\n", "leads: expected ..", code=3),
    _case("an unknown table", TABLES.format("lead") + "path = 'x'\n", "[source.tables.lead]: unknown table."),
    _case("a column that nobody knows", "[source.tables.events.columns]\nx = 'y'\n", "expected columns of DESIGN"),
    _case("a zone that is a path", "[source]\ntime_zone = '../../etc/passwd'\n", "source.time_zone"),
    _case("a zone that is none", "[source]\ntime_zone = 'Mars/Olympus'\n", "source.time_zone"),
    _case("a zone with a NUL", '[source]\ntime_zone = "U\\u0000TC"\n', "source.time_zone"),
    _case("an instant that is none", "[source]\nextracted_at = 'yesterday'\n", "source.extracted_at: expected a time"),
    _case("an instant before all", "[source]\nextracted_at = '0001-01-01'\n", "set source.extracted_at", code=3),
    *(
        _case(
            f"the encoding {name}", f"[source.csv]\nencoding = '{name}'\n", "source.csv.encoding: expected an encoding"
        )
        for name in ("klingon", "base64", "rot13", "zlib", "idna", "undefined", "unicode_escape", "")
    ),
    *(
        _case(f"the delimiter {mark!r}", f"[source.csv]\ndelimiter = {mark}\n", "source.csv.delimiter")
        for mark in (r'"\n"', r'"\""', r'"\u0000"', '";;"', '""')
    ),
    _case("memory of nothing", "[limits]\nmemory = '0GB'\n", "limits.memory"),
    _case("memory in words", "[limits]\nmemory = 'all'\n", "limits.memory"),
    _case("threads without end", f"[limits]\nthreads = {10**30}\n", "limits.threads"),
    _case("a model called ../x", "[registry]\nname = '../x'\n", "registry.name"),
    _case("a registry that is a file", "[registry]\nurl = 'file:///etc'\n", "registry.url", words=("models",)),
    _case("a registry of no kind", "[registry]\nurl = 'ftp://host'\n", "registry.url", words=("models",)),
    _case(
        "a periods sum of 2", "[periods]\nfit = 0.9\ntest = 0.9\n", "expected fit + calibrate + threshold + test = 1"
    ),
    _case("a page for everybody", "[page]\nhost = '0.0.0.0'\n", "page.host: expected a loopback", words=("serve",)),
    _case("a CRM without address", "[crm]\nadapter = 'tryton'\n", "crm.", words=("push",)),
    _case("a CRM without fields", "[crm]\nadapter = 'csv'\n", "crm.fields", words=("push",)),
    _case(
        "a CRM field that is the CRM's own",
        "[crm]\nadapter = 'hubspot'\nurl = 'https://h'\nkey = 'k'\n[crm.fields]\nband = 'hs_lead_status'\n",
        "hs_lead_status",
        words=("push",),
    ),
    _case(
        "a CRM field that is no column of ours",
        "[crm]\nadapter = 'csv'\n[crm.fields]\nname = 'x'\n",
        "name",
        words=("push",),
    ),
    _case(
        "a rule on a column that is not there",
        "[[policy.disqualify]]\nreason = 'x'\ncolumn = 'y'\nequals = ['z']\n",
        "expected a column",
    ),
    _case(
        "a rule with an unknown key",
        "[[policy.disqualify]]\nreasn = 'x'\ncolumn = 'y'\n",
        "[policy.disqualify.0.reasn]: unknown key. Did you mean 'reason'?",
    ),
    _case("a segment that is not there", "[policy.segments.x]\nleast = 1\n", "policy.segments: expected segments of"),
    _case("an enrichment that is not there", "[enrichment.x]\nkind = 'table'\npath = 'no.csv'\n", "enrichment.x"),
    _case("an enrichment called by SQL", "[enrichment.\"x'; DROP\"]\nkind = 'table'\npath = 'no.csv'\n", "enrichment"),
]

VARIABLES = [
    Case(
        f"environment: {what}",
        ("check",),
        2,
        says,
        environment={variable: value},
    )
    for what, variable, value, says in (
        ("a word for a number", "TAMIS_MODEL__SEED", "lucky", ("model.seed (in TAMIS_MODEL__SEED)",)),
        ("an unknown key", "TAMIS_MODEL__SED", "1", ("[model.sed] (in TAMIS_MODEL__SED): unknown key",)),
        ("JSON that ends early", "TAMIS_SOURCE", "{", ("the environment:",)),
        ("JSON in JSON without end", "TAMIS_SOURCE", "[" * 100_000, ("the environment:",)),
        ("a list for a section", "TAMIS_SOURCE", "[1]", ("source",)),
        ("a secrets folder that is a file", "TAMIS_SECRETS_DIR", "/etc/hostname", ("TAMIS_SECRETS_DIR: expected",)),
        ("a byte that is no UTF-8", "TAMIS_SOURCE__URL", "\udcff", ("source.url",)),
    )
]

CASES = [*_wrong_types(), *SYNTAX, *VALUES, *VARIABLES]
