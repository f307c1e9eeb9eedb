"""How the events of a stream go out: as server-sent events, which is how they are kept, or as JSON lines."""

from __future__ import annotations

import re
from typing import Protocol

from hs_notebook.wire.sse import HEARTBEAT

__all__ = ["JsonLines", "Output", "ServerSentEvents", "output_for"]

_OBJECT = re.compile(rb"id: (\S+)\n(?:event: \S+\n)?data: \{(.*)\n\n")
_DONE = re.compile(rb"id: \S+\ndata: \[DONE\]\n\n")


class Output(Protocol):
    """One reader's."""

    content_type: str
    heartbeat: bytes

    def encode(self, events: bytes) -> bytes:
        """The next bytes of the log, as they go out. They may end within an event."""


class ServerSentEvents:
    """As they are."""

    content_type = "text/event-stream; charset=utf-8"
    heartbeat = HEARTBEAT

    def encode(self, events: bytes) -> bytes:
        """The same bytes."""
        return events


class JsonLines:
    """One JSON object a line; its event's id is its first member, `event_id`.

    `[DONE]` is no JSON and is left out: the finish reason and the closing record prove the end.
    """

    content_type = "application/x-ndjson"
    heartbeat = b"\n"

    def __init__(self) -> None:
        self._rest = b""  # the beginning of an event that is not whole yet

    def encode(self, events: bytes) -> bytes:
        """The lines of the events that are whole."""
        events = self._rest + events
        end = events.rfind(b"\n\n") + 2 if b"\n\n" in events else 0
        self._rest = events[end:]
        return _OBJECT.sub(rb'{"event_id":"\1",\2\n', _DONE.sub(b"", events[:end]))


def output_for(accept: str) -> Output:
    """What a request's Accept header asks for; server-sent events unless it asks for JSON lines alone."""
    lines = "application/x-ndjson" in accept.lower() and "text/event-stream" not in accept.lower()
    return JsonLines() if lines else ServerSentEvents()
