"""The deployed model: data only, and the pure functions that read it.

Booster texts, the tables of contributions compiled from them, and one JSON; no pickle, so that loading a model runs no
code of anybody's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.matrix import MatrixSchema, to_array
from features.specification import Feature
from models.amount import AmountModel
from models.bands import Bands
from models.calibration import BetaCalibration
from models.certificate import Certificate
from models.explain import Contributions, probability_contributions
from models.linear import LinearPart
from models.model_files import MODEL_FILE, as_written, digest, entries_of, files_of, read_json, verified
from models.pattern_tables import PatternTables
from models.reference import Reference
from models.segment_models import NO_SEGMENTS, SegmentModels
from models.segments import ALL, Names
from models.shared_facts import SharedFacts
from models.sums import margin_of
from models.threshold import ThresholdChoice
from models.worth import channel_of

Floats = npt.NDArray[np.float64]
Decision = Literal["hand_over", "nurture", "disqualify"]
FORMAT = 3
# A model of format 2 knows no segments; the rest is the same.
READABLE = (2, FORMAT)
TABLES_FILE = "pattern_tables.bin"


@dataclass(frozen=True)
class LeadModel:
    """Propensity, decision and reasons of leads, from their raw features.

    Every method is a pure function of its frame, row by row: blocks of any size give the same bits.

    Attributes
    ----------
    tables : PatternTables
        Trees, as LightGBM writes them, and the tables of contributions compiled from them.
    schema : MatrixSchema
        Columns, their levels and their words.
    calibration : BetaCalibration
        From margin to propensity.
    threshold : ThresholdChoice
        What is handed over; its ``threshold`` may be None.
    bands : Bands
        A to D.
    reference : Reference
        The average lead.
    shared : SharedFacts
        What became of the leads that shared a fact.
    amount : AmountModel, optional
        What a deal brings if it is won; None where no amount is known.
    metadata : mapping
        JSON-able: how it was trained.
    linear : LinearPart, optional
        Regression blended with the trees.
    certificate : Certificate, optional
        Whether percentages of the procedure came true; None where nobody judged them.
    by_segment : SegmentModels
        What segments add to the margin; nothing by default.
    """

    tables: PatternTables
    schema: MatrixSchema
    calibration: BetaCalibration
    threshold: ThresholdChoice
    bands: Bands
    reference: Reference
    shared: SharedFacts
    amount: AmountModel | None
    metadata: Mapping[str, Any]
    linear: LinearPart | None = None
    certificate: Certificate | None = None
    by_segment: SegmentModels = NO_SEGMENTS

    def certified(self, segment: str = ALL) -> bool:
        """Whether people see percentages of leads of a segment; else rank and band.

        Parameters
        ----------
        segment : str
            Its name.

        Returns
        -------
        bool
        """
        return self.certificate is not None and self.certificate.certified(segment)

    def certified_segments(self) -> dict[str, bool]:
        """`certified` of each segment that was judged; a segment that is not named goes with ``all``.

        Returns
        -------
        dict of str to bool
        """
        judged = (ALL,) if self.certificate is None else self.certificate.verdicts
        return {segment: self.certified(segment) for segment in judged}

    @property
    def features(self) -> tuple[Feature, ...]:
        """Features in the order of the matrix."""
        return self.schema.features

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features in the order of the matrix."""
        return self.schema.names

    @property
    def families(self) -> tuple[str, ...]:
        """Family of each feature in the order of the matrix."""
        return tuple(feature.family for feature in self.features)

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """Features that a score needs: those of the matrix, and others that say in which segment a lead is."""
        conditions = (c.feature for segment in self.by_segment.segments for c in segment.conditions)
        beside = {feature.name: feature for feature in conditions if feature.name not in self.names}
        return (*self.features, *beside.values())

    def segments_of(self, frame: pd.DataFrame) -> Names:
        """Segment of each row, whether it has a model of its own or not.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.

        Returns
        -------
        ndarray of str of shape (n,)
            ``all`` for a row of no segment.
        """
        return self.by_segment.of(frame)

    def encode(self, frame: pd.DataFrame) -> Floats:
        """Make the matrix that the trees read.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features; missing columns are null, others are ignored.

        Returns
        -------
        ndarray of shape (n, m)
        """
        return to_array(frame, self.schema)

    def margin(self, frame: pd.DataFrame, num_threads: int = 1) -> Floats:
        """Raw score.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        ndarray of shape (n,)
            Log-odds before calibration.
        """
        return margin_of(*self._contributions(frame, self.encode(frame), num_threads))

    def propensity(self, frame: pd.DataFrame, num_threads: int = 1) -> Floats:
        """Calibrated probability that the target is reached within the horizon.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        ndarray of shape (n,)
            0 to 1.
        """
        return self.calibration(self.margin(frame, num_threads))

    def contributions(self, frame: pd.DataFrame, num_threads: int = 1) -> Contributions:
        """Explain each row.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.
        num_threads : int
            Changes no bit of the result.

        Returns
        -------
        Contributions
            ``reference_propensity + on_propensity.sum(axis=1) = propensity`` to 1e-9, with the propensity of
            `propensity`.
        """
        matrix = self.encode(frame)
        phi, base = self._contributions(frame, matrix, num_threads)
        margin = margin_of(phi, base)
        return Contributions(
            names=self.names,
            matrix=matrix,
            margin=margin,
            propensity=self.calibration(margin),
            base=base,
            reference_propensity=self.calibration(base),
            on_margin=phi,
            on_propensity=probability_contributions(phi, base, margin, self.calibration),
        )

    def _contributions(self, frame: pd.DataFrame, matrix: Floats, num_threads: int) -> tuple[Floats, Floats]:
        phi, base = self.tables.contributions(matrix, num_threads)
        if self.linear is not None:
            phi, base = self.linear.blend(phi, base, matrix)
        return self.by_segment.add(phi, base, matrix, frame, num_threads)

    def thresholds(self, frame: pd.DataFrame, amount: Floats | None = None) -> Floats:
        """Least propensity at which each lead is handed over.

        Parameters
        ----------
        frame : pandas.DataFrame of n rows
            Raw features.
        amount : ndarray of shape (n,), optional
            Expected amounts, where they are at hand.

        Returns
        -------
        ndarray of shape (n,)
            The same for all, unless leads differ in margin or cost; NaN without a valid threshold.
        """
        if self.threshold.own is None:
            return self.threshold.least(np.empty(len(frame)), channel_of(frame, ()))
        if amount is None and self.amount is not None:
            amount = self.amount.expected(self.encode(frame))
        return self.threshold.least(
            np.empty(len(frame)) if amount is None else amount, channel_of(frame, self.features)
        )

    def decide(self, propensity: npt.ArrayLike, least: npt.ArrayLike | None = None) -> pd.DataFrame:
        """Band and decision of each propensity.

        At or above its threshold a lead is handed over; below it, band D is disqualified and the rest
        nurtured. Without a valid threshold nobody is handed over.

        Parameters
        ----------
        propensity : array-like of shape (n,)
            0 to 1.
        least : array-like of shape (n,), optional
            Threshold of each lead, NaN for none; by default the model's one for all.

        Returns
        -------
        pandas.DataFrame
            Columns ``band`` (A to D) and ``decision`` (hand_over, nurture, disqualify).
        """
        values = np.asarray(propensity, dtype=np.float64)
        band = self.bands.assign(values)
        if least is None:
            least = np.nan if self.threshold.threshold is None else self.threshold.threshold
        decision = np.where(
            values >= np.asarray(least, dtype=np.float64), "hand_over", np.where(band == "D", "disqualify", "nurture")
        )
        return pd.DataFrame({"band": band, "decision": decision})

    def dump(self) -> dict[str, bytes]:
        """Write the model as files.

        Returns
        -------
        dict of str to bytes
            File name to content: ``booster_0.txt`` ..., ``amount_0.txt`` ..., ``segment_<name>_0.txt`` ...,
            ``pattern_tables.bin``, ``model.json``.
        """
        boosters = files_of("booster", self.tables.booster_texts)
        amounts = files_of("amount", () if self.amount is None else self.amount.booster_texts)
        tables = self.tables.dump()
        corrections = {
            name: files_of(f"segment_{name}", correction.booster_texts)
            for name, correction in self.by_segment.corrections.items()
        }
        data = {
            "format": FORMAT,
            "boosters": entries_of(boosters),
            "amount": None if self.amount is None else {**self.amount.to_dict(), "boosters": entries_of(amounts)},
            "tables": {"file": TABLES_FILE, "sha256": digest(tables)},
            "schema": self.schema.to_dict(),
            "schema_hash": self.schema.hash,
            "calibration": self.calibration.to_dict(),
            "threshold": self.threshold.to_dict(),
            "bands": self.bands.to_dict(),
            "reference": {
                "margin": self.reference.margin,
                "propensity": self.reference.propensity,
                "columns": self.reference.columns,
                "watched": self.reference.watched,
            },
            "shared_facts": self.shared.to_dict(),
            "metadata": self.metadata,
            "linear": None if self.linear is None else self.linear.to_dict(),
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
            "by_segment": {
                **self.by_segment.to_dict(),
                "boosters": {name: entries_of(files) for name, files in corrections.items()},
            },
        }
        text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        trees = {
            name: content for files in (boosters, amounts, *corrections.values()) for name, content in files.items()
        }
        return {**trees, TABLES_FILE: tables, MODEL_FILE: text.encode()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read back what `dump` wrote.

        Parameters
        ----------
        files : mapping of str to bytes
            File name to content.

        Returns
        -------
        LeadModel
            Its scores are those of the dumped model, bit for bit.

        Raises
        ------
        DataError
            A file is missing or altered, or the format is not ours.

        Examples
        --------
        >>> LeadModel.load({"booster_0.txt": b"tree"})
        Traceback (most recent call last):
            ...
        features.errors.DataError: model: expected a file model.json, found booster_0.txt; fetch the model
        again.
        """
        data = read_json(files)
        if data.get("format") not in READABLE:
            raise DataError(
                f"model.json: expected format {FORMAT}, found {data.get('format')!r}; it was written by another "
                "version of Tamis: train again, or use that version."
            )
        with as_written(FORMAT):
            texts = tuple(verified(files, entry).decode() for entry in data["boosters"])
            tables = PatternTables.load(verified(files, data["tables"]), texts)
            schema = MatrixSchema.from_dict(data["schema"])
            if schema.hash != data["schema_hash"]:
                raise DataError(
                    "model.json: the columns do not match their hash; the file was altered: fetch the model again."
                )
            return cls(
                tables=tables,
                schema=schema,
                calibration=BetaCalibration.from_dict(data["calibration"]),
                threshold=ThresholdChoice.from_dict(data["threshold"]),
                bands=Bands.from_dict(data["bands"]),
                reference=Reference(**data["reference"]).checked(),
                shared=SharedFacts.from_dict(data["shared_facts"]),
                amount=_amount(files, data["amount"]),
                metadata=dict(data["metadata"]),
                linear=None if data.get("linear") is None else LinearPart.from_dict(data["linear"]),
                certificate=None if data.get("certificate") is None else Certificate.from_dict(data["certificate"]),
                by_segment=_by_segment(files, data.get("by_segment")),
            )


def _amount(files: Mapping[str, bytes], data: Mapping[str, Any] | None) -> AmountModel | None:
    if data is None:
        return None
    texts = [verified(files, entry).decode() for entry in data["boosters"]]
    return AmountModel.from_dict({name: value for name, value in data.items() if name != "boosters"}, texts)


def _by_segment(files: Mapping[str, bytes], data: Mapping[str, Any] | None) -> SegmentModels:
    if data is None:
        return NO_SEGMENTS
    texts = {name: [verified(files, entry).decode() for entry in entries] for name, entries in data["boosters"].items()}
    return SegmentModels.from_dict(data, texts)
