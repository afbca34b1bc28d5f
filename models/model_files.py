"""The files of a model: boosters as text and one JSON, each proved by its sha256."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from features.errors import DataError

MODEL_FILE = "model.json"


def files_of(stem: str, texts: Sequence[str]) -> dict[str, bytes]:
    """Name the files of some boosters.

    Examples
    --------
    >>> files_of("booster", ["tree"])
    {'booster_0.txt': b'tree'}
    """
    return {f"{stem}_{k}.txt": text.encode() for k, text in enumerate(texts)}


def entries_of(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Say for ``model.json`` which files there are and what is in them."""
    return [{"file": name, "sha256": digest(content)} for name, content in files.items()]


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(content).hexdigest()


def read_json(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Read ``model.json``.

    Raises
    ------
    DataError
        It is missing, or no JSON object.
    """
    if MODEL_FILE not in files:
        found = ", ".join(sorted(files)) or "nothing"
        raise DataError(f"model: expected a file {MODEL_FILE}, found {found}; fetch the model again.")
    try:
        data = json.loads(files[MODEL_FILE])
    except ValueError as error:
        raise DataError(f"{MODEL_FILE}: not readable as JSON ({error}); fetch the model again.") from error
    if not isinstance(data, dict):
        raise DataError(f"{MODEL_FILE}: expected an object, found {type(data).__name__}; fetch the model again.")
    return data


@contextlib.contextmanager
def as_written(form: int) -> Iterator[None]:
    """Read what a model holds, whose values may be missing or of any kind.

    Raises
    ------
    DataError
        One is.

    Examples
    --------
    >>> with as_written(9):
    ...     {}["bands"]
    Traceback (most recent call last):
        ...
    features.errors.DataError: model.json: expected what format 9 holds, found a value that is missing or of
    another kind (KeyError: 'bands'); it was altered, or written by another version of Tamis: fetch the model again.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise DataError(
            f"{MODEL_FILE}: expected what format {form} holds, found a value that is missing or of another kind "
            f"({type(error).__name__}: {error}); it was altered, or written by another version of Tamis: fetch the "
            "model again."
        ) from error


def verified(files: Mapping[str, bytes], entry: Mapping[str, str]) -> bytes:
    """Give the content of a file that `entries_of` named.

    Raises
    ------
    DataError
        It is missing, or is not what was saved.

    Examples
    --------
    >>> verified({"a.txt": b"tree"}, {"file": "a.txt", "sha256": digest(b"tree")})
    b'tree'
    """
    name, expected = entry["file"], entry["sha256"]
    if name not in files:
        raise DataError(f"model: {name} is missing; fetch the model again.")
    if digest(files[name]) != expected:
        raise DataError(
            f"model: {name} is not the file that was saved (its sha256 differs); it was altered or cut: "
            "fetch the model again."
        )
    return files[name]
