"""A request in the shape a server speaks, and the header that carries its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hs_notebook.wire import anthropic, google, ollama, openai

if TYPE_CHECKING:
    from hs_notebook.wire.chunk import ChatRequest, Shape, WireRequest

__all__ = ["auth", "build"]


class _Client(Protocol):
    """What each shape's module gives the client."""

    def request(self, chat: ChatRequest) -> WireRequest: ...
    def auth(self, key: str) -> dict[str, str]: ...


_SHAPES: dict[Shape, _Client] = {
    "openai": openai,
    "anthropic": anthropic,
    "google": google,
    "ollama": ollama,
    "text": openai,  # a server that answers in plain text is asked in this shape
}


def build(shape: Shape, chat: ChatRequest) -> WireRequest:
    """The POST that asks for a streamed answer; the key is not in it."""
    return _SHAPES[shape].request(chat)


def auth(shape: Shape, key: str) -> dict[str, str]:
    """The header that holds the key."""
    return _SHAPES[shape].auth(key)
