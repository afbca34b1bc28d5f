"""What Tamis stands on: the licence of every pinned package, and the hashes of those that an installation takes.

``python -m tests.supply_chain licences`` writes docs/licences.md from what is installed;
``python -m tests.supply_chain hashes REPORT`` writes a lock for ``pip install --require-hashes`` from the report of
``pip install --dry-run --ignore-installed --report REPORT --constraint constraints.txt '.[dev]'``: the files that this
platform takes.
"""

import json
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LICENCES = ROOT / "docs" / "licences.md"
CLASSIFIER = "License :: OSI Approved :: "
HEAD = """# Licences

Every package of `constraints.txt`, as it says itself where it is installed; written by
`python -m tests.supply_chain licences`. Tamis is Apache-2.0 and imports none of the packages under the GPL: Tryton and
its modules are a server beside the tests, spoken to over HTTP.

| package | version | licence |
|---|---|---|
"""


def pinned() -> dict[str, str]:
    """Give the packages of constraints.txt with their versions."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (
        line.split(";")[0].strip().split("==", maxsplit=1)
        for line in lines
        if "==" in line and not line.startswith("#")
    )
    return dict(pairs)


def licence(name: str) -> str:
    """Say what a package that is installed says of its licence."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expression := said.get("License-Expression"):
        return str(expression)
    approved = [
        text.removeprefix(CLASSIFIER) for text in said.get_all("Classifier") or () if text.startswith(CLASSIFIER)
    ]
    short = (said.get("License") or "").strip().partition("\n")[0]
    return ", ".join(approved) or (short if len(short) < 60 else short[:57] + "...") or "see its files"


def written(kept: dict[str, str]) -> str:
    """Write the table; a package that is not installed here keeps what the table said of it."""
    rows = [
        f"| {name} | {version} | {licence(name) or kept.get(name, 'not installed where this was written')} |"
        for name, version in sorted(pinned().items())
    ]
    return HEAD + "\n".join(rows) + "\n"


def table() -> dict[str, str]:
    """Read the licences of the table."""
    text = LICENCES.read_text(encoding="utf-8") if LICENCES.is_file() else ""
    return {
        name: said
        for name, said in re.findall(r"^\| (\S+) \| \S+ \| (.*) \|$", text, re.MULTILINE)
        if name != "package"
    }


def lock(report: Path) -> str:
    """Write requirements with the hash of each file that pip would install, and no address."""
    found = json.loads(report.read_text(encoding="utf-8"))["install"]
    rows = sorted(
        f"{item['metadata']['name'].lower()}=={item['metadata']['version']} "
        f"--hash=sha256:{item['download_info']['archive_info']['hashes']['sha256']}"
        for item in found
        if "archive_info" in item["download_info"]
    )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["licences"]:
        LICENCES.write_text(written(table()), encoding="utf-8")
    else:
        sys.stdout.write(lock(Path(sys.argv[2])))
