"""Fast columns of text: identifiers, words picked by code, times in ISO-8601, SIREN numbers."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def identifiers(prefix: str, numbers: NDArray[np.int64], width: int) -> NDArray[np.str_]:
    """Prefix and zero-padded number, without a Python loop over rows.

    Examples
    --------
    >>> identifiers("L", np.array([7, 1234]), 6)
    array(['L000007', 'L001234'], dtype='<U7')
    """
    letters = np.empty((len(numbers), len(prefix) + width), dtype=np.uint32)
    letters[:, : len(prefix)] = [ord(letter) for letter in prefix]
    rest = np.asarray(numbers, dtype=np.int64)
    for place in range(len(prefix) + width - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        letters[:, place] = digit + ord("0")
    return cast("NDArray[np.str_]", letters.view(f"<U{len(prefix) + width}").ravel())


def pick(words: Sequence[str], codes: NDArray[np.int64]) -> Any:
    """Words by position; a code of -1 is null.

    Examples
    --------
    >>> list(pick(["won", "lost"], np.array([1, 0, -1])))
    ['lost', 'won', nan]
    """
    return pd.array(list(words), dtype="str").take(codes, allow_fill=True)


def iso_utc(seconds: pd.Series) -> pd.Series:
    """UTC seconds as ``2026-03-01T09:12:44Z``; null stays null.

    Examples
    --------
    >>> list(iso_utc(pd.Series([1_772_356_364])))
    ['2026-03-01T09:12:44Z']
    """
    whole = seconds.fillna(0).to_numpy(np.int64).astype("datetime64[s]")
    text = pd.Series(np.char.add(np.datetime_as_string(whole), "Z"), index=seconds.index, dtype="str")
    return text.where(seconds.notna())


def sirens(first_digits: NDArray[np.int64]) -> NDArray[np.str_]:
    """SIREN-shaped numbers: eight digits and the key that makes the Luhn sum a multiple of ten.

    Examples
    --------
    >>> sirens(np.array([73282932]))
    array(['732829320'], dtype='<U9')
    """
    total = np.zeros(len(first_digits), dtype=np.int64)
    rest = first_digits
    for place in range(8):
        rest, digit = np.divmod(rest, 10)
        # Luhn doubles every second digit from the right of the whole number, hence the last of these eight.
        doubled = digit * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return identifiers("", first_digits * 10 + (-total) % 10, 9)
