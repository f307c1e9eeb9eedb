"""What a proxy does to one response: a fault, the plans that give one, and what can be done to events."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

__all__ = [
    "Asked",
    "Fault",
    "Then",
    "among",
    "changed",
    "events_of",
    "in_turn",
    "is_comment",
    "order",
    "twice",
]

Pieces = AsyncIterator[bytes]


class Then(StrEnum):
    """What comes after the last byte that a fault lets through."""

    GO_ON = "go on"
    RESET = "reset"
    CLOSE = "close"
    HALF_CLOSE = "half-close"
    CLEAN = "clean end"
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one response; nothing by default.

    Attributes:
        at: Bytes of the body after which `then` comes; None: see `wire_at`. One past the end never comes.
        after: The same in whole events.
        wire_at: The same in bytes of the whole response, head and chunk sizes too; not for CLEAN.
        then: What comes after them.
        pause_s: Seconds of silence before that.
        piece: Most bytes of one write; None for as they came.
        framing: "close" takes away what shows the body's end, "chunked" the length; None leaves it.
        status: What is answered in the server's place; None: the server's own answer.
        headers: Of that answer, or put over the server's own; None for a value takes a header away.
        body: Of that answer.
        asks: The server is asked all the same.
        events: Makes other events of the events of the body (each with its end); None leaves them.
    """

    at: int | None = None
    after: int | None = None
    wire_at: int | None = None
    then: Then = Then.GO_ON
    pause_s: float = 0.0
    piece: int | None = None
    framing: Literal["chunked", "close"] | None = None
    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes = b""
    asks: bool = False
    events: Callable[[Pieces], Pieces] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came to the proxy.

    Attributes:
        number: Counted from 1.
        headers: Their names in small letters.
        came_at: Monotonic time of its coming.
    """

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    came_at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_chat(self) -> bool:
        """Whether an answer is asked for, or the rest of one: no check, no cancel, no list of models."""
        return self.method == "POST" and not self.path.rpartition("/stream/")[1]


def in_turn(*faults: Fault, then: Fault | None = None) -> Callable[[Asked], Fault]:
    """A plan: these faults for the chat requests in turn, `then` for all further ones (None: no fault)."""
    waiting = list(faults)

    def plan(asked: Asked) -> Fault:
        if not asked.is_chat:
            return Fault()
        return waiting.pop(0) if waiting else then or Fault()

    return plan


# -- events ---------------------------------------------------------------------------------------------


def order(*numbers: int) -> Callable[[Pieces], Pieces]:
    """The events of these numbers (from 0) in this order, then those after the highest as they come."""

    async def ordered(events: Pieces) -> Pieces:
        waiting, come = list(numbers), []
        async for one in events:
            if not waiting or is_comment(one):
                yield one
                continue
            come.append(one)
            while waiting and waiting[0] < len(come):
                yield come[waiting.pop(0)]

    return ordered


def twice(chance: float, random: Callable[[], float]) -> Callable[[Pieces], Pieces]:
    """Each event once or, where `random()` falls below `chance`, twice."""

    async def repeated(events: Pieces) -> Pieces:
        async for one in events:
            yield one
            if random() < chance:
                yield one

    return repeated


def changed(old: bytes, new: bytes) -> Callable[[Pieces], Pieces]:
    """`new` wherever an event holds `old`."""

    async def altered(events: Pieces) -> Pieces:
        async for one in events:
            yield one.replace(old, new)

    return altered


def among(data: bytes) -> Callable[[Pieces], Pieces]:
    """`data` before each event."""

    async def mixed(events: Pieces) -> Pieces:
        async for one in events:
            yield data + one

    return mixed


def is_comment(event: bytes) -> bool:
    """Whether it is a line of comment between events, as a heartbeat is; it is not counted."""
    return event.startswith(b":")


async def events_of(body: Pieces, content_type: str) -> Pieces:
    """Whole events with their ends: up to a blank line, or of JSON lines a line; then what is left."""
    ends = (b"\n\n", b"\r\n\r\n") if "event-stream" in content_type else (b"\n",)
    left = b""
    async for data in body:
        left += data
        while found := _first_end(left, ends):
            yield left[:found]
            left = left[found:]
    if left:
        yield left


def _first_end(data: bytes, ends: tuple[bytes, ...]) -> int:
    """Where the first event of `data` ends; 0: it is not whole."""
    if is_comment(data):
        return data.find(b"\n") + 1
    return min((at + len(end) for end in ends if (at := data.find(end)) >= 0), default=0)
