"""Server-sent events, read and written as the WHATWG says.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream (2026-11-22).
An event is given out as soon as its blank line is whole: after a lone CR nothing is waited for.
"""

from __future__ import annotations

from hs_notebook.wire.framing import Frame
from hs_notebook.wire.lines import Lines

__all__ = ["HEARTBEAT", "Decoder", "encode"]

HEARTBEAT = b": hb\n"
"""A comment that shows life. ONE newline: with two, after an `id:`, the openai SDK fails on the empty event.

Source: https://github.com/openai/openai-python/issues/2722 (2026-11-22), measured with 2.54 and 3.54.
"""

_STRAY_LIMIT = 16 * 1024


class Decoder:
    """An event stream's bytes to its events.

    Attributes:
        overflow: An event grew over the limit; nothing more comes out.
        retry_ms: The reconnection time the server asked for last, milliseconds; None if it never did.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self.overflow = False
        self.retry_ms: int | None = None
        self._max = max_event_bytes
        self._lines = Lines(carriage_returns=True)
        self._data: list[bytes] = []
        self._size = 0  # bytes in _data
        self._event: str | None = None
        self._id: str | None = None
        self._stray = b""
        self._last = b""  # the last whole line

    @property
    def unfinished(self) -> bool:
        """Whether the bytes so far end within an event, and not after one or after a comment."""
        return bool(self._lines.held or self._data or self._last[:1] not in (b"", b":"))

    def feed(self, data: bytes) -> list[Frame]:
        """The events that `data` completes."""
        if self.overflow:
            return []
        tight = self._size + self._lines.held + len(data) > self._max
        lines = self._lines.feed(data)
        if lines:
            self._last = lines[-1]
        if tight:
            lines = self._within_limit(lines)
        frames = self._events(lines)
        if tight and self._lines.held > self._max:
            self.overflow = True
        return frames

    def end(self) -> list[Frame]:
        """Nothing: an event without its blank line is to be discarded."""
        return []

    def stray(self) -> bytes:
        """What stood in the body that is no event stream, such as a bare JSON error; at most 16 KiB."""
        rest = self._lines.rest()[:_STRAY_LIMIT]
        return self._stray + rest if self._stray or rest[:1] in (b"{", b"[", b"<") else b""

    def _events(self, lines: list[bytes]) -> list[Frame]:
        frames: list[Frame] = []
        data = self._data
        known = len(data)
        for line in lines:
            if line[:6] == b"data: ":
                data.append(line[6:])
            elif line[:4] == b"id: " and b"\0" not in line:
                self._id = line[4:].decode("utf-8", "replace") or None
            elif line:
                self._field(line)
            else:
                if data:
                    frames.append(
                        Frame(data[0] if len(data) == 1 else b"\n".join(data), self._event, self._id)
                    )
                    data.clear()
                    known = self._size = 0
                self._event = None
        if data:
            self._size += sum(len(value) + 1 for value in data[known:])
        return frames

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace") or None
        elif name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace") or None
        elif name == b"retry":
            if value.isdigit():  # of bytes: ASCII digits only
                self.retry_ms = int(value[:9])
        elif name and len(self._stray) < _STRAY_LIMIT:
            self._stray += line[:_STRAY_LIMIT] + b"\n"

    def _within_limit(self, lines: list[bytes]) -> list[bytes]:
        """The lines before the one with which an event is too large."""
        size = self._size
        for number, line in enumerate(lines):
            if not line:
                size = 0
            elif line[:5] == b"data:" or line == b"data":
                size += len(line[5:].removeprefix(b" ")) + 1
            if size > self._max or len(line) > self._max:
                self.overflow = True
                return lines[:number]
        return lines


def encode(data: bytes, *, id: str | None = None, event: str | None = None) -> bytes:  # noqa: A002 - SSE's own word
    """One event as bytes. `id` and `event` hold neither line ends nor NUL."""
    head = b"" if id is None else b"id: %b\n" % id.encode()
    if event is not None:
        head += b"event: %b\n" % event.encode()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    return b"%bdata: %b\n\n" % (head, data)
