"""Who is let in, and the count of who is inside: two layers around the routes, in plain ASGI.

Plain, because a layer that wraps the response (as Starlette's own middleware base does) would hold back a
stream or hide that its client has left.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from hs_notebook.gateway.refusals import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from hs_notebook.gateway.lifetime import Lifetime
    from hs_notebook.gateway.record import Record

__all__ = ["OPEN_PATH", "Count", "Token"]

_LOG = logging.getLogger("hs_notebook.gateway")

OPEN_PATH = "/health"
"""The one path that asks for no token."""


class Token:
    """Asks every request for the token.

    It comes as `Authorization: Bearer …` from OpenAI's clients, as `x-api-key: …` from Anthropic's.
    """

    def __init__(self, app: ASGIApp, record: Record) -> None:
        self._app = app
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["path"] == OPEN_PATH or self._admitted(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        response = refusal(
            401,
            "The token is missing or wrong: this gateway's token stands in gateway.json, in the folder "
            "of its user's hs_notebook data.",
            "invalid_api_key",
            path=scope["path"],
        )
        await response(scope, receive, send)

    def _admitted(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        offered = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        return self._record.admits(offered)


class Count:
    """Counts the requests in flight, for the gateway's lifetime. Asking after its health is none."""

    def __init__(self, app: ASGIApp, lifetime: Lifetime) -> None:
        self._app = app
        self._lifetime = lifetime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counted until its answer has ended."""
        if scope["path"] == OPEN_PATH:
            await self._app(scope, receive, send)
            return
        self._lifetime.begin()
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:  # uvicorn's, when the grace for answers in flight is over
            _LOG.info("an answer was cut short: the gateway ends")
        finally:
            self._lifetime.end()
