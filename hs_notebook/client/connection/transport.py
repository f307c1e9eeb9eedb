"""The only importer of httpx here: one request out, its answer's bytes in, and every failure in plain words.

HTTP/1.1 (one fault on HTTP/2 would end every stream on it) and no compression (a cut gzip is silent). No
exception of httpx leaves this file, not even as a cause: it would carry the request's headers, and the key.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from hs_notebook.client.config import is_loopback
from hs_notebook.client.connection import logs, surroundings
from hs_notebook.client.connection.gather import Gather
from hs_notebook.errors import HolySheepError, NotReachedError, SettingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from hs_notebook.client.secret import Secret

__all__ = ["Reply", "Transport"]

CONNECT_TIMEOUT: Final = 5.0
_ERROR_BODY_PAUSE: Final = 5.0
"""Seconds without a byte after which the rest of an error's body is not waited for."""
_MOST_IDLE: Final = 10
"""Clients, each with an open connection, kept for the next requests."""
_MEND_ENVIRONMENT: Final = "Correct or unset that environment variable."


class Reply:
    """A response whose headers have come.

    Attributes:
        status: The HTTP status.
        headers: The response's headers; names in any case.
        framed: Whether HTTP says where the body ends; else only the connection's end does.
    """

    def __init__(self, response: httpx.Response, leave: Callable[[bool], Awaitable[None]]) -> None:
        """`leave` is awaited at the close: True if the body was read to its end."""
        self._response = response
        self._leave = leave
        self._whole = False
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.framed = "content-length" in response.headers or "transfer-encoding" in response.headers

    async def pump(self, take: Callable[[bytes], bool], hold: Callable[[], Awaitable[bool]]) -> str | None:
        """Hand over the body until it ends, in pieces as large as they came from the network.

        Args:
            take: Called with each piece; True: go on reading.
            hold: Awaited when `take` said False; True: go on, False: read no more.

        Returns:
            None at a clean end, or if `hold` ended it; else how the connection broke, for people.
        """
        gather = Gather(take)
        how = None
        try:
            async for data in self._pieces():
                if not gather.add(data) and not await hold():
                    break
            else:
                self._whole = True
        except httpx.HTTPError as error:
            how = _breakage(error)
        except asyncio.CancelledError:
            if gather.error is None:
                raise
        finally:
            gather.flush()  # whatever ended it, a cancel too: what came is kept
        if gather.error is not None:
            raise gather.error
        return how

    def _pieces(self) -> AsyncIterator[bytes]:
        if self.headers.get("content-encoding", "identity") == "identity":
            # The stream below httpx's decoding layers: they cost time and would change nothing.
            return aiter(self._response.stream)  # type: ignore[arg-type]  # an async client's stream is async
        return self._response.aiter_bytes()

    async def head(self, limit: int = 65536) -> bytes:
        """The body's first `limit` bytes, as far as they come: for the body of an error."""
        self._response.request.extensions["timeout"]["read"] = _ERROR_BODY_PAUSE
        body = bytearray()

        def take(data: bytes) -> bool:
            body.extend(data)
            return len(body) < limit

        async def enough() -> bool:
            return False

        await self.pump(take, enough)
        return bytes(body[:limit])

    async def close(self) -> None:
        """Close the response; a connection whose body was not read to the end is closed with it."""
        await self._response.aclose()
        await self._leave(self._whole)


class Transport:
    """Connections to one base URL; lives on the engine's loop.

    Each request has an httpx client to itself, used again only after a clean end. httpx 0.28 loses a
    connection for good when it is cancelled just after connecting (it stays open, "new", in the pool, seen
    2026-11-22): closing the client closes that one too.
    """

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._host = parts.netloc
        self._proxy = surroundings.proxy_of(parts.scheme, parts.hostname or "")
        self._here = is_loopback(parts.hostname or "")
        self._trust = _trust(parts.scheme, parts.hostname or "")
        self._idle = [self._new_client()]

    @classmethod
    async def build(cls, base_url: str) -> Transport:
        """Make one off the loop: reading the certificates takes tens of milliseconds."""
        return await asyncio.get_running_loop().run_in_executor(None, cls, base_url)

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        key: Secret | None = None,
    ) -> Reply:
        """Send a request and wait for the headers of its answer, however long that takes.

        Args:
            method: GET or POST.
            path: Below the base URL.
            headers: All but those that every request has.
            body: None: there is none.
            key: What `headers` hold and no log may show; None if no key is sent.

        Raises:
            NotReachedError: No answer came.
        """
        if key is not None:
            logs.hide(key)
        used = bool(self._idle)
        client = self._idle.pop() if used else self._new_client()
        leave = partial(self._leave, client)
        sent = False
        try:
            request = client.build_request(method, self._base_url + path, headers=dict(headers), content=body)
            reply = Reply(await client.send(request, stream=True), leave)
            sent = True
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = self._unreached(error, used=used)
        else:
            return reply
        finally:
            if not sent:
                await asyncio.shield(leave(False))
        raise failure  # outside the except: no httpx exception may hang on to it

    async def close(self) -> None:
        """Close all connections that no reply holds."""
        while self._idle:
            await self._idle.pop().aclose()

    async def _leave(self, client: httpx.AsyncClient, whole: bool) -> None:  # noqa: FBT001 - Reply's callback
        if whole and len(self._idle) < _MOST_IDLE:
            self._idle.append(client)
        else:
            await client.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        return _client(self._trust, here=self._here)

    def _unreached(self, error: Exception, *, used: bool) -> HolySheepError:
        """The error for people. `used`: the connection had brought an answer before."""
        through = f" (through the proxy {self._proxy})" if self._proxy else ""
        if isinstance(error, httpx.ProxyError):
            return NotReachedError(
                f"The proxy {self._proxy} refused the connection to {self._host}: {error}.",
                remedy="Check HTTPS_PROXY and its user and password; NO_PROXY names hosts that need none.",
            )
        if isinstance(error, httpx.TimeoutException):
            return NotReachedError(
                f"{self._host}{through} did not take a connection within {CONNECT_TIMEOUT:g} s.",
                remedy="Check the base URL, the network, VPN and proxy, and try again.",
                transient=True,
            )
        if isinstance(error, httpx.ConnectError):
            return self._unconnected(error, through)
        if isinstance(error, httpx.NetworkError) or "without sending a response" in str(error):
            return NotReachedError(
                f"{self._host}{through} closed the connection before it answered.",
                means="The server, or something before it, is overloaded or restarting.",
                remedy="Try again in a moment.",
                transient=True,
            )
        return NotReachedError(
            f"What came from {self._host}{through} is not HTTP.",
            remedy="Check the base URL: its port, and http:// against https://.",
            transient=used,  # then these may be bytes too many of the answer before
        )

    def _unconnected(self, error: Exception, through: str) -> NotReachedError:
        roots = list(_roots(error))
        host = self._proxy or self._host
        if any(isinstance(root, ssl.SSLCertVerificationError) for root in roots):
            return NotReachedError(
                f"The certificate of {self._host}{through} is not trusted.",
                means="A proxy of your organisation may read along, or this is another server.",
                remedy="If you trust it, set SSL_CERT_FILE to your organisation's certificates.",
            )
        if any(isinstance(root, ssl.SSLError) for root in roots):
            return NotReachedError(
                f"{self._host}{through} does not speak TLS (https).",
                remedy="For a server on this machine use http://; else check the port.",
            )
        unknown = next((root for root in roots if isinstance(root, socket.gaierror)), None)
        if unknown is not None:
            return NotReachedError(
                f"No address is known for the host {host}.",
                means="Its name is misspelt, or this machine has no internet.",
                remedy="Check the base URL and the network; model=local answers without any.",
                transient=unknown.errno == socket.EAI_AGAIN,
            )
        if any(isinstance(root, ConnectionRefusedError) for root in roots):
            return NotReachedError(
                f"Nothing answers at {host}: the connection was refused.",
                remedy="Start the server, or check the base URL and its port.",
                transient=True,
            )
        return NotReachedError(
            f"{self._host}{through} cannot be reached.",
            remedy="Check the base URL, the network, VPN and proxy, and try again.",
            transient=True,
        )


def _trust(scheme: str, host: str) -> ssl.SSLContext:
    """Whose certificates are believed.

    Raises:
        SettingError: Those that the environment names cannot be read.
    """
    if scheme == "http" and is_loopback(host):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used: spare the reading of all certificates
    try:
        return httpx.create_ssl_context(trust_env=True)
    except OSError:
        pass
    raise SettingError(
        "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read.", remedy=_MEND_ENVIRONMENT
    )


def _client(trust: ssl.SSLContext, *, here: bool) -> httpx.AsyncClient:
    """A client without limits of its own (ours count streams), and with no clock but for connecting.

    A proxy never sees what is meant for this machine (`here`), whatever the environment says.
    """
    try:
        return httpx.AsyncClient(
            verify=trust,
            trust_env=not here,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=1, keepalive_expiry=5.0),
            headers={"Accept-Encoding": "identity", "User-Agent": "hs_notebook"},
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        pass
    raise SettingError(
        "The proxy that the environment names cannot be used (is it a SOCKS proxy?).",
        remedy=_MEND_ENVIRONMENT,
    )


def _breakage(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.RemoteProtocolError):
        return "the connection ended before the body was whole"
    if isinstance(error, httpx.DecodingError):
        return "its compression is broken"
    return "the connection was lost"


def _roots(error: BaseException) -> Iterator[BaseException]:
    """`error` and all that led to it."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [more for more in (one.__cause__, one.__context__) if more is not None]
        waiting += getattr(one, "exceptions", ())
