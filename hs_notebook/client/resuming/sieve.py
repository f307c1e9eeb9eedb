"""Each event of a run once, in order: what was seen already is dropped, a hole or another run is noticed.

One comparison an event, whatever the length of the answer. Where ids cannot be ordered nothing is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hs_notebook.client.resuming.event_ids import Follows, follows
from hs_notebook.client.resuming.rules import Break

if TYPE_CHECKING:
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["Again", "Sieve"]


class Sieve:
    """Lets through what is new of one response.

    Args:
        last: The last event held, if this response is to go on after it; None where it begins a run.
        held: The text held, which a server that sends everything again must repeat.
        gapless: Every event of this shape brings a chunk, so a hole in our gateway's ids can be believed.

    Attributes:
        broke: What came that must not be folded; None while all is well.
    """

    def __init__(self, last: str | None = None, held: str = "", *, gapless: bool) -> None:
        self.broke: Break | None = None
        self._last = last
        self._held = held
        self._gapless = gapless
        self._waits = last is not None  # for the first new event of a replay
        self._again: list[str] = []  # what a replay repeats
        self._next = _next(last)

    def sift(self, chunks: list[StreamChunk]) -> list[StreamChunk]:
        """The chunks to fold; those before a break, too."""
        return [chunk for chunk in chunks if self.broke is None and self._is_new(chunk)]

    def prove(self, done_id: str | None = None) -> None:
        """The response is said to be whole: `[DONE]` must come next, and a replay must have brought more."""
        if self.broke is not None:
            return
        if self._gapless and follows(done_id, self._last) is Follows.GAP:
            self.broke = Break.GAP
        elif self._waits:
            self.broke = Break.UNKNOWN  # that was no replay of what is held

    def _is_new(self, chunk: StreamChunk) -> bool:
        name = chunk.event_id
        if name is not None and name == self._next:  # as good as always
            self._take(name)
            return True
        return self._judge(chunk, follows(name, self._last))

    def _judge(self, chunk: StreamChunk, how: Follows) -> bool:
        if how is Follows.SEEN and (self._waits or self._next is not None or chunk.event_id != self._last):
            if self._waits:
                self._again.append(chunk.content)
            return False
        # A plain id that stays the same need be no repetition: some servers name only some events.
        if how is Follows.FOREIGN or (how is Follows.UNKNOWN and self._waits):
            self.broke = Break.UNKNOWN
        elif how is Follows.GAP and self._gapless:
            self.broke = Break.GAP
        elif self._waits and not self._held.endswith("".join(self._again)):
            self.broke = Break.UNKNOWN  # ids like those held, and another text: another run
        if self.broke is not None:
            return False
        self._take(chunk.event_id)
        return True

    def _take(self, name: str | None) -> None:
        self._waits = False
        if name is not None:
            self._last, self._next = name, _next(name)


class Again:
    """Lets through what is new of a response without event ids that begins with all that is held.

    Attributes:
        broke: What came that must not be folded; None while all is well.
    """

    def __init__(self, held: str) -> None:
        self.broke: Break | None = None
        self._left = held

    def sift(self, chunks: list[StreamChunk]) -> list[StreamChunk]:
        """The chunks to fold."""
        return [new for chunk in chunks if (new := self._new(chunk)) is not None]

    def prove(self, _done_id: str | None = None) -> None:
        """The response is whole: it must have had all that is held."""
        if self._left:
            self.broke = self.broke or Break.UNKNOWN

    def _new(self, chunk: StreamChunk) -> StreamChunk | None:
        if self.broke is not None or not self._left:
            return None if self.broke is not None else chunk
        size = min(len(chunk.content), len(self._left))
        if chunk.content[:size] != self._left[:size]:
            self.broke = Break.UNKNOWN
            return None
        self._left = self._left[size:]
        rest = chunk.content[size:]
        return msgspec.structs.replace(chunk, content=rest) if rest else None


def _next(event_id: str | None) -> str | None:
    """The id that follows one of our gateway's; None for ids of other kinds."""
    head, _, place = (event_id or "").rpartition(".")
    if "." not in head or not (place.isascii() and place.isdigit()):
        return None
    return f"{head}.{int(place) + 1:0{len(place)}d}"
