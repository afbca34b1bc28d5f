"""The trees of a LightGBM booster, read from its text.

The text is what is kept of a model, and it holds all that explanations need: splits, leaf values and the counts
of training rows ("cover"). Only the format that LightGBM 4 writes is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from features.errors import DataError

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING = ("none", "zero", "nan")


@dataclass(frozen=True)
class Split:
    """One decision: a row goes left or right by the value of one feature.

    Attributes
    ----------
    feature : int
        Column of the matrix.
    threshold : float
        A number goes left when it is at most this.
    left_levels : tuple of int, optional
        Category codes that go left; None for a split on a number.
    missing : {"none", "zero", "nan"}
        What counts as missing: nothing (NaN is read as 0), zero and NaN, or NaN.
    default_left : bool
        Where a missing number goes.
    """

    feature: int
    threshold: float
    left_levels: tuple[int, ...] | None
    missing: str
    default_left: bool


@dataclass(frozen=True)
class Tree:
    """One tree. A child is a split, or where it is negative the leaf ``~child``.

    Attributes
    ----------
    splits : tuple of Split
        The first is the root; none for a tree of one leaf.
    left, right : tuple of int
        Children of each split.
    leaf_value : tuple of float
        Log-odds that each leaf adds.
    leaf_cover, split_cover : tuple of int
        Training rows that reached each leaf and each split.
    """

    splits: tuple[Split, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaf_value: tuple[float, ...]
    leaf_cover: tuple[int, ...]
    split_cover: tuple[int, ...]

    def cover(self, node: int) -> int:
        """Training rows that reached a split, or the leaf ``~node`` where it is negative."""
        return self.split_cover[node] if node >= 0 else self.leaf_cover[~node]

    @property
    def expected_value(self) -> float:
        """Mean of the leaf values over the training rows: what the tree adds to the average lead."""
        if not self.splits:
            return self.leaf_value[0]
        total = self.split_cover[0]
        return sum(count / total * value for count, value in zip(self.leaf_cover, self.leaf_value, strict=True))


def read_booster(text: str) -> tuple[int, tuple[Tree, ...]]:
    r"""Read the trees of a booster.

    Parameters
    ----------
    text : str
        As ``lightgbm.Booster.model_to_string`` writes it.

    Returns
    -------
    n_features : int
        Columns of the matrix that the booster reads.
    trees : tuple of Tree
        In the order of boosting.

    Raises
    ------
    DataError
        The text is cut or no booster, or a booster of a kind that is not one sum of plain trees.

    References
    ----------
    LightGBM, ``src/io/tree.cpp`` (``Tree::ToString``) and ``include/LightGBM/tree.h`` (decisions).

    Examples
    --------
    >>> read_booster("tree\nversion=v4\nnum_class=3\n")
    Traceback (most recent call last):
        ...
    features.errors.DataError: booster text: expected num_class 1, found 3; only boosters with one margin are
    explained.
    """
    blocks = text.partition("\nend of trees")[0].split("\nTree=")
    header = _fields(blocks[0])
    for key in ("num_class", "num_tree_per_iteration"):
        if header.get(key) != "1":
            raise DataError(
                f"booster text: expected {key} 1, found {header.get(key, 'nothing')}; only boosters with one margin "
                "are explained."
            )
    if "average_output" in header:
        raise DataError("booster text: a random forest averages its trees; only boosted trees are explained.")
    sizes = header.get("tree_sizes", "").split()
    if "\nend of trees" not in text or len(blocks) - 1 != len(sizes):
        raise DataError(
            f"booster text: expected {len(sizes)} trees and an end, found {len(blocks) - 1}; the text is cut: fetch "
            "the model again."
        )
    try:
        n_features = int(header["max_feature_idx"]) + 1
    except (KeyError, ValueError) as error:
        raise DataError("booster text: expected max_feature_idx, found none; fetch the model again.") from error
    return n_features, tuple(_tree(_fields(block), k, n_features) for k, block in enumerate(blocks[1:]))


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {key: value for key, _, value in pairs}


def _tree(fields: Mapping[str, str], number: int, n_features: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise DataError(
            f"booster text: tree {number} has linear leaves; only trees with constant leaves are explained."
        )
    try:
        n_leaves = int(fields["num_leaves"])
        leaf_value = tuple(float(word) for word in fields["leaf_value"].split())
        if n_leaves == 1:
            return Tree((), (), (), leaf_value[:1], (1,), ())
        tree = Tree(
            splits=_splits(fields),
            left=_ints(fields["left_child"]),
            right=_ints(fields["right_child"]),
            leaf_value=leaf_value,
            leaf_cover=_ints(fields["leaf_count"]),
            split_cover=_ints(fields["internal_count"]),
        )
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(f"booster text: tree {number} is not readable ({error}); fetch the model again.") from error
    if not _is_sound(tree, n_leaves, n_features):
        raise DataError(f"booster text: tree {number} does not hang together; it was altered: fetch the model again.")
    return tree


def _is_sound(tree: Tree, n_leaves: int, n_features: int) -> bool:
    """Whether every node hangs on exactly one earlier split, as LightGBM numbers them, and reads a known feature."""
    n_splits = n_leaves - 1
    columns = (tree.splits, tree.left, tree.right, tree.split_cover)
    if {len(column) for column in columns} != {n_splits}:
        return False
    if {len(tree.leaf_value), len(tree.leaf_cover)} != {n_leaves}:
        return False
    children = sorted(tree.left + tree.right)
    return (
        children == [*range(-n_leaves, 0), *range(1, n_splits)]
        and all(child < 0 or child > k for side in (tree.left, tree.right) for k, child in enumerate(side))
        and all(0 <= split.feature < n_features for split in tree.splits)
    )


def _splits(fields: Mapping[str, str]) -> tuple[Split, ...]:
    bounds = _ints(fields.get("cat_boundaries", ""))
    words = _ints(fields.get("cat_threshold", ""))
    level_sets = [_levels(words[first:end]) for first, end in pairwise(bounds)]
    splits = []
    columns = (fields["split_feature"].split(), fields["threshold"].split(), fields["decision_type"].split())
    for feature, threshold, decision in zip(*columns, strict=True):
        kind, number = int(decision), float(threshold)
        splits.append(
            Split(
                feature=int(feature),
                threshold=number,
                left_levels=level_sets[int(number)] if kind & _CATEGORICAL else None,
                missing=_MISSING[kind >> 2 & 3],
                default_left=bool(kind & _DEFAULT_LEFT),
            )
        )
    return tuple(splits)


def _levels(words: tuple[int, ...]) -> tuple[int, ...]:
    """Read a set of category codes: bit ``b`` of word ``w`` stands for the code ``32 w + b``."""
    return tuple(32 * w + b for w, word in enumerate(words) for b in range(32) if word >> b & 1)


def _ints(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())
