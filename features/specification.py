"""What a feature is, declared once: its name, its computation, its words, the meaning of null, its direction.

The constructors that write these down are in ``declare.py``; a feature is added in three lines, in ``engagement.py`` or
``intent.py`` and nowhere else::

    *count("calculator_use", "intent", days=(30, 90),
           en=Did("Used the price calculator", "Uses of the price calculator"),
           fr=Did("A utilisé le calculateur", "Utilisations du calculateur")),

Every window is half-open, ``[cutoff - L, cutoff)`` on ``occurred_at``, and a row is seen only if ``known_at < cutoff``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args

from features.errors import UseError

Family = Literal["fit", "engagement", "intent"]
Dtype = Literal["number", "category"]
Source = Literal["events", "signals", "answers", "colleagues", "attributes"]
Measure = Literal[
    "count",  # rows of these types in the window
    "recency",  # days from the newest row of these types to the cutoff
    "days",  # distinct UTC days with such a row
    "sessions",  # groups of rows at most 30 minutes apart
    "types",  # distinct types
    "decay",  # rows, each worth 2 ** (-age / half life)
    "strength",  # sum of `value` (events) or `strength` (signals)
    "trend",  # level of the window against the level of the rest of a longer one
    "share",  # rows of these types among the rows of `of`
    "criterion",  # last answer on one criterion: yes, no, unclear
    "answered",  # criteria whose last answer is yes or no
    "confirmed",  # criteria whose last answer is yes
    "value",  # an attribute: number or category
    "date",  # an attribute: days from that date to the cutoff
    "employee_band",
    "naf_section",
    "naf_division",
    "industry_text",
    "seniority",
    "job_function",
    "email_kind",
    "weekday",
]
Words = Mapping[str, Any]
ONE_YEAR = 365


@dataclass(frozen=True)
class Recipe:
    """How a feature is computed, as data, so that a model carries its own and is scored by it for ever.

    Attributes
    ----------
    source : {"events", "signals", "answers", "colleagues", "attributes"}
        Where its rows come from.
    measure : str
        What is measured on them, see `Measure`.
    days : int
        Lookback in days, ``[cutoff - days, cutoff)``.
    types : tuple of str
        Types (criteria for answers) that count; empty for all.
    of : tuple of str
        For ``share``: the types of the whole.
    longer_days : int
        For ``trend``: the longer window.
    half_life_days : float
        For ``decay``.
    columns : tuple of str
        For attributes: ``leads.x`` or ``accounts.x``; the first that is not null wins.

    Raises
    ------
    UseError
        Where the window is empty or the measure does not fit the source.
    """

    source: Source
    measure: Measure
    days: int = ONE_YEAR
    types: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    longer_days: int = 0
    half_life_days: float = 0.0
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.source not in get_args(Source) or self.measure not in get_args(Measure):
            raise UseError(f"Unknown recipe {self.source}/{self.measure}. Train the model again with this version.")
        if self.days <= 0:
            raise UseError(f"A lookback is a positive number of days. Found {self.days}.")
        if self.measure == "trend" and self.longer_days <= self.days:
            raise UseError(f"A trend compares {self.days} days with a longer window. Found {self.longer_days}.")
        if self.measure == "decay" and self.half_life_days <= 0:
            raise UseError(f"A half-life is a positive number of days. Found {self.half_life_days}.")
        if (self.source == "attributes") != bool(self.columns):
            raise UseError(f"Columns are for attributes, and attributes only. Found {self.source} {self.columns}.")


@dataclass(frozen=True)
class Feature:
    """One column of the matrix and everything that is known of it.

    Attributes
    ----------
    name : str
        ``{family}__{what}_{aggregate}_{lookback}``.
    family : {"fit", "engagement", "intent"}
        Who they are, what they did with us, what shows that they are buying now.
    dtype : {"number", "category"}
        ``Float64`` or ``String`` once computed.
    fact : str
        The same for near-duplicates (7, 30, 90 days of one count), so that one fact gives one reason.
    null : str
        Meaning of null.
    direction : {-1, 0, 1}
        Monotone constraint on the propensity.
    words : mapping
        JSON-able material of its sentences, see `features.words`.
    recipe : Recipe or None
        Its computation.

    Examples
    --------
    >>> feature = Feature("intent__demo_count_30d", "intent", "number", "demo", "0 if none", +1,
    ...                   recipe=Recipe("events", "count", days=30, types=("demo",)))
    >>> feature.name, feature.code
    ('intent__demo_count_30d', 'INTENT.DEMO_COUNT_30D')
    >>> Feature.from_dict(feature.to_dict()) == feature
    True
    """

    name: str
    family: Family
    dtype: Dtype
    fact: str
    null: str
    direction: int = 0
    words: Words = field(default_factory=dict, hash=False)
    recipe: Recipe | None = None

    @property
    def code(self) -> str:
        """Stable reason code, ``ENGAGEMENT.PRICING_VIEW_COUNT_7D``."""
        return self.name.replace("__", ".", 1).upper()

    def to_dict(self) -> dict[str, Any]:
        """Return the feature as JSON-able data, recipe included."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote, straight or through JSON; a missing recipe stays None."""
        recipe: Any = data.get("recipe")
        if recipe is not None:
            fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in recipe.items()}
            recipe = Recipe(**fields)
        return cls(**{**data, "recipe": recipe})


@dataclass(frozen=True)
class Did:
    """Words for something that a lead does.

    Attributes
    ----------
    done : str
        "Viewed the pricing page", "A consulté la page tarifs".
    noun : str
        "Pricing page views", "Vues de la page tarifs".
    none : str
        "No pricing page view", "Aucune vue de la page tarifs"; made from the noun where empty.
    undone : str
        "Has not viewed the pricing page", "N'a pas consulté la page tarifs"; made from ``done`` where empty.
    """

    done: str
    noun: str
    none: str = ""
    undone: str = ""


@dataclass(frozen=True)
class Tally:
    """Words for things that are counted.

    Attributes
    ----------
    one, many : str
        "hiring signal", "hiring signals".
    none : str
        "No hiring signal", "Aucun signal de recrutement".
    """

    one: str
    many: str
    none: str


@dataclass(frozen=True)
class Text:
    """Sentences written out, ``{x}`` standing for the formatted value.

    Attributes
    ----------
    some, zero, unknown : str
        Sentence for a value, for 0, for null.
    label : str
        Short noun phrase for plots.
    """

    some: str
    zero: str
    unknown: str
    label: str


@dataclass(frozen=True)
class Level:
    """Words for a level that rises and falls.

    Attributes
    ----------
    noun : str
        "Activity", "Activité".
    none : str
        "No activity", "Aucune activité".
    """

    noun: str
    none: str
