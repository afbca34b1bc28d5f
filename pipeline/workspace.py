"""The workspace on disk: where everything stands, how a result becomes visible, and who may write."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from features.errors import OutsideError, UseError


@dataclass(frozen=True)
class Workspace:
    """A folder with ``tamis.toml`` and ``.tamis/`` beside it.

    Attributes
    ----------
    root : pathlib.Path
        The folder; need not exist yet.

    Examples
    --------
    >>> Workspace(Path("crm")).scores.as_posix()
    'crm/.tamis/scores'
    """

    root: Path

    @property
    def home(self) -> Path:
        """Everything that Tamis writes, but for ``tamis.toml``."""
        return self.root / ".tamis"

    @property
    def staging(self) -> Path:
        """Checked tables as Parquet, one folder per state of the source."""
        return self.home / "staging"

    @property
    def quarantine(self) -> Path:
        """Rows set aside, each with its reason."""
        return self.home / "quarantine"

    @property
    def scores(self) -> Path:
        """One immutable folder per score run."""
        return self.home / "scores"

    @property
    def reports(self) -> Path:
        """Reports for people."""
        return self.home / "reports"

    @property
    def monitor(self) -> Path:
        """What the monitor found, one JSON file per score run."""
        return self.home / "monitor"

    @property
    def locks(self) -> Path:
        """Lock files; empty."""
        return self.home / "locks"

    @contextlib.contextmanager
    def lock(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """Hold the workspace's lock of that name; the system frees it should the process die.

        Raises
        ------
        OutsideError
            Somebody else holds it and ``wait`` is false.
        """
        path = self.locks / f"{name}.lock"
        try:
            self.locks.mkdir(parents=True, exist_ok=True)
            handle = path.open("w")
        except OSError as error:
            raise OutsideError(
                f"{path}: expected a file that can be written, found: {error.strerror}. Correct its rights."
            ) from error
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise OutsideError(
                    f"Expected one 'tamis {name}' at a time in this workspace, found another one running. "
                    "Wait for it, then try again."
                ) from None
            yield

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a private folder on the workspace's own disk, gone afterwards; those of killed processes go with it."""
        parent = self.home / "tmp"
        # Made and claimed under one lock: to whoever sweeps, a folder that nobody claims is one whose process died.
        with self.lock("tmp", wait=True):
            parent.mkdir(parents=True, exist_ok=True)
            for left in parent.iterdir():
                _remove_unclaimed(left)
            path = parent / secrets.token_hex(6)
            path.mkdir()
            claim = os.open(path, os.O_RDONLY)
            fcntl.flock(claim, fcntl.LOCK_EX)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            os.close(claim)


def _remove_unclaimed(path: Path) -> None:
    try:
        claim = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(claim)


def ensure_writable(workspace: Workspace) -> None:
    """Create ``.tamis/`` or say why that cannot be.

    Raises
    ------
    UseError
        The folder cannot be written.
    """
    try:
        workspace.home.mkdir(parents=True, exist_ok=True)
        probe = workspace.home / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UseError(
            f"{workspace.root}: expected a folder that can be written, found: {error.strerror}. "
            "Choose another --workspace or correct its rights."
        ) from error


def publish(built: Path, final: Path) -> None:
    """Make a finished folder visible by one rename, after its bytes are on the disk.

    Raises
    ------
    OutsideError
        ``final`` exists already: results are immutable.
    """
    for path in sorted(built.rglob("*")):
        _sync(path)
    _sync(built)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        built.rename(final)
    except OSError as error:
        raise OutsideError(f"{final.name}: could not be published: {error.strerror}. Nothing was changed.") from error
    _sync(final.parent)


def write_text(path: Path, text: str) -> Path:
    """Write a small file so that a reader sees the old one or the new one, never half.

    Raises
    ------
    UseError
        It cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        _sync(temporary)
        temporary.replace(path)
    except OSError as error:
        raise UseError(
            f"{path}: could not be written: {error.strerror}. Choose another place, or correct its rights."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return path


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
