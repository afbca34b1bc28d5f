"""Exact explanations of every lead, from tables that are compiled once per model.

A row enters a tree's explanation only through which splits it meets. A few leaves together can tell only few kinds of
rows apart; the contributions of all these kinds are computed once, as a table, and explaining a row is finding
its line in each table and adding up. The results are those of LightGBM's ``pred_contrib``, which walks every path
of every tree for every row, to the last digits; ``python -m benchmarks.explanations`` prints both side by side.

===================== =============================================================
`booster_text`         the trees, read from the text that LightGBM writes
`pattern_bins`         which values of a feature no split can tell apart
`pattern_groups`       which leaves share a table
`pattern_layout`       all of that as flat arrays
`pattern_kernel`       the loops, in machine code; the formula and its sources
`pattern_paths`        the same for a few rows, without tables
===================== =============================================================
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from features.errors import DataError, UseError
from models.booster_text import read_booster
from models.pattern_bins import Bins
from models.pattern_file import dump_arrays, load_arrays
from models.pattern_groups import LONGEST_TABLE, MOST_LINES, group_forest
from models.pattern_layout import Columns, Leaves, Lines, lay_columns, lay_leaves, lay_lines
from models.pattern_paths import Paths
from models.sums import margin_of

if TYPE_CHECKING:
    from lightgbm import Booster

Floats = npt.NDArray[np.float64]
_FORMAT = "tamis pattern tables 1"


@dataclass(frozen=True, eq=False)
class PatternTables:
    """Tables of contributions of one model: boosters whose margins are averaged.

    Attributes
    ----------
    n_features : int
        Columns of the matrix.
    base : float
        Margin of the average lead, log-odds.
    bins : Bins
        Which values are alike.
    lines : Lines
        How a row finds its line in each table.
    leaves : Leaves
        From which the tables are filled, for features or for families.
    booster_texts : tuple of str
        The boosters.
    fallback_trees : tuple of (int, int)
        Booster and tree of all that no table holds: these are explained by ``pred_contrib``, as exactly but a
        hundred times more slowly. Empty where no path asks for more than 12 features.
    few_rows : bool
        Whether rows are explained one by one, without tables; see `models.pattern_paths`.
    """

    n_features: int
    base: float
    bins: Bins
    lines: Lines
    leaves: Leaves
    booster_texts: tuple[str, ...]
    fallback_trees: tuple[tuple[int, int], ...]
    few_rows: bool = False

    @classmethod
    def from_boosters(
        cls,
        booster_texts: Sequence[str],
        *,
        longest_table: int = LONGEST_TABLE,
        budget_bytes: int = 1 << 30,
    ) -> Self:
        """Compile the tables of a model, in about a millisecond a tree.

        Parameters
        ----------
        booster_texts : sequence of str
            As LightGBM writes them; their margins are averaged.
        longest_table : int
            Most lines of a table of several leaves; changes speed and memory, and no result but by rounding.
        budget_bytes : int
            Trees whose tables would exceed this memory together are left to ``pred_contrib``.

        Returns
        -------
        PatternTables

        Raises
        ------
        UseError
            There is no booster, or ``longest_table`` is beyond 65,536 lines, which are numbered in 16 bits.
        DataError
            A text is no booster, or the boosters do not read the same columns.

        Examples
        --------
        >>> import lightgbm as lgb
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(300, 3))
        >>> data = lgb.Dataset(X, X[:, 0] + X[:, 1] * X[:, 2] > 0)
        >>> params = {"objective": "binary", "num_leaves": 8, "verbosity": -1, "num_threads": 1}
        >>> booster = lgb.train(params, data, num_boost_round=5)
        >>> tables = PatternTables.from_boosters([booster.model_to_string()])
        >>> contributions, base = tables.contributions(X)
        >>> oracle = booster.predict(X, pred_contrib=True)
        >>> bool(np.allclose(contributions, oracle[:, :-1], rtol=0, atol=1e-12))
        True
        >>> tables.fallback_trees
        ()
        """
        texts = tuple(booster_texts)
        if not texts:
            raise UseError("pattern tables: expected at least one booster, found none.")
        if not 2 <= longest_table <= MOST_LINES:
            raise UseError(f"longest_table: expected 2 to {MOST_LINES}, found {longest_table}.")
        read = [read_booster(text) for text in texts]
        widths = {n_features for n_features, _ in read}
        if len(widths) > 1:
            raise DataError(f"boosters: expected one number of columns, found {sorted(widths)}; fetch the model again.")
        (n_features,) = widths
        names = [(b, t) for b, (_, of_booster) in enumerate(read) for t in range(len(of_booster))]
        trees = [tree for _, of_booster in read for tree in of_booster]
        bins = Bins.of([split for tree in trees for split in tree.splits], n_features)
        groups, left_out = group_forest(trees, bins, longest_table, budget_bytes)
        return cls(
            n_features=n_features,
            base=sum(tree.expected_value for tree in trees) / len(texts),
            bins=bins,
            lines=lay_lines(groups),
            leaves=lay_leaves(groups, len(texts)),
            booster_texts=texts,
            fallback_trees=tuple(names[k] for k in left_out),
        )

    def contributions(self, matrix: Floats, num_threads: int = 1) -> tuple[Floats, float]:
        """Path-dependent SHAP values of the averaged margin.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As `models.folds.encode` makes it: numbers, level numbers, NaN for null.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        contributions : ndarray of shape (n, m)
            Log-odds.
        base : float
            Margin of the average lead; ``base + contributions.sum(axis=1)`` is the margin.

        Raises
        ------
        UseError
            The matrix has another number of columns.
        """
        rows = self._checked(matrix)
        if self.few_rows:
            out = self._paths.contributions(rows)
        else:
            out = self._explained(rows, tuple(range(self.n_features)), num_threads)
        if len(rows):
            for b, first, count in _runs(self.fallback_trees):
                part = self._boosters[b].predict(
                    rows, pred_contrib=True, start_iteration=first, num_iteration=count, num_threads=num_threads
                )
                out += np.asarray(part)[:, :-1] / len(self.booster_texts)
        return out, self.base

    def margin(self, matrix: Floats, num_threads: int = 1) -> Floats:
        """Averaged margin, as the sum of its contributions.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As for `contributions`.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        ndarray of shape (n,)
            Log-odds; that of the boosters but for rounding.
        """
        contributions, base = self.contributions(matrix, num_threads)
        return margin_of(contributions, base)

    def family_contributions(self, matrix: Floats, families: Sequence[str], num_threads: int = 1) -> dict[str, Floats]:
        """Shapley values of the game that families of features play as one player each.

        A family then takes part as a whole or not at all. Its value equals the sum of its members' SHAP values
        when no split of another family stands on a path with its own, and differs by a part of their
        interaction otherwise: a feature shares each interaction equally with every other *feature* in it, a
        family with every other *family*. The sum over all families is the same.

        Parameters
        ----------
        matrix : ndarray of shape (n, m)
            As for `contributions`.
        families : sequence of str
            Family of each column.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        dict of str to ndarray of shape (n,)
            Log-odds by family, in the order of first appearance; ``base`` plus their sum is the margin.

        Raises
        ------
        UseError
            A family is missing for a column, or some trees are not in the tables.

        References
        ----------
        Jullum, Redelmeier and Aas, groupShapley: efficient prediction explanation with Shapley values for feature
        groups, 2021.
        """
        if len(families) != self.n_features:
            raise UseError(f"families: expected one for each of {self.n_features} columns, found {len(families)}.")
        if self.fallback_trees:
            raise UseError(
                f"families: {len(self.fallback_trees)} trees are too deep for tables, and only tables can be read by "
                "families; sum the members' contributions instead, or train with max_depth of at most 12."
            )
        names = list(dict.fromkeys(families))
        out = self._explained(self._checked(matrix), tuple(names.index(family) for family in families), num_threads)
        return {name: np.ascontiguousarray(out[:, k]) for k, name in enumerate(names)}

    @property
    def nbytes(self) -> int:
        """Memory of the tables of features and of all that they are found and filled with."""
        columns = lay_columns(self.leaves, range(self.n_features))
        arrays = chain(self.bins, self.lines, self.leaves, columns[:-1])
        return int(np.dtype(np.float64).itemsize * columns.n_entries + sum(array.nbytes for array in arrays))

    @property
    def hash(self) -> str:
        """SHA-256 of `dump`, hexadecimal."""
        return sha256(self.dump()).hexdigest()

    def dump(self) -> bytes:
        """Write what was compiled: arrays, without the boosters' texts and the tables' entries.

        The entries, the bulk of the memory, are filled in again in less time than they would take to read.

        Returns
        -------
        bytes
            In the layout of `models.pattern_file`.
        """
        sections: dict[str, Bins | Lines | Leaves] = {"bins": self.bins, "lines": self.lines, "leaves": self.leaves}
        arrays = {f"{key}.{name}": a for key, section in sections.items() for name, a in section._asdict().items()}
        arrays["base"] = np.array([self.base])
        arrays["fallback_trees"] = np.array(self.fallback_trees, dtype=np.int64).reshape(-1, 2)
        return dump_arrays(arrays, {"format": _FORMAT, "boosters": _digest(self.booster_texts)})

    @classmethod
    def load(cls, data: bytes, booster_texts: Sequence[str]) -> Self:
        """Read back what `dump` wrote.

        Parameters
        ----------
        data : bytes
            Trust them as you trust the booster's text: compare their `hash` with the one kept with the model.
        booster_texts : sequence of str
            Those that the tables were compiled from.

        Returns
        -------
        PatternTables
            Its results are those of the dumped one, bit for bit.

        Raises
        ------
        DataError
            The bytes are cut, of another format, or the tables of other boosters.
        """
        arrays, metadata = load_arrays(data)
        if metadata.get("format") != _FORMAT:
            raise DataError(
                f"pattern tables: expected format {_FORMAT!r}, found {metadata.get('format')!r}; compile them again."
            )
        if metadata.get("boosters") != _digest(booster_texts):
            raise DataError("pattern tables: they were compiled from other boosters; compile them again.")
        try:
            bins = Bins(*(arrays[f"bins.{name}"] for name in Bins._fields))
            lines = Lines(*(arrays[f"lines.{name}"] for name in Lines._fields))
            leaves = Leaves(*(arrays[f"leaves.{name}"] for name in Leaves._fields))
            fallback = tuple((int(b), int(t)) for b, t in arrays["fallback_trees"])
            base = float(arrays["base"][0])
        except KeyError as error:
            raise DataError(f"pattern tables: {error} is missing; compile them again.") from error
        return cls(len(bins.kind), base, bins, lines, leaves, tuple(booster_texts), fallback)

    @cached_property
    def _boosters(self) -> "dict[int, Booster]":
        from lightgbm import Booster  # noqa: PLC0415  it takes a second, and only what no table holds needs it

        return {b: Booster(model_str=self.booster_texts[b]) for b, _ in self.fallback_trees}

    @cached_property
    def _paths(self) -> Paths:
        return Paths.of(self.bins, self.lines, self.leaves)

    @cached_property
    def _memory(self) -> dict[tuple[int, ...], tuple[Columns, Floats]]:
        """Filled tables, by the player of each feature."""
        return {}

    def _filled(self, player: tuple[int, ...]) -> tuple[Columns, Floats]:
        if player not in self._memory:
            from models.pattern_kernel import fill_tables  # noqa: PLC0415  numba is slow to import

            columns = lay_columns(self.leaves, player)
            table = np.zeros(columns.n_entries)
            fill_tables(self.leaves, columns.slot, columns.column_start, columns.offset, table)
            self._memory[player] = (columns, table)
        return self._memory[player]

    def _checked(self, matrix: Floats) -> Floats:
        rows = np.asarray(matrix, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise UseError(f"matrix: expected {self.n_features} columns, found shape {rows.shape}.")
        return rows

    def _explained(self, rows: Floats, player: tuple[int, ...], num_threads: int) -> Floats:
        from models.pattern_kernel import FEWEST, explain_rows  # noqa: PLC0415  numba is slow to import

        columns, table = self._filled(player)
        read = (columns.read_start, columns.read_group, columns.read_offset)
        # Numba would translate everything once more for an array that cannot be written to.
        by_column = np.require(rows.T, np.float64, ["C_CONTIGUOUS", "ALIGNED", "WRITEABLE"])
        out = np.zeros((max(player) + 1, len(rows)))

        def explain(span: tuple[int, int]) -> None:
            explain_rows(by_column, span, self.bins, self.lines, read, table, out)

        n_spans = max(1, min(num_threads, len(rows) // FEWEST))
        ends = [len(rows) * k // n_spans for k in range(n_spans + 1)]
        if n_spans == 1:
            explain((0, len(rows)))
        else:
            with ThreadPoolExecutor(n_spans) as pool:
                list(pool.map(explain, pairwise(ends)))
        return out.T


def _runs(trees: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Join neighbouring trees: booster, first tree, number of trees."""
    runs: list[tuple[int, int, int]] = []
    for b, t in trees:
        if runs and runs[-1][0] == b and sum(runs[-1][1:]) == t:
            runs[-1] = (b, runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((b, t, 1))
    return runs


def _digest(texts: Sequence[str]) -> str:
    return sha256("\0".join(texts).encode()).hexdigest()
