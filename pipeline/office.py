"""The opening times of the company as an explicit table: working days, hours, public holidays, days of its own."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.calendar import HOUR_S, WorkCalendar
from pipeline.policy_settings import CalendarSettings
from pipeline.settings import Settings

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_S = 86_400


def work_calendar(settings: Settings, first: int, last: int) -> WorkCalendar:
    """Write down when the company is open.

    Parameters
    ----------
    settings : Settings
        ``policy.calendar``.
    first, last : int
        UTC seconds; the table covers them, and after the last one enough for the delay of the first contact.

    Returns
    -------
    WorkCalendar

    Examples
    --------
    Two working days after the Thursday before Easter Monday 2026, 16:00 in Paris:

    >>> thursday = int(datetime(2026, 4, 2, 14, tzinfo=UTC).timestamp())
    >>> settings = Settings(source={"time_zone": "Europe/Paris"})
    >>> due = work_calendar(settings, thursday, thursday).after([thursday], 48 * HOUR_S)
    >>> datetime.fromtimestamp(due[0], ZoneInfo("Europe/Paris")).isoformat()
    '2026-04-07T16:00:00+02:00'
    """
    chosen = settings.policy.calendar
    zone = ZoneInfo(chosen.time_zone) if chosen.time_zone else settings.zone
    day = datetime.fromtimestamp(first, UTC).date() - timedelta(days=3)
    # A delay takes the longer the fewer hours a week has; holidays and closed days may double it.
    a_week = len(chosen.days) * (_seconds(chosen.closes) - _seconds(chosen.opens))
    weeks = 4 + 2 * settings.policy.contact_within_hours * HOUR_S / a_week
    end = datetime.fromtimestamp(last, UTC).date() + timedelta(days=int(7 * weeks) + len(chosen.closed))
    shut = _holidays(chosen, day.year, end.year) | {date.fromisoformat(text) for text in chosen.closed}
    intervals = []
    while day <= end:
        if _WEEK[day.weekday()] in chosen.days and day not in shut:
            intervals.append((_at(day, chosen.opens, zone), _at(day, chosen.closes, zone)))
        day += timedelta(days=1)
    return WorkCalendar.of(intervals)


def _holidays(chosen: CalendarSettings, first: int, last: int) -> set[date]:
    if not chosen.country:
        return set()
    import holidays  # noqa: PLC0415 (a quarter of a second, which only a run that hands over must pay)

    years = range(first, last + 1)
    return set(holidays.country_holidays(chosen.country, subdiv=chosen.subdivision or None, years=years))


def _seconds(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * HOUR_S + int(minutes) * 60


def _at(day: date, text: str, zone: ZoneInfo) -> float:
    """A time of day as the clock on the wall shows it, whatever summer time does."""
    days, seconds = divmod(_seconds(text), DAY_S)
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=days, seconds=seconds)
    return wall.timestamp()
