"""A model version as the registry knows it, and the proof that its files are those that were saved."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from features.errors import DataError


@dataclass(frozen=True)
class Version:
    """One version of the registered model.

    Attributes
    ----------
    number : int
        From 1.
    aliases : tuple of str
        ``champion``, ``challenger``, both or none.
    created_at : int
        UTC seconds.
    run_id : str
        MLflow run that holds the evidence.
    figures : Mapping[str, float]
        What was measured, by name.
    tags : Mapping[str, str]
        ``gates``, ``files``, ``figures``, ``lineage.*`` and what the caller gave.
    card : str
        The model card, Markdown.

    Examples
    --------
    >>> Version(2, ("challenger",), 0, "r", {}, {"gates": "refused: ECE 0.12 > 0.05"}, "").refusal
    'ECE 0.12 > 0.05'
    """

    number: int
    aliases: tuple[str, ...]
    created_at: int
    run_id: str
    figures: Mapping[str, float]
    tags: Mapping[str, str]
    card: str

    @property
    def refusal(self) -> str | None:
        """Why the gates refused this version; none where they did not."""
        gates = self.tags.get("gates", "")
        return gates.removeprefix("refused").lstrip(": ") if gates.startswith("refused") else None

    @classmethod
    def from_mlflow(cls, item: Any, aliases: Mapping[str, object]) -> "Version":
        """From MLflow's own record; ``aliases`` is alias -> version number."""
        return cls(
            number=int(item.version),
            aliases=tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(item.version))),
            created_at=int(item.creation_timestamp) // 1000,
            run_id=item.run_id or "",
            figures=_read_tag(int(item.version), item.tags, "figures"),
            tags=dict(item.tags),
            card=item.description or "",
        )

    def check_files(self, found: Mapping[str, bytes]) -> dict[str, bytes]:
        """Give the model files, once they are proved to be those that were saved.

        Raises
        ------
        DataError
            A file is missing, was changed, or was never saved; or Tamis did not save this version.

        Examples
        --------
        >>> version = Version(1, (), 0, "r", {}, {"files": manifest({"model.json": b"{}"})}, "")
        >>> version.check_files({"model.json": b"{}"})
        {'model.json': b'{}'}
        >>> version.check_files({"model.json": b"{ }"})
        Traceback (most recent call last):
        ...
        features.errors.DataError: Model version 1: expected the files that were saved, found
        model.json changed. Somebody touched the store: restore it from a backup, or choose another version.
        """
        if "files" not in self.tags:
            raise DataError(
                f"Model version {self.number}: expected a model that Tamis saved, found no tag 'files'. "
                "Choose another version."
            )
        expected: dict[str, str] = _read_tag(self.number, self.tags, "files")
        faults = [f"{name} missing" for name in sorted(expected.keys() - found.keys())]
        faults += [f"{name} unknown" for name in sorted(found.keys() - expected.keys())]
        faults += [
            f"{name} changed"
            for name in sorted(expected.keys() & found.keys())
            if expected[name] != _digest(found[name])
        ]
        if faults:
            raise DataError(
                f"Model version {self.number}: expected the files that were saved, "
                f"found {', '.join(faults)}. "
                "Somebody touched the store: restore it from a backup, or choose another version."
            )
        return {name: found[name] for name in expected}


def _read_tag(number: int, tags: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        found = json.loads(tags.get(name, "{}"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DataError(
            f"Model version {number}: expected a JSON object in the tag {name!r}, found something else. "
            "Somebody touched the store: restore it from a backup, or delete this version."
        )
    return found


def manifest(files: Mapping[str, bytes]) -> str:
    """JSON of file name -> SHA-256 of its content, in hexadecimal."""
    return json.dumps({name: _digest(content) for name, content in files.items()})


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def known(versions: Iterable[Version]) -> str:
    """Versions in words, for a message.

    Examples
    --------
    >>> known([Version(2, ("challenger",), 0, "", {}, {}, ""), Version(1, ("champion",), 0, "", {}, {}, "")])
    '2 (challenger), 1 (champion)'
    """
    return ", ".join(
        f"{item.number} ({', '.join(item.aliases)})" if item.aliases else str(item.number) for item in versions
    )
