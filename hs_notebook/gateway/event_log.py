"""The bytes of one answer's events, as they go over the wire: they only grow, and are read by offset.

An event's bytes are made once, however many readers follow. An id is found by its line: JSON holds no raw
line end, so nothing that a model writes can look like one.
"""

from __future__ import annotations

__all__ = ["EventLog"]


class EventLog:
    """A log in memory.

    Attributes:
        events: How many events it holds.
    """

    def __init__(self) -> None:
        self.events = 0
        self._bytes = bytearray()

    @property
    def end(self) -> int:
        """The offset after the last event."""
        return len(self._bytes)

    def append(self, event: bytes) -> None:
        """Add one event, whole."""
        self._bytes += event
        self.events += 1

    async def read(self, offset: int, limit: int) -> bytes:
        """What follows an offset, at most so many bytes."""
        return bytes(self._bytes[offset : offset + limit])

    async def after(self, event_id: str) -> int | None:
        """The offset after the event of this id; None if there is none."""
        line = b"id: %b\n" % event_id.encode()
        at = 0 if self._bytes.startswith(line) else self._bytes.find(b"\n" + line)
        return None if at < 0 else self._bytes.index(b"\n\n", at + 1) + 2
