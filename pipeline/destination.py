"""Where a verb may write what was asked for: never over the settings, the source, or what Tamis keeps."""

from pathlib import Path

from features.errors import UseError
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
    url = settings.source.url
    source = None if is_database(url) else (workspace.root / url).resolve()
    # A workspace whose source is its own folder may still write beside the tables, but never over one.
    is_read = place in [one.resolve() for one in inputs] or (
        source is not None
        and (place in (source, *_files(source)) or (source in place.parents and source != workspace.root.resolve()))
    )
    if is_read:
        raise UseError(f"{option}: expected a place of your own, found one that is read: {path}. Name another.")


def _files(folder: Path) -> list[Path]:
    return [path.resolve() for path in folder.iterdir()] if folder.is_dir() else []
