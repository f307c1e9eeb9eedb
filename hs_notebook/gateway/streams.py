"""Every answer that this gateway generates or keeps: by name, by idempotency key; how many, and how long.

A client that leaves ends nothing. What ends a generation is its upstream, a cancel, or that nobody came back
for it in time; at once, where nobody can: no key was sent and no name was told.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from typing import TYPE_CHECKING

from hs_notebook.errors import StatusError
from hs_notebook.gateway.generation import Generation
from hs_notebook.gateway.replay import EventId, State, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from hs_notebook.gateway.dialects import Writer
    from hs_notebook.gateway.lifetime import Lifetime
    from hs_notebook.gateway.settings import Settings
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["Streams", "digest"]

_LOG = logging.getLogger("hs_notebook.gateway")
_RETRY_AFTER_S = 2.0
_LOOK_S = 5.0
"""How often, at least, it is looked for what nobody waits for any more."""


def digest(*parts: bytes) -> str:
    """A name for these bytes."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(b"%d:" % len(part))
        whole.update(part)
    return whole.hexdigest()[:32]


class Streams:
    """The streams of one gateway."""

    def __init__(self, settings: Settings, lifetime: Lifetime) -> None:
        self._settings = settings
        self._lifetime = lifetime
        self._streams: dict[str, Stream] = {}
        self._keys: dict[str, str] = {}  # digest of a key to the name of its stream
        self._running: dict[str, Generation] = {}

    # -- beginning ----------------------------------------------------------------------------

    def attach(self, asked: str, key: str | None) -> Stream | None:
        """The stream that a repeated request belongs to; None if it is to be generated.

        One that ended before it was whole is no answer to a request: that is generated anew.

        Raises:
            StatusError: 409: the key stands for another request.
        """
        stream = None if key is None else self._streams.get(self._keys.get(key, ""))
        if stream is None or stream.state not in (State.RUNNING, State.COMPLETE):
            return None
        if stream.asked != asked:
            raise StatusError(
                "This Idempotency-Key was sent before, with another request.",
                remedy="A new request needs a new key.",
                status=409,
            )
        return stream

    def admit(self) -> None:
        """Make sure that one more answer may be generated.

        Raises:
            StatusError: 429: too many are.
        """
        if len(self._running) >= self._settings.max_streams:
            raise StatusError(
                f"{len(self._running)} answers are being generated, and that is this gateway's limit.",
                remedy="Ask again when one has ended; max_streams in gateway.toml sets the limit.",
                status=429,
                retry_after=_RETRY_AFTER_S,
            )

    def start(
        self,
        asked: str,
        key: str | None,
        chunks: AsyncGenerator[StreamChunk, None],
        writer: Callable[[str, str | None], Writer],
    ) -> Stream:
        """Generate a new stream, or the next generation of the one that the key stands for."""
        old = None if key is None else self._streams.get(self._keys.get(key, ""))
        if old is None:
            stream = Stream(secrets.token_hex(12), 1, asked, key)
        else:
            stream = Stream(old.id, old.generation + 1, asked, key)
        self._streams[stream.id] = stream
        if key is not None:
            self._keys[key] = stream.id
        self._lifetime.begin()
        self._running[stream.id] = Generation(
            stream, chunks, lambda model: writer(stream.id, model), self._ended
        )
        return stream

    def _ended(self, stream: Stream) -> None:
        del self._running[stream.id]
        self._lifetime.end()
        if stream.refusal is not None:  # nothing was generated: to ask again is to ask anew
            self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        del self._streams[stream.id]
        if stream.key is not None:
            del self._keys[stream.key]

    # -- coming back --------------------------------------------------------------------------

    async def resume(self, event_id: str | None) -> tuple[Stream, int]:
        """The stream of an event, and the offset after it.

        Raises:
            StatusError: 400, 404 or 410: there is no such id, stream, or no longer.
        """
        event = EventId.parse(event_id)
        stream = self._streams.get(event.stream)
        if stream is None:
            raise StatusError(
                f"The gateway knows no stream {event.stream}.",
                remedy="Ask anew, without X-Stream-Resume.",
                status=404,
            )
        return stream, await stream.place(event)

    # -- ending -------------------------------------------------------------------------------

    async def cancel(self, id_: str | None, key: str | None) -> Stream | None:
        """Stop generating a stream, by its name or its key; None if there is none."""
        name = id_ or self._keys.get(key or "")
        generation = self._running.get(name or "")
        if generation is not None:
            await generation.stop(State.CANCELLED)
        return self._streams.get(name or "")

    async def left(self, stream: Stream) -> None:
        """A reader has gone; where nobody can come back, so goes what it read."""
        generation = self._running.get(stream.id)
        if generation is not None and stream.readers == 0 and not stream.known:
            await generation.stop(State.CUT)

    async def watch(self) -> None:
        """Stop, for as long as the gateway runs, what nobody came back for."""
        while True:
            await asyncio.sleep(min(_LOOK_S, self._settings.orphan_grace_s / 4))
            since = time.monotonic() - self._settings.orphan_grace_s
            for name, generation in list(self._running.items()):
                stream = self._streams[name]
                if stream.readers == 0 and stream.left_at < since:
                    _LOG.info("stopped an answer that nobody came back for")
                    await generation.stop(State.CUT)

    async def close(self) -> None:
        """End every generation."""
        for generation in list(self._running.values()):
            await generation.stop(State.CUT)
