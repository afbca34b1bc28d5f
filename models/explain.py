"""Why a propensity is what it is: contributions of the features that sum to it exactly.

The margin's contributions are exact path-dependent SHAP values. They are carried to the probability by one
factor per lead, ``c_i = phi_i (g(F) - g(F0)) / (F - F0)``: order and sign are kept, and the sum is the
propensity minus the reference.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import BetaCalibration
from models.linear import LinearPart
from models.pattern_tables import PatternTables
from models.sums import margin_of, row_sums

Floats = npt.NDArray[np.float64]
FAMILIES = ("fit", "engagement", "intent")
# Nearer to the reference than this, the difference quotient loses digits and the slope at the middle is exact
# to 1e-13.
_NEAR = 1e-6


def probability_contributions(
    phi: Floats, base: Floats | float, margin: Floats, calibration: BetaCalibration
) -> Floats:
    """Carry contributions from the margin to the propensity.

    Parameters
    ----------
    phi : ndarray of shape (n, m)
        Contributions to the margin; ``base + phi.sum(axis=1)`` is the margin but for rounding.
    base : ndarray of shape (n,) or float
        Margin of the average lead, ``F0``: of all leads, or of each row's segment.
    margin : ndarray of shape (n,)
        ``F``.
    calibration : BetaCalibration
        ``g``.

    Returns
    -------
    ndarray of shape (n, m)
        Probabilities; ``g(F0) + result.sum(axis=1)`` is ``g(F)``.

    Examples
    --------
    >>> phi = np.array([[2.0, -1.0], [1.0, -1.0]])
    >>> probability_contributions(phi, 0.0, phi.sum(axis=1), BetaCalibration()).round(4).tolist()
    [[0.4621, -0.2311], [0.25, -0.25]]
    """
    distance = row_sums(phi)
    rise = calibration(margin) - calibration(np.broadcast_to(base, margin.shape))
    near = np.abs(distance) < _NEAR
    factor = np.where(near, calibration.derivative((base + margin) / 2), rise / np.where(near, 1.0, distance))
    return np.asarray(phi * factor[:, None])


def families_as_players(
    tables: PatternTables,
    matrix: Floats,
    families: Sequence[str],
    calibration: BetaCalibration,
    linear: LinearPart | None = None,
    num_threads: int = 1,
) -> pd.DataFrame:
    """Percentage points by family when whole families, not single features, share out the margin.

    This is the exact Shapley value of the game in which a family takes part as a whole or not at all. It equals the
    sum of its members' contributions (`Contributions.family_points`, which score rows hold) where no tree asks about
    features of two families on one path. Otherwise the two differ by how they share out such an interaction: by the
    number of *features* in it there, by the number of *families* here, so that a family with many features in an
    interaction gets more there. On the demo's champion the difference is 1.6% of all points, 0.9 points at most, and
    changes which family comes first for 0.7% of the leads; the sums over all families are equal.

    Parameters
    ----------
    tables : PatternTables
        Of the model.
    matrix : ndarray of shape (n, m)
        As the trees read it.
    families : sequence of m str
        Family of each column.
    calibration : BetaCalibration
        From margin to propensity.
    linear : LinearPart, optional
        Blended with the trees; its terms have no interactions.
    num_threads : int
        Changes no bit of the result.

    Returns
    -------
    pandas.DataFrame
        Columns ``fit``, ``engagement``, ``intent``; reference plus their sum / 100 is the propensity to 1e-9.

    Raises
    ------
    UseError
        Some trees are not in the tables.
    """
    values = tables.family_contributions(matrix, families, num_threads)
    nothing = np.zeros(len(matrix))
    phi, base = np.column_stack([values.get(family, nothing) for family in FAMILIES]), tables.base
    if linear is not None:
        base, terms = linear.blend_base(base), linear.contributions(matrix)
        own = [row_sums(terms[:, [j for j, of in enumerate(families) if of == family]]) for family in FAMILIES]
        phi = (1.0 - linear.share) * phi + linear.share * np.column_stack(own)
    points = 100.0 * probability_contributions(phi, base, margin_of(phi, base), calibration)
    return pd.DataFrame(points, columns=list(FAMILIES))


@dataclass(frozen=True)
class Contributions:
    """Explanation of some rows.

    Attributes
    ----------
    names : tuple of str
        Features, in the order of the columns.
    matrix : ndarray of shape (n, m)
        What the trees read: numbers, positions of levels, NaN for null.
    margin, propensity : ndarray of shape (n,)
        Raw score and propensity.
    base, reference_propensity : ndarray of shape (n,)
        Margin of the average lead, of the row's segment where that has a model of its own; propensity there.
    on_margin, on_propensity : ndarray of shape (n, m)
        Contributions; the second in probability (0.01 is one percentage point).
    """

    names: tuple[str, ...]
    matrix: Floats
    margin: Floats
    propensity: Floats
    base: Floats
    reference_propensity: Floats
    on_margin: Floats
    on_propensity: Floats

    def family_points(self, families: Sequence[str]) -> pd.DataFrame:
        """Percentage points by family.

        ``reference_propensity + sum of families / 100 = propensity`` to 1e-9. Sums of members' contributions;
        `families_as_players` says when these differ from what families as players would get.

        Parameters
        ----------
        families : sequence of str
            Family of each feature, in the order of ``names``.

        Returns
        -------
        pandas.DataFrame
            Columns ``fit``, ``engagement``, ``intent``.
        """
        points = {}
        for family in FAMILIES:
            members = [j for j, name in enumerate(families) if name == family]
            points[family] = 100.0 * row_sums(self.on_propensity[:, members])
        return pd.DataFrame(points)

    def to_shap(
        self,
        space: Literal["margin", "propensity"] = "propensity",
        data: pd.DataFrame | None = None,
        labels: Sequence[str] | None = None,
    ) -> Any:
        """Give the same to the plots of the shap package.

        Parameters
        ----------
        space : {"margin", "propensity"}
            Log-odds or probability.
        data : pandas.DataFrame of shape (n, m), optional
            Values to print beside the bars.
        labels : sequence of str, optional
            Names to print; by default the features' own.

        Returns
        -------
        shap.Explanation
        """
        with warnings.catch_warnings():
            # Importing shap registers its colour maps in a way that matplotlib is about to forbid.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap  # noqa: PLC0415  it takes seconds, and only notebooks and evidence plots need it

        values = self.on_margin if space == "margin" else self.on_propensity
        base = self.base if space == "margin" else self.reference_propensity
        return shap.Explanation(
            values=values,
            base_values=base,
            data=None if data is None else data.to_numpy(dtype=object),
            feature_names=list(labels or self.names),
        )
