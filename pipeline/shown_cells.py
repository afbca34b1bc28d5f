"""Cells of a source in messages: instants, and texts that cannot name anybody."""

import datetime
import re

# A number with the marks of dates and times, but no telephone number; one word in lower case, as of a state.
SOME_TIME = re.compile(r"(?!\+|[\d .]{9})[-+\d/:., TZ]{1,30}|\d{1,8}", re.ASCII)
SOME_WORD = re.compile(r"[^\W\d_A-Z]{1,12}")


def iso(seconds: int) -> str:
    """Write UTC seconds for people; a number where no calendar holds it.

    Examples
    --------
    >>> iso(1_700_000_000), iso(10**15)
    ('2023-11-14T22:13:20Z', '1000000000000000')
    """
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def shown(value: int | str | None) -> str | None:
    """Write a cell for a message, unless it could name somebody: where an export slipped, names stand anywhere.

    Examples
    --------
    >>> shown(0), shown("31/31/2024"), shown("perhaps")
    ('1970-01-01T00:00:00Z', '31/31/2024', 'perhaps')
    >>> [shown(text) for text in ("jo@example.com", "Zoé Martin", "06 12 34 56 78")]
    [None, None, None]
    """
    if isinstance(value, int):
        return iso(value)
    if value is None or not (SOME_TIME.fullmatch(value) or SOME_WORD.fullmatch(value)):
        return None
    return value
