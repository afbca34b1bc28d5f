"""Where indexes stand, and the addresses of leads."""

import contextlib
import hashlib
import json
import os
import secrets
from pathlib import Path

from pipeline.page.index_tables import FORMAT
from pipeline.workspace import Workspace


def home(workspace: Workspace) -> Path:
    """Folder of the indexes."""
    return workspace.home / "page" / "runs"


def is_current(path: Path) -> bool:
    """Whether an index can be shown; one of which a killed process left a part is made anew."""
    try:
        about = json.loads((path / "about.json").read_text(encoding="utf-8"))
        return bool(about["format"] == FORMAT) and (path / "index.db").is_file()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def secret(workspace: Workspace) -> bytes:
    """Key by which leads get addresses that nobody can guess; made once, readable by its owner alone."""
    path = workspace.home / "page" / "secret"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.is_file():
        descriptor = os.open(temporary := path.with_name(f".{secrets.token_hex(4)}"), os.O_CREAT | os.O_WRONLY, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        # Of two processes that make one, both read the one that was linked first.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        temporary.unlink()
    return path.read_bytes()


def key_of(lead_id: str, key: bytes) -> bytes:
    """Address of a lead: stable from night to night, not to be guessed from its identifier.

    Examples
    --------
    >>> key_of("L1", b"k") == key_of("L1", b"k"), key_of("L1", b"k") == key_of("L1", b"other"), len(key_of("L1", b"k"))
    (True, False, 16)
    """
    return hashlib.blake2b(lead_id.encode(), key=key, digest_size=16).digest()
