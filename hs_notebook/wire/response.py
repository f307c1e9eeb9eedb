"""One response body: bytes to StreamChunks, and whether the answer proved complete.

Rule of this file: complete is proven, never assumed. A body that ends without a finish reason or a terminal
marker is not complete, and no finish reason is ever made up. Text is only ever a true prefix of the answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.errors import HolySheepError, ProtocolError
from hs_notebook.wire.chunk import StreamChunk
from hs_notebook.wire.failure import describe, error_in_bytes, excerpt
from hs_notebook.wire.framing import correct, from_content_type, media_type, sniff
from hs_notebook.wire.json_frames import JsonLines, JsonValues, named
from hs_notebook.wire.reader import provider_error, reported
from hs_notebook.wire.shapes import reader_for
from hs_notebook.wire.sse import Decoder as SSEDecoder
from hs_notebook.wire.surrogates import Mender
from hs_notebook.wire.text import TextFrames

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.wire.chunk import Shape
    from hs_notebook.wire.framing import Frame, Framer, Framing
    from hs_notebook.wire.reader import Reader

__all__ = ["ResponseDecoder"]

_MAX_EVENT_BYTES = 16 * 2**20
_HTML_READ = 4096  # enough of a page for its title
_PLAIN_TEXT = "The server sent plain text: it has no token counts and no finish reason."

_FRAMERS: dict[Framing, Callable[[int], Framer]] = {
    "sse": SSEDecoder,
    "jsonl": JsonLines,
    "json": JsonValues,
    "text": TextFrames,
}
_decode = msgspec.json.Decoder().decode


class ResponseDecoder:
    """Bytes of one response in, StreamChunks out; afterwards it knows whether the answer was whole.

    Chunks read before a failure are given out; after a failure or the terminal marker nothing is.

    Args:
        content_type: The response's Content-Type; None if it has none.
        shape: The shape asked for. Only "text" matters: JSON shows its own shape by its first object.
        max_event_bytes: An event over this is an error, not a hang.

    Attributes:
        failure: What is wrong with the body; None while nothing is. Set once.
        done_id: The event id of `[DONE]`, which is no chunk; None while it has not come, or if it has none.
    """

    def __init__(
        self, content_type: str | None, shape: Shape | None = None, *, max_event_bytes: int = _MAX_EVENT_BYTES
    ) -> None:
        self.failure: HolySheepError | None = None
        self.done_id: str | None = None
        self._content_type = content_type
        self._max = max_event_bytes
        self._framer: Framer | None = None
        self._reader: Reader | None = None
        self._mender: Mender | None = None  # only once a server sent odd JSON
        self._head = b""  # the first bytes, until they show the framing; of a page of HTML, its title
        self._unread = b""  # the first object of no shape we know
        self._index = 0
        self._proven = False
        self._closed = False  # nothing more counts
        self._ending = False
        self._promised = "text" if shape == "text" else from_content_type(content_type)
        self._is_text = self._promised == "text"
        self._is_json = False
        if self._is_text:
            self._framer = TextFrames(max_event_bytes)

    @property
    def complete(self) -> bool:
        """Proven whole: a finish reason or a terminal marker came (plain text: a cleanly framed end)."""
        if self.failure is not None:
            return False
        return self._proven or (self._reader is not None and self._reader.complete)

    @property
    def closed(self) -> bool:
        """Whether nothing more counts: the terminal marker came, an error, or the body's end."""
        return self._closed

    @property
    def unfinished(self) -> bool:
        """Whether the bytes so far end within an event: no server stops there. Only event streams tell."""
        return isinstance(self._framer, SSEDecoder) and self._framer.unfinished

    @property
    def retry_s(self) -> float | None:
        """How long to wait before reconnecting, as an event stream says by `retry:`; None if it did not."""
        asked = self._framer.retry_ms if isinstance(self._framer, SSEDecoder) else None
        return None if asked is None else asked / 1000

    def feed(self, data: bytes) -> list[StreamChunk]:
        """The chunks that these bytes complete."""
        if self._closed:
            return []
        framer = self._framer
        if framer is None:
            data = self._head = self._head + data
            framer = self._framer = self._choose_framer()
            if framer is None:
                return []
            self._head = b""
        chunks = self._read(framer.feed(data))
        if framer.overflow and not self._closed:
            self._fail(_too_large(self._max))
        return chunks

    def end(self, *, framed: bool) -> list[StreamChunk]:
        """The chunks that a clean end of the body completes. Not to be called after a reset.

        Args:
            framed: Whether HTTP itself showed the end: Content-Length reached, or the last chunk of a
                chunked body. False where the connection was merely closed.
        """
        self._ending = True
        chunks: list[StreamChunk] = []
        if self._framer is None:
            self._choose_framer()
        elif not self._closed and (framed or not self._is_text):
            chunks = self._read(self._framer.end())
            self._proven = self._proven or (self._is_text and self._index > 0)
        self._closed = True
        if self.complete:
            rest = self._mender and self._mender.rest(self._index)
            return [*chunks, rest] if rest else chunks
        if self.failure is None:
            self._explain()
        return chunks

    # -- from bytes to frames -----------------------------------------------------------------

    def _choose_framer(self) -> Framer | None:
        if self._promised is None:
            return self._sniffed_framer()
        kind = correct(self._promised, self._head)
        self._is_json = kind in ("json", "jsonl")
        return None if kind is None else _FRAMERS[kind](self._max)

    def _sniffed_framer(self) -> Framer | None:
        kind = sniff(self._head)
        promised = media_type(self._content_type)
        if kind == "text" and promised == "application/json":
            self._fail(_no_json(self._head))
            return None
        if kind == "html" or (kind == "text" and promised == "text/html"):
            if self._ending or len(self._head) >= _HTML_READ:
                self._fail(_page(self._head))
            return None
        self._is_text, self._is_json = kind == "text", kind in ("json", "jsonl")
        return None if kind is None else _FRAMERS[kind](self._max)

    # -- from frames to chunks ----------------------------------------------------------------

    def _read_text(self, frames: list[Frame]) -> list[StreamChunk]:
        chunks = []
        for frame in frames:
            note = _PLAIN_TEXT if self._index == 0 else None
            chunks.append(StreamChunk(frame.data.decode(), self._index, note=note))
            self._index += 1
        return chunks

    def _read(self, frames: list[Frame]) -> list[StreamChunk]:
        if self._is_text:
            return self._read_text(frames)
        chunks: list[StreamChunk] = []
        for frame in map(named, frames) if self._is_json else frames:
            try:
                obj = _decode(frame.data)
            except (ValueError, RecursionError):
                obj = self._odd(frame)
            reader = self._reader
            if reader is None or obj.__class__ is not dict:
                reader = self._reader_for(obj, frame)
            chunk = None if reader is None else reader.read(obj, frame, self._index)
            if chunk is not None:
                chunks.append(chunk if self._mender is None else self._mender.mend(chunk))
                self._index += 1
            if reader is not None and (chunk is None or reader.closed):
                self._heed(reader, frame, chunk)
            if self._closed:
                break
        return chunks

    def _heed(self, reader: Reader, frame: Frame, chunk: StreamChunk | None) -> None:
        """Take note of an event that ends the stream, or that is an error by its name alone."""
        if reader.failure is not None:
            self._fail(reader.failure)
        elif reader.closed:
            self._closed = True
        elif chunk is None and frame.event == "error":
            self._fail(provider_error(*describe(frame.data)))

    def _odd(self, frame: Frame) -> Any:  # noqa: ANN401 - any JSON value
        """What is no strict JSON: `[DONE]`, blanks, broken UTF-8, half characters; all else is a failure."""
        data = frame.data.strip()
        if data == b"[DONE]":
            self.done_id = frame.id
            self._closed = True
            self._proven = self._reader is not None and self._reader.done_proves
            return None
        try:
            value = json.loads(data.decode("utf-8", "replace"), strict=False) if data else None
        except (ValueError, RecursionError):
            if frame.event == "error":
                self._fail(provider_error(excerpt(data), None))
            elif not self._ending:
                self._fail(_no_json(data))
            return None
        self._mender = self._mender or Mender()
        return value

    def _reader_for(self, obj: Any, frame: Frame) -> Reader | None:  # noqa: ANN401 - any JSON value
        """The Reader for an object, once one shows its shape; None where there is nothing to read."""
        if not isinstance(obj, dict):
            if isinstance(obj, list) and not self._ending:
                self._fail(_no_json(frame.data))
            return None
        self._reader = reader_for(obj, frame.event)
        if self._reader is None:
            error = provider_error(*describe(frame.data)) if frame.event == "error" else reported(obj)
            if error is not None:
                self._fail(error)
            elif not self._unread and obj.get("type") != "ping":
                self._unread = frame.data
        return self._reader

    # -- ends ---------------------------------------------------------------------------------

    def _fail(self, error: HolySheepError) -> None:
        self._closed = True
        self.failure = error

    def _explain(self) -> None:
        """Find the failure in a body that ended with no proof; a mere cut has none."""
        stray = self._framer.stray() if isinstance(self._framer, SSEDecoder) else b""
        if stray.startswith(b"<"):
            self._fail(_page(stray))
        elif stray.startswith((b"{", b"[")) and (error := error_in_bytes(stray)):
            self._fail(provider_error(*error))
        elif self._index == 0 and self._unread:
            self._fail(_no_answer(self._unread))


def _too_large(limit: int) -> ProtocolError:
    return ProtocolError(
        f"The server sent one event of more than {limit / 2**20:.0f} MiB.",
        means="That is no stream of small pieces of text; the text above came before it.",
        remedy="Check that the base URL leads to a chat completions API.",
    )


def _no_json(data: bytes) -> ProtocolError:
    return ProtocolError(
        f"The server sent an event that is no JSON: {excerpt(data)}",
        means="Often a proxy or gateway reports its own trouble like this.",
        remedy="Run the cell again; if it stays, check the base URL and the proxy settings.",
    )


def _no_answer(data: bytes) -> ProtocolError:
    return ProtocolError(
        f"The server sent JSON that is no answer: {describe(data)[0]}",
        remedy="Check that the base URL leads to a chat completions API (it usually ends in /v1).",
    )


def _page(data: bytes) -> ProtocolError:
    return ProtocolError(
        f"The server sent a web page in place of an answer: {describe(data, 'text/html')[0] or 'no text'}",
        means="The base URL leads to a website, or a proxy answered in the server's place.",
        remedy="Check the base URL (it usually ends in /v1) and the proxy settings.",
    )
