"""Chunks on their way to whoever iterates over a stream.

One writer (the engine's loop) and at most one reader (any thread, any loop). Who never iterates pays nothing:
the first to wait for the whole answer switches the box off.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hs_notebook.wire.chunk import StreamChunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hs_notebook.answer import Answer

__all__ = ["Mailbox", "so_far"]

LIMIT = 10_000
"""Unread chunks at which the writer pauses for a reader that is slow."""


class Mailbox:
    """A bounded queue that wakes its reader only when the reader sleeps.

    Whether chunks are kept changes under a lock that the writer holds while it adds some: so what is in the
    box and what a late reader is given as the text so far never overlap.

    Attributes:
        collecting: Whether the writer should put chunks in.
        reading: Whether somebody iterates.
        closed: Whether the last chunk is in.
        wake: What to call when something comes; set by a reader that found nothing.
        on_room: What to call when there is room again; set by a writer that waits.
    """

    def __init__(self) -> None:
        self.collecting = True
        self.reading = False
        self.closed = False
        self.wake: Callable[[], None] | None = None
        self.on_room: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._waiting = 0  # how many wait for the whole
        self._chunks: deque[StreamChunk] = deque()

    # -- the writer ---------------------------------------------------------------------------

    def put(self, chunks: list[StreamChunk]) -> None:
        """Add chunks. A full box without a reader is emptied: a late one starts with the text so far."""
        with self._lock:
            if not self.collecting:
                return
            self._chunks.extend(chunks)
            if not self.reading and len(self._chunks) > LIMIT:
                self._empty()
        self._call_reader()

    @property
    def full(self) -> bool:
        """Whether the writer should wait for the reader. Not while somebody waits for the whole."""
        return self.reading and not self._waiting and len(self._chunks) > LIMIT

    def close(self) -> None:
        """Say that nothing more comes."""
        self.closed = True
        self._call_reader()

    def _call_reader(self) -> None:
        wake, self.wake = self.wake, None
        if wake is not None:
            wake()

    def _empty(self) -> None:
        self.collecting = False
        self._chunks.clear()

    # -- the reader ---------------------------------------------------------------------------

    def switch_off(self) -> None:
        """Nobody is going to iterate, for all we know: keep no chunks."""
        with self._lock:
            if not self.reading:
                self._empty()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While somebody waits for the whole: a reader who is slow, or has left off, must not hold it up."""
        with self._lock:
            self._waiting += 1
        self.switch_off()
        self._make_room()
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def open(self) -> bool:
        """Begin to read; whether it is late for that, so that `join_late` must be called.

        Raises:
            RuntimeError: Somebody reads already.
        """
        with self._lock:
            if self.reading:
                msg = "this stream is being read already; read its answer instead"
                raise RuntimeError(msg)
            self.reading = True
            return not self.collecting

    def take(self) -> StreamChunk | None:
        """The next chunk; None if there is none now."""
        try:
            chunk = self._chunks.popleft()
        except IndexError:
            return None
        if self.on_room is not None and len(self._chunks) <= LIMIT // 2:
            self._make_room()
        return chunk

    @property
    def over(self) -> bool:
        """Whether nothing more comes. A late reader that still waits for the text so far is not done."""
        return self.closed and self.collecting

    def join_late(self, answer: Answer) -> None:
        """Begin in mid-stream, with all that came before as the first chunk. On the writer's thread."""
        self._chunks.append(so_far(answer))
        self.collecting = True
        self._call_reader()

    def _make_room(self) -> None:
        on_room, self.on_room = self.on_room, None
        if on_room is not None:
            on_room()


def so_far(answer: Answer) -> StreamChunk:
    """All that an answer has received, as one chunk."""
    return StreamChunk(
        content=answer.text,
        usage=answer.usage,
        model=answer.model_served,
        finish_reason=answer.finish_reason,
        event_id=answer.last_event_id,
        reasoning=answer.reasoning,
        refusal=answer.refusal,
        tool_calls=tuple(answer.tool_calls),
    )
