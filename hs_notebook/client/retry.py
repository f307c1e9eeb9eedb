"""Whether and when a request is sent again: pure functions, no clock, no socket.

Only a request that got no answer is repeated: once one began, a blind second POST would be billed twice.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING

from hs_notebook.errors import HolySheepError, NotReachedError, StatusError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["LONGEST_WAIT", "delay", "parse_retry_after", "retryable"]

LONGEST_WAIT = 120.0
"""Seconds a server may ask us to wait; above that the error says so at once."""
_FIRST, _LONGEST = 0.5, 8.0
_REPEATABLE = frozenset({408, 409, 429})


def delay(attempt: int, retry_after: float | None, rng: Callable[[], float]) -> float:
    """Seconds to wait after attempt number `attempt` (from 1), never less than the server asks for.

    Exponential from 0.5 s to 8 s, of which half is left to chance, so that ten streams of one notebook do
    not come back in lockstep.

    Args:
        attempt: How many attempts were made.
        retry_after: What the server asks for, seconds; None if it does not say.
        rng: Gives a number in [0, 1), as `random.random` does.
    """
    own = min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 10)) * (0.5 + 0.5 * rng())
    if retry_after is None:
        return own
    return max(own, retry_after + 0.1 * rng())


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date); None where it is no use.

    Args:
        value: The header as it came; None if there was none.
        now: Wall clock, with a time zone.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (ValueError, TypeError):  # TypeError: a date without a zone
            return None
    return seconds if isfinite(seconds) and seconds >= 0 else None


def retryable(error: HolySheepError | None) -> bool:
    """Whether sending the same request again may help, and cannot be billed twice by our doing."""
    if isinstance(error, NotReachedError):
        return error.transient
    if isinstance(error, StatusError):
        if error.retry_after is not None and error.retry_after > LONGEST_WAIT:
            return False
        return error.status in _REPEATABLE or error.status >= 500  # noqa: PLR2004 - HTTP's own line
    return False
