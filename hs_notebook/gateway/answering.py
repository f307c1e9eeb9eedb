"""An answer on its way to the client that asked: as events, or whole.

The status line waits for the first event, so that an upstream's refusal arrives as a status; but not for
longer than a heartbeat: then the stream is opened and kept alive, and a late refusal arrives as an error
event. When the client leaves, the generation ends.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from starlette.responses import Response

from hs_notebook.errors import HolySheepError
from hs_notebook.gateway.demo import Broken
from hs_notebook.gateway.refusals import refusal_for
from hs_notebook.wire.sse import HEARTBEAT, encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from starlette.types import Receive, Scope, Send

    from hs_notebook.gateway.generation import Generation
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["Streamed", "Whole"]

_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",  # a proxy in between must pass each event on at once
}


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


class Streamed(Response):
    """The response that follows a generation, event by event."""

    def __init__(self, generation: Generation, heartbeat_s: float) -> None:
        super().__init__(headers={**_HEADERS, "x-stream-id": generation.id})
        del self.headers["content-length"]
        self._generation = generation
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, until all is sent or the client has left."""
        try:
            await _while_connected(self._answer(scope, receive, send), receive)
        finally:
            await self._generation.cancel()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        generation = self._generation
        await generation.begun(self._heartbeat_s)
        if generation.refusal is not None:  # known in time to be said by the status
            await refusal_for(generation.refusal, path=scope["path"])(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for lot in generation.follow(self._heartbeat_s):
            body = b"".join(encode(event.data, id=name, event=event.event) for name, event in lot)
            await send({"type": "http.response.body", "body": body or HEARTBEAT, "more_body": True})
        if generation.broken is None or generation.broken.cleanly:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Whole(Response):
    """The response that waits for a whole answer and sends it as one body."""

    def __init__(
        self,
        id_: str,
        chunks: AsyncGenerator[StreamChunk, None],
        body: Callable[[list[StreamChunk]], bytes],
    ) -> None:
        super().__init__()
        self._id = id_
        self._chunks = chunks
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client leaves before all is generated."""
        await _while_connected(self._answer(scope, receive, send), receive)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response
        try:
            async with aclosing(self._chunks):
                whole = [chunk async for chunk in self._chunks]
        except HolySheepError as error:
            response = refusal_for(error, path=scope["path"])
        except Broken:  # as asked: one byte is promised and none sent, so uvicorn closes the connection
            promise = [(b"content-length", b"1")]
            await send({"type": "http.response.start", "status": 200, "headers": promise})
            return
        else:
            headers = {"x-stream-id": self._id}
            response = Response(self._body(whole), media_type="application/json", headers=headers)
        await response(scope, receive, send)
