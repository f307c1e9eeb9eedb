"""Hours of the week, UTC: when a price of its own holds, at night or at the weekend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

__all__ = ["KEYS", "Hours", "read"]

KEYS = frozenset({"start_utc", "end_utc", "weekdays"})
"""What a price book says them with."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60 * 60
_WEEK = 7 * _DAY
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Hours:
    """The same hours on some days of every week.

    Attributes:
        start: From when on, UTC, itself included.
        end: Until when, itself not included. Where it is not after `start`, it is on the next day.
        weekdays: On which days they start, 0 being Monday.
    """

    start: time
    end: time
    weekdays: frozenset[int]

    def include(self, moment: datetime) -> bool:
        """Whether that moment is one of theirs."""
        at = moment.astimezone(UTC)
        now = at.weekday() * _DAY + _seconds(at.time())
        return any((now - begin) % _WEEK < self._length for begin in self._begin)

    def overlap(self, other: Hours) -> bool:
        """Whether there is a moment that is in both."""
        return any(
            (one - two) % _WEEK < other._length or (two - one) % _WEEK < self._length
            for one in self._begin
            for two in other._begin
        )

    @property
    def _length(self) -> float:
        """Seconds of one day's hours: a whole day where they end when they began."""
        return (_seconds(self.end) - _seconds(self.start)) % _DAY or _DAY

    @property
    def _begin(self) -> list[float]:
        """When they begin, seconds since the week did."""
        return [day * _DAY + _seconds(self.start) for day in sorted(self.weekdays)]


def read(entry: dict[str, Any]) -> Hours:
    """Hours as a price book says them: `start_utc` and `end_utc` (else all day), `weekdays` (else all).

    Raises:
        KeyError: Only one of the two times is there.
        TypeError: A time is none, or the days are no list of names.
        ValueError: Nothing is said, or a day is none.
    """
    if not KEYS & set(entry):
        raise ValueError("a window needs start_utc and end_utc, or weekdays")
    timed = not entry.keys().isdisjoint({"start_utc", "end_utc"})
    start, end = (_time(entry[key]) if timed else _MIDNIGHT for key in ("start_utc", "end_utc"))
    return Hours(start, end, _days(entry.get("weekdays", list(_WEEKDAYS))))


def _time(value: object) -> time:
    if not isinstance(value, time):
        raise TypeError(f"{value!r} is not a time such as 16:30:00")
    return value


def _days(names: object) -> frozenset[int]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{names!r} is not a list of weekdays")
    unknown = [name for name in names if name.casefold() not in _WEEKDAYS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no weekday; they are {', '.join(_WEEKDAYS)}")
    return frozenset(_WEEKDAYS.index(name.casefold()) for name in names)


def _seconds(at: time) -> float:
    return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1_000_000
