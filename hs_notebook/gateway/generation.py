"""One answer being generated, apart from whoever reads it: an upstream's chunks become a log of events.

The log only grows, and any number of readers may follow it from any event on. (Today each answer has one
reader, and ends with it; keeping answers for readers to come is replay's room.)
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING

from hs_notebook.errors import HolySheepError, ProviderError
from hs_notebook.gateway.demo import Broken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable

    from hs_notebook.gateway.dialects import Writer
    from hs_notebook.wire.chunk import StreamChunk
    from hs_notebook.wire.framing import Frame

__all__ = ["Generation", "new_id"]

_LOG = logging.getLogger("hs_notebook.gateway")


def new_id() -> str:
    """A stream's name: ASCII, unguessable, without a dot."""
    return secrets.token_hex(12)


class Generation:
    """One run of an upstream, as a task of its own.

    Args:
        id_: The stream's name.
        chunks: What the upstream generates.
        writer: Makes the writer of events, given the name of the model that really answers; None if unknown.

    Attributes:
        id: The stream's name.
        events: What was generated until now; data and name, for the ids are positions.
        refusal: The error that came before the first event; None if none did.
        broken: The break made on request (only the demo makes any); None if none was.
        ended: Nothing more will come.
    """

    def __init__(
        self, id_: str, chunks: AsyncGenerator[StreamChunk, None], writer: Callable[[str | None], Writer]
    ) -> None:
        self.id = id_
        self.events: list[Frame] = []
        self.refusal: HolySheepError | None = None
        self.broken: Broken | None = None
        self.ended = False
        self._news = asyncio.Event()
        self._new_writer = writer
        self._writer: Writer | None = None
        self._task = asyncio.create_task(self._run(chunks))

    def event_id(self, position: int) -> str:
        """The id of the event at a position: stream, generation, sequence from 1; they sort as they come."""
        return f"{self.id}.01.{position + 1:08d}"

    async def _run(self, chunks: AsyncGenerator[StreamChunk, None]) -> None:
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._add(self._write_as(chunk.model).write(chunk))
            self._add(self._write_as(None).end())
        except Broken as broken:
            self.broken = broken
        except HolySheepError as error:
            self._fail(error)
        except Exception:  # noqa: BLE001 - whatever fails here, the client must be told and the log must say
            _LOG.exception("an answer failed in the gateway itself")
            self._fail(ProviderError("The gateway failed; its log says where.", code="gateway_failed"))
        finally:
            self.ended = True
            self._news.set()

    def _write_as(self, model: str | None) -> Writer:
        """The writer, made when the first chunk has said which model answers."""
        if self._writer is None:
            self._writer = self._new_writer(model)
        return self._writer

    def _add(self, events: Iterable[Frame]) -> None:
        known = len(self.events)
        self.events.extend(events)
        if len(self.events) > known:
            self._news.set()

    def _fail(self, error: HolySheepError) -> None:
        if not self.events:
            self.refusal = error
        code = error.code if isinstance(error, ProviderError) else None
        self._add(self._write_as(None).error(" ".join(error.lines), code))

    async def begun(self, patience_s: float) -> bool:
        """Wait for the first event or the end; False if neither came in that time."""
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def follow(self, heartbeat_s: float) -> AsyncIterator[list[tuple[str, Frame]]]:
        """All events from the first on, with their ids, in lots as they come; an empty lot after silence."""
        position = 0
        while True:
            self._news.clear()
            fresh = self.events[position:]
            if fresh:
                yield [(self.event_id(position + number), event) for number, event in enumerate(fresh)]
                position += len(fresh)
            elif self.ended:
                return
            elif not await self.begun(heartbeat_s):
                yield []

    async def cancel(self) -> None:
        """Stop generating; returns when the upstream is let go of."""
        self._task.cancel()
        await asyncio.wait([self._task])
