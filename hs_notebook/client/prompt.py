"""What a caller asks, checked and turned into a request; a wrong argument is refused before sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, cast

import msgspec

from hs_notebook.errors import SettingError
from hs_notebook.wire.chunk import ChatRequest, Message

__all__ = ["Prompt", "chat_request"]

Prompt = str | Sequence[Message | Mapping[str, str]]
"""A question, or the turns of a conversation."""

_OURS = ("model", "messages", "stream")
"""Members of a request that are said elsewhere: said again they would ask another thing than the row says."""

_ROLES = ("system", "user", "assistant")


def chat_request(  # noqa: PLR0913 - what a request consists of
    prompt: Prompt,
    *,
    model: str,
    system: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    extra: Mapping[str, Any] | None = None,
) -> ChatRequest:
    """Check the arguments and make the request.

    Raises:
        SettingError: Something in them cannot be asked; nothing was sent.
    """
    if not model or not model.strip():
        raise SettingError("No model is named.", remedy="Give model=…, for example model=local.")
    if temperature is not None and not (isfinite(temperature) and temperature >= 0):
        raise SettingError(
            f"temperature is {temperature!r}.", remedy="Give a number from 0 up; most models take 0 to 2."
        )
    if max_tokens is not None and max_tokens < 1:
        raise SettingError(f"max_tokens is {max_tokens!r}.", remedy="Give a whole number from 1 up.")
    _refuse_ours(extra or {})
    turns = _turns(prompt)
    if system is not None and system.strip():
        turns = (Message("system", system), *turns)
    request = ChatRequest(
        model=model.strip(),
        messages=turns,
        temperature=temperature,
        max_tokens=max_tokens,
        extra=dict(extra or {}),
    )
    try:
        msgspec.json.encode(request)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingError(
            f"The request cannot be written as JSON: {error}", remedy="Look at extra=…."
        ) from None
    return request


def _refuse_ours(extra: Mapping[str, Any]) -> None:
    for name in _OURS:
        if name in extra:
            raise SettingError(
                f"extra={{{name!r}: …}} is not taken; nothing was sent.",
                remedy="The model and the prompt have arguments of their own, and every answer is streamed.",
            )


def _turns(prompt: Prompt) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        turns: tuple[Message, ...] = (Message("user", prompt),)
    else:
        turns = tuple(_turn(item) for item in prompt)
    if not any(turn.content.strip() for turn in turns if turn.role != "system"):
        raise SettingError("The prompt is empty; nothing was sent.", remedy="Write a question.")
    return turns


def _turn(item: Message | Mapping[str, str]) -> Message:
    if isinstance(item, Message):
        return item
    try:
        role, content = item["role"], item["content"]
    except (KeyError, TypeError, IndexError):
        role, content = None, None
    if role not in _ROLES or not isinstance(content, str):
        raise SettingError(
            "A turn of the conversation is not understood; nothing was sent.",
            remedy='Each is {"role": "system", "user" or "assistant", "content": "text"}.',
        )
    return Message(cast("Any", role), content)
