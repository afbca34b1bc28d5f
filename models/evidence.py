"""What a training can say for itself: plain data, ready for JSON, for the report and for the model card."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Note:
    """Something a reader must know, as data.

    Attributes
    ----------
    code : str
        Stable, for programs: ``no_dates``, ``gap_shrunk``, ``drift`` ...
    en, fr : str
        One sentence for people.
    """

    code: str
    en: str
    fr: str


@dataclass(frozen=True)
class Evidence:
    """Evaluation of the training procedure over the four periods, and what the deployed model is made of.

    Attributes
    ----------
    forward : bool
        Whether the test period is later than what was learnt from; False means nothing was tested on the
        future.
    gap_days : float
        Between two periods.
    periods : sequence of dict
        ``name``, ``first_cutoff``, ``last_cutoff`` (UTC seconds), ``n_rows``, ``n_leads``, ``n_won`` (leads),
        ``base_rate``.
    figures : mapping
        By system (``tamis``, ``constant``, ``points``, ``naive_bayes``, ``logistic``) and figure
        (``log_loss``, ``brier``, ``auc``, ``ece``, ``lift10``): ``value``, ``low``, ``high``, on the test
        period. A baseline that does not apply is absent.
    reliability, gain_curve : sequence of dict
        Of the model on the test period.
    gain_curves : mapping of str to sequence of dict
        Of every system.
    decision : mapping
        The threshold chosen by the procedure, its bands, and what it did on the test period (see
        `models.decision_evidence`).
    points_grids : sequence of dict
        The company's points grid and those that others use, each with its swap set against the model at equal volume
        (see `models.swap_set`).
    value : mapping, optional
        On the test period, where amounts are known: ``amounts`` (how well they were foreseen), and the share of the
        revenue that the best tenth brought ``by_propensity`` and ``by_value``, and who ``moved``.
    deployed : mapping
        Of the deployed model: ``n_rows``, ``n_leads``, ``n_won``, ``base_rate``, ``n_trees``,
        ``calibration``, ``n_calibration_rows``, ``threshold``, ``bands``, ``tables`` of contributions (``bytes``, and
        ``fallback_trees`` that no table holds: explained as exactly, but a hundred times more slowly);
        where segments are set, ``segments`` (`models.pooling.SegmentChoice`).
    learner : mapping
        Trees alone or blended with a regression: ``used``, the log losses on unseen rows that decided it (``trees``,
        ``logistic``, ``blend``, ``noise``) and ``tells_time``, the columns that mostly tell when a lead came.
    importance, importance_by_family : mapping of str to float
        Share of the deployed trees' gain (and of what a blended regression says), by feature and by family; sums to 1.
    dropped : sequence of dict
        ``name``, ``reason``, ``detail`` of the columns left out.
    test : mapping
        The predictions behind the figures, so that a challenger and a champion are compared on the same rows:
        ``lead_id``, ``cutoff``, ``label``, ``weight``, ``propensity``, ``segment``.
    plan : mapping
        The knobs.
    notes : sequence of Note
        Loud ones first.
    contacted : mapping, optional
        What the log of score runs says of who was worked (`models.contacted.weigh`), and the ``sentences`` that tell
        what cannot be known; None in one-table mode.
    slices : sequence of dict
        By company size, region and channel on the test period (see `models.slices`).
    certificate : mapping, optional
        `models.certificate.Certificate.to_dict`: whether percentages came true on the test period, by segment.
    """

    forward: bool
    gap_days: float
    periods: Sequence[Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, Mapping[str, float]]]
    reliability: Sequence[Mapping[str, float]]
    gain_curves: Mapping[str, Sequence[Mapping[str, float]]]
    decision: Mapping[str, Any]
    points_grids: Sequence[Mapping[str, Any]]
    deployed: Mapping[str, Any]
    learner: Mapping[str, Any]
    importance: Mapping[str, float]
    importance_by_family: Mapping[str, float]
    dropped: Sequence[Mapping[str, str]]
    test: Mapping[str, Sequence[Any]]
    plan: Mapping[str, Any]
    notes: Sequence[Note]
    value: Mapping[str, Any] | None = None
    contacted: Mapping[str, Any] | None = None
    certificate: Mapping[str, Any] | None = None
    slices: Sequence[Mapping[str, Any]] = ()

    @property
    def swap_set(self) -> Mapping[str, Any] | None:
        """Against the company's own points grid; None where there is none, or none of its rules can fire."""
        own = (grid["swap_set"] for grid in self.points_grids if grid["name"] == "settings")
        found: Mapping[str, Any] | None = next(own, None)
        return found

    @property
    def gain_curve(self) -> Sequence[Mapping[str, float]]:
        """Gain curve of the model itself."""
        return self.gain_curves["tamis"]

    def to_dict(self, *, with_rows: bool = False) -> dict[str, Any]:
        """Plain data for JSON; NaN and infinities become None.

        Parameters
        ----------
        with_rows : bool
            Whether to keep ``test``, which holds lead ids.

        Returns
        -------
        dict
        """
        data = {name: getattr(self, name) for name in self.__dataclass_fields__ if with_rows or name != "test"}
        data["swap_set"] = self.swap_set
        data["notes"] = [asdict(note) for note in self.notes]
        plain: dict[str, Any] = _plain(data)
        return plain


def _plain(value: Any) -> Any:
    """Copy nested data with numpy scalars, tuples and non-finite numbers replaced by what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
