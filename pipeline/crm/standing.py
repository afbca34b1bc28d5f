"""How records stand in the CRM beside what they are to hold: to be written, as wanted already, or to be left alone."""

import operator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.crm.adapter import Record
from pipeline.crm.fields import DIGITS, Field, Value
from pipeline.crm.values import payload

Mask = npt.NDArray[np.bool_]


GONE = Record("", "")


class Standings(NamedTuple):
    """How records stand, column by column: pending, already as wanted, or why they are left alone."""

    state: list[str]
    parent: Sequence[str]
    crm_id: Sequence[str]
    version: Sequence[str]
    seen: list[str | None]


def standings(
    records: Sequence[Record | None],
    wanted: Sequence[Sequence[Value]],
    fields: Sequence[Field],
    is_older: Sequence[bool] | None = None,
) -> Standings:
    """Say how records stand beside their wanted values; who opted out may have all that is ours taken back.

    Parameters
    ----------
    records : sequence of n Record or None
    wanted : sequence of sequence of n Value
        One column per field.
    is_older : sequence of n bool, optional
        Whether what is wanted is older than what stands there.
    """
    held = [GONE if record is None else record for record in records]
    _, crm_id, version, values, _, parent = zip(*held, strict=True)
    equal, older = all_same(values, wanted, fields).tolist(), is_older or [False] * len(held)
    state = ["older" if late else "already" if same else "pending" for late, same in zip(older, equal, strict=True)]
    for k in [k for k, record in enumerate(held) if record is GONE or record.barrier]:
        if held[k] is GONE:
            state[k] = "missing"
        elif held[k].keeps_off([column[k] for column in wanted]):
            state[k] = held[k].barrier
    unversioned = zip(values, version, strict=True)
    seen = [None if read is None or known else payload(read, 0, None) for read, known in unversioned]
    return Standings(state, parent, crm_id, version, seen)


def same(found: Sequence[Value] | None, wanted: Sequence[Value], fields: Sequence[Field]) -> bool:
    """Whether a record holds what it is to hold; stamps alone are no reason to write.

    Examples
    --------
    >>> rate, run = Field("propensity", "score", "rate"), Field("run_id", "run", "text")
    >>> same((0.30001, "r1"), (0.3, "r2"), [rate, run]), same((0.31, "r2"), (0.3, "r2"), [rate, run])
    (True, False)
    """
    if found is None:
        return False
    return all(one.is_stamp or _equal(one, then, now) for one, then, now in zip(fields, found, wanted, strict=True))


def all_same(
    found: Sequence[Sequence[Value] | None], columns: Sequence[Sequence[Value]], fields: Sequence[Field]
) -> Mask:
    """The same of n records at once.

    Parameters
    ----------
    found : sequence of n sequence of Value, or None
    columns : sequence of sequence of n Value
        What they are to hold, one column per field.

    Returns
    -------
    ndarray of n bool
    """
    mask = np.array([values is not None for values in found], dtype=bool)
    left = np.flatnonzero(mask)
    for place, one in enumerate(fields):
        if one.is_stamp or not len(left):
            continue
        then = [found[k][place] for k in left.tolist()]  # type: ignore[index]
        now = [columns[place][k] for k in left.tolist()]
        if one.is_number and {*map(type, then), *map(type, now)} <= {float, int}:
            equal = np.abs(np.array(then) - np.array(now)) < _slack(one)
        else:
            equal = np.fromiter(map(operator.eq, then, now), bool, len(left))
            for i in np.flatnonzero(~equal):
                equal[i] = _equal(one, then[i], now[i])
        mask[left[~equal]] = False
        left = left[equal]
    return mask


def _equal(one: Field, then: Value, now: Value) -> bool:
    if one.is_number and isinstance(then, float | int) and isinstance(now, float | int):
        return abs(then - now) < _slack(one)
    if isinstance(then, str) or isinstance(now, str):
        # Many systems store an empty text for none, and write line ends their own way.
        return str(then or "").replace("\r\n", "\n") == str(now or "").replace("\r\n", "\n")
    return then == now


def _slack(one: Field) -> float:
    return float(0.5 * 10.0 ** -DIGITS[one.kind])


def is_newer(record: Record, stamps: Sequence[tuple[int, int]]) -> bool:
    """Whether the CRM itself says that its values come from a newer score: the ledger may be new.

    Parameters
    ----------
    stamps : sequence of (int, int)
        Places of the fields that say when a record was scored, with what ours say.
    """
    for place, ours in stamps if record.values is not None else ():
        value = record.values[place]  # type: ignore[index]
        if isinstance(value, int | float) and value != ours:
            return value > ours
    return False
