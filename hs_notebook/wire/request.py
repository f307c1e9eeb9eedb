"""A request in the shape a server speaks, and the header that carries its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.wire import openai

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.wire.chunk import ChatRequest, Shape, WireRequest

__all__ = ["auth", "build"]

_REQUESTS: dict[Shape, Callable[[ChatRequest], WireRequest]] = {
    "openai": openai.request,
    "text": openai.request,  # the article's servers answer in plain text what was asked in this shape
}
_AUTHS: dict[Shape, Callable[[str], dict[str, str]]] = {"openai": openai.auth, "text": openai.auth}


def build(shape: Shape, chat: ChatRequest) -> WireRequest:
    """The POST that asks for a streamed answer; the key is not in it."""
    return _REQUESTS[shape](chat)


def auth(shape: Shape, key: str) -> dict[str, str]:
    """The header that holds the key."""
    return _AUTHS[shape](key)
