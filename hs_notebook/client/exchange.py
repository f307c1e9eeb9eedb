"""One request and its answer, while a connection is open: send, read, and judge how it ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.client import ending
from hs_notebook.client.clock import is_heartbeat
from hs_notebook.client.connection import status
from hs_notebook.client.ending import Ending
from hs_notebook.client.resuming import replay
from hs_notebook.client.resuming.breaks import break_of
from hs_notebook.client.resuming.event_ids import has_order
from hs_notebook.client.resuming.intake import Intake
from hs_notebook.client.resuming.rules import Action, Break
from hs_notebook.client.resuming.sieve import Sieve
from hs_notebook.client.stream import Phase
from hs_notebook.errors import HolySheepError
from hs_notebook.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hs_notebook.answer import Attempt
    from hs_notebook.client.asking import Asking
    from hs_notebook.client.clock import Clock
    from hs_notebook.client.connection.transport import Reply, Transport
    from hs_notebook.client.stream import Stream
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["Exchange"]


_GRACE = 5.0
"""Seconds without a byte that end a wait for what may follow a whole answer: usage, terminal marker, end."""


class Exchange:
    """One attempt's talk with the server; runs in one task, which may be cancelled once.

    Args:
        stream: The caller's handle.
        asking: What to send.
        attempt: The attempt it is.
        clock: What watches it.
        models: Names of models the server is known to have.
        start_over: Called before the first content of a restart.
        attached: Called when a repeated request turns out to read what the first one had begun.

    Attributes:
        stream_id: The server's name for the stream; None if it gives none.
        server_name: What the server calls itself; None if it does not say.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a request needs
        self,
        stream: Stream,
        asking: Asking,
        attempt: Attempt,
        clock: Clock,
        models: Iterable[str],
        start_over: Callable[[], None],
        attached: Callable[[], None],
    ) -> None:
        self.stream_id: str | None = None
        self.server_name: str | None = None
        self._stream = stream
        self._answer = stream.answer
        self._mailbox = stream.mailbox
        self._asking = asking
        self._target = asking.target
        self._attempt = attempt
        self._clock = clock
        self._models = models
        self._start_over = start_over
        self._attached = attached
        self._intake = self._taking(asking.doing)
        self._decoder: ResponseDecoder | None = None
        self._fault: HolySheepError | None = None
        self._broke: Break | None = None

    def _taking(self, doing: Action | None) -> Intake:
        return Intake(
            self._answer,
            doing,
            gapless=self._asking.shape == "openai",
            from_start=self._asking.reads_again,
            start_over=self._start_over,
        )

    @property
    def retry_s(self) -> float | None:
        """How long the stream asks to wait before it is taken up again; None if it does not say."""
        return None if self._decoder is None else self._decoder.retry_s

    async def run(self, transport: Transport) -> Ending:
        """Send the request and read its answer to the end.

        Raises:
            HolySheepError: The server was not reached, or refused.
        """
        reply = await self._send(transport)
        try:
            return await self._read(reply, transport)
        finally:
            self._clock.stop()
            # Shielded: a cancel in the middle of closing would lose the connection.
            await asyncio.shield(reply.close())

    def judge(self, how: str | None) -> Ending:
        """What the bytes so far prove. `how` the connection broke, for people; None: it did not."""
        if self._decoder is not None and self._decoder.complete:
            self._fold(self._intake.end(self._decoder.done_id), monotonic())
        if self._intake.broke is not None:
            return Ending(Status.INTERRUPTED, ending.misled(self._intake.broke), self._intake.broke)
        fault = self._fault or (self._decoder.failure if self._decoder else None)
        if fault is not None:
            return Ending(Status.FAILED, fault, Break.DIGEST if self._fault else break_of(fault))
        if self._decoder is not None and self._decoder.complete:
            return Ending(Status.COMPLETE)
        cut = ending.cut(how, anything=any(self._answer.sizes))
        return Ending(Status.INTERRUPTED, cut, Break.RESET if self._is_torn(how) else Break.CLEAN_END)

    def _is_torn(self, how: str | None) -> bool:
        """Whether the connection broke; a replay that ends within an event did, however properly."""
        torn = self._decoder is not None and self._decoder.unfinished
        return how is not None or (torn and self._asking.doing is Action.REPLAY)

    def refused(self, error: HolySheepError) -> Ending:
        """The end of a request that was not answered, or with an error: what is held stays a true prefix."""
        broke = self._broke or break_of(error, self._asking.doing)
        return Ending(Status.INTERRUPTED if any(self._answer.sizes) else Status.FAILED, error, broke)

    async def _send(self, transport: Transport) -> Reply:
        asking = self._asking
        if asking.forget is not None:
            await replay.cancel(transport, self._target, asking.forget)
        if await self._is_gone(transport):
            self._broke = Break.EXPIRED
            raise ending.forgotten()
        wire = asking.wire()
        method, body = ("GET", None) if asking.reads_again else ("POST", wire.body)
        return await transport.send(method, wire.path, asking.headers(wire), body, key=self._target.key)

    async def _is_gone(self, transport: Transport) -> bool:
        """Whether the server says by itself that it cannot replay."""
        asking = self._asking
        if not asking.needs_check or asking.event_id is None:
            return False
        return await replay.is_kept(transport, self._target, asking.event_id) is False

    async def _read(self, reply: Reply, transport: Transport) -> Ending:
        self.stream_id = reply.headers.get("x-stream-id")
        self.server_name = reply.headers.get("server")
        named = status.request_id(reply.headers)
        self._attempt.request_id = self._target.key.scrub(named) if named and self._target.key else named
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's own line
            raise await self._refusal(reply)
        if self._asking.doing is Action.RETRY and reply.headers.get("x-stream-resumed") == "true":
            self._attached()
            self._intake = self._taking(Action.REPLAY)
        self._decoder = ResponseDecoder(reply.headers.get("content-type"), self._target.shape)
        self._stream.enter(Phase.STREAMING)
        self._clock.byte_at = monotonic()
        self._clock.look_again()
        how = await reply.pump(self._take, self._hold)
        over = self._decoder.closed
        if how is None and not self._decided:
            self._fold(self._intake.take(self._decoder.end(framed=reply.framed)), monotonic())
        if not over and (how is not None or self.stream_id is not None):
            await self._fetch_counts(transport)
        return self.judge(how)

    async def _fetch_counts(self, transport: Transport) -> None:
        """The text is whole, and the line broke before its counts came: who keeps the events has them."""
        last, decoder = self._answer.last_event_id, self._decoder
        whole = decoder is not None and decoder.complete and not self._decided
        if not whole or self._attempt.usage is not None or last is None or not has_order(last):
            return
        asking = self._asking.for_the_rest(last)
        wire = asking.wire()
        try:
            reply = await transport.send(
                "POST", wire.path, asking.headers(wire), wire.body, key=self._target.key
            )
        except HolySheepError:
            return
        try:
            if 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's own line
                await reply.pump(self._taker_of_the_rest(reply, last), self._hold)
        finally:
            await asyncio.shield(reply.close())

    def _taker_of_the_rest(self, reply: Reply, last: str) -> Callable[[bytes], bool]:
        decoder = ResponseDecoder(reply.headers.get("content-type"), self._target.shape)
        sieve = Sieve(last, self._answer.text, gapless=self._asking.shape == "openai")

        def take(data: bytes) -> bool:
            self._clock.byte_at = monotonic()
            self._fold(sieve.sift(decoder.feed(data)), self._clock.byte_at)
            return not self._mailbox.full

        return take

    @property
    def _decided(self) -> bool:
        """Whether it is clear already that what may still come does not count."""
        failed = self._decoder is not None and self._decoder.failure is not None
        return failed or self._fault is not None or self._intake.broke is not None

    async def _refusal(self, reply: Reply) -> HolySheepError:
        body, key = await reply.head(), self._target.key
        if key is not None:
            body = key.scrub_body(body)
        model, server = self._answer.request.model, self._target.server
        refusal = status.Refusal(
            reply.status, reply.headers, body, model, server, self._models, has_key=key is not None
        )
        return refusal.error(datetime.now(UTC))

    # -- the hot path -------------------------------------------------------------------------------

    def _take(self, data: bytes) -> bool:
        """One piece of the body; whether there is room for more."""
        now = monotonic()
        self._clock.byte_at = now
        decoder = self._decoder
        chunks = decoder.feed(data)  # type: ignore[union-attr] # set before the first piece comes
        if chunks:
            self._fold(self._intake.take(chunks), now)
        elif not self._clock.beats and is_heartbeat(data):
            self._clock.expect_heartbeats()
        if self._decided:
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
        if self._stream.callbacks is not None:
            self._stream.callbacks.chunks(chunks)
        if silent and attempt.ttft_s is not None:
            self._stream.first_text()

    async def _hold(self) -> bool:
        """Wait for a slow reader of chunks. The clocks stand still meanwhile."""
        self._clock.stop()
        await self._stream.room()
        self._clock.start()
        return True
