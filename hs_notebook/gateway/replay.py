"""One answer as its readers see it: any number of them, from any event on, while it grows and afterwards.

Readers come and go; what is generated does not depend on them (`generation.py` writes, `streams.py` keeps).
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from hs_notebook.errors import HolySheepError, StatusError
from hs_notebook.wire.sse import encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from hs_notebook.gateway.demo import Broken
    from hs_notebook.gateway.event_log import EventLog
    from hs_notebook.wire.framing import Frame

__all__ = ["EventId", "State", "Stream"]

_LOT_BYTES = 256 * 1024
"""How much a reader that catches up is given at once."""


class State(StrEnum):
    """Where an answer stands. Only a complete one has its terminal marker."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"  # an error event is its last
    CANCELLED = "cancelled"  # on request
    CUT = "cut"  # nobody came for it, or the gateway ended


class EventId(NamedTuple):
    """An event's name: `stream.generation.sequence`, ASCII, sorting as the events come.

    Attributes:
        stream: The stream's name.
        generation: Which run of the model; another one's text must not be mixed with this one's.
        sequence: From 1; 0 stands for the place before the first event.
    """

    stream: str
    generation: int
    sequence: int

    @classmethod
    def parse(cls, written: str | None) -> EventId:
        """Read an id.

        Raises:
            StatusError: 400: it is none.
        """
        parts = re.fullmatch(r"([0-9a-f]{1,64})\.([0-9]{1,18})\.([0-9]{1,18})", written or "", re.ASCII)
        if parts is None:
            raise StatusError(
                f"{(written or '')[:100]!r} is no event id of this gateway.",
                remedy="Ids look like <stream>.01.00000042 and come in the `id:` field of each event.",
                status=400,
            )
        return cls(parts[1], int(parts[2]), int(parts[3]))

    def __str__(self) -> str:
        return f"{self.stream}.{self.generation:02d}.{self.sequence:08d}"


class Stream:
    """One answer, kept for whoever reads it.

    Args:
        id_: The stream's name.
        generation: Which run of the model this is, from 1.
        asked: Digest of the request.
        key: Digest of the client's idempotency key; None if it sent none.
        log: Takes its events, or holds them already.
        state: Where it stands.

    Attributes:
        id: The stream's name.
        refusal: The error that came before the first event; None if none did.
        broken: The break made on request (only the demo makes any); None if none was.
        readers: How many read it now.
        left_at: When the last reader left, monotonic seconds; when it began if there was none.
        known: A client knows how to come back: it has been told the stream's name, or has sent a key.
    """

    def __init__(  # noqa: PLR0913 - what a file tells of a stream
        self,
        id_: str,
        generation: int,
        asked: str,
        key: str | None,
        *,
        log: EventLog,
        state: State = State.RUNNING,
    ) -> None:
        self.id = id_
        self.generation = generation
        self.asked = asked
        self.key = key
        self.state = state
        self.log = log
        self.refusal: HolySheepError | None = None
        self.broken: Broken | None = None
        self.readers = 0
        self.left_at = time.monotonic()
        self.known = key is not None
        self._news = asyncio.Event()

    # -- writing: one generation --------------------------------------------------------------

    def add(self, events: Iterable[Frame]) -> None:
        """Append events; each gets its id."""
        for event in events:
            name = EventId(self.id, self.generation, self.log.events + 1)
            self.log.append(encode(event.data, id=str(name), event=event.event))
            self._news.set()

    def finish(self, state: State) -> None:
        """Nothing more will come."""
        self.state = state
        self._news.set()

    # -- reading: anybody ---------------------------------------------------------------------

    @contextmanager
    def being_read(self) -> Iterator[None]:
        """Count a reader for as long as the block lasts."""
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1
            self.left_at = time.monotonic()

    async def begun(self, patience_s: float) -> None:
        """Wait for the first event or the end, but no longer than that."""
        if not self.log.events and self.state is State.RUNNING:
            await self._heard(patience_s)

    async def follow(self, offset: int, heartbeat_s: float) -> AsyncIterator[bytes]:
        """The events after an offset as they come, in lots; b"" after each silence of that length.

        Raises:
            LookupError: The reader is so far behind that what follows is held no more.
        """
        while True:
            self._news.clear()
            if offset < self.log.end:
                lot = await self.log.read(offset, _LOT_BYTES)
                offset += len(lot)
                yield lot
            elif self.state is not State.RUNNING:
                return
            elif not await self._heard(heartbeat_s):
                yield b""

    async def place(self, event: EventId) -> int:
        """The offset after an event.

        Raises:
            StatusError: 410: it is of another run of the model, or held no more; 400: there is no such event.
        """
        if event.generation != self.generation:
            raise StatusError(
                f"The event {event} is of a run of the model that was given up.",
                remedy="Ask anew, without X-Stream-Resume.",
                status=410,
            )
        if event.sequence == 0:
            return 0
        try:
            offset = await self.log.after(str(event))
        except LookupError as error:
            raise StatusError(f"The event {event} cannot be found: {error}.", status=410) from None
        if offset is None and self.state is State.CUT:
            return self.log.end  # its gateway was killed before it was written, and nothing came after it
        if offset is None:
            raise StatusError(f"The stream {self.id} has no event {event}.", status=400)
        return offset

    def promise_more(self, offset: int) -> None:
        """Make sure that a reader who stands there misses nothing for ever: an empty body would not tell.

        Raises:
            StatusError: 410: the answer ended there, before it was whole.
        """
        if offset < self.log.end or self.state in (State.RUNNING, State.COMPLETE):
            return
        raise StatusError(
            f"The stream {self.id} ended here, before it was whole ({self.state}).",
            remedy="Ask anew, without X-Stream-Resume.",
            status=410,
        )

    async def _heard(self, patience_s: float) -> bool:
        """Wait for news; False if none came in that time."""
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True
