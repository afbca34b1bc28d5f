"""How much a row of the past still counts: less and less, where the unseen leads bear that out."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Share of the time covered after which a row counts half.
HALF_LIFE = 0.25


def recency(cutoff: npt.ArrayLike) -> Floats | None:
    """Weight of each row by its age.

    Parameters
    ----------
    cutoff : array-like of shape (n,)
        UTC seconds.

    Returns
    -------
    ndarray of shape (n,), optional
        1 for the newest, half as much for each quarter of the time covered before it; None where all are of one time.

    References
    ----------
    Exponential forgetting: Gama et al., A survey on concept drift adaptation, ACM Computing Surveys 2014, section 3.2.

    Examples
    --------
    >>> recency([0, 300, 400]).tolist()
    [0.0625, 0.5, 1.0]
    >>> recency([7, 7]) is None
    True
    """
    at = np.asarray(cutoff, dtype=np.float64)
    span = np.ptp(at) if len(at) else 0.0
    if span == 0:
        return None
    return np.asarray(0.5 ** ((at.max() - at) / (HALF_LIFE * span)))
