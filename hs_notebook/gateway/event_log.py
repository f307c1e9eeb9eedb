"""The bytes of one answer's events, as they go over the wire: they only grow, and are read by offset.

An event's bytes are made once, however many readers follow. The newest are in memory, and all in a file (see
`spool.py`) from which whoever is behind is served. An id is found by its line: JSON holds no raw line end, so
nothing that a model writes can look like one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import RawIOBase
    from pathlib import Path

__all__ = ["EventLog"]

_T = TypeVar("_T")

_MEMORY_BYTES = 2 * 2**20
"""How much of a log that grows stays in memory, for readers that keep up."""
_ALONE_BYTES = 16 * 2**20
"""The same where there is no file, or its disk does not keep up."""


_PIECE_BYTES = 2**20


class EventLog:
    """One answer's log.

    Args:
        path: The file.
        head: The file's first line; no part of the log.
        written: How much of the log is in the file already.
        changed: Called when there is something to write.

    Attributes:
        path: The file.
        head: Its first line.
        events: How many events were added.
        in_file: The file has, or will have, all of the log; else only the newest part is held.
        closing: The file's last line; None while the log may grow.
    """

    def __init__(
        self, path: Path, head: bytes, changed: Callable[[EventLog], None], *, written: int = 0
    ) -> None:
        self.path = path
        self.head = head
        self.events = 0
        self.in_file = True
        self.closing: bytes | None = None
        self._changed = changed
        self._start = self._written = written
        self._newest = bytearray()  # from _start on

    @property
    def end(self) -> int:
        """The offset after the last event."""
        return self._start + len(self._newest)

    # -- writing ------------------------------------------------------------------------------

    def append(self, event: bytes) -> None:
        """Add one event, whole."""
        self._newest += event
        self.events += 1
        self._let_go()
        if self.in_file:
            self._changed(self)

    def close(self, closing: bytes) -> None:
        """Nothing more will come."""
        self.closing = closing
        if self.in_file:
            self._changed(self)

    def lose_file(self) -> None:
        """There is no file any more."""
        self.in_file = False

    def unwritten(self) -> bytes:
        """What the file lacks."""
        return bytes(memoryview(self._newest)[self._written - self._start :])

    def wrote(self, size: int) -> None:
        """The file has got so many bytes more."""
        self._written += size
        self._let_go()

    def _let_go(self) -> None:
        """Free memory: of what the file has, all but the newest; of what it lacks, only past a bound."""
        size = len(self._newest)
        if self.in_file and size - (self._written - self._start) > _ALONE_BYTES:
            self.lose_file()  # its disk hangs
        if self.in_file and self.closing is not None:
            self._drop(self._written - self._start)
        elif self.in_file and size > 2 * _MEMORY_BYTES:
            self._drop(min(size - _MEMORY_BYTES, self._written - self._start))
        elif not self.in_file and size > 2 * _ALONE_BYTES:
            self._drop(size - _ALONE_BYTES)

    def _drop(self, size: int) -> None:
        del self._newest[:size]
        self._start += size

    # -- reading ------------------------------------------------------------------------------

    async def read(self, offset: int, limit: int) -> bytes:
        """What follows an offset, at most so many bytes.

        Raises:
            LookupError: It is held no more.
        """
        if offset >= self._start:
            at = offset - self._start
            return bytes(memoryview(self._newest)[at : at + limit])
        return await self._from_file(self._read, offset, limit)

    async def after(self, event_id: str) -> int | None:
        """The offset after the event of this id; None if there is none.

        Raises:
            LookupError: It may have been here, but is held no more.
        """
        line = b"\nid: %b\n" % event_id.encode()
        newest = self._newest
        at = 0 if newest.startswith(line[1:]) else newest.find(line)
        if at >= 0:
            return self._start + newest.index(b"\n\n", at + 1) + 2
        return await self._from_file(self._find, line) if self._start else None

    async def _from_file(self, work: Callable[..., _T], *wanted: object) -> _T:
        """Do a piece of work on the file, in a thread."""
        if not self.in_file:
            msg = "this part of the answer was too old to be held in memory"
            raise LookupError(msg)

        def on_file() -> _T:
            with self.path.open("rb", buffering=0) as file:
                return work(file, *wanted)

        try:
            return await asyncio.to_thread(on_file)
        except OSError as error:
            msg = f"the file of the answer cannot be read: {error.strerror}"
            raise LookupError(msg) from None

    def _read(self, file: RawIOBase, offset: int, limit: int) -> bytes:
        file.seek(len(self.head) + offset)
        return file.read(min(limit, self._start - offset)) or b""

    def _find(self, file: RawIOBase, line: bytes) -> int | None:
        at = _seek(file, line, len(self.head) - 1)  # the head, too, ends its line
        end = None if at is None else _seek(file, b"\n\n", at + 1)
        return None if end is None else end + 2 - len(self.head)


def _seek(file: RawIOBase, wanted: bytes, start: int) -> int | None:
    """Where the bytes stand in a file, from a place on; None if nowhere."""
    file.seek(start)
    seen = b""
    while piece := file.read(_PIECE_BYTES):
        seen += piece
        at = seen.find(wanted)
        if at >= 0:
            return start + at
        over = len(seen) - len(wanted) + 1
        start += max(0, over)
        seen = seen[max(0, over) :]
    return None
