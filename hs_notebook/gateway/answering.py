"""An answer on its way to a client: as events, or whole.

The status line waits for the first event, so that an upstream's refusal arrives as a status; but not for
longer than a heartbeat: then the stream is opened and kept alive, and a late refusal arrives as an error
event. A client that leaves is a reader less, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.responses import Response

from hs_notebook.gateway.refusals import refusal, refusal_for
from hs_notebook.gateway.replay import State
from hs_notebook.wire.sse import Decoder

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.types import Receive, Scope, Send

    from hs_notebook.gateway.output import Output
    from hs_notebook.gateway.replay import Stream
    from hs_notebook.gateway.streams import Streams

__all__ = ["Streamed", "Whole"]

_LOG = logging.getLogger("hs_notebook.gateway")

_HEADERS = {
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",  # a proxy in between must pass each event on at once
}
_RESUMED = {"x-stream-resumed": "true"}
"""Nothing was generated for this request: it reads what another one began."""


async def _while_connected(work: Coroutine[None, None, None], receive: Receive) -> None:
    """Do the work for as long as the client is there; it is cancelled when the client leaves."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(gone())
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.wait({working, watching})
    if not working.cancelled():
        working.result()  # an error in the work is not swallowed


class _Reading(Response):
    """A response that reads a stream for as long as its client is there."""

    def __init__(self, streams: Streams, stream: Stream, headers: dict[str, str] | None = None) -> None:
        super().__init__(headers=headers)
        self._streams = streams
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, until all is sent or the client has left."""
        with self._stream.being_read():
            await _while_connected(self._answer(scope, receive, send), receive)
        await self._streams.left(self._stream)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class Streamed(_Reading):
    """The response that follows a stream, event by event.

    Args:
        streams: Where the stream is kept.
        stream: What is read.
        output: How its events go out.
        heartbeat_s: Seconds of silence before a heartbeat.
        offset: Where in its log the reading begins.
        resumed: Whether another request began the stream.
    """

    def __init__(  # noqa: PLR0913 - what is read, from where, and how
        self,
        streams: Streams,
        stream: Stream,
        output: Output,
        heartbeat_s: float,
        *,
        offset: int = 0,
        resumed: bool,
    ) -> None:
        headers = {**_HEADERS, "content-type": output.content_type, "x-stream-id": stream.id}
        super().__init__(streams, stream, headers | (_RESUMED if resumed else {}))
        del self.headers["content-length"]
        self._output = output
        self._heartbeat_s = heartbeat_s
        self._offset = offset

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = self._stream
        await stream.begun(self._heartbeat_s)
        if stream.refusal is not None:  # known in time to be said by the status
            await refusal_for(stream.refusal, path=scope["path"])(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        stream.known = True
        try:
            async for lot in stream.follow(self._offset, self._heartbeat_s):
                body = self._output.encode(lot) if lot else self._output.heartbeat
                await send({"type": "http.response.body", "body": body, "more_body": True})
        except LookupError as error:
            _LOG.warning("a reader was cut off: %s", error)
            self._streams.lost(stream)
            return  # without the end that HTTP wants, so uvicorn closes the connection
        if stream.broken is None or stream.broken.cleanly:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Whole(_Reading):
    """The response that waits for a whole answer and sends it as one body.

    Args:
        streams: Where the stream is kept.
        stream: What is waited for: a stream with one event.
        resumed: Whether another request began the stream.
    """

    def __init__(self, streams: Streams, stream: Stream, *, resumed: bool) -> None:
        super().__init__(streams, stream)
        self._resumed = resumed

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = self._stream
        response: Response
        try:
            written = b"".join([lot async for lot in stream.follow(0, heartbeat_s=_LONG_S)])
        except LookupError as error:
            self._streams.lost(stream)
            await refusal(410, f"The answer is kept no more: {error}.", None, path=scope["path"])(
                scope, receive, send
            )
            return
        if stream.state is State.COMPLETE:
            (event,) = Decoder(len(written)).feed(written)
            headers = {"x-stream-id": stream.id, **(_RESUMED if self._resumed else {})}
            response = Response(event.data, media_type="application/json", headers=headers)
        elif stream.refusal is not None:
            response = refusal_for(stream.refusal, path=scope["path"])
        elif stream.broken is not None:  # as asked: one byte is promised and none sent, so uvicorn closes
            promise = [(b"content-length", b"1")]
            await send({"type": "http.response.start", "status": 200, "headers": promise})
            return
        else:
            response = refusal(409, "The answer was stopped.", str(stream.state), path=scope["path"])
        await response(scope, receive, send)


_LONG_S = 3600.0
"""A whole answer has no place for heartbeats."""
