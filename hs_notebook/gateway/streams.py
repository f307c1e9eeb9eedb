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
from hs_notebook.gateway.retention import Retention

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from hs_notebook.gateway.dialects import Writer
    from hs_notebook.gateway.lifetime import Lifetime
    from hs_notebook.gateway.settings import Settings
    from hs_notebook.gateway.spool import Found, Spool
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
    """The streams of one gateway, and those that earlier ones left."""

    def __init__(self, settings: Settings, lifetime: Lifetime, spool: Spool) -> None:
        self._settings = settings
        self._lifetime = lifetime
        self._spool = spool
        self._streams: dict[str, Stream] = {}
        self._found: dict[str, Found] = {}  # on disk, not opened yet
        self._keys: dict[str, str] = {}  # digest of a key to the name of its stream
        self._running: dict[str, Generation] = {}
        self._ended = Retention(settings.keep_s, settings.keep_bytes)
        for found in spool.found():
            self._take_over(found)

    def _take_over(self, found: Found) -> None:
        other = self._found.get(found.stream)
        if other is not None:  # the older generation was about to be deleted
            older, found = sorted((other, found), key=lambda each: each.generation)
            self._spool.remove(older.path)
        self._found[found.stream] = found
        if found.key is not None:
            self._keys[found.key] = found.stream
        self._ended.add(found.stream, found.ended_at, found.size)

    # -- beginning ----------------------------------------------------------------------------

    async def attach(self, asked: str, key: str | None) -> Stream | None:
        """The stream that a repeated request belongs to; None if it is to be generated.

        One that ended before it was whole is no answer to a request: that is generated anew.

        Raises:
            StatusError: 409: the key stands for another request.
        """
        stream = None if key is None else await self._get(self._keys.get(key, ""))
        if stream is None:
            return None
        if stream.asked != asked:
            raise StatusError(
                "This Idempotency-Key was sent before, with another request.",
                remedy="A new request needs a new key.",
                status=409,
            )
        return stream if stream.state in (State.RUNNING, State.COMPLETE) else None

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
        name, generation = (secrets.token_hex(12), 1) if old is None else (old.id, old.generation + 1)
        if old is not None:
            self._ended.remove(name)
            self._spool.discard(old.log)
        log = self._spool.new(name, generation, key, asked)
        stream = Stream(name, generation, asked, key, log=log)
        self._streams[name] = stream
        if key is not None:
            self._keys[key] = name
        self._lifetime.begin()
        self._running[name] = Generation(stream, chunks, lambda model: writer(name, model), self._on_end)
        return stream

    def _on_end(self, stream: Stream) -> None:
        del self._running[stream.id]
        self._lifetime.end()
        if stream.refusal is not None:  # nothing was generated: to ask again is to ask anew
            self._spool.discard(stream.log)
            self._forget(stream.id)
            return
        self._spool.close(stream.log, stream.state)
        self._ended.add(stream.id, time.time(), stream.log.end)
        self._expire()

    def _forget(self, name: str) -> None:
        kept = self._streams.pop(name, None) or self._found.pop(name)
        if kept.key is not None:
            del self._keys[kept.key]

    def _expire(self) -> None:
        for name in self._ended.expire(time.time(), self._is_read):
            kept = self._streams.get(name)
            if kept is None:
                self._spool.remove(self._found[name].path)
            else:
                self._spool.discard(kept.log)
            self._forget(name)

    def _is_read(self, name: str) -> bool:
        return name in self._streams and self._streams[name].readers > 0

    # -- coming back --------------------------------------------------------------------------

    async def resume(self, event_id: str | None) -> tuple[Stream, int]:
        """The stream of an event, and the offset after it.

        Raises:
            StatusError: 400, 404 or 410: there is no such id, stream, or no longer; 503: not yet.
        """
        event = EventId.parse(event_id)
        stream = await self._get(event.stream)
        if stream is None:
            expired = self._ended.has_expired(event.stream)
            raise StatusError(
                f"The gateway {'no longer keeps the' if expired else 'knows no'} stream {event.stream}.",
                remedy="Ask anew, without X-Stream-Resume.",
                status=410 if expired else 404,
            )
        return stream, await stream.place(event)

    async def _get(self, name: str) -> Stream | None:
        """A stream by its name; None if there is none.

        Raises:
            StatusError: 503: another gateway, which is about to end, is still writing it.
        """
        found = self._found.get(name)
        if found is None:
            return self._streams.get(name)
        try:
            told = await self._spool.read(found)
        except BlockingIOError:
            raise StatusError(
                "The gateway before this one is still generating this answer.",
                remedy="Ask again when it has ended.",
                status=503,
                retry_after=_RETRY_AFTER_S,
            ) from None
        except (OSError, ValueError, LookupError, TypeError) as error:
            _LOG.warning("%s cannot be read: %s", found.path, error)
            told = None
        if self._found.pop(name, None) is None:  # somebody else has opened it meanwhile
            return self._streams.get(name)
        if told is None:
            self._found[name] = found
            self._ended.remove(name)
            self._forget(name)
            self._spool.remove(found.path)
            return None
        state = State.CUT if told.state is None else State(told.state)
        stream = Stream(name, found.generation, told.asked, found.key, log=told.log, state=state)
        self._streams[name] = stream
        return stream

    # -- ending -------------------------------------------------------------------------------

    async def cancel(self, id_: str | None, key: str | None) -> Stream | None:
        """Stop generating a stream, by its name or its key; None if there is none."""
        name = id_ or self._keys.get(key or "")
        generation = self._running.get(name or "")
        if generation is not None:
            await generation.stop(State.CANCELLED)
        return await self._get(name or "")

    def lost(self, stream: Stream) -> None:
        """What a reader wanted is held no more: if it has ended, it may be generated anew."""
        if stream.state is not State.RUNNING and self._streams.get(stream.id) is stream:
            self._ended.remove(stream.id)
            self._spool.discard(stream.log)
            self._forget(stream.id)

    async def left(self, stream: Stream) -> None:
        """A reader has gone; where nobody can come back, so goes what it read."""
        generation = self._running.get(stream.id)
        if generation is not None and stream.readers == 0 and not stream.known:
            await generation.stop(State.CUT)

    async def watch(self) -> None:
        """For as long as the gateway runs: stop what nobody came back for, let go of what is old."""
        while True:
            await asyncio.sleep(min(_LOOK_S, self._settings.orphan_grace_s / 4))
            since = time.monotonic() - self._settings.orphan_grace_s
            for name, generation in list(self._running.items()):
                stream = self._streams[name]
                if stream.readers == 0 and stream.left_at < since:
                    _LOG.info("stopped an answer that nobody came back for")
                    await generation.stop(State.CUT)
            self._expire()

    async def close(self) -> None:
        """End every generation."""
        for generation in list(self._running.values()):
            await generation.stop(State.CUT)
