"""Dates and times as people and models write them, read where that is unambiguous."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH_OF = {
    **{name: number for number, name in enumerate(_MONTHS, 1)},
    **{name[:3]: number for number, name in enumerate(_MONTHS, 1)},
    "sept": 9,
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_OF = {
    **{name: number for number, name in enumerate(_DAYS)},
    **{name[:3]: number for number, name in enumerate(_DAYS)},
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
_FILLERS = frozenset({"of", "the", "st", "nd", "rd", "th"})

#: Longer texts say more than one moment.
_LONGEST = 64
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMERIC = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_WORDS = re.compile(r"[a-z0-9 ,.\-/]+")
_WORD = re.compile(r"[a-z]+|[0-9]+")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[t ]00:00(?::00(?:\.0{1,9})?)?(?:z|[+-]00:?00)?")
_TIME = re.compile(
    r"([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)? ?(am|pm|a\.m\.|p\.m\.)?"
    r" ?(z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})?"
)
_RFC_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
#: Where a date may end and a time begin.
_BETWEEN = re.compile(r"t(?=[0-9])|,? (?:at|on) |,? ")
_YEAR_DIGITS = 4
_TWELVE = 12


def is_date(text: str) -> bool:
    """Tell whether a text is a day as YYYY-MM-DD."""
    return _ISO_DATE.fullmatch(text) is not None and _day(text[:4], text[5:7], text[8:]) is not None


def is_time(text: str) -> bool:
    """Tell whether a text is a time of day as RFC 3339 has it."""
    return _RFC_TIME.fullmatch(text) is not None


def is_date_time(text: str) -> bool:
    """Tell whether a text is a moment as RFC 3339 has it."""
    return is_date(text[:10]) and text[10:11] in {"T", "t"} and is_time(text[11:])


def dates(text: str) -> tuple[str, ...]:
    """Return the days that a text may mean, as YYYY-MM-DD: one where it is plain, two where it has two readings."""
    if len(text) > _LONGEST:
        return ()
    said = text.strip().lower()
    if match := _MIDNIGHT.fullmatch(said):
        said = match[1]
    if match := _NUMERIC.fullmatch(said):
        first, _, second, third = match.groups()
        found = [_day(first, second, third)]
        if len(third) == _YEAR_DIGITS:
            found = [_day(third, first, second), _day(third, second, first)]
    elif match := _COMPACT.fullmatch(said):
        found = [_day(*match.groups())]
    else:
        found = [_in_words(said)]
    return tuple(dict.fromkeys(day.isoformat() for day in found if day is not None))


def days_of(text: str) -> tuple[str, ...]:
    """Return the days that a text with or without a time of day may mean."""
    if len(text) > _LONGEST:
        return ()
    return dates(text) or next((days for days, _ in _readings(text)), ())


def time_of_day(text: str, zone: str) -> str | None:
    """Write a time of day as RFC 3339 has it.

    Without an offset it is taken as in `zone`, if that has the same one all year.
    """
    found = _time(text.strip().lower()) if len(text) <= _LONGEST else None
    if found is None:
        return None
    if found.tzinfo is None:
        place = _zone(zone)
        offsets = {datetime(2026, month, 1, tzinfo=place).utcoffset() for month in (1, 7)}
        offset = offsets.pop()
        if offsets or offset is None:
            return None
        found = found.replace(tzinfo=timezone(offset))
    return _zulu(found.isoformat())


def date_time(text: str, zone: str) -> str | None:
    """Write a moment as RFC 3339 has it.

    Without an offset it is taken as in `zone`, but for hours that come twice there, or never.
    """
    if len(text) > _LONGEST:
        return None
    for days, found in _readings(text):
        if len(days) != 1:
            continue
        moment = datetime.combine(date.fromisoformat(days[0]), found)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(zone))
            if moment.tzinfo is None or moment.utcoffset() != moment.replace(fold=1).utcoffset():
                return None
        return _zulu(moment.isoformat())
    return None


def is_zone(name: str) -> bool:
    """Tell whether there is a time zone of that name."""
    return name in available_timezones()


def _readings(text: str) -> Iterator[tuple[tuple[str, ...], time]]:
    """Yield the days and the time that a text may say, in either order."""
    said = " ".join(text.lower().split())
    for match in _BETWEEN.finditer(said):
        left, right = said[: match.start()], said[match.end() :]
        for day, hour in ((left, right), (right, left)):
            if (found := _time(hour)) is not None and (days := dates(day)):
                yield days, found


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    """Find a time zone; None for one that is there no more."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _zulu(written: str) -> str:
    return f"{written[:-6]}Z" if written.endswith("+00:00") else written


def _day(year: str, month: str, day: str) -> date | None:
    if len(year) != _YEAR_DIGITS:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _in_words(said: str) -> date | None:
    """Read a day whose month is a word; a weekday that it is not makes it none."""
    if _WORDS.fullmatch(said) is None:
        return None
    words = [word for word in _WORD.findall(said) if word not in _FILLERS]
    weekdays = [_DAY_OF[word] for word in words if word in _DAY_OF]
    words = [word for word in words if word not in _DAY_OF]
    months = [word for word in words if word in _MONTH_OF]
    numbers = [word for word in words if word.isdigit()]
    years = [number for number in numbers if len(number) == _YEAR_DIGITS]
    days = [number for number in numbers if len(number) < _YEAR_DIGITS - 1]
    if (len(words), len(months), len(years), len(days)) != (3, 1, 1, 1):
        return None
    found = _day(years[0], str(_MONTH_OF[months[0]]), days[0])
    return None if found is None or any(day != found.weekday() for day in weekdays) else found


def _time(said: str) -> time | None:
    """Read a time of day; an hour of one digit needs am or pm."""
    if said == "noon":
        return time(_TWELVE)
    match = _TIME.fullmatch(said)
    if match is None:
        return None
    hour, minute, second, fraction, half, offset = match.groups()
    number = int(hour)
    if half is None and (minute is None or len(hour) == 1):
        return None
    if half is not None:
        if not 1 <= number <= _TWELVE:
            return None
        number = number % _TWELVE + (_TWELVE if half.startswith("p") else 0)
    try:
        micro = int((fraction or "0").ljust(6, "0")[:6])
        return time(number, int(minute or 0), int(second or 0), micro, tzinfo=_offset(offset))
    except ValueError:
        return None


def _offset(said: str | None) -> tzinfo | None:
    if said is None:
        return None
    if said[0] not in "+-":
        return UTC
    digits = said[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(ahead if said[0] == "+" else -ahead)
