"""Times as the store keeps them: whole microseconds since 1970 in UTC, the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_micros", "now", "to_micros", "today"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(time: datetime | timedelta) -> int:
    """A moment, or a length of time, in whole microseconds."""
    return (time if isinstance(time, timedelta) else time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + micros * _MICROSECOND


def now() -> int:
    """This moment by the wall clock."""
    return to_micros(datetime.now(UTC))


def today() -> int:
    """When today began: at midnight UTC, for every kernel of a store, wherever its machine stands."""
    return to_micros(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
