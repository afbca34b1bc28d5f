"""Groups: leaves of a tree that share one table of contributions.

A table has one line for every combination of what its leaves can tell apart. The more leaves a group holds, the fewer
tables a row must read, and the longer each becomes: the product of the classes of its features. Going up the
tree, the leaves of a subtree become one group where that is estimated to be cheaper than leaving them apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt

from models.booster_text import Tree
from models.pattern_bins import Bins

Ints = npt.NDArray[np.int64]
# A path over more features than this has too many combinations to be worth a table.
LONGEST_PATH = 12
LONGEST_TABLE = 1024
# Bins and lines are numbered in 16 bits.
MOST_BINS = 65_535
MOST_LINES = 65_536
# A table of so many lines costs as much to fetch from memory as to look up, for each row of a block.
_DEAR = 500.0
_ROWS_AT_ONCE = 32  # beside the number of a column so far, in 64 bits
_KEPT = 16_384  # the same few labellings come again in every tree
Labels = tuple[int, ...]


@dataclass(frozen=True)
class Leaf:
    """What a leaf needs to know of a row.

    Attributes
    ----------
    value : float
        Log-odds.
    share : mapping of int to float
        By feature on the path: the product of the cover shares of its splits.
    meets : mapping of int to tuple of int
        By feature on the path: whether a row of each class meets all of its splits, 0 or 1.
    """

    value: float
    share: Mapping[int, float]
    meets: Mapping[int, Labels]


@dataclass(frozen=True)
class Group:
    """Leaves that share a table.

    Attributes
    ----------
    classes : mapping of int to ndarray
        By feature: the class of each of its bins. Bins of one class are alike to every leaf of the group.
    n_classes : mapping of int to int
        By feature.
    leaves : tuple of Leaf
    """

    classes: Mapping[int, Ints]
    n_classes: Mapping[int, int]
    leaves: tuple[Leaf, ...]

    @property
    def n_bytes(self) -> int:
        """Memory of the table of its features."""
        return 8 * len(self.n_classes) * prod(self.n_classes.values())


@dataclass(frozen=True)
class _Path:
    """Conditions from the root to a node: as bits over the classes of the tree, and as shares of cover."""

    bits: Mapping[int, int]
    share: Mapping[int, float]


@dataclass(frozen=True)
class _Plan:
    """The best way found to group the leaves under a node.

    Labels say which of the tree's classes the leaves under the node tell apart; None once they are too many.
    """

    cost: float
    groups: tuple[tuple[tuple[int, ...], Mapping[int, Labels]], ...]
    leaves: tuple[int, ...]
    labels: Mapping[int, Labels] | None


def group_forest(
    trees: Sequence[Tree], bins: Bins, longest_table: int, budget_bytes: int
) -> tuple[list[Group], tuple[int, ...]]:
    """Group the leaves of many trees.

    Parameters
    ----------
    trees : sequence of Tree
    bins : Bins
        Of all these trees.
    longest_table : int
        Most lines of a table of several leaves.
    budget_bytes : int
        Memory of all tables together.

    Returns
    -------
    groups : list of Group
        In the order of the trees.
    left_out : tuple of int
        Trees that cannot be tabulated, or not within the budget.
    """
    groups: list[Group] = []
    left_out = []
    for k, tree in enumerate(trees):
        of_tree = group_leaves(tree, bins, longest_table)
        size = 0 if of_tree is None else sum(group.n_bytes for group in of_tree)
        if of_tree is None or size > budget_bytes:
            left_out.append(k)
        else:
            groups += of_tree
            budget_bytes -= size
    return groups, tuple(left_out)


def group_leaves(tree: Tree, bins: Bins, longest_table: int = LONGEST_TABLE) -> list[Group] | None:
    """Group the leaves of a tree.

    Parameters
    ----------
    tree : Tree
    bins : Bins
        Of the whole model.
    longest_table : int
        Most lines of a table of several leaves.

    Returns
    -------
    list of Group, optional
        Every leaf is in exactly one, and a tree of one leaf has none. None when the tree cannot be tabulated: a
        path over more than ``LONGEST_PATH`` features, more than ``MOST_BINS`` bins, or a node that no row reached.
    """
    if not tree.splits:
        return []
    if (
        max(bins.n_bins[split.feature] for split in tree.splits) > MOST_BINS
        or min(*tree.leaf_cover, *tree.split_cover) <= 0
    ):
        return None
    code, left = _tree_classes(tree, bins)
    n_local = {f: int(of_bin.max()) + 1 for f, of_bin in code.items()}
    paths = _paths(tree, left, n_local)
    if max(len(path.share) for path in paths) > LONGEST_PATH:
        return None
    plans: dict[int, _Plan] = {}
    for k, path in enumerate(paths):
        labels = {f: _sides(bits, n_local[f]) for f, bits in path.bits.items()}
        plans[~k] = _Plan(_cost(labels), (((k,), labels),), (k,), labels)
    for node in reversed(range(len(tree.splits))):
        plans[node] = _joined(plans.pop(tree.left[node]), plans.pop(tree.right[node]), longest_table)
    return [_group(tree, paths, code, members, labels) for members, labels in plans[0].groups]


def _tree_classes(tree: Tree, bins: Bins) -> tuple[dict[int, Ints], list[int]]:
    """Classes of bins that this tree tells apart, and for each split the bits of the classes it sends left."""
    by_feature: dict[int, list[int]] = {}
    for k, split in enumerate(tree.splits):
        by_feature.setdefault(split.feature, []).append(k)
    code, left = {}, [0] * len(tree.splits)
    for feature, members in by_feature.items():
        sides = np.array([bins.goes_left(tree.splits[k]) for k in members])
        code[feature], kinds = _distinct_columns(sides)
        for k, side in zip(members, kinds, strict=True):
            left[k] = sum(1 << int(c) for c in np.flatnonzero(side))
    return code, left


def _distinct_columns(sides: npt.NDArray[np.bool_]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Number the distinct columns in lexicographic order; ``np.unique`` along an axis takes thirty times as long."""
    number = np.zeros(sides.shape[1], dtype=np.uint64)
    first = np.empty(0, dtype=np.intp)
    for start in range(0, len(sides), _ROWS_AT_ONCE):
        for row in sides[start : start + _ROWS_AT_ONCE]:
            number = number << np.uint64(1) | row
        _, first, of_column = np.unique(number, return_index=True, return_inverse=True)
        number = of_column.astype(np.uint64)
    return number.astype(np.int64), sides[:, first]


def _paths(tree: Tree, left: Sequence[int], n_local: Mapping[int, int]) -> list[_Path]:
    """Conditions of every leaf, multiplied feature by feature on the way down."""
    at: dict[int, _Path] = {0: _Path({}, {})}
    for node, split in enumerate(tree.splits):
        path, f = at.pop(node), split.feature
        everything = (1 << n_local[f]) - 1
        for child, side in ((tree.left[node], left[node]), (tree.right[node], everything & ~left[node])):
            share = path.share.get(f, 1.0) * (tree.cover(child) / tree.split_cover[node])
            at[child] = _Path({**path.bits, f: path.bits.get(f, everything) & side}, {**path.share, f: share})
    return [at[~k] for k in range(len(tree.leaf_value))]


def _cost(labels: Mapping[int, Labels]) -> float:
    """Estimate, in look-ups: each feature has one column of the table to read from and to fetch."""
    return len(labels) * (1.0 + _lines(labels) / _DEAR)


def _lines(labels: Mapping[int, Labels]) -> int:
    return prod(max(of_class) + 1 for of_class in labels.values())


def _joined(one: _Plan, two: _Plan, longest_table: int) -> _Plan:
    """Group the leaves of two sibling subtrees together if that is cheaper than apart."""
    leaves = one.leaves + two.leaves
    apart = _Plan(one.cost + two.cost, one.groups + two.groups, leaves, None)
    if one.labels is None or two.labels is None:
        return apart
    labels = {f: _refined(one.labels.get(f), two.labels.get(f)) for f in {**one.labels, **two.labels}}
    if _lines(labels) > longest_table:
        return apart
    cost = _cost(labels)
    if cost <= apart.cost:
        return _Plan(cost, ((leaves, labels),), leaves, labels)
    return _Plan(apart.cost, apart.groups, leaves, labels)


@lru_cache(_KEPT)
def _refined(one: Labels | None, two: Labels | None) -> Labels:
    """Label what either of two labellings tells apart."""
    if one is None or two is None:
        return (one if two is None else two) or ()
    return _renumbered(zip(one, two, strict=True))


@lru_cache(_KEPT)
def _sides(bits: int, n: int) -> Labels:
    """Label which of n classes the bits hold."""
    return _renumbered(bits >> c & 1 for c in range(n))


def _renumbered(keys: Iterable[object]) -> Labels:
    numbers: dict[object, int] = {}
    return tuple(numbers.setdefault(key, len(numbers)) for key in keys)


def _group(
    tree: Tree,
    paths: Sequence[_Path],
    code: Mapping[int, Ints],
    members: Sequence[int],
    labels: Mapping[int, Labels],
) -> Group:
    # The smallest feature number turns fastest in the table's lines: any order would do, this one is reproducible.
    features = sorted(labels)
    numbered = {f: _renumbered(labels[f]) for f in features}
    first = {f: [of_class.index(c) for c in range(max(of_class) + 1)] for f, of_class in numbered.items()}
    return Group(
        classes={f: np.array(numbered[f], dtype=np.int64)[code[f]] for f in features},
        n_classes={f: len(first[f]) for f in features},
        leaves=tuple(
            Leaf(
                value=tree.leaf_value[k],
                share=paths[k].share,
                meets={f: tuple(bits >> c & 1 for c in first[f]) for f, bits in paths[k].bits.items()},
            )
            for k in members
        ),
    )
