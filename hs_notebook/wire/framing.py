"""How a body is cut into events: by its Content-Type, else by its first bytes.

A frame is one event's bytes, whole; what they mean is for the shapes to say. A framer takes bytes in any
chunking and gives the same frames for it; it never decodes JSON and never raises.
"""

from __future__ import annotations

import re
from typing import Literal, Protocol

import msgspec

__all__ = ["BOM", "Frame", "Framer", "Framing", "correct", "from_content_type", "media_type", "sniff"]

Framing = Literal["sse", "jsonl", "json", "text"]
"""Server-sent events; one JSON value a line; JSON values however they are laid out; plain text."""

BOM = b"\xef\xbb\xbf"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a body.

    Attributes:
        data: The event's payload.
        event: Its SSE `event:` name; None where there is none.
        id: The last SSE `id:` seen, which holds until another comes; of JSON lines, the
            value's own `event_id`; None where there is none.
    """

    data: bytes
    event: str | None = None
    id: str | None = None


class Framer(Protocol):
    """Bytes in, frames out."""

    overflow: bool
    """An event grew over the limit; nothing more comes out."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; give the frames they complete."""

    def end(self) -> list[Frame]:
        """Take the end of the body; give the frame it completes, if any."""


_BY_MEDIA_TYPE: dict[str, Framing] = {
    "text/event-stream": "sse",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/json-seq": "jsonl",
    "application/stream+json": "jsonl",
    "text/plain": "text",
}


def media_type(content_type: str | None) -> str:
    """The media type in lower case, without parameters; "" for None."""
    return (content_type or "").partition(";")[0].strip().lower()


def from_content_type(content_type: str | None) -> Framing | None:
    """The framing a Content-Type names; None where only the bytes can tell (absent, JSON, HTML, unknown)."""
    return _BY_MEDIA_TYPE.get(media_type(content_type))


def correct(promised: Framing, head: bytes) -> Framing | None:
    """The framing of a body whose Content-Type promises one; None: no byte yet that could contradict it.

    JSON lines that call themselves an event stream, and the other way round, are a common mistake of servers:
    read as promised, not one event would come out.
    """
    start = head.removeprefix(BOM).lstrip()[:1]
    if not start and len(head) < _LOOK_AHEAD:
        return None
    if promised == "sse" and start in (b"{", b"["):
        return "json"
    return "sse" if promised == "jsonl" and start in (b":", b"e", b"i", b"r") else promised


# What a body may open with. Each pattern is decided by the bytes it matches, whatever follows them.
_OPENINGS: tuple[tuple[re.Pattern[bytes], Framing | Literal["html"]], ...] = (
    (re.compile(rb"(?:data|event|id|retry)?:"), "sse"),
    (re.compile(rb'\{\s*["}]'), "json"),
    (re.compile(rb"\[\s*[{\]]"), "json"),
    (re.compile(rb"\x1e"), "jsonl"),
    (re.compile(rb"<(?:!doctype|html|head|body|title|center|h1|script|\?xml|!--)", re.IGNORECASE), "html"),
)
_UNDECIDED = re.compile(
    rb"d(?:a(?:ta?)?)?|e(?:v(?:e(?:nt?)?)?)?|id?|r(?:e(?:t(?:ry?)?)?)?|[{\[]\s*|<[!?\w-]{0,8}", re.IGNORECASE
)
_LOOK_AHEAD = 64 * 1024  # white space that keeps a connection alive may precede the first event


def sniff(head: bytes, *, at_end: bool = False) -> Framing | Literal["html"] | None:
    """What the first bytes of a body show it to be; None: not decisive yet, ask again with more of them.

    With `at_end` there are no more, and the answer is never None.
    """
    start = head.removeprefix(BOM).lstrip()
    if not at_end and len(head) < _LOOK_AHEAD and (not start or BOM.startswith(head)):
        return None
    for opening, framing in _OPENINGS:
        if opening.match(start):
            return framing
    if not at_end and len(head) < _LOOK_AHEAD and _UNDECIDED.fullmatch(start):
        return None
    return "text"
