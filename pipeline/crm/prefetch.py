"""Make the next item while the one before is worked on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetched(items: Iterator[T]) -> Iterator[T]:
    """Give items as they are, each made by a thread of its own while the consumer has the one before.

    An error comes where its item would have come; None ends the items.

    Examples
    --------
    >>> list(prefetched(iter([1, 2, 3])))
    [1, 2, 3]
    >>> list(prefetched(1 // n for n in (1, 0)))
    Traceback (most recent call last):
    ZeroDivisionError: integer division or modulo by zero
    """
    with ThreadPoolExecutor(1) as maker:
        following = maker.submit(next, items, None)
        while (item := following.result()) is not None:
            following = maker.submit(next, items, None)
            yield item
