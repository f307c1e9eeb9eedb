"""How long a server asks to be left alone, and how long it may ask. Pure: no clock, no socket."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["LONGEST_WAIT", "parse_retry_after"]

LONGEST_WAIT = 120.0
"""Seconds a server may ask us to wait; above that the error says so at once."""


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
