"""The only importer of httpx here: one request out, its answer's bytes in, and every failure in plain words.

HTTP/1.1 (one fault on HTTP/2 would end every stream on it) and no compression (a cut gzip is silent). No
exception of httpx leaves this file, not even as a cause: it would carry the request's headers, and the key.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from hs_notebook.client import logs
from hs_notebook.client.config import is_loopback
from hs_notebook.errors import HolySheepError, NotReachedError, SettingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from hs_notebook.client.config import Secret

__all__ = ["Reply", "Transport", "surroundings"]

CONNECT_TIMEOUT: Final = 5.0
_ERROR_BODY_PAUSE: Final = 5.0
"""Seconds without a byte after which the rest of an error's body is not waited for."""
_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


def surroundings() -> tuple[str | None, ...]:
    """What of the environment a transport was built with; another one needs another transport."""
    return tuple(os.environ.get(name) for name in _NAMES + tuple(name.lower() for name in _NAMES[:4]))


class Reply:
    """A response whose headers have come.

    Attributes:
        status: The HTTP status.
        headers: The response's headers; names in any case.
        framed: Whether HTTP says where the body ends; else only the connection's end does.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
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
        gather = _Gather(take)
        how = None
        try:
            async for data in self._pieces():
                if not gather.add(data) and not await hold():
                    break
        except httpx.HTTPError as error:
            how = _breakage(error)
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


class _Gather:
    """Joins the pieces of one read from the network.

    Servers send one HTTP chunk an event, and httpx hands on each by itself; a hundred may come in one read.
    They are handed on together as soon as the loop gets its turn, that is, when nothing more is there: so
    no piece waits, and the cost of a call to the decoder is paid once a read.

    Attributes:
        error: What `take` raised; None if nothing.
    """

    def __init__(self, take: Callable[[bytes], bool]) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._going = True
        self.error: Exception | None = None

    def add(self, piece: bytes) -> bool:
        """Add one; whether to go on reading."""
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(piece)
        return self._going

    def flush(self) -> None:
        """Hand on what is there."""
        if not self._pieces:
            return
        data, self._pieces = b"".join(self._pieces), []
        try:
            self._going = self._take(data)
        except Exception as error:  # noqa: BLE001 - raised by the reader, not lost in the loop's log
            self.error, self._going = error, False


class Transport:
    """Connections to one base URL; lives on the engine's loop."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._host = parts.netloc
        self._proxy = _proxy_of(parts.scheme, parts.hostname or "")
        self._client = _client(parts.scheme, parts.hostname or "")

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
        request = self._client.build_request(
            method, self._base_url + path, headers=dict(headers), content=body
        )
        try:
            return Reply(await self._client.send(request, stream=True))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = self._unreached(error)
        raise failure  # outside the except: no httpx exception may hang on to it

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _unreached(self, error: Exception) -> HolySheepError:
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


def _client(scheme: str, host: str) -> httpx.AsyncClient:
    """A client without limits of its own (ours count streams), and with no clock but for connecting.

    A proxy never sees what is meant for this machine, whatever the environment says.
    """
    here = is_loopback(host)
    try:
        if here and scheme == "http":
            trust: ssl.SSLContext | bool = ssl.SSLContext(
                ssl.PROTOCOL_TLS_CLIENT
            )  # never used: spare its reading
        else:
            trust = httpx.create_ssl_context(trust_env=True)
        return httpx.AsyncClient(
            verify=trust,
            trust_env=not here,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=10, keepalive_expiry=5.0),
            headers={"Accept-Encoding": "identity", "User-Agent": "hs_notebook"},
        )
    except OSError:
        reason = "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read."
    except (ImportError, ValueError, httpx.InvalidURL):
        reason = "The proxy that the environment names cannot be used (is it a SOCKS proxy?)."
    raise SettingError(reason, remedy="Correct or unset that environment variable.")


def _proxy_of(scheme: str, host: str) -> str | None:
    """Host and port of the proxy in between, without its user and password; None if there is none."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or is_loopback(host) or proxy_bypass(host):
        return None
    return urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]


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
