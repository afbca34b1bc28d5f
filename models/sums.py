"""Sums along rows whose rounding depends on nothing but the row: a lead scores the same alone and in company."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def margin_of(contributions: Floats, base: Floats | float) -> Floats:
    """Sum contributions to the margin, in the order of the columns whatever the number of rows.

    Parameters
    ----------
    contributions : ndarray of shape (n, m)
        Log-odds.
    base : ndarray of shape (n,) or float
        Margin of the average lead, of all or of each row.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> margin_of(np.array([[0.5, -1.5], [0.25, 0.0]]), 2.0)
    array([1.  , 2.25])
    """
    if contributions.flags.c_contiguous and contributions.shape[1]:
        # Along the rows as they lie; elsewhere column by column: the additions are the same.
        steps = contributions.copy()
        steps[:, 0] += base
        return np.asarray(np.add.accumulate(steps, axis=1, out=steps)[:, -1].copy())
    total = np.full(len(contributions), base)
    for column in contributions.T:
        total += column
    return total


def row_sums(values: Floats) -> Floats:
    """Sum each row from left to right.

    Unlike ``values.sum(axis=1)``, whose order of additions, and so whose rounding, depends on the number of rows and
    on how they lie in memory: a lead scores the same alone and in company.

    Parameters
    ----------
    values : ndarray of shape (n, m)
        Any numbers.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> row_sums(np.array([[1.0, 2.0], [0.5, -0.5]])).tolist()
    [3.0, 0.0]
    """
    return margin_of(values, 0.0)
