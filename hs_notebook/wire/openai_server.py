"""The OpenAI Chat Completions shape from the server's side: requests read, answers written.

A stream we write ends in a closing record (`stream_end`, on the last data event): how many events it had and
the digest of its text, so that a client can prove what it received.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.errors import SettingError
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, ServerRequest
from hs_notebook.wire.framing import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta, Usage

__all__ = [
    "Writer",
    "body",
    "error_body",
    "message_text",
    "number",
    "read_object",
    "read_request",
    "usage_object",
    "whole_number",
]

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_OURS = {
    "model",
    "messages",
    "stream",
    "stream_options",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
}


# -- requests -------------------------------------------------------------------------------------


def read_request(body: bytes) -> ServerRequest:
    """The request in a body. Members we do not know stay in `extra`.

    Raises:
        SettingError: The body is no chat completion request; the text says why.
    """
    sent = read_object(body)
    options = sent.get("stream_options")
    limit = "max_tokens" if sent.get("max_tokens") is not None else "max_completion_tokens"
    chat = ChatRequest(
        model=sent["model"],
        messages=tuple(_message(message) for message in sent["messages"]),
        temperature=number(sent, "temperature"),
        max_tokens=whole_number(sent, limit),
        extra={name: value for name, value in sent.items() if name not in _OURS},
    )
    usage = isinstance(options, dict) and options.get("include_usage") is True
    return ServerRequest(chat, stream=sent.get("stream") is True, include_usage=usage)


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, with a `model` and `messages` in it.

    Raises:
        SettingError: It is no such object.
    """
    try:
        sent = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"The request body is not JSON: {error}.") from None
    if not isinstance(sent, dict):
        raise SettingError("The request body must be a JSON object.")
    if not isinstance(sent.get("model"), str) or not sent["model"].strip():
        raise SettingError("The request names no model.", remedy='Give one: {"model": "local", …}.')
    if not isinstance(sent.get("messages"), list) or not sent["messages"]:
        raise SettingError(
            "The request has no messages.",
            remedy='Give at least one: {"messages": [{"role": "user", "content": "…"}]}.',
        )
    return sent


def _message(sent: Any) -> Message:  # noqa: ANN401 - any JSON value
    role = sent.get("role") if isinstance(sent, dict) else None
    if not isinstance(role, str) or role not in _ROLES:
        raise SettingError(f"A message has the role {role!r}.", remedy="Use system, user or assistant.")
    return Message(_ROLES[role], message_text(sent.get("content")))  # type: ignore[arg-type]


def message_text(content: Any) -> str:  # noqa: ANN401 - any JSON value
    """The text of a message, which may come in typed parts.

    Raises:
        SettingError: It is not text (an image, a file).
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise SettingError("The content of a message must be text.")
    for part in content:
        if part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise SettingError(f"A message holds a part of type {part.get('type')!r}; only text is taken.")
    return "".join(part["text"] for part in content)


def number(sent: dict[str, Any], name: str) -> float | None:
    """A number that is not negative; None if it was not sent.

    Raises:
        SettingError: It is something else.
    """
    value = sent.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        raise SettingError(f"{name} must be a number that is not negative, not {value!r}.")
    return value


def whole_number(sent: dict[str, Any], name: str) -> int | None:
    """A whole number above zero; None if it was not sent.

    Raises:
        SettingError: It is something else.
    """
    value = sent.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise SettingError(f"{name} must be a whole number above zero, not {value!r}.")
    return value


# -- answers --------------------------------------------------------------------------------------


class Writer:
    """StreamChunks to the events of one streamed answer.

    Content goes out as it comes. The finish reason and the counts wait for `end`, because the last data event
    carries the closing record and a provider may send its counts after its finish reason.

    Args:
        response_id: The JSON `id`, the same on every event.
        model: The model that answers, by its real name.
        created: Unix time in seconds.
        include_usage: Whether an event with the token counts is to close the stream.
    """

    def __init__(self, response_id: str, model: str, *, created: int, include_usage: bool = False) -> None:
        self._common = {
            "id": response_id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._include_usage = include_usage
        self._events = 0
        self._digest = hashlib.sha256()
        self._finish: str | None = None
        self._usage: Usage | None = None

    def write(self, chunk: StreamChunk) -> list[Frame]:
        """The events for a chunk; none if it brings nothing that goes out now."""
        self._finish = _finish_word(chunk) or self._finish
        self._usage = chunk.usage or self._usage
        if chunk.service_tier is not None:
            self._common["service_tier"] = chunk.service_tier
        delta = _delta(chunk)
        if not delta:
            return []
        self._digest.update(chunk.content.encode())
        if self._events == 0:
            delta = {"role": "assistant", **delta}
        return [self._event([_choice(delta, None)])]

    def end(self) -> list[Frame]:
        """The last events of a whole answer: finish reason, counts if asked for, `[DONE]`."""
        closing = {"events": self._events + 1 + self._include_usage, "sha256": self._digest.hexdigest()}
        if not self._include_usage:
            return [self._event([_choice({}, self._finish)], stream_end=closing), Frame(b"[DONE]")]
        return [
            self._event([_choice({}, self._finish)]),
            self._event([], usage=usage_object(self._usage), stream_end=closing),
            Frame(b"[DONE]"),
        ]

    def error(self, message: str, code: str | None = None) -> list[Frame]:
        """The event that says what went wrong. No `[DONE]` follows: the answer is not complete."""
        return [Frame(error_body(message, code))]

    def _event(self, choices: list[dict[str, Any]], **more: object) -> Frame:
        self._events += 1
        usage = {"usage": None} if self._include_usage else {}
        return Frame(msgspec.json.encode({**self._common, "choices": choices, **usage, **more}))


def body(chunks: Iterable[StreamChunk], response_id: str, model: str, *, created: int) -> bytes:
    """A whole answer as one body, for a request that did not ask for a stream."""
    parts: dict[str, str] = {"content": "", "reasoning_content": "", "refusal": ""}
    calls: dict[int, dict[str, Any]] = {}
    finish: str | None = None
    usage: Usage | None = None
    tier: str | None = None
    for chunk in chunks:
        tier = chunk.service_tier or tier
        finish = _finish_word(chunk) or finish
        usage = chunk.usage or usage
        delta = _delta(chunk)
        for name in parts:
            parts[name] += delta.get(name, "")
        for call in delta.get("tool_calls", ()):
            _join_call(calls, call)
    message = {"role": "assistant", "content": parts.pop("content")}
    message |= {name: text for name, text in parts.items() if text}
    if calls:
        message["tool_calls"] = list(calls.values())  # type: ignore[assignment]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    whole = {"id": response_id, "object": "chat.completion", "created": created, "model": model}
    whole |= {} if tier is None else {"service_tier": tier}
    return msgspec.json.encode({**whole, "choices": [choice], "usage": usage_object(usage)})


def error_body(message: str, code: str | None = None, *, kind: str = "server_error") -> bytes:
    """An error as OpenAI's API words it; and its lines one by one, for clients that know of them."""
    said = {"message": message.replace("\n", " "), "type": kind, "param": None, "code": code}
    return msgspec.json.encode({"error": {**said, "lines": message.split("\n")}})


def _choice(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _finish_word(chunk: StreamChunk) -> str | None:
    if chunk.finish_reason is FinishReason.OTHER:
        return chunk.raw_finish_reason or "other"
    return chunk.finish_reason and chunk.finish_reason.value


def _delta(chunk: StreamChunk) -> dict[str, Any]:
    texts = {"content": chunk.content, "reasoning_content": chunk.reasoning, "refusal": chunk.refusal}
    delta: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if chunk.tool_calls:
        delta["tool_calls"] = [_call(call) for call in chunk.tool_calls]
    return delta


def _call(call: ToolCallDelta) -> dict[str, Any]:
    function = {"arguments": call.arguments}
    if call.name is not None:
        function = {"name": call.name, **function}
    named = {} if call.id is None else {"id": call.id, "type": "function"}
    return {"index": call.index, **named, "function": function}


def _join_call(calls: dict[int, dict[str, Any]], fragment: dict[str, Any]) -> None:
    known = calls.setdefault(fragment.pop("index"), {"type": "function", "function": {"arguments": ""}})
    function = fragment.pop("function")
    known["function"]["arguments"] += function.pop("arguments")
    known["function"] |= function
    known |= fragment


def usage_object(usage: Usage | None) -> dict[str, Any] | None:
    """Token counts as OpenAI names them; null where unknown, and None if nobody counted."""
    if usage is None:
        return None
    sent = {
        "cached_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,  # our own name for it: OpenAI has none
    }
    counts: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {name: value for name, value in sent.items() if value is not None},
        "completion_tokens_details": (
            {} if usage.reasoning_tokens is None else {"reasoning_tokens": usage.reasoning_tokens}
        ),
    }
    return counts if usage.cost_usd is None else {**counts, "cost": usage.cost_usd}
