"""Each provider's shape in each framing it has: a whole answer, as short as can be; a server that cuts it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from replaying import send_cut, send_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from misbehaving import Peer

__all__ = ["SHAPES", "TEXT", "Cutting", "Shape"]

WORDS = ["A ", "tr", "üe 🐑"]
TEXT = "".join(WORDS)
ENDS = ("unfinished", "clean", "reset")
"""Of plain text the last alone: the others add to it, or make it whole."""


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def openai(words: list[str]) -> list[Any]:
    said = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    return [*said, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]


def anthropic(words: list[str]) -> list[Any]:
    return [
        {"type": "message_start"},
        *({"type": "content_block_delta", "delta": {"type": "text_delta", "text": word}} for word in words),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]


def google(words: list[str]) -> list[Any]:
    said: list[Any] = [{"candidates": [{"content": {"parts": [{"text": word}]}}]} for word in words]
    said[-1]["candidates"][0]["finishReason"] = "STOP"
    return said


def ollama(words: list[str]) -> list[Any]:
    return [*({"message": {"content": word}, "done": False} for word in words), {"done": True}]


def events(values: list[Any]) -> list[bytes]:
    return [b"data: %b\n\n" % compact(value) for value in values]


def lines(values: list[Any]) -> list[bytes]:
    return [compact(value) + b"\n" for value in values]


def array(values: list[Any]) -> list[bytes]:
    return [(b"," if number else b"[") + compact(value) for number, value in enumerate(values)] + [b"]"]


def plain(values: list[Any]) -> list[bytes]:
    return [value.encode() for value in values]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape in a framing.

    Attributes:
        client: What the client is told of the server; None: nothing.
        say: Makes the objects of an answer of these words.
        frame: Makes the pieces of the body of them.
        content_type: The body's.
        ids: Its events can have ids, so that the server can replay.
    """

    client: str | None
    say: Callable[[list[str]], list[Any]]
    frame: Callable[[list[Any]], list[bytes]]
    content_type: str
    ids: bool = False

    def body(self, words: list[str] = WORDS, *, after: int = 0, ids: bool = False) -> bytes:
        """A whole answer, without its first `after` events; with ids of plain numbers where wanted."""
        values = self.say(words)
        if ids and self.frame is lines:
            values = [{"event_id": str(number), **value} for number, value in enumerate(values, 1)]
        pieces = self.frame(values)
        if ids and self.frame is events:
            pieces = [b"id: %d\n%b" % (number, piece) for number, piece in enumerate(pieces, 1)]
        return b"".join(pieces[after:])


SSE, LINES = "text/event-stream", "application/x-ndjson"
SHAPES = {
    "openai, JSON lines": Shape(None, openai, lines, LINES, ids=True),
    "anthropic, events": Shape("anthropic", anthropic, events, SSE, ids=True),
    "google, events": Shape("google", google, events, SSE, ids=True),
    "google, one array": Shape("google", google, array, "application/json"),
    "ollama, JSON lines": Shape("ollama", ollama, lines, LINES),
    "plain text": Shape(None, list, plain, "text/plain"),
}


class Cutting:
    """A server that cuts the first answer to each question where the question says, and then does its best.

    Args:
        shape: How it speaks.
        way: What it does about the rest: "replay" it; send all "again"; "continue" the text it is given.
    """

    def __init__(self, shape: Shape, way: str) -> None:
        self.shape = shape
        self.way = way
        self.seen: set[int] = set()

    async def __call__(self, peer: Peer) -> None:
        request, ids = peer.request, self.way != "continue"
        peer.content_type = self.shape.content_type
        if "/stream/" in request.path:
            await peer.plain("404 Not Found", b"{}")
            return
        if request.headers.get("x-stream-resume") == "true":
            after = int(request.headers["x-stream-event-id"]) if self.way == "replay" else 0
            await send_whole(peer, self.shape.body(after=after, ids=ids))
            return
        at = int(re.search(rb"cut at (\d+)", request.body)[1])
        if at not in self.seen:
            self.seen.add(at)
            end = "reset" if self.shape.frame is plain else ENDS[at % 3]
            await send_cut(peer, self.shape.body(ids=ids)[:at], end)
            return
        left = TEXT.removeprefix(given(request.json))
        await send_whole(peer, self.shape.body([left] if left else [""], ids=ids))


def given(asked: Any) -> str:
    """The beginning of the answer that a request holds; "" if there is none."""
    last = (asked.get("messages") or asked.get("contents"))[-1]
    if last["role"] not in ("assistant", "model"):
        return ""
    return last["content"] if isinstance(last.get("content"), str) else _parts(last)


def _parts(last: Any) -> str:
    return "".join(part["text"] for part in last.get("parts") or last["content"])
