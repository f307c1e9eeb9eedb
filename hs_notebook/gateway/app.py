"""The gateway's routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from hs_notebook.errors import HolySheepError, StatusError
from hs_notebook.gateway.answering import Streamed, Whole
from hs_notebook.gateway.dialects import DIALECTS, WholeWriter
from hs_notebook.gateway.door import OPEN_PATH, Count, Token
from hs_notebook.gateway.output import output_for
from hs_notebook.gateway.refusals import MESSAGES_PATH, refusal, refusal_for
from hs_notebook.gateway.replay import State
from hs_notebook.gateway.streams import digest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from hs_notebook.gateway.dialects import Dialect, Writer
    from hs_notebook.gateway.lifetime import Lifetime
    from hs_notebook.gateway.models import Models
    from hs_notebook.gateway.record import Record
    from hs_notebook.gateway.replay import Stream
    from hs_notebook.gateway.streams import Streams
    from hs_notebook.wire.chunk import ServerRequest

__all__ = ["build"]

_MAX_BODY_BYTES = 64 * 2**20


class _Routes:
    """What each route does."""

    def __init__(
        self, record: Record, lifetime: Lifetime, models: Models, streams: Streams, heartbeat_s: float
    ) -> None:
        self._record = record
        self._lifetime = lifetime
        self._models = models
        self._streams = streams
        self._heartbeat_s = heartbeat_s

    async def health(self, request: Request) -> Response:
        """Say that all is well and, to who sends a challenge, prove to be who wrote gateway.json."""
        told: dict[str, object] = {
            "status": "ok",
            "name": "hs_notebook gateway",
            "version": self._record.version,
            "pid": self._record.pid,
        }
        challenge = request.query_params.get("challenge")
        if challenge is not None:
            told["proof"] = self._record.prove(challenge)
            self._lifetime.touch()  # who asks so is about to send a request
        return JSONResponse(told)

    async def shutdown(self, _: Request) -> Response:
        """End once the answers in flight are done."""
        self._lifetime.retire("asked to")
        return JSONResponse({"status": "ending"})

    async def models(self, _: Request) -> Response:
        """List what can be asked for."""
        names = self._models.names()
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "hs_notebook"} for name in names]
        return JSONResponse({"object": "list", "data": listed})

    async def answer(self, request: Request) -> Response:
        """Answer a chat request, in the shape it was asked in; or go on with an answer that was begun."""
        body = await _body(request)
        output = output_for(request.headers.get("accept", ""))
        if request.headers.get("x-stream-resume", "").lower() == "true":
            stream, offset = await self._streams.resume(request.headers.get("x-stream-event-id"))
            stream.promise_more(offset)
            return Streamed(self._streams, stream, output, self._heartbeat_s, offset=offset, resumed=True)
        dialect = DIALECTS[request.url.path]
        asked = dialect.read(body)
        named, key = digest(request.url.path.encode(), body), _key(request)
        known = await self._streams.attach(named, key)
        stream = known or self._generate(dialect, asked, named, key)
        if asked.stream:
            return Streamed(self._streams, stream, output, self._heartbeat_s, resumed=known is not None)
        return Whole(self._streams, stream, resumed=known is not None)

    def _generate(self, dialect: Dialect, asked: ServerRequest, named: str, key: str | None) -> Stream:
        upstream, name = self._models.find(asked.chat.model)
        self._streams.admit()

        def writer(id_: str, served: str | None) -> Writer:
            if asked.stream:
                return dialect.writer(id_, asked, served or name)
            return WholeWriter(lambda chunks: dialect.body(chunks, id_, served or name))

        chunks = upstream.answer(msgspec.structs.replace(asked.chat, model=name))
        return self._streams.start(named, key, chunks, writer)

    async def check(self, request: Request) -> Response:
        """Say whether a stream can be resumed after an event. The answer is advice: resuming tells."""
        told: dict[str, object] = {"valid": False, "stream": None, "complete": False}
        try:
            stream, offset = await self._streams.resume(request.headers.get("x-event-id"))
            complete = stream.state is State.COMPLETE
            told |= {"stream": stream.id, "complete": complete, "state": stream.state}
            stream.promise_more(offset)
        except StatusError as error:
            return JSONResponse({**told, "status": error.status, "reason": " ".join(error.lines)})
        return JSONResponse({**told, "valid": True})

    async def cancel(self, request: Request) -> Response:
        """Stop generating a stream; answers when its upstream is let go of."""
        id_, key = request.headers.get("x-stream-id"), _key(request)
        stream = await self._streams.cancel(id_, key)
        if stream is None:
            raise StatusError(
                "There is no such stream to cancel.",
                remedy="Name it by X-Stream-Id, or by the Idempotency-Key that it was asked for with.",
                status=400 if id_ is None and key is None else 404,
            )
        return JSONResponse({"stream": stream.id, "state": stream.state})


def build(
    record: Record, lifetime: Lifetime, models: Models, streams: Streams, heartbeat_s: float
) -> Starlette:
    """The gateway as an ASGI application."""
    routes = _Routes(record, lifetime, models, streams, heartbeat_s)
    return Starlette(
        routes=[
            Route(OPEN_PATH, routes.health, methods=["GET"]),
            Route("/shutdown", routes.shutdown, methods=["POST"]),
            Route("/v1/models", routes.models, methods=["GET"]),
            *(Route(path, routes.answer, methods=["POST"]) for path in DIALECTS),
            Route("/v1/stream/check", routes.check, methods=["POST"]),
            Route("/v1/stream/cancel", routes.cancel, methods=["POST"]),
        ],
        middleware=[Middleware(Token, record=record), Middleware(Count, lifetime=lifetime)],
        exception_handlers={HolySheepError: _on_error, HTTPException: _on_http_error, Exception: _on_bug},
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY_BYTES:
            raise HTTPException(413, f"The request is over {_MAX_BODY_BYTES // 2**20} MiB.")
    return bytes(body)


def _key(request: Request) -> str | None:
    """The digest of a client's idempotency key: what it holds is nobody's business here."""
    key = request.headers.get("idempotency-key")
    return digest(key.encode()) if key else None


async def _on_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HolySheepError):
        raise error
    return refusal_for(error, path=request.url.path)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    said = error.detail
    if error.status_code in (404, 405):
        said = (
            f"{request.method} {request.url.path[:100]} is nothing here: the gateway answers "
            f"POST /v1/chat/completions, POST {MESSAGES_PATH}, POST /v1/stream/check, "
            f"POST /v1/stream/cancel, GET /v1/models and GET {OPEN_PATH}."
        )
    return refusal(error.status_code, said, None, path=request.url.path)


async def _on_bug(request: Request, _: Exception) -> Response:
    """What the client is told of an error that nobody foresaw; Starlette raises it on, into the log."""
    return refusal(500, "The gateway failed; its log says where.", "gateway_failed", path=request.url.path)
