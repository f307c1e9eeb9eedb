"""A proxy between a client and a server that makes the faults of a network, one plan for each request.

    async with Proxy(server_port, plan) as proxy:
        ...                             # ask at proxy.url + "/v1"
        proxy.asked                     # what went through it

    with on_a_thread(Proxy(server_port, plan)) as proxy:    # the same for a test without a loop
        ...

A plan is a function: it is called with what the client `Asked` (number, method, path, headers, body) and
gives the `Fault` of that one response; `Fault()` is none. `in_turn(Fault(…), Fault(…))` plans the first
answers to chat requests one by one and leaves all else alone.

    Fault(at=120, then=Then.RESET)                  120 bytes of the body, then RST
    Fault(at=120, then=Then.CLOSE)                  then FIN, in the middle of the body
    Fault(at=120, then=Then.CLEAN)                  then the body ends as HTTP wants it
    Fault(at=120, then=Then.HANG)                   then nothing more, and the connection stays: a black hole
    Fault(at=120, then=Then.HALF_CLOSE)             then FIN from the server's side; the client's side stays
    Fault(at=120, pause_s=0.5)                      then half a second of silence, and on it goes
    Fault(after=3, then=Then.CLOSE)                 the same counted in whole events
    Fault(wire_at=40, then=Then.CLOSE)              and from the first byte of the head
    Fault(piece=1)                                  each byte in a segment of its own
    Fault(framing="close")                          the connection's end is the body's: cuts cannot be seen
    Fault(status=503, headers={"Retry-After": "2"}) the server is not asked at all
    Fault(status=503, asks=True)                    the server is asked, and its answer thrown away
    Fault(events=order(0, 0, 2, 1))                 events twice and in disorder
    Fault(events=twice(0.01, random.random))        one event in a hundred twice
    Fault(events=among(b": hb\\n"))                  comments among the events
    Fault(events=changed(b"cat", b"hat"))           other text

From outside the tests: `from tests.faults.proxy import …`, with the repository on sys.path. It reads HTTP/1.1
with h11, one request a connection, and writes it by hand, so that it can be broken anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from itertools import count
from typing import TYPE_CHECKING, Self

import h11

from .fault import Asked, Fault, Then, among, changed, events_of, in_turn, is_comment, order, twice
from .http1 import head_of, parsed, reframed, request_of, request_sent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["Asked", "Fault", "Proxy", "Then", "among", "changed", "in_turn", "on_a_thread", "order", "twice"]


class Proxy:
    """Listens on loopback and carries each request to a server on loopback, with the faults of its plan.

    Attributes:
        to: The server's port; may be changed while it runs, when a server comes back elsewhere.
        plan: Gives the fault for a request; may be changed.
        asked: Every request, in the order of coming.
        open: How many connections of clients stand now.
        port: Its own; set by `start`.
        errors: What went wrong in the proxy itself; a test looks that there is nothing.
    """

    def __init__(self, to: int, plan: Callable[[Asked], Fault] = lambda _: Fault()) -> None:
        self.to = to
        self.plan = plan
        self.asked: list[Asked] = []
        self.open = 0
        self.port = 0
        self.errors: list[BaseException] = []
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def chats(self) -> list[Asked]:
        """The requests that asked for an answer, or for the rest of one."""
        return [asked for asked in self.asked if asked.is_chat]

    async def start(self) -> None:
        """Listen, on a port of the system's choice."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more and drop every connection."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.open += 1
        near = _Near(reader, writer)
        try:
            await self._exchange(near)
        except (ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError, _Cut):
            pass
        except Exception as error:  # noqa: BLE001 - shown by whoever looks at `errors`
            self.errors.append(error)
        finally:
            self.open -= 1
            writer.transport.abort() if near.dropped else writer.close()

    async def _exchange(self, near: _Near) -> None:
        asked = await self._read_request(near)
        if asked is None:
            return
        self.asked.append(asked)
        fault = near.fault = self.plan(asked)
        leaving = asyncio.create_task(near.left())
        carrying = asyncio.create_task(self._answer(near, asked, fault))
        try:
            await asyncio.wait((leaving, carrying), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (leaving, carrying):
                one.cancel()
            _, carried = await asyncio.gather(leaving, carrying, return_exceptions=True)
        if isinstance(carried, Exception):
            raise carried

    async def _read_request(self, near: _Near) -> Asked | None:
        parser = h11.Connection(h11.SERVER)
        head: h11.Request | None = None
        body = b""
        async for event in parsed(parser, near.reader):
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
        if head is None:
            return None
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        return Asked(next(self._numbers), head.method.decode(), head.target.decode(), headers, body)

    async def _answer(self, near: _Near, asked: Asked, fault: Fault) -> None:
        if fault.status is not None and not fault.asks:
            await near.answer(fault)
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", self.to)
        try:
            writer.write(request_of(asked))
            far = parsed(h11.Connection(h11.CLIENT), reader, request_sent)
            head = await anext(far)
            if fault.status is not None:
                async for _ in far:
                    pass
                await near.answer(fault)
                return
            await near.carry(head, (one.data async for one in far if isinstance(one, h11.Data)))
        finally:
            writer.transport.abort()


class _Cut(Exception):  # noqa: N818 - an event, not an error
    """The response has had its end."""


class _Near:
    """The client's side of one exchange: writes the response, and breaks it where the fault says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.fault = Fault()
        self.dropped = False  # no goodbye
        self._wire = 0
        self._body = 0
        self._events = 0
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def left(self) -> None:
        """Wait until the client has closed its side, or has gone."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def answer(self, fault: Fault) -> None:
        """A whole answer in the server's place."""
        own = {
            "Content-Type": "application/json",
            "Content-Length": str(len(fault.body)),
            "Connection": "close",
        }
        await self._send(head_of(fault.status or 200, "Planned", {**own, **fault.headers}))
        await self._send(fault.body)

    async def carry(self, head: h11.Response, body: AsyncIterator[bytes]) -> None:
        """The server's answer."""
        headers, framing = reframed(head, self.fault)
        await self._send(head_of(head.status_code, head.reason.decode("latin-1"), headers))
        body = self._changed(body, headers.get("content-type") or "")
        if 0 in (self.fault.at, self.fault.after):
            await self._end(framing)
        async for data in body:
            await self._carry(data, framing)
            self._events += not is_comment(data)
            if self._events == self.fault.after:
                await self._end(framing)
        if framing == "chunked":
            await self._send(b"0\r\n\r\n")

    def _changed(self, body: AsyncIterator[bytes], content_type: str) -> AsyncIterator[bytes]:
        """The body event by event, and as the fault makes them; as it came where it does not speak of any."""
        if self.fault.events is None and self.fault.after is None:
            return body
        events = events_of(body, content_type)
        return events if self.fault.events is None else self.fault.events(events)

    async def _carry(self, data: bytes, framing: str) -> None:
        """A piece of the body, as far as the fault lets it through."""
        at = self.fault.at
        if at is not None and self._body < at <= self._body + len(data):
            first, data = data[: at - self._body], data[at - self._body :]
            await self._part(first, framing)
            await self._end(framing)
        if data:
            await self._part(data, framing)

    async def _part(self, data: bytes, framing: str) -> None:
        self._body += len(data)
        await self._send(b"%x\r\n%b\r\n" % (len(data), data) if framing == "chunked" else data)

    async def _send(self, data: bytes) -> None:
        at = self.fault.wire_at
        if at is not None and self._wire <= at < self._wire + len(data):
            first, data = data[: at - self._wire], data[at - self._wire :]
            await self._write(first)
            await self._end("")
        await self._write(data)

    async def _write(self, data: bytes) -> None:
        self._wire += len(data)
        size = self.fault.piece or len(data) or 1
        for start in range(0, len(data), size):
            self.writer.write(data[start : start + size])
            await self.writer.drain()
            if self.fault.piece is not None:
                await asyncio.sleep(0)

    async def _end(self, framing: str) -> None:
        """What comes after the last byte let through.

        Raises:
            _Cut: The response is over.
        """
        await asyncio.sleep(self.fault.pause_s)
        then = self.fault.then
        if then is Then.GO_ON:
            return
        if then is Then.CLEAN and framing == "chunked":
            await self._write(b"0\r\n\r\n")
        elif then is Then.RESET:
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.dropped = True
        elif then is Then.HALF_CLOSE:
            self.writer.write_eof()
        if then in (Then.HALF_CLOSE, Then.HANG):
            await asyncio.Event().wait()  # until the client leaves
        raise _Cut


@contextlib.contextmanager
def on_a_thread(proxy: Proxy):
    """Run it on a loop and a thread of its own; it must have had no error of its own when the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fault proxy")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(60)
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
    assert not proxy.errors, proxy.errors
