"""Who was champion before whom: the record of promotions, and what a rollback returns to."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from features.errors import DataError


@dataclass(frozen=True)
class Promotion:
    """One move of the alias ``champion``.

    Attributes
    ----------
    number, previous : int, int or None
        The version that became champion and the one that was; none for the first.
    at : int
        UTC seconds.
    by, why : str
        Who moved it and for what reason.
    is_rollback : bool
        Whether it undid an earlier move.
    """

    number: int
    previous: int | None
    at: int
    by: str
    why: str
    is_rollback: bool = False

    def dump(self) -> str:
        """As JSON, for a tag."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def load(cls, text: str) -> "Promotion":
        """From the JSON of `dump`.

        Raises
        ------
        DataError
            It is no such thing.

        Examples
        --------
        >>> Promotion.load("{}")
        Traceback (most recent call last):
        ...
        features.errors.DataError: The registry's record of promotions: expected what Tamis wrote, found a tag
        'promotion.*' of another kind. Somebody touched the store: restore it from a backup, or delete that tag.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise DataError(
                "The registry's record of promotions: expected what Tamis wrote, found a tag 'promotion.*' of another "
                "kind. Somebody touched the store: restore it from a backup, or delete that tag."
            ) from error


def former(history: Iterable[Promotion], champion: int | None, existing: Collection[int]) -> int | None:
    """Version that a rollback returns to, as "undo" does; none where nothing is left to undo.

    Parameters
    ----------
    history : iterable of Promotion
        Oldest first.
    champion : int or None
        Version that is champion now; not the last on record where somebody moved the alias by hand.
    existing : collection of int
        Versions that can still be loaded: deleted ones are passed over.

    Examples
    --------
    Two promotions, one rollback: only the first version is left, and it is champion already.

    >>> moves = [Promotion(1, None, 0, "ana", "first"), Promotion(2, 1, 1, "ana", "better")]
    >>> former(moves, 2, {1, 2})
    1
    >>> former([*moves, Promotion(1, 2, 2, "luc", "complaints", is_rollback=True)], 1, {1, 2}) is None
    True
    """
    stack: list[int] = []
    for move in history:
        if move.is_rollback:
            while stack and stack[-1] != move.number:
                stack.pop()
        elif move.previous is not None and stack[-1:] != [move.previous]:
            stack.append(move.previous)
        if stack[-1:] != [move.number]:
            stack.append(move.number)
    while stack and (stack[-1] == champion or stack[-1] not in existing):
        stack.pop()
    return stack[-1] if stack else None
