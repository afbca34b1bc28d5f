"""What the policy must know of open leads beside their scores, read from the tables as they stood at the cutoff."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.answers import ANSWER_CODES, coarse_answer
from features.attributes import attribute_frame
from features.errors import UseError
from features.frames import plain_text
from features.specification import Feature
from features.statements import attribute
from models.policy import Policy, Standing, TextTest, fold
from models.sales_moves import STARTED, answered, sales_standing
from models.segments import ALL, Names
from pipeline.by_lead import places
from pipeline.describe import collect
from pipeline.policy_settings import CRITERIA, DisqualifyRule, PolicySettings, SqlSettings
from pipeline.refusals import REFUSAL_REASONS
from pipeline.settings import Settings
from pipeline.source import Opened

DAY_S = 86_400
OTHER = "other"
_ANSWERS = {code: name for name, code in ANSWER_CODES.items()}
c = nw.col


def _none() -> "pd.Series[str]":
    return pd.Series([], dtype="object", index=pd.Index([], dtype="str"))


@dataclass(frozen=True)
class PolicyFacts:
    """Of the open leads; what is not named here is as usual.

    Attributes
    ----------
    override, disqualified, refusal, stage : pandas.Series of str
        By lead, in the order of leads, see `models.policy.Standing`.
    criteria : mapping of str to pandas.Index
        Leads whose answers make an SQL, in order, by the segment whose criteria they meet; ``all`` for the usual ones.
    first_call : pandas.Index of str
        Leads that qualify at the first call, in order.
    for_good : frozenset of str
        Reasons of refusals that disqualify.
    names : mapping of str to str
        What the criteria of each segment are called.
    """

    override: "pd.Series[str]" = field(default_factory=_none)
    disqualified: "pd.Series[str]" = field(default_factory=_none)
    refusal: "pd.Series[str]" = field(default_factory=_none)
    stage: "pd.Series[str]" = field(default_factory=_none)
    criteria: Mapping[str, "pd.Index[str]"] = field(default_factory=dict)
    first_call: "pd.Index[str]" = field(default_factory=lambda: pd.Index([], dtype="str"))
    for_good: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, lead_ids: "pd.Series[str]", segments: Names) -> Standing:
        """Where each lead stands, in their order.

        Parameters
        ----------
        lead_ids : pandas.Series of n str
        segments : ndarray of n str
            In which each is.
        """
        override, disqualified, refusal, stage = (
            _taken(of, lead_ids) for of in (self.override, self.disqualified, self.refusal, self.stage)
        )
        criteria = np.full(len(lead_ids), None, dtype=object)
        for segment, met in self.criteria.items():
            usual = segment == ALL
            inside = (
                ~np.isin(segments, [name for name in self.criteria if name != ALL]) if usual else segments == segment
            )
            if len(met) and inside.any():
                criteria[inside & (places(met, lead_ids) >= 0)] = self.names[segment]
        for_good = np.asarray(pd.Series(refusal, dtype="object").isin(self.for_good), dtype=np.bool_)
        return Standing(
            override, disqualified, refusal, for_good, stage, criteria, places(self.first_call, lead_ids) >= 0
        )


def _taken(values: "pd.Series[str]", leads: "pd.Series[str]") -> Any:
    place = places(values.index, leads)
    taken = np.full(len(leads), None, dtype=object)
    known = place >= 0
    taken[known] = values.array[place[known]]
    return taken


def policy_of(settings: PolicySettings) -> Policy:
    """What the settings say of evidence."""
    return Policy(settings.least_families, settings.evidence_share, settings.product_share)


def policy_version(settings: PolicySettings) -> str:
    """Twelve signs that change with the section [policy], and with nothing else.

    Examples
    --------
    >>> len(policy_version(PolicySettings())), policy_version(PolicySettings()) == policy_version(
    ...     PolicySettings(least_families=1))
    (12, False)
    """
    return sha256(json.dumps(settings.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:12]


def read_policy_facts(
    opened: Opened, settings: Settings, leads: "pd.Series[str]", cutoff: int, reviews: pd.DataFrame
) -> PolicyFacts:
    """Read what is known of leads before the cutoff.

    Parameters
    ----------
    opened : Opened
        Its tables.
    settings : Settings
        ``policy``.
    leads : pandas.Series of str
        The open leads, in order.
    cutoff : int
        UTC seconds.
    reviews : pandas.DataFrame
        What people decided in Tamis, see `pipeline.overrides.said_by_people`.

    Raises
    ------
    UseError
        A rule names a column that is not there, or that is no text.
    """
    policy = settings.policy
    attributes = _attributes(opened, policy, leads, cutoff)
    # Numbers for leads: texts take ten times as long to sort and to group.
    numbers = _Numbers(leads)
    refused = _refused(numbers.of(sales_moves(opened, cutoff, reviews)), policy, cutoff)
    sql_of = {ALL: policy.sql, **policy.segments}
    asked = {name for sql in sql_of.values() for name in sql.names}
    answers = last_answers(numbers.of(all_answers(opened, cutoff, asked)))
    return PolicyFacts(
        override=_overrides(reviews),
        disqualified=_disqualified(attributes, policy.disqualify),
        refusal=numbers.named(refused["refusal"].dropna()),
        stage=numbers.named(refused["stage"].dropna()),
        criteria={
            segment: numbers.leads(answered(answers, sql.names, sql.least, clear=sql.answer == "clear"))
            for segment, sql in sql_of.items()
        },
        first_call=_first_call(attributes, policy.first_call),
        for_good=frozenset(policy.disqualifying_refusals),
        names={segment: _called(of) for segment, of in sql_of.items()},
    )


def _called(sql: SqlSettings) -> str:
    return next((name for name, criteria in CRITERIA.items() if criteria == sql.names), "own")


class _Numbers:
    """Places of the open leads for their names; what is said of others is left out."""

    def __init__(self, leads: "pd.Series[str]") -> None:
        self._leads = pd.Index(leads)

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        place = places(self._leads, rows["lead_id"])
        numbered: pd.DataFrame = rows[place >= 0].assign(lead_id=place[place >= 0])
        return numbered

    def leads(self, numbers: "pd.Index[Any]") -> "pd.Index[str]":
        return self._leads[np.sort(numbers.to_numpy(dtype=np.int64))]

    def named(self, values: "pd.Series[str]") -> "pd.Series[str]":
        return values.sort_index().set_axis(self.leads(values.index))


def _attributes(opened: Opened, policy: PolicySettings, leads: "pd.Series[str]", cutoff: int) -> pd.DataFrame:
    """Columns that rules read, and the direction, as they stood at the cutoff; by lead."""
    wanted: dict[str, Feature] = {}
    tables = opened.tables
    for rule in policy.disqualify:
        places = columns_of_rule(opened, rule.column)
        wanted[rule.column] = attribute(rule.column, "fit", places, "value", {})
    if policy.first_call and "direction" in tables.frames["leads"].collect_schema().names():
        wanted["direction"] = attribute("direction", "fit", ["leads.direction"], "value", {})
    if not wanted:
        return pd.DataFrame(index=pd.Index([], dtype="str"))
    keys = pa.table({"lead_id": pa.array(leads, pa.string()), "cutoff": np.full(len(leads), cutoff)})
    frame = attribute_frame(opened.engine.put(keys), tables, list(wanted.values()), cutoff)
    return collect(frame).set_index("lead_id").drop(columns="cutoff")


def columns_of_rule(opened: Opened, column: str) -> list[str]:
    """Where a rule reads: ``leads.x`` before ``accounts.x``.

    Raises
    ------
    UseError
        There is no such column with text; the nearest is named.
    """
    frames = opened.tables.frames
    texts = {
        f"{table}.{name}"
        for table in ("leads", "accounts")
        if table in frames
        for name, kind in frames[table].collect_schema().items()
        if kind == nw.String
    }
    found = [f"{table}.{column}" for table in ("leads", "accounts") if f"{table}.{column}" in texts]
    if not found:
        known = sorted({name.partition(".")[2] for name in texts})
        near = difflib.get_close_matches(column, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Name one, or take the rule out."
        raise UseError(f"policy.disqualify: expected a column of leads or accounts with text, found {column!r}. {hint}")
    return found


def _disqualified(attributes: pd.DataFrame, rules: Sequence[DisqualifyRule]) -> "pd.Series[str]":
    """Reason of the first rule that each lead meets."""
    reason = np.full(len(attributes), None, dtype=object)
    for rule in reversed(rules):
        reason[_meets(attributes[rule.column], TextTest(rule.equals, rule.contains, rule.outside))] = rule.reason
    met = pd.notna(reason)
    return pd.Series(reason[met], index=attributes.index[met], dtype="object").sort_index()


def _first_call(attributes: pd.DataFrame, directions: Sequence[str]) -> "pd.Index[str]":
    if not directions or "direction" not in attributes:
        return pd.Index([], dtype="str")
    return attributes.index[_meets(attributes["direction"], TextTest(equals=tuple(directions)))].sort_values()


def _meets(texts: "pd.Series[str]", test: TextTest) -> npt.NDArray[np.bool_]:
    """Which rows hold a text that passes a test; each different text is looked at once; an absent one passes none."""
    codes, levels = pd.factorize(texts)
    passed = np.append(np.array([test.holds(level) for level in levels], dtype=np.bool_), False)
    return passed[codes]


def reason_code(reason: object, allowed: Sequence[str] = REFUSAL_REASONS) -> str:
    """Name a reason of a refusal by its code: free text of a CRM never leaves its table.

    Examples
    --------
    >>> reason_code("No budget"), reason_code("M. Durand n'aime pas"), reason_code(None)
    ('no_budget', 'other', 'other')
    """
    code = fold(str(reason)).replace(" ", "_") if isinstance(reason, str) else ""
    return code if code in allowed else OTHER


def sales_moves(opened: Opened, cutoff: int, reviews: pd.DataFrame) -> pd.DataFrame:
    """What sales did with leads before an instant, in the CRM and in Tamis.

    Returns
    -------
    pandas.DataFrame
        See `models.sales_moves.sales_standing`; reasons as they were written.
    """
    parts = []
    stages = opened.tables.frames.get("stages")
    if stages is not None:
        rows = collect(
            stages.with_columns(stage=c("stage").str.strip_chars().str.to_lowercase())
            .filter((c("entered_at") < cutoff) & c("stage").is_in(STARTED))
            .select(
                "lead_id",
                "stage",
                "reason",
                at=c("entered_at"),
                refused=(c("decision").fill_null("").str.strip_chars().str.to_lowercase() == "refused"),
            )
        )
        parts.append(rows)
    said = reviews[(reviews["at"] < cutoff) & reviews["decision"].isin(["accepted", "refused"])]
    parts.append(said.assign(stage="sal", refused=said["decision"] == "refused"))
    return pd.concat([part[["lead_id", "stage", "at", "refused", "reason"]] for part in parts], ignore_index=True)


def _refused(moves: pd.DataFrame, policy: PolicySettings, cutoff: int) -> pd.DataFrame:
    found = sales_standing(moves)
    codes, levels = pd.factorize(found["reason"])
    named = np.array([*(reason_code(level, policy.refusal_reasons) for level in levels), OTHER], dtype=object)
    reason = pd.Series(named[codes], index=found.index)
    fresh = found["refused_at"] > cutoff - policy.refused_for_days * DAY_S
    stands = found["refused_at"].notna() & (fresh | reason.isin(policy.disqualifying_refusals))
    return pd.DataFrame({"stage": found["stage"], "refusal": reason.where(stands, None)})


def last_answers(answers: pd.DataFrame) -> pd.DataFrame:
    """The last answer of each lead to each criterion, see `all_answers`."""
    return answers.sort_values("known_at", kind="stable").drop_duplicates(["lead_id", "criterion"], keep="last")


def all_answers(opened: Opened, cutoff: int, criteria: set[str]) -> pd.DataFrame:
    """Every answer to some criteria that was known before an instant.

    Returns
    -------
    pandas.DataFrame
        ``lead_id``, ``criterion``, ``known_at``, ``answer`` (yes, no, unclear).
    """
    answers = opened.tables.frames.get("answers")
    if answers is None:
        return pd.DataFrame({"lead_id": [], "criterion": [], "known_at": [], "answer": []}, dtype="object")
    rows = answers.with_columns(criterion=plain_text(c("criterion"))).filter(
        (c("known_at") < cutoff) & c("criterion").is_in(sorted(criteria))
    )
    found = collect(rows.select("lead_id", "criterion", "known_at", "answer"))
    codes, levels = pd.factorize(found["answer"], use_na_sentinel=False)
    frame = nw.from_native(pd.DataFrame({"answer": pd.Series(levels, dtype="str")}))
    coarse = frame.select(code=coarse_answer(plain_text(c("answer"))))["code"].to_numpy()
    said = np.array([_ANSWERS[int(code)] for code in coarse], dtype=object)
    found["answer"] = said[codes] if len(found) else found["answer"]
    return found


def _overrides(reviews: pd.DataFrame) -> "pd.Series[str]":
    """The last word of people about each lead, where it is an order and not taken back."""
    orders = reviews[reviews["decision"].isin(["hand_over", "nurture", "disqualify", "free"])]
    last = orders.sort_values("at", kind="stable").drop_duplicates("lead_id", keep="last")
    last = last[last["decision"] != "free"].sort_values("lead_id")
    return pd.Series(last["decision"].to_numpy(dtype=object), index=pd.Index(last["lead_id"], dtype="str"))
