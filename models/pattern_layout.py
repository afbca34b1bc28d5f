"""Groups as flat arrays, for the loops in `models.pattern_kernel`.

Three named tuples of arrays: how a row finds its line in the tables (`Lines`), what the leaves of each group say of
a line (`Leaves`), and where the columns of the tables lie (`Columns`). Only the last depends on who the players are,
single features or families of them.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.pattern_groups import Group

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
# Groups whose lines are found together: these lines stay in the processor's cache while all players read them.
CHUNK = 128
# Steps are taken 16 to 32 rows at a time, a map one row at a time.
_MOST_STEPS = 10


class Lines(NamedTuple):
    """How a row finds its line in the table of each group.

    The line is a sum over features of a function of the bin. It is given by a few steps, or as a map from bins.

    Attributes
    ----------
    origin : ndarray of uint16, shape (groups,)
        Line of a row that is in bin 0 of every stepped feature.
    step_start : ndarray of shape (groups + 1,)
        Where each group's steps begin.
    step_feature, step_bin, step_rise : ndarray
        Beyond ``step_bin`` of the feature the line rises by ``step_rise``, modulo 2**16.
    map_start : ndarray of shape (groups + 1,)
        Where each group's maps begin.
    map_feature, map_offset, maps : ndarray
        ``maps[map_offset + bin]`` is added for the feature.
    """

    origin: Codes
    step_start: Ints
    step_feature: Ints
    step_bin: Codes
    step_rise: Codes
    map_start: Ints
    map_feature: Ints
    map_offset: Ints
    maps: Codes


class Leaves(NamedTuple):
    """What the leaves of each group say of each line of its table.

    Attributes
    ----------
    feature_start : ndarray of shape (groups + 1,)
        Where each group's features begin; the first turns fastest in the lines.
    feature, n_classes : ndarray
        Features of each group and the number of their classes.
    leaf_start : ndarray of shape (groups + 1,)
        Where each group's leaves begin.
    value : ndarray of float
        Of each leaf, log-odds.
    path_start : ndarray of shape (leaves + 1,)
        Where each leaf's path begins.
    position : ndarray
        By feature of a path: which of the group's features it is.
    share : ndarray of float
        By feature of a path: product of the cover shares of its splits.
    meets_start : ndarray
        By feature of a path: where in ``meets`` its classes begin.
    meets : ndarray of uint8
        By class: 1 if its rows meet all splits of the path on this feature.
    """

    feature_start: Ints
    feature: Ints
    n_classes: Ints
    leaf_start: Ints
    value: Floats
    path_start: Ints
    position: Ints
    share: Floats
    meets_start: Ints
    meets: npt.NDArray[np.uint8]


class Columns(NamedTuple):
    """Where the columns of the tables lie, one for each player of each group.

    Attributes
    ----------
    slot : ndarray
        By feature of a group: number of its player's column among those of the group.
    column_start : ndarray of shape (groups + 1,)
        Where each group's columns begin in ``offset``.
    offset : ndarray
        Where each column begins among all entries.
    read_start : ndarray of shape (chunks * players + 1,)
        Where the columns begin that one player reads in one chunk of groups.
    read_group, read_offset : ndarray
        Group (within its chunk) and offset of each column, in the order in which they are read.
    n_entries : int
        Of all columns.
    """

    slot: Ints
    column_start: Ints
    offset: Ints
    read_start: Ints
    read_group: Ints
    read_offset: Ints
    n_entries: int


def lay_lines(groups: Sequence[Group]) -> Lines:
    """Write down how a row finds its line in the table of each group.

    Parameters
    ----------
    groups : sequence of Group

    Returns
    -------
    Lines
    """
    origin: list[int] = []
    steps: list[tuple[int, int, int]] = []
    step_counts: list[int] = []
    map_heads: list[tuple[int, int]] = []
    map_counts: list[int] = []
    maps: list[Ints] = []
    mapped = 0
    for group in groups:
        stride, start, n_steps, n_maps = 1, 0, 0, 0
        for feature, of_bin in group.classes.items():
            rise = np.diff(of_bin) * stride
            beyond = np.flatnonzero(rise)
            if len(beyond) <= _MOST_STEPS:
                start += int(of_bin[0]) * stride
                steps += [(feature, int(b), int(rise[b]) % 65536) for b in beyond]
                n_steps += len(beyond)
            else:
                map_heads.append((feature, mapped))
                maps.append(of_bin * stride)
                mapped += len(of_bin)
                n_maps += 1
            stride *= group.n_classes[feature]
        origin.append(start)
        step_counts.append(n_steps)
        map_counts.append(n_maps)
    step_columns = np.array(steps, dtype=np.int64).reshape(-1, 3)
    head_columns = np.array(map_heads, dtype=np.int64).reshape(-1, 2)
    return Lines(
        origin=np.array(origin, dtype=np.uint16),
        step_start=starts(step_counts),
        step_feature=step_columns[:, 0].copy(),
        step_bin=step_columns[:, 1].astype(np.uint16),
        step_rise=step_columns[:, 2].astype(np.uint16),
        map_start=starts(map_counts),
        map_feature=head_columns[:, 0].copy(),
        map_offset=head_columns[:, 1].copy(),
        maps=np.concatenate([*maps, np.zeros(0, dtype=np.int64)]).astype(np.uint16),
    )


def lay_leaves(groups: Sequence[Group], scale: float) -> Leaves:
    """Write down the leaves of each group.

    Parameters
    ----------
    groups : sequence of Group
    scale : float
        Divides the leaf values: the number of boosters that are averaged.

    Returns
    -------
    Leaves
    """
    leaves = [leaf for group in groups for leaf in group.leaves]
    position = [{f: k for k, f in enumerate(group.classes)} for group in groups for _ in group.leaves]
    meets = [leaf.meets[f] for leaf in leaves for f in leaf.share]
    return Leaves(
        feature_start=starts(len(group.classes) for group in groups),
        feature=np.array([f for group in groups for f in group.classes], dtype=np.int64),
        n_classes=np.array([group.n_classes[f] for group in groups for f in group.classes], dtype=np.int64),
        leaf_start=starts(len(group.leaves) for group in groups),
        value=np.array([leaf.value for leaf in leaves], dtype=np.float64) / scale,
        path_start=starts(len(leaf.share) for leaf in leaves),
        position=np.array(
            [at[f] for leaf, at in zip(leaves, position, strict=True) for f in leaf.share], dtype=np.int64
        ),
        share=np.array([share for leaf in leaves for share in leaf.share.values()], dtype=np.float64),
        meets_start=starts(len(of_class) for of_class in meets)[:-1].copy(),
        meets=np.array([flag for of_class in meets for flag in of_class], dtype=np.uint8),
    )


def lay_columns(leaves: Leaves, player: Sequence[int]) -> Columns:
    """Give each player of each group a column, in the order in which a block of rows will read them.

    Parameters
    ----------
    leaves : Leaves
        Of all groups.
    player : sequence of m int
        Player of each feature, from 0.

    Returns
    -------
    Columns
    """
    n_groups, n_players = len(leaves.leaf_start) - 1, max(player) + 1
    of_feature = np.repeat(np.arange(n_groups), np.diff(leaves.feature_start))
    of_player = np.array(player, dtype=np.int64)[leaves.feature]
    column, which = np.unique(of_feature * n_players + of_player, return_inverse=True)
    group = column // n_players
    column_start = np.searchsorted(group, np.arange(n_groups + 1))
    chunk_player = group // CHUNK * n_players + column % n_players
    order = np.lexsort((group, chunk_player))
    lines = np.array(
        [np.prod(leaves.n_classes[a:b]) for a, b in pairwise(leaves.feature_start)],
        dtype=np.int64,
    )
    read_offset = starts(lines[group[order]])
    offset = np.empty(len(column), dtype=np.int64)
    offset[order] = read_offset[:-1]
    n_chunks = -(-n_groups // CHUNK)
    return Columns(
        slot=which.reshape(-1) - column_start[of_feature],
        column_start=column_start.astype(np.int64),
        offset=offset,
        read_start=np.searchsorted(chunk_player[order], np.arange(n_chunks * n_players + 1)).astype(np.int64),
        read_group=group[order] % CHUNK,
        read_offset=read_offset[:-1].copy(),
        n_entries=int(read_offset[-1]),
    )


def starts(counts: Iterable[int]) -> Ints:
    """Where each of consecutive runs begins, and where the last one ends."""
    return np.array(list(accumulate(counts, initial=0)), dtype=np.int64)
