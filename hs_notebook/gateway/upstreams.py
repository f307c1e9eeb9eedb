"""Relays to servers, each in its own shape; the gateway's only importer of httpx.

A relay asks for a stream and for usage whatever its own client asked for, and passes on nothing that it has
not read: an answer that ends without proof of being whole is an error here too, never a `stop`.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from hs_notebook.errors import CutError, NotReachedError, ProviderError, StatusError, TooLongError
from hs_notebook.gateway.blot import Blot
from hs_notebook.gateway.translation import for_shape
from hs_notebook.wire import request
from hs_notebook.wire.failure import describe, means_too_long
from hs_notebook.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from hs_notebook.errors import HolySheepError
    from hs_notebook.wire.chunk import ChatRequest, Shape, StreamChunk

__all__ = ["Relay", "is_loopback"]

_CONNECT_S = 5.0
_SILENCE_S = 600.0
"""How long an upstream may say nothing. Long, for a queue or a long prompt; the client has a clock of its
own."""
_SHORTEST_SECRET = 8
"""A shorter key ("none") is no secret, and struck out it would leave holes in answers."""
_ERROR_BYTES = 64 * 1024
_MAX_RETRY_AFTER_S = 86_400.0
_BAD_REQUEST = (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY)
_KEY_REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class Relay:
    """One server.

    Args:
        name: What messages call it.
        base_url: Its base URL, as its shape's clients want it (mostly ending in /v1).
        key: Its API key; None if it needs none.
        shape: Whose API it speaks.
        on_refused_key: What to do where it refuses the key.
    """

    def __init__(
        self, name: str, base_url: str, key: str | None, shape: Shape = "openai", *, on_refused_key: str = ""
    ) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._secret = key if key is not None and len(key) >= _SHORTEST_SECRET else None
        self._shape = shape
        self._on_refused_key = on_refused_key
        self._on_loopback = is_loopback(urlsplit(base_url).hostname or "")
        self._client: httpx.AsyncClient | None = None

    async def answer(self, chat: ChatRequest) -> AsyncGenerator[StreamChunk, None]:
        """Pass the request on. Closing this generator closes the connection: generation there ends."""
        wire = request.build(self._shape, for_shape(self._shape, chat))
        headers = {**wire.headers, "Accept-Encoding": "identity"}
        if self._key is not None:
            headers |= request.auth(self._shape, self._key)
        try:
            async with self._http().stream(
                "POST", self._base_url + wire.path, headers=headers, content=wire.body
            ) as response:
                if response.status_code != httpx.codes.OK:
                    raise await self._refused(response)
                async for chunk in self._read(response):
                    yield chunk
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotReachedError(
                f"{self._name} cannot be reached at {self._base_url} ({type(error).__name__}).",
                remedy="Is that server running, and is its base_url right?",
            ) from None
        except httpx.TransportError as error:
            raise CutError(f"The connection to {self._name} broke ({type(error).__name__}).") from None

    async def _read(self, response: httpx.Response) -> AsyncIterator[StreamChunk]:
        decoder, blot = ResponseDecoder(response.headers.get("content-type")), Blot(self._secret)
        async for data in response.aiter_raw():
            for chunk in decoder.feed(blot.feed(data)):
                yield chunk
            if decoder.failure is not None:
                raise self._named(decoder.failure)
        framed = "content-length" in response.headers or "transfer-encoding" in response.headers
        for chunk in (*decoder.feed(blot.end()), *decoder.end(framed=framed)):
            yield chunk
        if decoder.failure is not None:
            raise self._named(decoder.failure)
        if not decoder.complete:
            raise CutError(f"The stream from {self._name} ended with no proof that the answer was complete.")

    def _named(self, error: HolySheepError) -> HolySheepError:
        """What the decoder found, told of this server by its name."""
        if error.what.startswith("The server "):
            error.what = self._name + error.what.removeprefix("The server")
            error.args = (error.what,)
        return self._without_key(error)

    def _without_key(self, error: HolySheepError) -> HolySheepError:
        """The same error; should the server have echoed the key in escapes, it is struck out now."""
        if self._secret is None:
            return error
        error.what, error.means, error.remedy = (
            said.replace(self._secret, "***") for said in (error.what, error.means, error.remedy)
        )
        error.args = (error.what,)
        if isinstance(error, ProviderError) and error.code is not None:
            error.code = error.code.replace(self._secret, "***")
        return error

    async def _refused(self, response: httpx.Response) -> HolySheepError:
        body = b""
        async for data in response.aiter_raw():
            body += data
            if len(body) > _ERROR_BYTES:
                break
        blot = Blot(self._secret)
        said, code = describe(blot.feed(body) + blot.end(), response.headers.get("content-type"))
        status = response.status_code
        too_long = status == httpx.codes.REQUEST_ENTITY_TOO_LARGE or (
            status in _BAD_REQUEST and means_too_long(said, code)
        )
        kind = TooLongError if too_long else StatusError
        error = kind(
            f"{self._name} answered with status {status}: {said or 'it gave no reason'}",
            remedy=self._on_refused_key if status in _KEY_REFUSED else "",
            # A redirect, or a success that is no stream, is no status to pass on.
            status=status if status >= httpx.codes.BAD_REQUEST else httpx.codes.BAD_GATEWAY,
            retry_after=_seconds(response.headers.get("retry-after")),
        )
        return self._without_key(error)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                http2=False,
                trust_env=not self._on_loopback,  # a proxy of the environment is for other machines
                verify=self._base_url.startswith("https")
                or not self._on_loopback,  # loading them takes a while
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=10),
                timeout=httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
            )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(retry_after: str | None) -> float | None:
    """The plain form of Retry-After; a date, or anything odd, is not passed on."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _MAX_RETRY_AFTER_S else None
