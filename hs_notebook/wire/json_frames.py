"""JSON bodies to frames: one value a line, or values however they are laid out (one body, or one array).

Neither framer decodes a value; that is done once, by the decoder of the whole response.
"""

from __future__ import annotations

import re

import msgspec

from hs_notebook.wire.framing import Frame
from hs_notebook.wire.lines import Lines

__all__ = ["JsonLines", "JsonValues", "named"]


class _Named(msgspec.Struct):
    event_id: str | None = None


_read_name = msgspec.json.Decoder(_Named).decode


def named(frame: Frame) -> Frame:
    """The frame with its event's id: JSON's place for that is a member, `event_id`, as our gateway says."""
    if b'"event_id"' not in frame.data:
        return frame
    try:
        return Frame(frame.data, frame.event, _read_name(frame.data).event_id or None)
    except (ValueError, RecursionError):
        return frame


class JsonLines:
    """One JSON value a line; empty lines are heartbeats.

    A record separator before a value (RFC 7464) and an SSE `data:` before it, which some servers put there
    under an NDJSON Content-Type, are taken off.

    Attributes:
        overflow: A line grew over the limit; nothing more comes out.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self.overflow = False
        self._max = max_event_bytes
        self._lines = Lines(carriage_returns=False)

    def feed(self, data: bytes) -> list[Frame]:
        """The values that `data` completes."""
        frames: list[Frame] = []
        for line in () if self.overflow else self._lines.feed(data):
            if len(line) > self._max:
                self.overflow = True
                return frames
            if value := _bare(line):
                frames.append(Frame(value))
        self.overflow = self.overflow or self._lines.held > self._max
        return frames

    def end(self) -> list[Frame]:
        """The last line, which may lack its newline; the decoder sees whether it is whole."""
        value = _bare(self._lines.rest())
        return [] if self.overflow or not value else [Frame(value)]


def _bare(line: bytes) -> bytes:
    return line.strip(b" \t\r\x1e").removeprefix(b"data:").lstrip()


_OUTSIDE = re.compile(rb'[{}\[\]]|"(?:[^"\\]++|\\.)*+"|"', re.DOTALL)
"""Outside a string: a bracket, a whole string, or the start of one that is not whole yet."""
_INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
"""Inside a string: all up to its closing quote, or to the end of the segment."""


class JsonValues:
    """JSON objects in a row or as the elements of one array, pretty-printed or not.

    A scanner finds where each object ends: it counts brackets outside strings and looks at every byte once.

    Attributes:
        overflow: An object grew over the limit; nothing more comes out.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self.overflow = False
        self._max = max_event_bytes
        self._pieces: list[bytes] = []  # of the object under way, before the segment being scanned
        self._held = 0
        self._depth = 0  # of brackets inside the object under way; 0: between objects
        self._gap = b""  # the last bytes between objects: a `[DONE]` may be cut in two
        self._in_string = False
        self._escaped = False  # the last byte scanned was a backslash in a string

    def feed(self, data: bytes) -> list[Frame]:
        """The objects that `data` completes."""
        frames: list[Frame] = []
        position = 0
        while position < len(data) and not self.overflow:
            if self._depth == 0:
                position = self._find_start(data, position, frames)
            else:
                end = self._find_end(data, position)
                self._keep(data[position:end], frames)
                position = end
        return frames

    def end(self) -> list[Frame]:
        """Nothing: an object that is not closed is not whole."""
        return []

    def _find_start(self, data: bytes, position: int, frames: list[Frame]) -> int:
        """Where the next object's inside begins; a `[DONE]` on the way is given out."""
        start = data.find(b"{", position)
        gap = self._gap + data[position : len(data) if start < 0 else start]
        self._gap = gap[-len(b"[DONE") :]
        if b"[DONE]" in gap:
            frames.append(Frame(b"[DONE]"))
        if start < 0:
            return len(data)
        self._gap = b""
        self._pieces, self._held, self._depth = [b"{"], 1, 1
        return start + 1

    def _find_end(self, data: bytes, position: int) -> int:
        """Where the object under way ends; the segment's end if it goes on. Keeps the scanner's state."""
        while position < len(data):
            if self._in_string:
                position = self._leave_string(data, position)
                continue
            token = _OUTSIDE.search(data, position)
            if token is None:
                return len(data)
            position = token.end()
            kind = token[0]
            if kind == b'"':
                self._in_string = True
            elif kind in b"{[":
                self._depth += 1
            elif kind in b"}]":
                self._depth -= 1
                if self._depth == 0:
                    return position
        return position

    def _leave_string(self, data: bytes, position: int) -> int:
        if self._escaped:
            self._escaped = False
            return position + 1
        end = _INSIDE.match(data, position).end()  # type: ignore[union-attr]  # it always matches
        if end == len(data):
            return end
        if data[end : end + 1] == b'"':
            self._in_string = False
        else:  # a backslash, and the segment ends before what it escapes
            self._escaped = True
        return end + 1

    def _keep(self, piece: bytes, frames: list[Frame]) -> None:
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > self._max:
            self.overflow = True
        elif self._depth == 0:
            frames.append(Frame(b"".join(self._pieces)))
            self._pieces = []
