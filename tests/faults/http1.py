"""HTTP/1.1 read with h11 and written by hand, so that it can be broken at any byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11

from .fault import Asked, Fault, Then

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Mapping

__all__ = ["head_of", "parsed", "reframed", "request_of", "request_sent"]


async def parsed(
    parser: h11.Connection,
    reader: asyncio.StreamReader,
    prepare: Callable[[h11.Connection], None] = lambda _: None,
) -> AsyncIterator[h11.Event]:
    """The events of one message; nothing where the connection ends before it begins."""
    prepare(parser)
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            parser.receive_data(await reader.read(65536))
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
            return
        elif not isinstance(event, h11.InformationalResponse):
            yield event


def request_sent(parser: h11.Connection) -> None:
    """h11 reads an answer only after a request; it was written by hand."""
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    parser.send(h11.EndOfMessage())


def request_of(asked: Asked) -> bytes:
    headers = {**asked.headers, "connection": "close"}
    lines = [
        f"{asked.method} {asked.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + asked.body


def head_of(status: int, reason: str, headers: Mapping[str, str | None]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *lines, "\r\n"]).encode("latin-1")


def reframed(head: h11.Response, fault: Fault) -> tuple[dict[str, str | None], str]:
    """The headers to send, and how the body is framed: "chunked", "length" or "close"."""
    headers: dict[str, str | None] = {
        name.decode(): value.decode("latin-1") for name, value in head.headers if name != b"connection"
    }
    headers["connection"] = "close"
    other = fault.framing
    if other is None and "content-length" in headers:
        other = "chunked" if fault.events is not None or fault.then is Then.CLEAN else None
    if other is not None:
        headers["content-length"] = None
        headers["transfer-encoding"] = "chunked" if other == "chunked" else None
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    if headers.get("transfer-encoding") is not None:
        return headers, "chunked"
    return headers, "length" if headers.get("content-length") is not None else "close"
