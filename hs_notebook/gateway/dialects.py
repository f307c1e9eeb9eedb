"""The shapes that clients may speak to the gateway, by path: how a request is read and its answer written."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hs_notebook.gateway.refusals import MESSAGES_PATH
from hs_notebook.wire import anthropic_server, openai_server
from hs_notebook.wire.framing import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hs_notebook.wire.chunk import ServerRequest, StreamChunk

__all__ = ["DIALECTS", "Dialect", "WholeWriter", "Writer"]


class Writer(Protocol):
    """Chunks to the events of one streamed answer."""

    def write(self, chunk: StreamChunk) -> Iterable[Frame]:
        """The events for a chunk; none if it brings nothing that goes out now."""

    def end(self) -> Iterable[Frame]:
        """The last events of a whole answer, the closing record and the terminal marker among them."""

    def error(self, message: str, code: str | None = None) -> Iterable[Frame]:
        """The event that says what went wrong."""


class WholeWriter:
    """Chunks to the one event that a whole answer is kept as; its data is the response's body.

    Args:
        body: Makes the body of all the chunks.
    """

    def __init__(self, body: Callable[[list[StreamChunk]], bytes]) -> None:
        self._body = body
        self._chunks: list[StreamChunk] = []

    def write(self, chunk: StreamChunk) -> Iterable[Frame]:
        """Nothing goes out yet."""
        self._chunks.append(chunk)
        return ()

    def end(self) -> Iterable[Frame]:
        """The body."""
        return (Frame(self._body(self._chunks)),)

    def error(self, message: str, code: str | None = None) -> Iterable[Frame]:  # noqa: ARG002 - Writer's
        """Nothing: the response's status says it."""
        return ()


class Dialect(NamedTuple):
    """One shape.

    Attributes:
        read: A request's body to the request; raises SettingError.
        writer: (stream id, request, model's real name) to the writer of its events.
        body: (chunks, stream id, model's real name) to a whole answer as one body.
    """

    read: Callable[[bytes], ServerRequest]
    writer: Callable[[str, ServerRequest, str], Writer]
    body: Callable[[list[StreamChunk], str, str], bytes]


def _openai_writer(id_: str, asked: ServerRequest, model: str) -> Writer:
    usage = asked.include_usage
    return openai_server.Writer(_openai_id(id_), model, created=int(time()), include_usage=usage)


def _openai_body(chunks: list[StreamChunk], id_: str, model: str) -> bytes:
    return openai_server.body(chunks, _openai_id(id_), model, created=int(time()))


def _openai_id(id_: str) -> str:
    return f"chatcmpl-{id_}"


def _anthropic_writer(id_: str, _: ServerRequest, model: str) -> Writer:
    return anthropic_server.Writer(f"msg_{id_}", model)


def _anthropic_body(chunks: list[StreamChunk], id_: str, model: str) -> bytes:
    return anthropic_server.body(chunks, f"msg_{id_}", model)


DIALECTS = {
    "/v1/chat/completions": Dialect(openai_server.read_request, _openai_writer, _openai_body),
    MESSAGES_PATH: Dialect(anthropic_server.read_request, _anthropic_writer, _anthropic_body),
}
