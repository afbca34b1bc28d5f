"""Where a verb may write what was asked for: never over the settings, the source, or what Tamis keeps."""

from fnmatch import fnmatch
from pathlib import Path

from features.errors import UseError
from features.tables import SCHEMA
from pipeline.database import is_database
from pipeline.settings import Settings
from pipeline.workspace import Workspace


def check_destination(
    option: str,
    path: Path,
    workspace: Workspace,
    settings: Settings,
    *,
    endings: tuple[str, ...] = (),
    inputs: tuple[Path, ...] = (),
) -> None:
    """Refuse a place before any work is done for it.

    Parameters
    ----------
    option : str
        What asked for it, such as ``--out``.
    path : pathlib.Path
        A file, or a folder where ``endings`` is empty; links are followed.
    endings : tuple of str
        How its name may end.
    inputs : tuple of pathlib.Path
        Files that the verb reads.

    Raises
    ------
    UseError
        Another ending, a folder in place of a file, or a place that holds something of the owner's or of ours.

    Examples
    --------
    >>> check_destination("--out", Path("crm/.tamis/x.csv"), Workspace(Path("crm")), Settings(), endings=(".csv",))
    Traceback (most recent call last):
    ...
    features.errors.UseError: --out: expected a place of your own, found one in .tamis, which Tamis keeps. Name another.
    """
    if endings and path.suffix not in endings:
        raise UseError(f"{option}: expected a name that ends in {' or '.join(endings)}, found {path.name!r}.")
    if path.exists() and path.is_dir() == bool(endings):
        wanted, found = ("a file", "a folder") if endings else ("a folder", "a file")
        raise UseError(f"{option}: expected {wanted}, found {found} at {path}. Name another.")
    place = path.resolve()
    if workspace.home.resolve() in (place, *place.parents):
        raise UseError(
            f"{option}: expected a place of your own, found one in {workspace.home.name}, which Tamis keeps. "
            "Name another."
        )
    if place in [one.resolve() for one in inputs] or _is_read(place, workspace, settings):
        raise UseError(f"{option}: expected a place of your own, found one that is read: {path}. Name another.")


def _is_read(place: Path, workspace: Workspace, settings: Settings) -> bool:
    """Whether a place is the source, or holds a table of it: one that is there, or one that would be found there."""
    source = settings.source
    if is_database(source.url):
        return False
    folder = (workspace.root / source.url).resolve()
    if folder not in (place, *place.parents):
        return False
    name = place.relative_to(folder).as_posix()
    named = {table.path for table in source.tables.values()}
    patterns = [pattern.lower() for pattern in source.exports.values()]
    is_table = not source.only_named and place.name.partition(".")[0].lower() in SCHEMA
    return is_table or place == folder or name in named or any(fnmatch(name.lower(), one) for one in patterns)
