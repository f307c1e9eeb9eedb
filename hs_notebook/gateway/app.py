"""The gateway's routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from hs_notebook.errors import HolySheepError
from hs_notebook.gateway.answering import Streamed, Whole
from hs_notebook.gateway.dialects import DIALECTS
from hs_notebook.gateway.door import OPEN_PATH, Count, Token
from hs_notebook.gateway.generation import Generation, new_id
from hs_notebook.gateway.refusals import MESSAGES_PATH, refusal, refusal_for

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from hs_notebook.gateway.dialects import Writer
    from hs_notebook.gateway.lifetime import Lifetime
    from hs_notebook.gateway.models import Models
    from hs_notebook.gateway.record import Record
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["build"]

_MAX_BODY_BYTES = 64 * 2**20


class _Routes:
    """What each route does."""

    def __init__(self, record: Record, lifetime: Lifetime, models: Models, heartbeat_s: float) -> None:
        self._record = record
        self._lifetime = lifetime
        self._models = models
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
        """Answer a chat request, in the shape it was asked in."""
        dialect = DIALECTS[request.url.path]
        asked = dialect.read(await _body(request))
        upstream, name = self._models.find(asked.chat.model)
        id_ = new_id()
        chunks = upstream.answer(msgspec.structs.replace(asked.chat, model=name))

        def writer(served: str | None) -> Writer:
            return dialect.writer(id_, asked, served or name)

        def body(whole: list[StreamChunk]) -> bytes:
            return dialect.body(whole, id_, next((chunk.model for chunk in whole if chunk.model), name))

        if asked.stream:
            return Streamed(Generation(id_, chunks, writer), self._heartbeat_s)
        return Whole(id_, chunks, body)


def build(record: Record, lifetime: Lifetime, models: Models, heartbeat_s: float) -> Starlette:
    """The gateway as an ASGI application."""
    routes = _Routes(record, lifetime, models, heartbeat_s)
    return Starlette(
        routes=[
            Route(OPEN_PATH, routes.health, methods=["GET"]),
            Route("/shutdown", routes.shutdown, methods=["POST"]),
            Route("/v1/models", routes.models, methods=["GET"]),
            *(Route(path, routes.answer, methods=["POST"]) for path in DIALECTS),
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
            f"POST /v1/chat/completions, POST {MESSAGES_PATH}, GET /v1/models and GET {OPEN_PATH}."
        )
    return refusal(error.status_code, said, None, path=request.url.path)


async def _on_bug(request: Request, _: Exception) -> Response:
    """What the client is told of an error that nobody foresaw; Starlette raises it on, into the log."""
    return refusal(500, "The gateway failed; its log says where.", "gateway_failed", path=request.url.path)
