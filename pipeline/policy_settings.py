"""The settings of the one definition that marketing and sales share: who is an MQL, PQL, SAL, SQL, and who never is."""

from datetime import date, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipeline.refusals import REFUSAL_REASONS
from pipeline.section import Section, Zone

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
CRITERIA = {
    "bant": ("budget", "authority", "need", "timing"),
    "meddic": ("metrics", "economic_buyer", "decision_criteria", "decision_process", "pain", "champion"),
}


def _time_of_day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        minutes = 1440 if value == "24:00" else time.fromisoformat(value).hour * 60 + time.fromisoformat(value).minute
    except ValueError:
        raise ValueError(f"expected a time of day such as '09:00', found {value!r}") from None
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _days_of_year(value: object) -> object:
    for text in value if isinstance(value, list | tuple) else ():
        try:
            date.fromisoformat(str(text))
        except ValueError:
            raise ValueError(f"expected days such as '2026-12-24', found {text!r}") from None
    return [str(text) for text in value] if isinstance(value, list | tuple) else value


TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]
DaysOfYear = Annotated[tuple[str, ...], BeforeValidator(_days_of_year)]


def _country(code: str, subdivision: str) -> None:
    import holidays  # noqa: PLC0415 (a quarter of a second, only for those who change the country)

    known = holidays.list_supported_countries(include_aliases=False)
    if code not in known:
        raise ValueError(f"expected a country of two letters such as 'FR', found {code!r}")
    if subdivision and subdivision not in known[code]:
        raise ValueError(f"expected a subdivision of {code} among {', '.join(known[code])}, found {subdivision!r}")


class CalendarSettings(Section):
    """When sales works: delays run in this time alone."""

    days: tuple[Day, ...] = Field(
        ("monday", "tuesday", "wednesday", "thursday", "friday"), min_length=1, description="working days"
    )
    opens: TimeOfDay = Field("00:00", description="from when on a working day counts; 00:00 to 24:00: all of it")
    closes: TimeOfDay = Field(
        "24:00", description="until when; with 09:00 to 18:00 a delay of 48 hours is more than five days"
    )
    time_zone: Zone | Literal[""] = Field(
        "", description="zone of these hours, such as Europe/Paris; empty: that of source.time_zone"
    )
    country: str = Field("FR", description="whose public holidays are kept, two letters; empty: none")
    subdivision: str = Field("", description="a part of the country with holidays of its own, such as Alsace")
    closed: DaysOfYear = Field((), description='days on which the company is closed as well, such as "2026-12-24"')

    @model_validator(mode="after")
    def _can_be(self) -> "CalendarSettings":
        if self.opens >= self.closes:
            raise ValueError(f"expected opens before closes, found {self.opens} and {self.closes}")
        if self.country not in ("", "FR") or self.subdivision:
            _country(self.country, self.subdivision)
        return self


class DisqualifyRule(Section):
    """One rule that keeps a lead from sales, whatever its propensity."""

    reason: str = Field(
        min_length=1, description="why, such as competitor, student or out_of_territory; people read it"
    )
    column: str = Field(description="a column of leads or accounts")
    equals: tuple[str, ...] = Field((), description="true where the text is one of these")
    contains: tuple[str, ...] = Field((), description="true where one of these stands in the text as a whole word")
    outside: tuple[str, ...] = Field((), description="true where the text is known and none of these")

    @model_validator(mode="after")
    def _one_test(self) -> "DisqualifyRule":
        if sum(map(bool, (self.equals, self.contains, self.outside))) != 1:
            raise ValueError("expected one of equals, contains and outside")
        return self


class SqlSettings(Section):
    """When a lead is an SQL: what the conversation with sales must have confirmed."""

    criteria: Literal["bant", "meddic"] | tuple[str, ...] = Field(
        "bant", description='bant, meddic, or a list of your own such as ["need", "timing"]'
    )
    least: int = Field(0, ge=0, description="how many of them must be answered; 0: all")
    answer: Literal["yes", "clear"] = Field(
        "yes", description="yes: confirmed; clear: answered, a clear no counts as well"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The criteria."""
        return CRITERIA[self.criteria] if isinstance(self.criteria, str) else self.criteria

    @model_validator(mode="after")
    def _can_be_met(self) -> "SqlSettings":
        if not self.names or self.least > len(self.names):
            raise ValueError(f"expected at least one criterion and least up to {len(self.names)}, found {self.least}")
        return self


class PolicySettings(Section):
    """The one definition of a qualified lead that marketing and sales share, and what happens to it."""

    contact_within_hours: float = Field(
        48, gt=0, le=2000, description="working hours from the passage to the first contact, see [policy.calendar]"
    )
    least_families: int = Field(
        2, ge=1, le=3, description="an MQL has evidence in this many of fit, engagement and intent; 1: in any"
    )
    evidence_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="a family is evidence where it brings this share of all that lifts a lead above your typical one",
    )
    product_events: tuple[str, ...] = Field(("product_use",), description="types of events that are use of the product")
    product_share: float = Field(
        0.5, gt=0, le=1, description="a PQL owes this share of all that lifts it to the use of the product"
    )
    first_call: tuple[str, ...] = Field(
        ("outbound",),
        description="directions whose leads qualify at the first call: handed over on their propensity, never as MQL",
    )
    refusal_reasons: tuple[str, ...] = Field(
        REFUSAL_REASONS, min_length=1, description="reasons that sales may give for a refusal; your own ones too"
    )
    disqualifying_refusals: tuple[str, ...] = Field(
        ("competitor", "student", "out_of_territory", "duplicate"),
        description="reasons of a refusal that are for good; after any other the lead is nurtured",
    )
    refused_for_days: int = Field(
        90, ge=0, description="a lead that sales refused is not handed over again before that many days"
    )
    disqualify: tuple[DisqualifyRule, ...] = Field(
        (),
        description='who never goes to sales, as { reason = "student", column = "job_title", contains = ["student"] }; '
        "people who opted out never do",
    )
    sql: SqlSettings = SqlSettings()
    segments: dict[str, SqlSettings] = Field(
        default_factory=dict, description="segment = other criteria of an SQL, such as looser ones for long cycles"
    )
    calendar: CalendarSettings = CalendarSettings()
