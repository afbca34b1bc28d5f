"""What every step over tables shares: the type of a table, the length of a day, grouping that works on every engine."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw

Frame: TypeAlias = nw.LazyFrame[Any]
Aggregates = Mapping[str, tuple[nw.Expr, str]]
DAY_S = 86_400


def aggregate(frame: Frame, keys: Sequence[str], columns: Aggregates) -> Frame:
    """Group and reduce staged expressions, because pandas has no expression inside an aggregate.

    Parameters
    ----------
    frame : LazyFrame
        Rows; keys must not be null (pandas drops null keys, SQL keeps them).
    keys : sequence of str
        Columns to group by.
    columns : mapping of str to (Expr, str)
        New column: what to take from each row, and ``count``, ``sum``, ``min`` or ``max``.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"k": ["a", "a"], "x": [1, 5]})).lazy()
    >>> big = nw.when(nw.col("x") > 2).then(nw.col("x"))
    >>> aggregate(frame, ["k"], {"n_big": (big, "count")}).collect().to_native()
       k  n_big
    0  a      1
    """
    staged = frame.select(*keys, **{name: expr for name, (expr, _) in columns.items()})
    return staged.group_by(*keys).agg(*[getattr(nw.col(name), how)() for name, (_, how) in columns.items()])


def distinct(frame: Frame, *columns: str) -> Frame:
    """Keep the different rows of some columns, for a fraction of ``unique``, which numbers all rows on SQL engines.

    Examples
    --------
    >>> import pandas as pd
    >>> distinct(nw.from_native(pd.DataFrame({"k": ["a", "a"], "x": [1, 5]})).lazy(), "k").collect().to_native()
       k
    0  a
    """
    return frame.select(*columns).group_by(*columns).agg(nw.len().alias("@n")).select(*columns)


def plain_text(text: nw.Expr) -> nw.Expr:
    """Return a text in lower case without spaces around it; null is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = nw.from_native(pd.DataFrame({"t": [" A@Acme.fr", None]}))
    >>> frame.select(t=plain_text(nw.col("t")))["t"].to_list()
    ['a@acme.fr', '']
    """
    return text.fill_null("").str.to_lowercase().str.strip_chars()


def in_days(seconds: nw.Expr) -> nw.Expr:
    """Turn whole seconds into days, the same to the last bit on every engine.

    Polars divides a column by a constant through its reciprocal where it has more than one row, so a plain
    division would give a lead alone another last bit than the same lead in a batch, and 7 days could become 6.999.

    Examples
    --------
    >>> import pandas as pd
    >>> nw.from_native(pd.DataFrame({"s": [604_800, 43_200]})).select(in_days(nw.col("s")).alias("d"))["d"].to_list()
    [7.0, 0.5]
    """
    whole = seconds // DAY_S
    rest = (seconds - whole * DAY_S).cast(nw.Float64) * nw.lit(1.0 / DAY_S, nw.Float64)
    return whole.cast(nw.Float64) + rest
