"""Positions of rows by what they have in common."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def by_value(values: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.int64]]:
    """Go through the positions of each different value, the values ascending.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Whole numbers, 0 or more.

    Yields
    ------
    ndarray of int64
        Positions of one value, ascending; never empty.

    Examples
    --------
    >>> [at.tolist() for at in by_value(np.array([7, 0, 7]))], list(by_value(np.array([], dtype=np.int64)))
    ([[1], [0, 2]], [])
    """
    if not len(values):
        return
    # As narrow as they can be: numpy sorts numbers of 16 bits seven times as fast as those of 64.
    narrow = values.astype(np.min_scalar_type(values.max()))
    order = np.argsort(narrow, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(narrow[order])) + 1)
