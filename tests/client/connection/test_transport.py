"""Reaching a server, or not: each failure in words that say what to do. Proxies and certificates for real."""

import asyncio
import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
from misbehaving import TEXT, Server, good_events, until

from hs_notebook import errors
from hs_notebook.answer import Status
from hs_notebook.client.connection import transport

CERTIFICATES = Path(__file__).parent / "certificates"


def ask(client):
    """The answer, whatever its end."""
    stream = client.stream("hello", model="m")
    assert stream.wait(60), stream
    return stream.answer


def not_reached(client):
    answer = ask(client)
    assert answer.status is Status.FAILED
    assert isinstance(answer.error, errors.NotReachedError), answer.error
    assert 1 <= len(str(answer.error).splitlines()) <= 3
    return str(answer.error)


async def answer(peer):
    await peer.answer()


@pytest.fixture
def tls_server(serve):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    return serve(answer, tls=context)


def test_refused(client, no_back_off, rows):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening
        port = unused.getsockname()[1]
        error = not_reached(client(f"http://127.0.0.1:{port}/v1"))
    assert f"Nothing answers at 127.0.0.1:{port}" in error
    assert "Start the server" in error
    assert [row["status"] for row in rows()] == ["failed"] * 4  # tried again: it may be starting


def test_refused_is_not_tried_for_longer_than_the_timeout(client, no_back_off):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        asker = client(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", timeout=1e-9)
        assert len(ask(asker).attempts) == 1


def test_unknown_host(client, no_back_off):
    assert "No address is known for the host nowhere.invalid" in not_reached(
        client("https://nowhere.invalid/v1")
    )


def test_dead_host(client, monkeypatch):
    """A listener whose queue is full takes no connection, and says nothing."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.3)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        asker = client(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", max_retries=0)
        assert "did not take a connection within 0.3 s" in not_reached(asker)


def test_tls_to_a_plain_port(serve, client):
    server = serve(answer)
    error = not_reached(client(server.url.replace("http://", "https://")))
    assert "does not speak TLS" in error
    assert "http://" in error
    assert until(lambda: server.open == 0)


def test_plain_http_to_a_tls_port(tls_server, client, no_back_off):
    error = not_reached(client(tls_server.url.replace("https://", "http://")))
    assert tls_server.address in error


def test_no_http_at_all(serve, client):
    async def script(peer):
        await peer.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await peer.gone()

    assert "is not HTTP" in not_reached(client(serve(script)))


def test_bytes_too_many_after_an_answer_do_not_spoil_the_next(serve, client, no_back_off):
    async def script(peer):
        body = b"".join(good_events())
        await peer.head()
        await peer.send(b"%x\r\n%b\r\n0\r\n\r\n0\r\n\r\n" % (len(body), body))

    asker = client(serve(script))
    for _ in range(4):
        assert asker.ask("hello", model="m").text == TEXT


def test_tls_handshake_that_hangs(client, monkeypatch):
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        asker = client(f"https://127.0.0.1:{listener.getsockname()[1]}/v1", max_retries=0)
        assert "within 0.3 s" in not_reached(asker)


def test_untrusted_certificate(tls_server, client):
    error = not_reached(client(tls_server))
    assert "is not trusted" in error
    assert "SSL_CERT_FILE" in error


def test_certificates_from_the_environment(tls_server, client, monkeypatch):
    """Set in the middle of a session, it holds for the next request."""
    asker = client(tls_server, api_key="sk-over-tls")
    assert ask(asker).status is Status.FAILED
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    assert ask(asker).text == TEXT


def test_certificates_that_cannot_be_read(tls_server, client, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    result = ask(client(tls_server))
    assert isinstance(result.error, errors.SettingError)
    assert "SSL_CERT_FILE" in str(result.error)


# -- proxies --------------------------------------------------------------------------------------


class Proxy(Server):
    """A forward and CONNECT proxy that leads every host to one server."""

    def __init__(self, target, *, password=None):
        super().__init__(self.forward, reads_bodies=False)
        self.target = target
        self.password = password

    async def forward(self, peer):
        request = peer.request
        if self.password and request.headers.get("proxy-authorization") is None:
            await peer.plain("407 Proxy Authentication Required")
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target.port)
        if request.method == "CONNECT":
            await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = "/" + request.path.split("/", 3)[3]
            lines = [f"{request.method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            await asyncio.gather(pipe(peer.reader, writer), pipe(reader, peer.writer))
        finally:
            writer.close()


async def pipe(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def proxy():
    started = []

    def start(target, **options):
        started.append(Proxy(target, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_https_through_a_proxy(tls_server, client, proxy, monkeypatch):
    """The proxy sees a tunnel to the host, and never the key."""
    through = proxy(tls_server)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{through.address}")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    asker = client("https://models.test/v1", api_key="sk-planted-proxy")
    assert ask(asker).text == TEXT
    [seen] = through.requests
    assert (seen.method, seen.path) == ("CONNECT", "models.test:443")
    assert "sk-planted" not in str(seen)
    assert tls_server.requests[0].headers["authorization"] == "Bearer sk-planted-proxy"


def test_http_through_a_proxy(serve, client, proxy, monkeypatch):
    server = serve(answer)
    through = proxy(server)
    monkeypatch.setenv("HTTP_PROXY", f"http://user:secret@{through.address}")
    asker = client("http://models.test/v1", api_key="")
    assert ask(asker).text == TEXT
    assert through.requests[0].path == "http://models.test/v1/chat/completions"
    assert through.requests[0].headers["proxy-authorization"].startswith("Basic ")


def test_no_proxy_is_obeyed(serve, client, proxy, monkeypatch, no_back_off):
    through = proxy(serve(answer))
    monkeypatch.setenv("HTTPS_PROXY", f"http://{through.address}")
    monkeypatch.setenv("NO_PROXY", "invalid,.example")
    assert "No address is known" in not_reached(client("https://models.invalid/v1"))
    assert through.connections == 0


def test_this_machine_is_never_asked_through_a_proxy(serve, client, proxy, monkeypatch):
    """Else the embedded gateway's token would go to the proxy."""
    server = serve(answer)
    through = proxy(server)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{through.address}")
    assert ask(client(server)).text == TEXT
    assert through.connections == 0


def test_proxy_that_asks_for_a_password(tls_server, client, proxy, monkeypatch):
    through = proxy(tls_server, password="x")
    monkeypatch.setenv("HTTPS_PROXY", f"http://{through.address}")
    error = not_reached(client("https://models.test/v1"))
    assert f"The proxy {through.address} refused" in error
    assert "407" in error


def test_proxy_that_is_not_there(client, monkeypatch, no_back_off):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@{address}")
        error = not_reached(client("https://models.test/v1"))
    assert f"Nothing answers at {address}" in error
    assert "hunter2" not in error


def test_proxy_of_a_kind_we_cannot_use(client, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    result = ask(client("https://models.test/v1"))
    assert isinstance(result.error, errors.SettingError)
    assert "proxy" in str(result.error)


def test_a_reader_that_fails_is_not_fed_on_and_the_server_is_left(serve):
    left = threading.Event()

    async def script(peer):
        await peer.head()
        await peer.piece(b"one")
        await peer.gone()
        left.set()

    def take(data):
        raise RecursionError(data.decode())

    async def read():
        line = await transport.Transport.build(serve(script).url)
        reply = await line.send("GET", "/x", {})
        try:
            async with asyncio.timeout(60):
                await reply.pump(take, None)
        finally:
            await reply.close()
            await line.close()

    with pytest.raises(RecursionError, match="one"):
        asyncio.run(read())
    assert left.wait(60)
