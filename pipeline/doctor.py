"""Check the installation and the workspace, for ``tamis doctor``."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from features.errors import TamisError, UseError
from pipeline.console import Console
from pipeline.settings_file import FILE_NAME, load
from pipeline.workspace import Workspace

State = Literal["ok", "warning", "fault"]
PACKAGES = ("features", "models", "pipeline")
LEAST_FREE = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
        Name of the check.
    state : {"ok", "warning", "fault"}
        A fault keeps Tamis from working.
    text : str
        What was found and, unless ok, what to do.
    """

    what: str
    state: State
    text: str


def run(root: Path, *, console: Console) -> None:
    """Look at everything and print it.

    Raises
    ------
    UseError
        Something keeps Tamis from working.
    """
    from rich.markup import escape  # noqa: PLC0415 (start-up time)
    from rich.table import Table  # noqa: PLC0415 (start-up time)

    findings = [*installation(), *workspace_findings(Workspace(root))]
    table = Table("", "check", "found", box=None, pad_edge=False)
    marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "fault": "[red]fault[/]"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.what, escape(finding.text))
    faults = [finding for finding in findings if finding.state == "fault"]
    console.show({"findings": [asdict(finding) for finding in findings], "faults": len(faults)}, table)
    if faults:
        raise UseError(f"{len(faults)} of {len(findings)} checks failed: {', '.join(f.what for f in faults)}.")


def installation() -> Iterator[Finding]:
    """Python, the libraries and the three packages."""
    version = platform.python_version()
    supported = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if supported else "fault", version if supported else f"{version}; needs 3.11 or newer")
    for name in ("duckdb", "lightgbm", "mlflow", "narwhals", "pandas", "scikit-learn", "shap"):
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "fault", "not installed; run 'make demo' or 'pip install -e .'")
    yield _packages()


def _packages() -> Finding:
    """The three packages have generic names: they must be ours, and nobody else's."""
    roots = {_root_of(name) for name in PACKAGES}
    owners = importlib.metadata.packages_distributions()
    foreign = sorted({owner for name in PACKAGES for owner in owners.get(name, []) if owner != "tamis"})
    if foreign:
        return Finding(
            "packages",
            "fault",
            f"{', '.join(foreign)} also installs {'/'.join(PACKAGES)}; use an environment of its own",
        )
    if len(roots) != 1:
        return Finding("packages", "fault", "features, models and pipeline come from different folders; install again")
    return Finding("packages", "ok", "features, models, pipeline from one checkout")


def _root_of(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parents[1] if spec and spec.origin else None


def workspace_findings(workspace: Workspace) -> Iterator[Finding]:
    """Settings, rights and disk of a workspace; nothing of it is changed."""
    if not (workspace.root / FILE_NAME).is_file():
        yield Finding("workspace", "warning", f"no {FILE_NAME} here; 'tamis init' writes one")
        return
    try:
        load(workspace.root)
        yield Finding("settings", "ok", FILE_NAME)
    except TamisError as error:
        yield Finding("settings", "fault", str(error))
    folder = workspace.home if workspace.home.exists() else workspace.root
    writable = folder.is_dir() and os.access(folder, os.W_OK)
    yield Finding(
        "rights",
        *(("ok", "can be written") if writable else ("fault", "cannot be written; correct its rights")),
    )
    free = shutil.disk_usage(workspace.root).free
    text = f"{free / 1024**3:.1f} GB free"
    yield (
        Finding("disk", "ok", text)
        if free >= LEAST_FREE
        else Finding("disk", "warning", f"{text}; scoring may spill 2 GB")
    )
