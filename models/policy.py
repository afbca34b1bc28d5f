"""The one definition of a qualified lead, applied: which status each lead has, by which rule, and what follows."""

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import UseError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
DECISIONS = ("hand_over", "nurture", "disqualify")
# At or above the threshold, but what lifts the lead is of too few families.
FLAGS = {"fit": "inactive", "engagement": "engagement_only", "intent": "intent_only"}
INCOMPLETE = "incomplete"
QUALIFICATIONS = (
    "mql",
    "pql",
    "sal",
    "sql",
    "prospect",
    "exploration",
    "refused",
    "disqualified",
    *FLAGS.values(),
    INCOMPLETE,
)
# Sales has it: nobody waits for a first contact.
WITH_SALES = ("sal", "sql")


def fold(text: str) -> str:
    """Lower case, no accents, single spaces, so that people's spellings of one word are equal.

    Examples
    --------
    >>> fold("  Étudiante   en Master "), fold("Œuvre"), fold("L'Oréal")
    ('etudiante en master', 'oeuvre', "l'oreal")
    """
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe")).casefold()
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


@dataclass(frozen=True)
class TextTest:
    """A test of one text, whatever its case and accents; null never passes it.

    Attributes
    ----------
    equals, contains, outside : tuple of str
        Exactly one of them: the text is one of these; one of these stands in it as whole words; it is none of these.

    Examples
    --------
    >>> student = TextTest(contains=("etudiant", "stagiaire"))
    >>> [student.holds(title) for title in ("Étudiant, M2", "STAGIAIRE marketing", "Relations étudiantes", None)]
    [True, True, False, False]
    >>> TextTest(outside=("FR", "be")).holds("de"), TextTest(outside=("FR",)).holds(None)
    (True, False)
    >>> TextTest()
    Traceback (most recent call last):
        ...
    features.errors.UseError: policy: expected one of equals, contains and outside, found 0.
    """

    equals: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = sum(map(bool, (self.equals, self.contains, self.outside)))
        if given != 1:
            raise UseError(f"policy: expected one of equals, contains and outside, found {given}.")

    def holds(self, text: object) -> bool:
        """Whether a text passes."""
        if not isinstance(text, str) or not text.strip():
            return False
        folded = fold(text)
        if self.equals:
            return folded in {fold(one) for one in self.equals}
        if self.outside:
            return folded not in {fold(one) for one in self.outside}
        words = _words(folded)
        return any(_words(fold(one)) in words for one in self.contains)


def _words(folded: str) -> str:
    """Words between single spaces, so that a whole word is a part of a text."""
    return f" {' '.join(''.join(sign if sign.isalnum() else ' ' for sign in folded).split())} "


@dataclass(frozen=True)
class Policy:
    """What the settings say of evidence.

    Attributes
    ----------
    least_families : int
        An MQL has evidence in this many, 1 to 3.
    evidence_share : float
        A family is evidence where it brings this share of all that lifts a lead, 0 to 1.
    product_share : float
        A PQL owes this share of it to the use of the product, 0 to 1.
    """

    least_families: int = 2
    evidence_share: float = 0.1
    product_share: float = 0.5


@dataclass(frozen=True)
class Standing:
    """What is known of leads beside their scores, before the cutoff.

    Attributes
    ----------
    override : ndarray of n str or None
        What a person decided for this lead: hand_over, nurture, disqualify.
    disqualified : ndarray of n str or None
        Reason of the first rule that it meets.
    refusal : ndarray of n str or None
        Reason of a refusal of sales that still stands.
    for_good : ndarray of n bool
        Whether that refusal disqualifies.
    stage : ndarray of n str or None
        Where sales has it: sal, sql.
    criteria : ndarray of n str or None
        Name of the criteria whose answers make it an SQL.
    first_call : ndarray of n bool
        Whether it qualifies at the first call, not by scoring.
    """

    override: Texts
    disqualified: Texts
    refusal: Texts
    for_good: Flags
    stage: Texts
    criteria: Texts
    first_call: Flags

    @classmethod
    def unknown(cls, n: int) -> "Standing":
        """Of n leads of which nothing is known."""
        nothing, no = np.full(n, None, dtype=object), np.zeros(n, dtype=np.bool_)
        return cls(nothing, nothing, nothing, no, nothing, nothing, no)


@dataclass(frozen=True)
class Scores:
    """What the model says of n leads.

    Attributes
    ----------
    propensity, reference, threshold : ndarray of shape (n,)
        0 to 1; the reference is the average lead; the threshold is NaN where none is valid.
    points : pandas.DataFrame of n rows
        Percentage points: ``fit``, ``engagement``, ``intent``.
    product : ndarray of shape (n,)
        Those of the use of the product among them.
    decision : ndarray of n str
        By the threshold alone: hand_over, nurture, disqualify (band D).
    """

    propensity: Floats
    reference: Floats
    threshold: Floats
    points: pd.DataFrame
    product: Floats
    decision: npt.NDArray[np.str_]


class Qualified(NamedTuple):
    """What the policy makes of leads.

    Attributes
    ----------
    qualification : ndarray of n str or None
        One of `QUALIFICATIONS`; None where the threshold is not reached and nothing else is known.
    rule : ndarray of n str
        What made it: ``override``, ``disqualify:<reason>``, ``refusal:<reason>``, ``stage:<stage>``,
        ``answers:<criteria>``, ``first_call``, ``product_use``, ``families``, ``threshold``.
    decision : ndarray of n str
        hand_over, nurture, disqualify.
    open_to_lottery : ndarray of bool, shape (n,)
        Whether the lead may be handed over to learn: no person and no rule speaks against it, and sales has it not.
    """

    qualification: Texts
    rule: Texts
    decision: npt.NDArray[np.str_]
    open_to_lottery: Flags


def evidence(points: pd.DataFrame, share: float) -> pd.DataFrame:
    """Say which families are evidence for each lead.

    What lifts a lead above the average one is the sum of its families' positive points. A family is evidence where it
    brings at least a share of that: a share, not a number of points, for a point is much at a base rate of 1% and
    nothing at 30%.

    Parameters
    ----------
    points : pandas.DataFrame of n rows
        Percentage points by family.
    share : float
        0 to 1.

    Returns
    -------
    pandas.DataFrame of bool

    Examples
    --------
    >>> evidence(pd.DataFrame({"fit": [3.0, 0.2], "engagement": [5.0, 9.0], "intent": [-4.0, 0.0]}), 0.1)
         fit  engagement  intent
    0   True        True   False
    1  False        True   False
    """
    lifted = points.clip(lower=0.0)
    least = share * lifted.sum(axis=1)
    return (points > 0) & points.ge(least, axis=0)


def qualify(scores: Scores, standing: Standing, policy: Policy) -> Qualified:
    """Apply the definition to leads; the first rule that speaks decides.

    A person's decision on this very lead; a rule that disqualifies; a refusal of sales that still stands; where sales
    has the lead (a stage, or the answers that make an SQL); then the score. At or above the threshold a lead that
    qualifies at the first call is a prospect; one that owes enough to the use of the product is a PQL; one with
    evidence in enough families is an MQL. What is left is flagged and nurtured: a score of digital activity alone is no
    project, and a fit alone is inactive. A lead that nothing lifts above the average one needs no evidence: the
    threshold says that an average lead is worth its call.

    Parameters
    ----------
    scores : Scores of n leads
    standing : Standing of n leads
    policy : Policy

    Returns
    -------
    Qualified

    Examples
    --------
    >>> points = pd.DataFrame({"fit": [6.0, 0.0, 9.0], "engagement": [4.0, 9.0, 0.0], "intent": [0.0, -1.0, 0.0]})
    >>> flat = lambda value: np.full(3, value)
    >>> scores = Scores(flat(0.12), flat(0.02), flat(0.1), points, flat(0.0), flat("hand_over"))
    >>> found = qualify(scores, Standing.unknown(3), Policy())
    >>> found.qualification.tolist(), found.decision.tolist()
    (['mql', 'engagement_only', 'inactive'], ['hand_over', 'nurture', 'nurture'])
    """
    n = len(scores.propensity)
    above = scores.decision == "hand_over"
    proof = evidence(scores.points, policy.evidence_share)
    enough = (proof.sum(axis=1).to_numpy() >= policy.least_families) | (scores.propensity <= scores.reference)
    lift = scores.points.clip(lower=0.0).sum(axis=1).to_numpy()
    by_product = (scores.product > 0) & (scores.product >= policy.product_share * lift)
    qualification, rule = np.full(n, None, dtype=object), np.full(n, "threshold", dtype=object)
    decision = scores.decision.astype("<U10")
    free = np.ones(n, dtype=np.bool_)

    def decide(where: Flags, status: object, by: object, then: str | None) -> None:
        now = where & free
        for target, value in ((qualification, status), (rule, by)):
            target[now] = value[now] if isinstance(value, np.ndarray) else value
        if then is not None:
            decision[now] = then
        free[now] = False

    for ordered, status in zip(DECISIONS, ("mql", None, "disqualified"), strict=True):
        decide(standing.override == ordered, status, "override", ordered)
    decide(_given(standing.disqualified), "disqualified", _named("disqualify", standing.disqualified), "disqualify")
    because = _named("refusal", standing.refusal)
    decide(_given(standing.refusal) & standing.for_good, "disqualified", because, "disqualify")
    decide(_given(standing.refusal), "refused", because, "nurture")
    decide(standing.stage == "sql", "sql", "stage:sql", None)
    decide(_given(standing.criteria), "sql", _named("answers", standing.criteria), None)
    decide(standing.stage == "sal", "sal", "stage:sal", None)
    open_to_lottery = free.copy()
    decide(above & standing.first_call, "prospect", "first_call", None)
    decide(above & by_product, "pql", "product_use", None)
    decide(above & enough, "mql", "families", None)
    decide(above, _flags(proof), "families", "nurture")
    return Qualified(qualification, rule, decision, open_to_lottery)


def _given(texts: Texts) -> Flags:
    return np.asarray(pd.notna(texts), dtype=np.bool_)


def _named(kind: str, reasons: Texts) -> Texts:
    """``kind:reason``; each different one is made once."""
    codes, levels = pd.factorize(reasons)
    words = np.array([*(f"{kind}:{reason}" for reason in levels), None], dtype=object)
    return np.asarray(words[codes], dtype=object)


def _flags(proof: pd.DataFrame) -> Texts:
    alone = proof.sum(axis=1).to_numpy() == 1
    which = [FLAGS[str(name)] for name in proof.columns]
    return np.where(alone, np.array(which, dtype=object)[proof.to_numpy().argmax(axis=1)], INCOMPLETE)
