"""What the far ends of the bench say: providers behind the gateway, and servers in its place."""

from __future__ import annotations

import asyncio
import json
import re
import time
import zlib
from typing import TYPE_CHECKING, Any

from misbehaving import DONE, TEXT, WORDS, event, good_events
from replaying import Keeping, send_whole

from ..gateway.far import chunk  # noqa: TID252 - tests are no package with a name
from .bench import next_of, upstream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from misbehaving import Peer

    Script = Callable[[Peer], Awaitable[None]]

# -- providers behind the gateway -------------------------------------------------------------------------


def in_pieces(*parts: bytes | float, end: bytes | None = b"0\r\n\r\n") -> Callable[[Any, Any], None]:
    """A provider that sends these parts, and is silent for as many seconds where a part is a number."""

    def answer(_: Any, connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
        connection.sendall(b"transfer-encoding: chunked\r\n\r\n")
        for part in parts:
            if isinstance(part, float):
                time.sleep(part)
            else:
                connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        if end is not None:
            connection.sendall(end)
        connection.close()

    return answer


BROKEN = in_pieces(*(chunk(word) for word in WORDS[:3]), end=b"")
"""A provider that is lost after three words."""


def going_on(far: Any, connection: Any) -> None:
    """A provider that goes on from the beginning of its answer, where it is given one."""
    last = far.heard[-1][1]["messages"][-1]
    given = last["content"] if last["role"] == "assistant" else ""
    left = TEXT.removeprefix(given)
    words = [word for word in re.split(r"(?<=.)(?= )", left) if word]
    in_pieces(*upstream(words, counts=len(WORDS)))(far, connection)


# -- servers in the gateway's place ------------------------------------------------------------------------


def keeping(way: Any = "replay", **options: Any) -> Callable[[], Keeping]:
    """A server with event ids that keeps what it sends; the proxy does the cutting."""
    return lambda: Keeping(way, send_whole, **options)


def saying(*answers: Callable[[Peer], Awaitable[None]]) -> Callable[[], Script]:
    """A server that knows nothing but chat: these answers in turn, the last of them for good."""

    def make() -> Script:
        waiting = list(answers)

        async def script(peer: Peer) -> None:
            if "/stream/" in peer.request.path:
                await peer.plain("404 Not Found", b"{}")
            else:
                await next_of(waiting)(peer)

        return script

    return make


def body(
    *parts: bytes, content_type: str | None = "text/event-stream", framing: Any = "chunked", **headers: str
) -> Script:
    """A response that says all this and ends well."""

    async def send(peer: Peer) -> None:
        await peer.head(content_type=content_type, framing=framing, **headers)
        for part in parts:
            await peer.piece(part)
        await peer.finish()

    return send


def lost(*parts: bytes, **head: Any) -> Script:
    """The same, but the connection ends before the body does."""

    async def send(peer: Peer) -> None:
        await peer.head(**head)
        for part in parts:
            await peer.piece(part)
        peer.end()

    return send


def beating(*parts: bytes) -> Script:
    """All this, and then heartbeats for ever."""

    async def send(peer: Peer) -> None:
        await peer.head()
        for part in parts:
            await peer.piece(part)
        while True:
            await peer.piece(b": hb\n")
            await asyncio.sleep(0.02)

    return send


GOOD = body(*good_events())
TWO_WORDS = good_events()[:2]


def compressed_and_cut() -> Script:
    """A body in gzip, though none was asked for, that stops after two events: HTTP itself sees no fault."""
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(one) + packer.flush(zlib.Z_SYNC_FLUSH) for one in TWO_WORDS]
    return body(*packed, Content_Encoding="gzip")


def line(value: Any) -> bytes:
    """A JSON line."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def sse(value: Any, name: str | None = None) -> bytes:
    """An event."""
    named = b"" if name is None else b"event: %b\n" % name.encode()
    return b"%bdata: %b\n" % (named, line(value))


# -- an error in the middle, in each shape -----------------------------------------------------------------

OPENAI_ERROR = (*TWO_WORDS, sse({"error": {"message": "Overloaded", "code": 503}}))
ANTHROPIC_ERROR = (
    sse({"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 7}}}),
    *(
        sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}})
        for word in WORDS[:2]
    ),
    sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error"),
)
GOOGLE_ERROR = (
    *(sse({"candidates": [{"content": {"parts": [{"text": word}]}}]}) for word in WORDS[:2]),
    sse({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}),
)
OLLAMA_ERROR = (
    *(line({"model": "m-1", "message": {"content": word}, "done": False}) for word in WORDS[:2]),
    line({"error": "internal error: the runner died"}),
)
BAD_ERROR = (*TWO_WORDS, sse({"error": {"message": "The prompt is against the rules.", "code": "policy"}}))

# -- several choices, tool calls ----------------------------------------------------------------------------


def choice(index: int, content: str | None = None, finish: str | None = None) -> bytes:
    """An event of one of several choices."""
    delta = {} if content is None else {"content": content}
    return sse({"choices": [{"index": index, "delta": delta, "finish_reason": finish}]})


def tool(arguments: str, name: str | None = None) -> bytes:
    """A fragment of a tool call."""
    function = {"arguments": arguments, **({"name": name} if name else {})}
    call = {"index": 0, "function": function, **({"id": "call_1"} if name else {})}
    return sse({"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]})


CHOICES = (
    *(choice(index, word) for word in WORDS for index in range(3)),
    *(choice(index, finish="stop") for index in (0, 2)),
    event(usage=(7, 5)),
    DONE,
)
FIRST_UNFINISHED = (choice(0, "A"), choice(1, "B"), choice(1, finish="stop"), choice(0, " true"))
TOOL = (event(WORDS[0]), tool('{"city": "Par', "weather"), tool('is"}'), event(finish="tool_calls"), DONE)


def trailing() -> Script:
    """A whole answer, and bytes after the end of its body."""

    async def send(peer: Peer) -> None:
        await GOOD(peer)
        await peer.send(b"HTTP/1.1 garbage\r\nmore of it")
        peer.end()

    return send


def lines(words: list[str]) -> list[bytes]:
    """A whole answer in JSON lines."""
    events = [one.removeprefix(b"data: ").rstrip() + b"\n" for one in good_events(words)]
    return [one for one in events if not one.startswith(b"[")]
