"""A machine that fails under a verb, a full disk above all: told as what it is, whichever library met it first."""

import errno
from collections.abc import Iterator

from features.errors import OutsideError, TamisError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LOCKED = (errno.EROFS, errno.EACCES, errno.EPERM)
# DuckDB, Arrow and SQLite say it in their own words, and keep no number.
FULL_WORDS = ("no space left on device", "disk is full", "file too large", "disk quota exceeded")
LOCKED_WORDS = ("read-only file system", "readonly database", "permission denied")


def of_the_machine(error: BaseException) -> TamisError | None:
    """Give the sentence for an error that the machine made, or None where it is something else.

    Parameters
    ----------
    error : BaseException
        What ended a verb, with its causes.

    Returns
    -------
    TamisError, optional
        An `OutsideError`.

    Examples
    --------
    >>> str(of_the_machine(OSError(errno.ENOSPC, "No space left on device")))
    'The disk is full: expected room for what is written, found none. Nothing was half published. Make room, then ...'
    >>> of_the_machine(ValueError("no such thing")) is None
    True
    """
    for cause in causes(error):
        number = cause.errno if isinstance(cause, OSError) else None
        text = "" if number is not None else str(cause).lower()
        if number in FULL or any(words in text for words in FULL_WORDS):
            return OutsideError(
                "The disk is full: expected room for what is written, found none. Nothing was half published. "
                "Make room, then run this again."
            )
        if number in LOCKED or any(words in text for words in LOCKED_WORDS):
            return OutsideError(
                "A file could not be written: expected rights to the workspace, found none. Nothing was half "
                "published. Correct its rights, or whether its disk is mounted for reading only, then run this again."
            )
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and whatever led to it, the last first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
