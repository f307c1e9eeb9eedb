"""Event ids put in order: is this event new, seen already, or after a hole?

Ids are the transport's (SSE `id:`), never the JSON `id`, which is the same on every chunk of an answer. Two
kinds can be ordered: our gateway's `stream.generation.sequence`, in decimal digits (a new generation is
another run of the model, whose text must not be mixed with the old one's), and plain integers. So
de-duplication is one comparison, whatever the length of the answer; and where ids cannot be ordered there is
none: "ha ha ha" is an answer too.
"""

from __future__ import annotations

import re
from enum import StrEnum

__all__ = ["Follows", "follows", "has_order"]

_OURS = re.compile(r"([^.]{1,200})\.([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)
_PLAIN = re.compile(r"[0-9]{1,18}", re.ASCII)


class Follows(StrEnum):
    """What an event is to the last one taken in."""

    NEW = "new"  # take it
    SEEN = "seen"  # drop it
    GAP = "gap"  # events between the two are missing: ask for them again
    FOREIGN = "foreign"  # of another run: its text must not be mixed with what is held
    UNKNOWN = "unknown"  # no order can be told: take it


def follows(event_id: str | None, last: str | None) -> Follows:
    """What an event is to the last one taken in, by their ids.

    Only our gateway's ids promise to have no holes, from 1 on; plain integers need not be consecutive. A GAP
    can be believed only where every event is asked about, also those that bring no chunk (Anthropic's do).

    Args:
        event_id: The event's id; None where it has none.
        last: The id of the last event taken in; None before the first.
    """
    run, place = _split(event_id)
    if last is None:
        return Follows.GAP if run is not None and (place or 0) > 1 else Follows.NEW
    last_run, last_place = _split(last)
    if place is None or last_place is None:
        return Follows.UNKNOWN
    if run != last_run:
        return Follows.FOREIGN
    if place <= last_place:
        return Follows.SEEN
    return Follows.GAP if run is not None and place > last_place + 1 else Follows.NEW


def has_order(event_id: str | None) -> bool:
    """Whether events with such ids can be put in order."""
    return _split(event_id)[1] is not None


def _split(event_id: str | None) -> tuple[tuple[str, int] | None, int | None]:
    """Stream and generation (None for a plain integer), and the place among events (None: not to be told)."""
    ours = _OURS.fullmatch(event_id or "")
    if ours is not None:
        stream, generation, sequence = ours.groups()
        return (stream, int(generation)), int(sequence)
    if _PLAIN.fullmatch(event_id or ""):
        return None, int(event_id or "")
    return None, None
