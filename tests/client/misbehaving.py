"""A raw TCP server that does what its script says, on a thread of its own, and remembers what it saw.

A script is `async def script(peer)`, called once a request; `peer.number` counts requests from 1.
"""

import asyncio
import contextlib
import functools
import inspect
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass

import pytest

from hs_notebook.errors import HolySheepError

DONE = b"data: [DONE]\n\n"
WORDS = ["A", " true", " prefix", " — ü", " 🐑"]
TEXT = "".join(WORDS)


def event(content=None, *, finish=None, usage=None, **more):
    """One OpenAI event; `usage` makes it the one without choices."""
    delta = {} if content is None else {"content": content}
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m-1", "choices": choices, **more}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"


def good_events(words=WORDS):
    """A whole answer, event by event."""
    return [*(event(word) for word in words), event(finish="stop"), event(usage=(7, len(words))), DONE]


@dataclass
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Gate:
    """Opened by the test, awaited by a script (or the other way round)."""

    def __init__(self):
        self._opened = threading.Event()

    def open(self):
        self._opened.set()

    def wait(self, timeout=60):
        assert self._opened.wait(timeout), "nobody opened the gate"

    async def passed(self):
        while not self._opened.is_set():  # noqa: ASYNC110 - opened from another thread
            await asyncio.sleep(0.002)


class Peer:
    """One connection, seen from the server."""

    def __init__(self, server, reader, writer):
        self.server = server
        self.reader = reader
        self.writer = writer
        self.number = 0
        self.request = None
        self.content_type = "text/event-stream"

    async def next_request(self):
        try:
            first = await self.reader.readexactly(1)
            if not first.isalpha():  # TLS on a plain port: what web servers say to it
                await self.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return None
            head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        method, path, _ = head[0].split(" ", 2)
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        length = int(headers.get("content-length", 0))
        body = await self.reader.readexactly(length) if self.server.reads_bodies else b""
        self.request = Request(method, path, headers, body)
        self.server.requests.append(self.request)
        self.number = len(self.server.requests)
        return self.request

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status="200 OK", content_type="", framing="chunked", **headers):
        """Status and headers; the peer's own content type unless another is given (None: none is sent)."""
        self.framing = framing
        content_type = self.content_type if content_type == "" else content_type
        lines = [f"HTTP/1.1 {status}"]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        if framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif framing == "close":
            lines.append("Connection: close")
        elif framing is not None:
            lines.append(f"Content-Length: {framing}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def piece(self, data):
        """A piece of the body, in its framing; nothing for none, which would be the body's end."""
        if data:
            await self.send(b"%x\r\n%b\r\n" % (len(data), data) if self.framing == "chunked" else data)

    async def finish(self):
        """The framing's end."""
        if self.framing == "chunked":
            await self.send(b"0\r\n\r\n")
        elif self.framing == "close":
            self.writer.close()

    async def answer(self, words=WORDS, **head):
        """A whole good answer."""
        await self.head(**head)
        for one in good_events(words):
            await self.piece(one)
        await self.finish()

    async def plain(self, status, body=b"", content_type="application/json", **headers):
        """A whole response that does not stream."""
        await self.head(status, content_type, len(body), **headers)
        await self.send(body)

    def end(self):
        """A clean end of the connection (FIN)."""
        self.writer.close()

    def reset(self):
        """RST: what a crash, a firewall or a load balancer does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self):
        """Wait until the client has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        self.server.gone_at.append(time.monotonic())


class Server:
    """Listens on loopback; `connections` and `requests` count, `open` is how many connections stand now."""

    def __init__(self, script, *, host="127.0.0.1", tls=None, reads_bodies=True):
        self.script = script
        self.reads_bodies = reads_bodies
        self.connections = 0
        self.open = 0
        self.requests = []
        self.gone_at = []
        self.errors = []
        self._loop = asyncio.new_event_loop()
        self._tasks = set()
        self._writers = []
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        starting = asyncio.start_server(self._serve, host, 0, ssl=tls)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}/v1"

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self._writers.append(writer)
        self.connections += 1
        self.open += 1
        peer = Peer(self, reader, writer)
        try:
            while await peer.next_request() and not writer.is_closing():
                await self.script(peer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        except Exception as error:  # noqa: BLE001 - shown by the test's end
            self.errors.append(error)
        finally:
            self.open -= 1
            writer.close()

    def stop(self):
        async def down():
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()  # TLS would wait for the client's goodbye
            for _ in range(200):  # TLS takes its time to close; nothing but the loop's own pipe stays
                if len(self._loop._selector.get_map()) <= 1:
                    break
                await asyncio.sleep(0.01)

        asyncio.run_coroutine_threadsafe(down(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()
        assert not self.errors, self.errors


def at_some_pace(test):
    """Run a test about time until it holds, with `pace` 1, 5 and 25: all its times are so much longer.

    A busy machine may hold up who should be quick; no machine holds up one test for ever.
    """

    def run(*args, **kwargs):
        for pace in (1, 5):
            with contextlib.suppress(AssertionError, pytest.fail.Exception, HolySheepError):
                return test(*args, pace=pace, **kwargs)
        return test(*args, pace=25, **kwargs)

    asked = inspect.signature(test)
    functools.update_wrapper(run, test)
    run.__signature__ = asked.replace(
        parameters=[one for one in asked.parameters.values() if one.name != "pace"]
    )
    return run


def until(condition, timeout=60.0):
    """Wait for a condition; whether it came true."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
