"""One request and its answer, while a connection is open: send, read, and judge how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.client import status
from hs_notebook.client.stream import Phase
from hs_notebook.errors import CutError, HolySheepError
from hs_notebook.wire import request as wire_request
from hs_notebook.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hs_notebook.answer import Attempt
    from hs_notebook.client.clock import Clock
    from hs_notebook.client.config import Target
    from hs_notebook.client.stream import Stream
    from hs_notebook.client.transport import Reply, Transport
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["Ending", "Exchange"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended."""

    status: Status
    error: HolySheepError | None = None


_GRACE = 5.0
"""Seconds without a byte that end a wait for what may follow a whole answer: usage, terminal marker, end."""


class Exchange:
    """One attempt's talk with the server; runs in one task, which may be cancelled once."""

    def __init__(
        self, stream: Stream, target: Target, attempt: Attempt, clock: Clock, models: Iterable[str]
    ) -> None:
        self._stream = stream
        self._answer = stream.answer
        self._mailbox = stream.mailbox
        self._target = target
        self._attempt = attempt
        self._clock = clock
        self._models = models
        self._decoder: ResponseDecoder | None = None
        self._fault: HolySheepError | None = None

    async def run(self, transport: Transport) -> Ending:
        """Send the request and read its answer to the end.

        Raises:
            HolySheepError: The server was not reached, or refused.
        """
        reply = await self._send(transport)
        try:
            return await self._read(reply)
        finally:
            self._clock.stop()
            # Shielded: a cancel in the middle of closing would lose the connection.
            await asyncio.shield(reply.close())

    def judge(self, how: str | None) -> Ending:
        """What the bytes so far prove. `how` the connection broke, for people; None: it did not."""
        fault = self._fault or (self._decoder.failure if self._decoder else None)
        if fault is not None:
            return Ending(Status.FAILED, fault)
        if self._decoder is not None and self._decoder.complete:
            return Ending(Status.COMPLETE)
        return Ending(Status.INTERRUPTED, _cut(how, anything=self._attempt.ttft_s is not None))

    async def _send(self, transport: Transport) -> Reply:
        shape, key = self._target.shape or "openai", self._target.key
        wire = wire_request.build(shape, self._answer.request)
        headers = {
            "Accept": "text/event-stream, application/json",
            **wire.headers,
            "Idempotency-Key": self._answer.id,
        }
        if key is not None:
            headers.update(wire_request.auth(shape, key.reveal()))
        return await transport.send("POST", wire.path, headers, wire.body, key=key)

    async def _read(self, reply: Reply) -> Ending:
        named = status.request_id(reply.headers)
        self._attempt.request_id = self._target.key.scrub(named) if named and self._target.key else named
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's own line
            raise await self._refusal(reply)
        self._decoder = ResponseDecoder(reply.headers.get("content-type"), self._target.shape)
        self._stream.enter(Phase.STREAMING)
        self._clock.byte_at = monotonic()
        self._clock.look_again()
        how = await reply.pump(self._take, self._hold)
        if how is None and self._fault is None and self._decoder.failure is None:
            self._fold(self._decoder.end(framed=reply.framed), monotonic())
        return self.judge(how)

    async def _refusal(self, reply: Reply) -> HolySheepError:
        body, key = await reply.head(), self._target.key
        if key is not None:  # before it is cut to an excerpt, which might leave half a key
            body = body.replace(key.reveal().encode(), b"***")
        model = self._answer.request.model
        refusal = status.Refusal(reply.status, reply.headers, body, model, self._target.server, self._models)
        return refusal.error(datetime.now(UTC))

    # -- the hot path -------------------------------------------------------------------------------

    def _take(self, data: bytes) -> bool:
        """One piece of the body; whether there is room for more."""
        now = monotonic()
        self._clock.byte_at = now
        decoder = self._decoder
        chunks = decoder.feed(data)  # type: ignore[union-attr] # set before the first piece comes
        if chunks:
            self._fold(chunks, now)
        if decoder.failure is not None or self._fault is not None:  # type: ignore[union-attr]
            self._clock.shorten(0)  # nothing that may still come counts
        elif decoder.complete:  # type: ignore[union-attr]
            self._clock.shorten(_GRACE)
        return not self._mailbox.full

    def _fold(self, chunks: list[StreamChunk], now: float) -> None:
        attempt, clock, fold = self._attempt, self._clock, self._answer.fold
        silent = attempt.ttft_s is None
        try:
            for chunk in chunks:
                fold(chunk, now)
                if (
                    chunk.content
                    or chunk.reasoning
                    or chunk.refusal
                    or chunk.tool_calls
                    or chunk.usage is not None
                ):
                    clock.progress_at = now
        except HolySheepError as error:
            self._fault = error
        if self._mailbox.collecting:
            self._mailbox.put(chunks)
        if silent and attempt.ttft_s is not None:
            self._stream.first_text()

    async def _hold(self) -> bool:
        """Wait for a slow reader of chunks. The clocks stand still meanwhile."""
        self._clock.stop()
        await self._stream.room()
        self._clock.start()
        return True


def _cut(how: str | None, *, anything: bool) -> CutError:
    way = how or "the server ended it without a finish reason"
    if not anything:
        return CutError(
            f"The answer ended before its first text: {way}.",
            means="Nothing was received; the server may still bill the prompt.",
            remedy="Run it again.",
        )
    return CutError(
        f"The answer was cut off: {way}.",
        means="The text kept is the true beginning; the rest did not come.",
        remedy="Run it again for a whole answer.",
    )
