"""The list of leads that were erased: salted hashes, so that nobody is read again and nobody is named.

``.tamis/suppressed.json`` is readable by its owner alone. Who has it can test whether a known number is on it, and
learns nothing else.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from features.errors import DataError
from pipeline.workspace import Workspace, write_text

FILE = "suppressed.json"


@dataclass(frozen=True)
class Suppressed:
    """Who must not be read.

    Attributes
    ----------
    salt : str
        32 random bytes, in hex.
    hashes : frozenset of str
        HMAC-SHA256 of the lead_id, in hex.

    Examples
    --------
    >>> listed = Suppressed("00", frozenset()).with_lead("L1")
    >>> listed.among(["L1", "L2"]), listed.stamp == Suppressed("00", frozenset()).stamp
    (['L1'], False)
    """

    salt: str
    hashes: frozenset[str]

    def among(self, lead_ids: Iterable[str]) -> list[str]:
        """Those of some leads that are on the list."""
        return [lead_id for lead_id in lead_ids if self._hash(lead_id) in self.hashes]

    def with_lead(self, lead_id: str) -> "Suppressed":
        """The list with one more lead."""
        return Suppressed(self.salt, self.hashes | {self._hash(lead_id)})

    @property
    def stamp(self) -> str:
        """Another one for another list; empty for an empty one."""
        return hashlib.sha256("".join(sorted(self.hashes)).encode()).hexdigest() if self.hashes else ""

    def _hash(self, lead_id: str) -> str:
        return hmac.new(bytes.fromhex(self.salt), lead_id.encode(), hashlib.sha256).hexdigest()


NOBODY = Suppressed("", frozenset())


def read(home: Path) -> Suppressed:
    """The list of a workspace, whose ``.tamis`` is ``home``; an empty one with a new salt where there is none.

    Raises
    ------
    DataError
        The file is no such list.
    """
    path = home / FILE
    if not path.is_file():
        return Suppressed(secrets.token_hex(32), frozenset())
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        bytes.fromhex(held["salt"])
        return Suppressed(held["salt"], frozenset(held["hashes"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{home.name}/{FILE}: expected the list of the erased, found something else. Without it people who were "
            "erased would be read again: restore it from a backup."
        ) from error


def suppress(workspace: Workspace, lead_id: str) -> None:
    """Put a lead on the list, durably."""
    listed = read(workspace.home).with_lead(lead_id)
    path = write_text(workspace.home / FILE, json.dumps({"salt": listed.salt, "hashes": sorted(listed.hashes)}))
    path.chmod(0o600)
