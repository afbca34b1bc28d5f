"""The signature of a model version: proof that it was saved by who holds the key, not by who can write the store.

Hashes in the registry show that files were changed; who may write the registry can change the hashes as well. With a
key (``TAMIS_REGISTRY__SIGNING_KEY``) a version carries an HMAC-SHA256 of its hashes, and one without it is refused.
"""

import hashlib
import hmac
from collections.abc import Mapping

from features.errors import DataError

TAG = "signature"


def sign(key: str, name: str, manifest: str) -> str:
    """Sign a model.

    Parameters
    ----------
    key : str
        The secret.
    name : str
        Of the registered model: a signed file of one model is none of another.
    manifest : str
        As `pipeline.model_version.manifest` writes it.

    Returns
    -------
    str
        HMAC-SHA256, hexadecimal.

    References
    ----------
    RFC 2104.
    """
    return hmac.new(key.encode(), f"{name}\0{manifest}".encode(), hashlib.sha256).hexdigest()


def check_signature(key: str, name: str, number: int, tags: Mapping[str, str]) -> None:
    """Refuse a version that was not signed with the key.

    Raises
    ------
    DataError
        It bears no signature, or another one.

    Examples
    --------
    >>> files = '{"model.json": "00"}'
    >>> check_signature("k3y", "tamis", 1, {"files": files, "signature": sign("k3y", "tamis", files)})
    >>> check_signature("k3y", "tamis", 2, {"files": files})
    Traceback (most recent call last):
    ...
    features.errors.DataError: Model version 2: expected a signature made with TAMIS_REGISTRY__SIGNING_KEY, found none.
    It was saved without the key, or by somebody else: train again, or choose another version.
    """
    given = tags.get(TAG, "")
    if not hmac.compare_digest(given.encode(), sign(key, name, tags.get("files", "")).encode()):
        raise DataError(
            f"Model version {number}: expected a signature made with TAMIS_REGISTRY__SIGNING_KEY, found "
            f"{'another one' if given else 'none'}. It was saved without the key, or by somebody else: train again, or "
            "choose another version."
        )
