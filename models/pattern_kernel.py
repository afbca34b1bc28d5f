"""The loops over rows and over table lines, translated to machine code by numba.

The only module that imports numba. Coverage cannot see into these functions; the oracle tests of
`models.pattern_tables` run every branch of them against LightGBM and against the definition.

Translating takes 3 s of CPU; numba keeps the result beside this file, as Python keeps its own ``.pyc``, or in its
folder under the user's home, and later processes read it in 0.1 s.

Nothing here adds in an order that depends on the block or the thread of a row, and no reassociation is allowed
(no ``fastmath``): a row's result is the same bits wherever it stands.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba as nb
import numpy as np
import numpy.typing as npt

from models.pattern_bins import CATEGORY, NUMBER, ZERO, Bins
from models.pattern_layout import CHUNK, Leaves, Lines

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
Function = TypeVar("Function", bound=Callable[..., object])
# Rows of a block, a multiple of four: every block reads all tables anew, from the processor's last cache or memory.
BLOCK = 5000
# Rows that are worth a thread.
FEWEST = 2048
# Eight Gauss-Legendre nodes integrate a polynomial of degree 15 exactly: the path of a leaf over up to 16 features.
_LEGENDRE = np.polynomial.legendre.leggauss(8)
_NODES, _WEIGHTS = (_LEGENDRE[0] + 1.0) / 2.0, _LEGENDRE[1] / 2.0


def _translated(function: Function) -> Function:
    """Translate at the first call and keep the translation for later processes, where a folder can be written."""
    try:
        return cast(Function, nb.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # a read-only installation without a home: every process translates anew
        return cast(Function, nb.njit(nogil=True)(function))


@_translated
def fill_tables(leaves: Leaves, slot: Ints, column_start: Ints, offset: Ints, table: Floats) -> None:
    """Fill the columns of all groups with the Shapley values of their players.

    For a row, a leaf of value ``v`` is the game ``v * prod_{j in S} z_j * prod_{j not in S} p_j``, where ``p_j`` is the
    share of cover on player ``j``'s splits of the path and ``z_j`` says whether the row meets all of them.
    The multilinear extension of the game (Owen 1972) gives the Shapley value as an integral, ::

        phi_i = v (z_i - p_i) * int_0^1 prod_{j != i} ((1 - t) p_j + t z_j) dt

    whose integrand is a polynomial in ``t``; Gauss-Legendre quadrature of enough nodes is exact. There are only
    ``2**players`` different rows for a leaf, and a line of the group's table says which of them it is.

    Parameters
    ----------
    leaves : Leaves
        Of all groups.
    slot, column_start, offset : ndarray
        Of ``Columns``.
    table : ndarray of float
        Zeros, added to.

    References
    ----------
    Lundberg et al., From local explanations to global understanding with explainable AI for trees, 2020 (the
    path-dependent game). Owen, Multilinear extensions of games, 1972 (the integral).
    """
    n_groups = leaves.leaf_start.shape[0] - 1
    for g in range(n_groups):
        a, b = leaves.feature_start[g], leaves.feature_start[g + 1]
        n_lines = 1
        for k in range(a, b):
            n_lines *= leaves.n_classes[k]
        digit = np.zeros(b - a, np.int64)
        for leaf in range(leaves.leaf_start[g], leaves.leaf_start[g + 1]):
            begin, end = leaves.path_start[leaf], leaves.path_start[leaf + 1]
            players, member, share = _players(leaves, leaf, slot[a:b])
            values = _leaf_values(leaves.value[leaf], share)
            digit[:] = 0
            for line in range(n_lines):
                met = (1 << players.shape[0]) - 1
                for k in range(begin, end):
                    if leaves.meets[leaves.meets_start[k] + digit[leaves.position[k]]] == 0:
                        met &= ~(1 << member[k - begin])
                for q in range(players.shape[0]):
                    table[offset[column_start[g] + players[q]] + line] += values[met, q]
                for k in range(b - a):
                    digit[k] += 1
                    if digit[k] < leaves.n_classes[a + k]:
                        break
                    digit[k] = 0


@_translated
def _players(leaves: Leaves, leaf: int, slot: Ints) -> tuple[Ints, Ints, Floats]:
    """Say who plays a leaf's game: their columns, the player of each feature of the path, their shares of cover."""
    begin, end = leaves.path_start[leaf], leaves.path_start[leaf + 1]
    players = np.empty(end - begin, np.int64)
    member = np.empty(end - begin, np.int64)
    share = np.ones(end - begin, np.float64)
    n_players = 0
    for k in range(begin, end):
        column = slot[leaves.position[k]]
        q = 0
        while q < n_players and players[q] != column:
            q += 1
        if q == n_players:
            players[q] = column
            n_players += 1
        member[k - begin] = q
        share[q] *= leaves.share[k]
    return players[:n_players], member, share[:n_players]


@_translated
def _leaf_values(value: float, share: Floats) -> Floats:
    """Shapley values of one leaf's players, for every set of players whose splits a row meets."""
    n = share.shape[0]
    values = np.zeros((1 << n, n))
    for met in range(1 << n):
        for node in range(_NODES.shape[0]):
            t = _NODES[node]
            product = value * _WEIGHTS[node]
            for j in range(n):
                product *= (1.0 - t) * share[j] + t * float(met >> j & 1)
            for i in range(n):
                z = float(met >> i & 1)
                values[met, i] += (z - share[i]) * product / ((1.0 - t) * share[i] + t * z)
    return values


@_translated
def explain_rows(
    by_column: Floats,
    span: tuple[int, int],
    bins: Bins,
    lines: Lines,
    read: tuple[Ints, Ints, Ints],
    table: Floats,
    out: Floats,
) -> None:
    """Explain a span of rows, block by block.

    Parameters
    ----------
    by_column : ndarray of shape (m, n)
        All rows, a column of the matrix behind the other.
    span : tuple of int
        First row and the one after the last.
    bins : Bins
    lines : Lines
    read : tuple of ndarray
        ``read_start``, ``read_group`` and ``read_offset`` of ``Columns``.
    table : ndarray of float
        Entries of all columns.
    out : ndarray of shape (players, n)
        Zeros; added to in the span.
    """
    read_start, read_group, read_offset = read
    n_players, n_groups = out.shape[0], lines.origin.shape[0]
    codes = np.zeros((by_column.shape[0], BLOCK), np.uint16)
    line = np.empty((min(CHUNK, n_groups), BLOCK), np.uint16)
    for start in range(span[0], span[1], BLOCK):
        stop = min(start + BLOCK, span[1])
        for f in range(bins.kind.shape[0]):
            _find_bins(by_column[f, start:stop], f, bins, codes[f])
        for first in range(0, n_groups, CHUNK):
            _find_lines(codes, stop - start, first, min(first + CHUNK, n_groups), lines, line)
            for player in range(n_players):
                k = first // CHUNK * n_players + player
                part = slice(read_start[k], read_start[k + 1])
                _add_columns(line, read_group[part], read_offset[part], table, out[player, start:stop])


@_translated
def _find_bins(values: Floats, f: int, bins: Bins, code: Codes) -> None:
    """Find the bin of every value of a feature; `models.pattern_bins.Bins` says which that is."""
    if bins.kind[f] == NUMBER:
        cuts = bins.thresholds[bins.threshold_start[f] : bins.threshold_start[f + 1]]
        last, zero_bin = bins.n_bins[f] - 1, bins.zero_bin[f]
        for r in range(values.shape[0]):
            x = values[r]
            if abs(x) <= ZERO:
                x = 0.0
            # Branch-free bisection: what is unpredictable becomes arithmetic.
            low, length = 0, cuts.shape[0]
            while length > 1:
                half = length >> 1
                low += half * (cuts[low + half - 1] < x)
                length -= half
            low += cuts[low] < x
            if np.isnan(x):
                low = last
            elif zero_bin and x == 0.0:
                low = last - 1
            code[r] = low
    elif bins.kind[f] == CATEGORY:
        top = bins.n_bins[f] - 1.0
        for r in range(values.shape[0]):
            x = values[r]
            # LightGBM cuts towards zero, so what lies between -1 and 0 is level 0.
            code[r] = np.int64(x) + 1 if -1.0 < x < top else 0


@_translated
def _find_lines(codes: Codes, n: int, first: int, stop: int, lines: Lines, line: Codes) -> None:
    """Find the line of each row in the tables of the groups from ``first`` to ``stop``."""
    nothing = np.uint16(0)
    for g in range(first, stop):
        row = line[g - first]
        row[:n] = lines.origin[g]
        for k in range(lines.step_start[g], lines.step_start[g + 1]):
            code, last, rise = codes[lines.step_feature[k]], lines.step_bin[k], lines.step_rise[k]
            for r in range(n):
                row[r] += rise if code[r] > last else nothing
        for k in range(lines.map_start[g], lines.map_start[g + 1]):
            code, of_bin = codes[lines.map_feature[k]], lines.maps[lines.map_offset[k] :]
            for r in range(n):
                row[r] += of_bin[code[r]]


@_translated
def _add_columns(line: Codes, group: Ints, offset: Ints, table: Floats, total: Floats) -> None:
    """Add the entries of one player's columns to its total, in their order."""
    k, stop, n = 0, group.shape[0], total.shape[0]
    # The lines of four rows are read at once, the first of them in the lowest bits: numba knows no other processors.
    quads, width, lowest = line.view(np.uint64), np.uint64(16), np.uint64(0xFFFF)
    # Four columns at a time, a total is read and written once for four look-ups.
    while k + 4 <= stop:
        line_a, line_b, line_c, line_d = line[group[k]], line[group[k + 1]], line[group[k + 2]], line[group[k + 3]]
        quad_a, quad_b, quad_c, quad_d = quads[group[k]], quads[group[k + 1]], quads[group[k + 2]], quads[group[k + 3]]
        a, b, c, d = table[offset[k] :], table[offset[k + 1] :], table[offset[k + 2] :], table[offset[k + 3] :]
        for q in range(n // 4):
            w, x, y, z = quad_a[q], quad_b[q], quad_c[q], quad_d[q]
            for r in range(4 * q, 4 * q + 4):
                total[r] = (((total[r] + a[w & lowest]) + b[x & lowest]) + c[y & lowest]) + d[z & lowest]
                w, x, y, z = w >> width, x >> width, y >> width, z >> width
        for r in range(n // 4 * 4, n):
            total[r] = (((total[r] + a[line_a[r]]) + b[line_b[r]]) + c[line_c[r]]) + d[line_d[r]]
        k += 4
    while k < stop:
        row, entries = line[group[k]], table[offset[k] :]
        for r in range(n):
            total[r] += entries[row[r]]
        k += 1
