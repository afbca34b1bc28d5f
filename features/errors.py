"""The errors that people see: each says what was expected, what was found and what to do.

::

    TamisError                  exit code of the command line
    ├── UseError                2   bad use or settings
    ├── DataError               3   bad data, all faults at once
    ├── GateError               4   a gate refused (too little data, no valid threshold)
    ├── OutsideError            5   an outside system failed
    └── PartialError            6   done in part, each rejected record kept and named
"""

from typing import ClassVar


class TamisError(Exception):
    """Root of every error that Tamis raises on purpose.

    Attributes
    ----------
    exit_code : int
        What ``tamis`` exits with when this error reaches the command line.

    Examples
    --------
    >>> DataError("leads: 2 rows have no lead_id").exit_code
    3
    """

    exit_code: ClassVar[int] = 1


class UseError(TamisError):
    """The command line or the settings ask for something that cannot be."""

    exit_code = 2


class DataError(TamisError):
    """The data cannot be used as they are."""

    exit_code = 3


class GateError(TamisError):
    """The data are sound, but the result must not be used."""

    exit_code = 4


class OutsideError(TamisError):
    """A system that is not ours failed: a database, MLflow, the CRM."""

    exit_code = 5


class PartialError(TamisError):
    """The work is done but for some records, which are kept and named."""

    exit_code = 6
