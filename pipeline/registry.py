"""The verbs of the registry: ``tamis models``, ``tamis promote``, ``tamis rollback``."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.console import Console
from pipeline.settings_file import load
from pipeline.tracking import Registry
from pipeline.training_views import decision_views, versions_views
from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Decision:
    """Who decided, why and when (UTC seconds)."""

    by: str
    why: str
    at: int


def show(root: Path, *, console: Console) -> None:
    """List the versions, newest first."""
    settings = load(root)
    registry = Registry(Workspace(root), settings.registry)
    versions = registry.versions()
    result = {"versions": [asdict(version) for version in versions], "history": [asdict(m) for m in registry.history()]}
    console.show(result, *versions_views(versions, settings.output.language))


def promote(root: Path, number: int, decision: Decision, *, force: bool, console: Console) -> None:
    """Make a version the champion."""
    settings = load(root)
    registry = Registry(Workspace(root), settings.registry)
    version = registry.promote(number, by=decision.by, why=decision.why, at=decision.at, force=force)
    console.show({"champion": version.number, **asdict(decision)}, *decision_views(version, settings.output.language))


def rollback(root: Path, decision: Decision, *, console: Console) -> None:
    """Return to the champion before this one."""
    settings = load(root)
    version = Registry(Workspace(root), settings.registry).rollback(by=decision.by, why=decision.why, at=decision.at)
    console.show({"champion": version.number, **asdict(decision)}, *decision_views(version, settings.output.language))
