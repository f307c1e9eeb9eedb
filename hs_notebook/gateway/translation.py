"""A request's further members, from OpenAI's words into those of the server that is to answer.

Only what both can say is put into other words. All else is passed on as it is: it may be the server's own
word, and if it is not, the server says so.

Source: https://docs.anthropic.com/en/api/messages and https://ai.google.dev/api/generate-content, 2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from hs_notebook.wire.chunk import ChatRequest, Shape

__all__ = ["for_shape"]

_GOOGLE = {
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "stop": "stopSequences",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
"""OpenAI's members to members of Google's `generationConfig`."""


def for_shape(shape: Shape, chat: ChatRequest) -> ChatRequest:
    """The request in the words of a shape."""
    if shape == "anthropic":
        return msgspec.structs.replace(chat, extra=_anthropic(dict(chat.extra)))
    if shape == "google":
        return msgspec.structs.replace(chat, extra=_google(dict(chat.extra)))
    return chat


def _anthropic(extra: dict[str, Any]) -> dict[str, Any]:
    stop = extra.pop("stop", None)
    return extra if stop is None else {"stop_sequences": _listed(stop), **extra}


def _google(extra: dict[str, Any]) -> dict[str, Any]:
    said = {_GOOGLE[name]: extra.pop(name) for name in _GOOGLE if name in extra}
    if said.get("stopSequences") is not None:
        said["stopSequences"] = _listed(said["stopSequences"])
    settings = {**said, **(extra.pop("generationConfig", None) or {})}
    return {**extra, "generationConfig": settings} if settings else extra


def _listed(stop: Any) -> Any:  # noqa: ANN401 - JSON from outside
    return [stop] if isinstance(stop, str) else stop
