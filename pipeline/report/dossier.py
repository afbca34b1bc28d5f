"""The dossier of one lead: who to call, why and by when, on one printable page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from features.fit import channel
from features.language import Language, number
from models.explain import FAMILIES
from models.moves import Moves
from models.reasons import Reason
from models.segments import ALL
from pipeline.language import day, fixed, iso, moment, money, ordinal, points, strength, two_figures
from pipeline.policy_words import ruled, status
from pipeline.report.templates import environment
from pipeline.report.waterfall import waterfall
from pipeline.report.words import say
from pipeline.score_runs import EXPLORATION

FEWEST_IN_BAND = 30


@dataclass(frozen=True)
class Dossier:
    """What is known about one lead in one score run.

    Attributes
    ----------
    row : mapping
        The score row; ``due_at`` in UTC seconds.
    model_version : str
        Number in the registry.
    scored_at, cutoff : int
        UTC seconds.
    zone : zoneinfo.ZoneInfo
        In which days and hours are written.
    horizon_days : int, optional
        Within which the propensity is to be won; None where outcomes have no date.
    amount : tuple of 2 float, optional
        Between which 8 in 10 deals of this expected amount end; None where no amount is known.
    currency : str
        Of amounts.
    band_measured : mapping, optional
        ``n``, ``conversion``, ``low``, ``high`` of past leads in this band.
    reasons : sequence of Reason
        Strongest first, in words.
    others : float
        Points of everything that is not among the reasons.
    moves : tuple of (int, Moves), optional
        When the lead was scored before, and what moved it since; None where it was not.
    who : mapping, optional
        Contact, role, company, channel, owner; None where the tables are no longer kept.
    timeline : sequence of (int, str), optional
        What happened, the newest first: UTC seconds and words.
    questions : sequence of str, optional
        What sales should ask next.
    certified : bool
        Whether percentages of leads like this one came true; if not, people see its rank and its band.
    rank : int
        Its place in its score run, from 1.
    n_ranked : int
        Leads of the run.
    kind : {"portfolio", "file"}
        Of the run.
    has_segments : bool
        Whether the model knows segments: then it is told which made the score.
    policy_version : str, optional
        Of the definition that decided; None in runs from before it.
    """

    row: Mapping[str, Any]
    model_version: str
    scored_at: int
    cutoff: int
    zone: ZoneInfo
    horizon_days: int | None
    amount: tuple[float, float] | None
    currency: str
    band_measured: Mapping[str, Any] | None
    reasons: Sequence[Reason]
    others: float
    moves: tuple[int, Moves] | None
    who: Mapping[str, Any] | None
    timeline: Sequence[tuple[int, str]] | None
    questions: Sequence[str] | None
    certified: bool
    rank: int
    n_ranked: int
    kind: str
    has_segments: bool = False
    policy_version: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        moved = None
        if self.moves is not None:
            since, moves = self.moves
            moved = {"since": since, **asdict(moves)}
        return {
            **self.row,
            "scored_at": self.scored_at,
            "cutoff": self.cutoff,
            "amount_low": self.amount and self.amount[0],
            "amount_high": self.amount and self.amount[1],
            "band_measured": self.band_measured,
            "policy_version": self.policy_version,
            "certified": self.certified,
            "rank": self.rank,
            "n_ranked": self.n_ranked,
            "reasons": [asdict(reason) for reason in self.reasons],
            "other_points": self.others,
            "moves": moved,
            "who": None if self.who is None else {name: _plain(name, value) for name, value in self.who.items()},
            "timeline": None
            if self.timeline is None
            else [{"at": iso(at), "text": text} for at, text in self.timeline],
            "questions": self.questions,
        }

    def contact(self, language: Language) -> list[tuple[str, str]]:
        """Who the lead is: words and what is known."""
        shown = []
        for name, value in (self.who or {}).items():
            if name == "created_at":
                shown.append((say(name, language), day(value, language, self.zone)))
            elif name == "source":
                shown.append((say(name, language), channel(value, language)))
            elif name == "account_id":
                shown.append((say(name, language), str((self.who or {}).get("company") or value)))
            elif name not in ("opted_out", "company"):
                shown.append((say(name, language), str(value)))
        return shown

    def made_by(self, language: Language) -> str:
        """Which model made the score; empty where there are no segments."""
        if not self.has_segments:
            return ""
        segment = self.row["scored_by"]
        return say("by_all", language) if segment == ALL else say("by_segment", language, segment=segment)

    def worth(self, language: Language) -> str:
        """What the deal would bring and what that is worth today; empty where no amount is known."""
        if self.amount is None:
            return ""
        low, high = self.amount
        amounts = {"amount": self.row["expected_amount"], "low": low, "high": high, "value": self.row["expected_value"]}
        shown = {name: money(two_figures(value), language, self.currency) for name, value in amounts.items()}
        return say("amount_text" if self.certified else "amount_alone", language, **shown)

    def place(self, language: Language) -> str:
        """Where the lead stands among those scored with it."""
        rank, n = ordinal(self.rank, language), fixed(self.n_ranked, language)
        return say(f"rank_{self.kind}", language, rank=rank, n=n)

    def pushes(self, value: float, language: Language) -> str:
        """How hard something pushes: points where percentages are certified, else signs."""
        if self.certified:
            return points(value, language)
        return strength(value, max((abs(reason.points) for reason in self.reasons), default=0.0))

    def family(self, name: str, language: Language) -> str:
        """How hard the facts of a family push together: points, or signs beside the strongest family."""
        of = {family: self.row[f"{family}_points"] for family in FAMILIES}
        if self.certified:
            return points(of[name], language)
        return strength(of[name], max(abs(value) for value in of.values()))

    def status(self, language: Language) -> str:
        """What the lead is by the definition, and by which rule; empty where the definition says nothing of it."""
        found = status(self.row["qualification"], language)
        why = ruled(self.row.get("rule"), self.row["decision"], language)
        said = f"{found} ({why})" if found and why else found or why
        return said[:1].upper() + said[1:]

    def explored(self, language: Language) -> str:
        """That the lead was drawn to learn from it, and how likely that was; empty where it was not."""
        if self.row["qualification"] != EXPLORATION:
            return ""
        return say("explored", language, share=number(100 * self.row["handover_probability"], language))

    @property
    def opted_out(self) -> bool:
        """Whether the lead asked not to be contacted."""
        return bool((self.who or {}).get("opted_out"))

    @property
    def is_overdue(self) -> bool:
        """Whether the contact was due before the lead was scored."""
        return self.row["due_at"] is not None and self.row["due_at"] < self.cutoff

    @property
    def is_band_known(self) -> bool:
        """Whether enough past leads were in this band to say what it converted at, and percentages may be shown."""
        return self.certified and bool(self.band_measured) and (self.band_measured or {})["n"] >= FEWEST_IN_BAND


def render(dossier: Dossier, language: Language) -> str:
    """Write the dossier as one self-contained HTML page."""
    return environment(language).get_template("dossier.html.jinja").render(context(dossier, language))


def context(dossier: Dossier, language: Language) -> dict[str, Any]:
    """What the template of the dossier's body reads."""
    way = [*((reason.text, reason.points) for reason in dossier.reasons), (say("others", language), dossier.others)]
    row = dossier.row
    drawn = waterfall(row["reference_propensity"], way, row["propensity"], language, certified=dossier.certified)
    return {
        "dossier": dossier,
        "row": row,
        "waterfall": Markup(drawn),  # noqa: S704 (our own SVG)
        "moment": lambda at: moment(at, language, dossier.zone),
        "day": lambda at: day(at, language, dossier.zone),
        "push": lambda value: dossier.pushes(value, language),
    }


def _plain(name: str, value: Any) -> Any:
    return iso(value) if name == "created_at" else bool(value) if name == "opted_out" else value
