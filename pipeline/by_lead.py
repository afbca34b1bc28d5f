"""Find leads among many others: blocks of a run follow the order of leads, so that only a few are looked through."""

from bisect import bisect_left, bisect_right
from operator import methodcaller

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


def places(known: "pd.Index[str]", leads: "pd.Series[str]") -> Ints:
    """Place of each lead among others.

    Parameters
    ----------
    known : pandas.Index of str
        In order, each once.
    leads : pandas.Series of n str
        In any order; the nearer they are to one another, the faster.

    Returns
    -------
    ndarray of shape (n,)
        -1 for a lead that is none of them.

    Examples
    --------
    >>> places(pd.Index(["a", "c", "d"], dtype="str"), pd.Series(["c", "b", "d"])).tolist()
    [1, -1, 2]
    """
    if known.empty or leads.empty:
        return np.full(len(leads), -1, dtype=np.int64)
    texts, wanted = pa.array(known, pa.large_string()), pa.array(leads, pa.large_string())
    ends, text = pc.min_max(wanted), methodcaller("as_py")
    start = bisect_left(texts, ends["min"].as_py(), key=text)
    stop = bisect_right(texts, ends["max"].as_py(), start, key=text)
    found = pc.index_in(wanted, value_set=texts.slice(start, stop - start))
    return np.asarray(pc.add(found.cast(pa.int64()), start).fill_null(-1))
