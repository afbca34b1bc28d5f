"""A full disk and a read-only one are told as what they are, whichever library met them."""

import errno
import sqlite3

import duckdb
import pyarrow as pa
import pytest

from pipeline.machine_errors import of_the_machine

FULL = "The disk is full"
LOCKED = "A file could not be written"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FULL),
        (sqlite3.OperationalError("database or disk is full"), FULL),
        (pa.ArrowException("Error writing bytes to file. Detail: [errno 28] No space left on device"), FULL),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), FULL),
        (OSError(errno.EROFS, "Read-only file system"), LOCKED),
        (sqlite3.OperationalError("attempt to write a readonly database"), LOCKED),
    ],
)
def test_each_library_says_it_in_its_own_words(error, sentence):
    assert str(of_the_machine(error)).startswith(sentence)
    assert of_the_machine(error).exit_code == 5


def test_the_cause_counts_and_other_errors_stay_bugs():
    told = ValueError("the part could not be written")
    told.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert str(of_the_machine(told)).startswith(FULL)
    assert of_the_machine(OSError(errno.ENOENT, "No such file")) is None
    assert of_the_machine(KeyError("lead_id")) is None
