"""A CRM that takes files: what changed, as CSV for its own import of updates."""

import contextlib
import csv
import os
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from features.errors import OutsideError
from pipeline.crm.adapter import OK, Change, Limits, Memory, Outcome, Record
from pipeline.crm.fields import Value, resolve
from pipeline.language import iso
from pipeline.settings import Settings
from pipeline.spreadsheets import harmless


class CsvAdapter:
    """Writes one file per batch into the folder of ``crm.url``, each visible only when it is whole.

    A file is named after its content: a push that died and is run again replaces its file by the same file. In it, a
    text that a spreadsheet would run as a formula has an apostrophe before it.
    """

    name = "csv"

    def __init__(self, settings: Settings, root: Path) -> None:
        crm = settings.crm
        self.key = crm.key or "lead_id"
        self.fields = resolve(crm.fields, self.key)
        self.folder = root / (crm.url or "push")
        self.limits = Limits(read=50_000, write=1_000_000, text=1_000_000)

    def recover(self, memory: Memory) -> None:
        """Nothing is ever left open: a file is whole or not there."""

    def read(self, keys: Sequence[str]) -> Sequence[Record]:
        """Take every lead for present: the import decides, and must be set to update only."""
        return [Record(key, key) for key in keys]

    def write(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Publish one file."""
        temporary = self.folder / f".{secrets.token_hex(6)}.tmp"
        digest = sha256()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # The mark makes Excel read accents as what they are.
            with temporary.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([self.key, *(one.theirs for one in self.fields)])
                for change in changes:
                    row = [harmless(change.lead_id), *self._cells(change.values)]
                    digest.update("\0".join(row).encode())
                    writer.writerow(row)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / f"tamis-{digest.hexdigest()[:16]}.csv")
        except OSError as error:
            raise OutsideError(
                f"crm.url: the folder {self.folder} could not be written: {error.strerror}. Correct its rights."
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
        return [OK] * len(changes)

    def _cells(self, values: Sequence[Value]) -> list[str]:
        return [
            "" if value is None else iso(int(value)) if one.kind == "instant" else harmless(str(value))
            for one, value in zip(self.fields, values, strict=True)
        ]

    def prepare(self) -> Sequence[str]:
        """Create the folder; the fields are made in the CRM."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return []

    def close(self) -> None:
        """Nothing is open."""
