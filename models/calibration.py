"""Calibration of the raw margin: three numbers, smooth, strictly increasing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy
from scipy.special import expit

from features.errors import DataError

Floats = npt.NDArray[np.float64]

# Spread of log a, log b and c that we believe before seeing data: a hundred rows barely move the slopes,
# thousands decide alone.
_PRIOR_SD = np.array([0.5, 0.5, 1.0])


def _softplus(x: Floats) -> Floats:
    return np.logaddexp(0.0, x)


@dataclass(frozen=True)
class BetaCalibration:
    r"""Beta calibration of log-odds.

    ``propensity = sigmoid(a log p - b log(1 - p) + c)`` with ``p = sigmoid(margin)`` and ``a, b > 0``. Its
    slope in the margin, ``a (1 - p) + b p``, is positive everywhere, so no contribution is ever lost to a
    flat step (as under isotonic regression). ``a = b = 1, c = 0`` is the identity; ``a = b`` is Platt's
    sigmoid.

    Attributes
    ----------
    a, b : float
        Slopes at the low and at the high end, > 0.
    c : float
        Shift of log-odds.

    References
    ----------
    Kull, Silva Filho, Flach: Beta calibration, AISTATS 2017.

    Examples
    --------
    >>> identity = BetaCalibration()
    >>> identity([0.0]).tolist()
    [0.5]
    >>> BetaCalibration(a=-1.0)
    Traceback (most recent call last):
        ...
    features.errors.DataError: calibration: expected slopes a, b > 0 and a finite c, found a=-1.0, b=1.0,
    c=0.0; train again.
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.a < np.inf and 0 < self.b < np.inf and np.isfinite(self.c)):
            raise DataError(
                "calibration: expected slopes a, b > 0 and a finite c, "
                f"found a={self.a}, b={self.b}, c={self.c}; train again."
            )

    @classmethod
    def fit(cls, margin: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Self:
        """Fit by penalised maximum likelihood; few rows stay near the identity.

        Parameters
        ----------
        margin : array-like of shape (n,)
            Log-odds of rows that the classifier has not seen.
        y : array-like of shape (n,)
            0 or 1.
        weight : array-like of shape (n,), optional
            Relative weights.

        Returns
        -------
        BetaCalibration
            The identity when there are no rows.

        Examples
        --------
        >>> overconfident = np.tile([-4.0, 4.0], 500)
        >>> outcome = np.tile([0, 1, 0, 1, 0, 1, 1, 0], 125)
        >>> BetaCalibration.fit(overconfident, outcome)([-4.0, 4.0]).round(2).tolist()
        [0.24, 0.76]
        """
        return cls._fit(margin, y, weight, np.eye(3), _PRIOR_SD)

    @classmethod
    def _fit(
        cls, margin: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None, spread: Floats, sd: Floats
    ) -> Self:
        """Fit free parameters, which ``spread`` carries to log a, log b and c, and which have prior deviations."""
        m = np.asarray(margin, dtype=np.float64)
        target = np.asarray(y, dtype=np.float64)
        if not len(m):
            return cls()
        w = np.ones(len(m)) if weight is None else np.asarray(weight, dtype=np.float64)
        w = w / w.mean()
        low, high = -_softplus(-m), _softplus(m)

        def loss(free: Floats) -> tuple[float, Floats]:
            theta = spread @ free
            a, b = np.exp(theta[:2])
            z = a * low + b * high + theta[2]
            error = w * (expit(z) - target)
            value = float(w @ (_softplus(z) - target * z) + 0.5 * np.sum((free / sd) ** 2))
            slope = spread.T @ np.array([a * (error @ low), b * (error @ high), error.sum()]) + free / sd**2
            return value / len(m), slope / len(m)

        found = scipy.optimize.minimize(
            loss, np.zeros(len(sd)), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 500}
        )
        log_a, log_b, c = spread @ found.x
        return cls(float(np.exp(log_a)), float(np.exp(log_b)), float(c))

    @classmethod
    def fit_slope(cls, margin: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Self:
        """Fit one slope for both ends, as Platt's sigmoid: what margins of another time can bear.

        Parameters
        ----------
        margin, y, weight : array-like of shape (n,)
            As in `fit`.

        Returns
        -------
        BetaCalibration
            With ``a = b``.

        References
        ----------
        Platt, Probabilistic outputs for support vector machines, 1999.

        Examples
        --------
        >>> overconfident, outcome = np.tile([-4.0, 4.0], 500), np.tile([0, 1, 0, 1, 0, 1, 1, 0], 125)
        >>> BetaCalibration.fit_slope(overconfident, outcome)([-4.0]).round(2)
        array([0.25])
        """
        return cls._fit(margin, y, weight, np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), _PRIOR_SD[1:])

    def with_level(self, margin: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Self:
        """Keep the slopes, fit the shift anew.

        Parameters
        ----------
        margin, y, weight : array-like of shape (n,)
            As in `fit`.

        Returns
        -------
        BetaCalibration

        Examples
        --------
        >>> BetaCalibration().with_level(np.zeros(10_000), np.repeat([0, 1], [9000, 1000]))([0.0]).round(3).tolist()
        [0.1]
        """
        target = np.asarray(y, dtype=np.float64)
        w = np.ones(len(target)) if weight is None else np.asarray(weight, dtype=np.float64)
        w = w / w.mean()
        logit = self.logit(margin)
        step = scipy.optimize.brentq(lambda d: w @ (expit(logit + d) - target) + d / _PRIOR_SD[2] ** 2, -50.0, 50.0)
        return type(self)(self.a, self.b, self.c + float(step))

    def logit(self, margin: npt.ArrayLike) -> Floats:
        """Calibrated log-odds.

        Parameters
        ----------
        margin : array-like of shape (n,)
            Log-odds.

        Returns
        -------
        ndarray of shape (n,)
        """
        m = np.asarray(margin, dtype=np.float64)
        return np.asarray(self.b * _softplus(m) - self.a * _softplus(-m) + self.c)

    def __call__(self, margin: npt.ArrayLike) -> Floats:
        """Propensity.

        Parameters
        ----------
        margin : array-like of shape (n,)
            Log-odds.

        Returns
        -------
        ndarray of shape (n,)
            Probabilities, 0 to 1.
        """
        return np.asarray(expit(self.logit(margin)))

    def derivative(self, margin: npt.ArrayLike) -> Floats:
        """Slope of the propensity in the margin.

        Parameters
        ----------
        margin : array-like of shape (n,)
            Log-odds.

        Returns
        -------
        ndarray of shape (n,)
            Positive.
        """
        m = np.asarray(margin, dtype=np.float64)
        p = expit(m)
        propensity = self(m)
        return np.asarray((self.a * expit(-m) + self.b * p) * propensity * expit(-self.logit(m)))

    def to_dict(self) -> dict[str, Any]:
        """Three numbers, for JSON.

        Returns
        -------
        dict
            Keys ``kind``, ``a``, ``b``, ``c``.
        """
        return {"kind": "beta", "a": self.a, "b": self.b, "c": self.c}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote.

        Parameters
        ----------
        data : mapping
            Keys ``kind``, ``a``, ``b``, ``c``.

        Returns
        -------
        BetaCalibration

        Raises
        ------
        DataError
            Another kind of calibration, or impossible numbers.
        """
        if data.get("kind") != "beta":
            raise DataError(f"calibration: expected kind 'beta', found {data.get('kind')!r}; train again.")
        return cls(float(data["a"]), float(data["b"]), float(data["c"]))
