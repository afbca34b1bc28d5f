"""What became of the leads that shared a fact: the proof beside a reason, measured on the leads that were learnt from.

Values of a number are put into groups of similar ones; a level of a category is a group, and so is null. As everywhere
in Tamis, a share won is that of rows, as a list of open leads would show them night after night; the number beside it
is that of the leads behind these rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from models.metrics import wilson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEWEST_LEADS = 30
_MOST_PAIRS = 20_000_000
_BODY = np.arange(1, 8) / 8
_TAIL = np.array([0.25, 0.5, 0.75])


class Conversion(NamedTuple):
    """How many leads shared a fact and the share of them that were won, 0 to 1."""

    n_leads: int
    rate: float


@dataclass(frozen=True)
class Groups:
    """The groups of one column.

    Attributes
    ----------
    edges : tuple of float, optional
        Upper ends of the groups of a number, increasing; one group more lies above the last. None for a category,
        whose groups are its levels.
    n_leads : tuple of int
        Leads of each group; the last group is null.
    rate : tuple of float
        Share won, 0 to 1; 0 without leads.
    n_effective : tuple of float
        Kish's effective number of leads, fewer than leads where some stand for many rows.
    """

    edges: tuple[float, ...] | None
    n_leads: tuple[int, ...]
    rate: tuple[float, ...]
    n_effective: tuple[float, ...]

    def place(self, values: Floats) -> Ints:
        """Group of each value.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Numbers or positions of levels, NaN for null.

        Returns
        -------
        ndarray of shape (n,), int64
        """
        null = len(self.n_leads) - 1
        known = ~np.isnan(values)
        numbers = np.where(known, values, 0.0)
        place = numbers if self.edges is None else np.searchsorted(self.edges, numbers, side="left")
        return np.where(known, place, null).astype(np.int64)


@dataclass(frozen=True)
class SharedFacts:
    """Measured conversion of the leads that share a fact, for every column of a model.

    Attributes
    ----------
    groups : tuple of Groups
        In the order of the columns.
    everybody : Conversion
        Of all leads.

    Examples
    --------
    >>> matrix = np.repeat([[0.0], [3.0]], 40, axis=0)
    >>> won = np.repeat([0.0, 1.0], 40)
    >>> shared = SharedFacts.measure(matrix, [None], np.arange(80), won, np.ones(80))
    >>> shared.conversion(0, 3.0), shared.conversion(0, float("nan"))
    (Conversion(n_leads=40, rate=1.0), None)
    """

    groups: tuple[Groups, ...]
    everybody: Conversion

    @classmethod
    def measure(
        cls,
        matrix: Floats,
        levels: Sequence[Sequence[str] | None],
        lead: npt.ArrayLike,
        y: Floats,
        w: Floats,
    ) -> Self:
        """Measure on the rows that a model learns from.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As the trees read it: numbers, positions of levels, NaN for null.
        levels : sequence of length m
            Levels of each category, None for a number.
        lead : array-like of shape (n,)
            Lead of each row.
        y, w : ndarray of shape (n,)
            Labels 0 or 1, weights.

        Returns
        -------
        SharedFacts
        """
        who = np.unique(np.asarray(lead), return_inverse=True)[1].reshape(-1).astype(np.int64)
        (n,), (rate,), _ = _by_group(np.zeros(len(y), dtype=np.int64), 1, who, y, w)
        groups = []
        for column, of_column in zip(matrix.T, levels, strict=True):
            edges = None if of_column is not None else _edges(column[~np.isnan(column)])
            size = (len(of_column) if of_column is not None else len(edges or ()) + 1) + 1
            empty = Groups(edges, (0,) * size, (), ())
            groups.append(Groups(edges, *_by_group(empty.place(column), size, who, y, w)))
        return cls(tuple(groups), Conversion(n, rate))

    def conversion(self, column: int, value: float) -> Conversion | None:
        """Conversion of the leads that share a value.

        Parameters
        ----------
        column : int
            Position of the feature.
        value : float
            As the trees read it.

        Returns
        -------
        Conversion, optional
            None where fewer than 30 leads shared it.
        """
        groups = self.groups[column]
        k = int(groups.place(np.array([value]))[0])
        n = groups.n_leads[k]
        return Conversion(n, groups.rate[k]) if n >= FEWEST_LEADS else None

    def side(self, column: int, values: Floats) -> npt.NDArray[np.int8]:
        """Say on which side of the average the leads that share each value ended.

        Parameters
        ----------
        column : int
            Position of the feature.
        values : ndarray of shape (n,)
            As the trees read them.

        Returns
        -------
        ndarray of shape (n,), int8
            1 and -1 where the 95% interval of their conversion lies above and below that of all leads; 0 where it
            does not tell, or fewer than 30 leads shared the value.
        """
        return self._sides[column][self.groups[column].place(values)]

    @cached_property
    def _sides(self) -> tuple[npt.NDArray[np.int8], ...]:
        return tuple(
            np.array([self._side(*of) for of in zip(g.n_leads, g.rate, g.n_effective, strict=True)], dtype=np.int8)
            for g in self.groups
        )

    def _side(self, n: int, rate: float, n_effective: float) -> int:
        if n < FEWEST_LEADS:
            return 0
        low, high = wilson(rate * n_effective, n_effective)
        return int(low > self.everybody.rate) - int(high < self.everybody.rate)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "everybody": list(self.everybody),
            "groups": [asdict(group) for group in self.groups],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote, straight or through JSON."""
        groups = tuple(
            Groups(
                edges=None if group["edges"] is None else tuple(group["edges"]),
                n_leads=tuple(group["n_leads"]),
                rate=tuple(group["rate"]),
                n_effective=tuple(group["n_effective"]),
            )
            for group in data["groups"]
        )
        return cls(groups, Conversion(*data["everybody"]))


def _edges(known: Floats) -> tuple[float, ...]:
    """Cut a number where its values are many, and once more above where most of them are: counts pile up at zero."""
    if not len(known):
        return ()
    edges = np.quantile(known, _BODY, method="inverted_cdf")
    if known.min() == 0.0:
        edges = np.append(edges, 0.0)
    tail = known[known > edges.max()]
    if len(tail):
        edges = np.append(edges, np.quantile(tail, _TAIL, method="inverted_cdf"))
    return tuple(float(edge) for edge in np.unique(edges))


def _by_group(
    place: Ints, size: int, who: Ints, y: Floats, w: Floats
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Leads, share won and effective number of leads of each group."""
    n_leads = int(who.max()) + 1
    key = place * n_leads + who
    # Counting into all pairs of group and lead is many times faster than sorting, as long as they fit.
    all_fit = size * n_leads <= _MOST_PAIRS
    pairs, which = (np.arange(size * n_leads), key) if all_fit else np.unique(key, return_inverse=True)
    of_lead = np.bincount(which, weights=w, minlength=len(pairs))
    group = pairs[of_lead > 0] // n_leads
    of_lead = of_lead[of_lead > 0]
    mass, won = (np.bincount(place, weights=of, minlength=size) for of in (w, w * y))
    counts = np.bincount(group, minlength=size)
    squares = np.bincount(group, weights=of_lead**2, minlength=size)
    there = np.maximum(mass, np.finfo(float).tiny)
    effective = mass**2 / np.maximum(squares, np.finfo(float).tiny)
    return tuple(counts.tolist()), tuple((won / there).tolist()), tuple(effective.tolist())
