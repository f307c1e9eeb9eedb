"""The Anthropic Messages shape from the server's side: requests read, answers written.

As in the OpenAI shape, our stream's last event (`message_stop`) carries the closing record.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.errors import SettingError
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, ServerRequest
from hs_notebook.wire.framing import Frame
from hs_notebook.wire.openai_server import message_text, number, read_object, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta, Usage

__all__ = ["Writer", "body", "error_body", "read_request"]

_OURS = frozenset({"model", "messages", "system", "stream", "temperature", "max_tokens"})
_STOPS = {
    FinishReason.STOP: "end_turn",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.TOOL_CALLS: "tool_use",
    FinishReason.CONTENT_FILTER: "refusal",
    FinishReason.REFUSAL: "refusal",
}


def read_request(body: bytes) -> ServerRequest:
    """The request in a body. Members we do not know stay in `extra`.

    Raises:
        SettingError: The body is no Messages request; the text says why.
    """
    sent = read_object(body)
    messages = [_message(message) for message in sent["messages"]]
    if sent.get("system"):
        messages.insert(0, Message("system", message_text(sent["system"])))
    chat = ChatRequest(
        model=sent["model"],
        messages=tuple(messages),
        temperature=number(sent, "temperature"),
        max_tokens=whole_number(sent, "max_tokens"),
        extra={name: value for name, value in sent.items() if name not in _OURS},
    )
    return ServerRequest(chat, stream=sent.get("stream") is True, include_usage=True)


def _message(sent: Any) -> Message:  # noqa: ANN401 - any JSON value
    role = sent.get("role") if isinstance(sent, dict) else None
    if role not in ("user", "assistant"):
        raise SettingError(
            f"A message has the role {role!r}.",
            remedy="Use user or assistant; the system prompt is a member of its own.",
        )
    return Message(role, message_text(sent.get("content")))


class Writer:
    """StreamChunks to the events of one streamed message.

    A message is a row of content blocks, so a block opens with the first text, thought or tool call of its
    kind and closes when another kind comes. A refusal is text here: the shape has no place of its own for it.

    Args:
        response_id: The message's `id`.
        model: The model that answers, by its real name.
    """

    def __init__(self, response_id: str, model: str) -> None:
        self._id = response_id
        self._model = model
        self._events = 0
        self._digest = hashlib.sha256()
        self._open: object = None  # which block is open: "text", "thinking", or a tool call's index
        self._block = -1
        self._stop: str | None = None
        self._usage: Usage | None = None

    def write(self, chunk: StreamChunk) -> list[Frame]:
        """The events for a chunk; none if it brings nothing that goes out now."""
        self._stop = _stop_word(chunk) or self._stop
        self._usage = chunk.usage or self._usage
        frames: list[Frame] = []
        if chunk.reasoning:
            frames += self._enter("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            frames.append(self._delta(type="thinking_delta", thinking=chunk.reasoning))
        if shown := chunk.content + chunk.refusal:
            self._digest.update(shown.encode())
            frames += self._enter("text", {"type": "text", "text": ""})
            frames.append(self._delta(type="text_delta", text=shown))
        for call in chunk.tool_calls:
            frames += self._enter(call.index, _tool_block(call))
            if call.arguments:
                frames.append(self._delta(type="input_json_delta", partial_json=call.arguments))
        return frames

    def end(self) -> list[Frame]:
        """The last events of a whole message: why it stopped, its counts, its closing record."""
        frames = [*self._begin(), *self._leave()]
        delta = {"stop_reason": self._stop, "stop_sequence": None}
        frames.append(self._event("message_delta", delta=delta, usage=_usage_object(self._usage)))
        closing = {"events": self._events + 1, "sha256": self._digest.hexdigest()}
        frames.append(self._event("message_stop", stream_end=closing))
        return frames

    def error(self, message: str, code: str | None = None) -> list[Frame]:
        """The event that says what went wrong. No `message_stop` follows: the message is not complete."""
        return [Frame(error_body(message, code), "error")]

    def _begin(self) -> list[Frame]:
        if self._events:
            return []
        message = _message_object(self._id, self._model, [], None, {"input_tokens": 0, "output_tokens": 0})
        return [self._event("message_start", message=message)]

    def _enter(self, block: object, content: dict[str, Any]) -> list[Frame]:
        if self._open == block:
            return []
        frames = [*self._begin(), *self._leave()]
        self._open = block
        self._block += 1
        frames.append(self._event("content_block_start", index=self._block, content_block=content))
        return frames

    def _leave(self) -> list[Frame]:
        if self._open is None:
            return []
        self._open = None
        return [self._event("content_block_stop", index=self._block)]

    def _delta(self, **delta: str) -> Frame:
        return self._event("content_block_delta", index=self._block, delta=delta)

    def _event(self, kind: str, **members: object) -> Frame:
        self._events += 1
        return Frame(msgspec.json.encode({"type": kind, **members}), kind)


def body(chunks: Iterable[StreamChunk], response_id: str, model: str) -> bytes:
    """A whole message as one body, for a request that did not ask for a stream."""
    thought = shown = ""
    calls: dict[int, dict[str, Any]] = {}
    stop: str | None = None
    usage: Usage | None = None
    for chunk in chunks:
        thought += chunk.reasoning
        shown += chunk.content + chunk.refusal
        stop = _stop_word(chunk) or stop
        usage = chunk.usage or usage
        for call in chunk.tool_calls:
            calls.setdefault(call.index, {**_tool_block(call), "input": ""})["input"] += call.arguments
    content: list[dict[str, Any]] = []
    if thought:
        content.append({"type": "thinking", "thinking": thought, "signature": ""})
    if shown:
        content.append({"type": "text", "text": shown})
    content += [{**call, "input": _arguments(call["input"])} for call in calls.values()]
    return msgspec.json.encode(_message_object(response_id, model, content, stop, _usage_object(usage)))


def error_body(message: str, code: str | None = None) -> bytes:
    """An error as Anthropic's API words it; `code` is its type."""
    said = {"type": code or "api_error", "message": message.replace("\n", " ")}
    return msgspec.json.encode({"type": "error", "error": said})


def _message_object(
    response_id: str, model: str, content: list[dict[str, Any]], stop: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": response_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }


def _tool_block(call: ToolCallDelta) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id or f"call_{call.index}", "name": call.name or "", "input": {}}


def _arguments(written: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(written or "{}")
    except (ValueError, RecursionError):
        return {"unreadable": written}  # a call cut by its token limit is no whole JSON


def _stop_word(chunk: StreamChunk) -> str | None:
    if chunk.finish_reason is None:
        return None
    return _STOPS.get(chunk.finish_reason) or chunk.raw_finish_reason or chunk.finish_reason.value


def _usage_object(usage: Usage | None) -> dict[str, Any]:
    """Token counts as Anthropic names them: `input_tokens` leaves the cache out. Null where unknown."""
    if usage is None:
        return {"input_tokens": None, "output_tokens": None}
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    counts: dict[str, Any] = {
        "input_tokens": None if usage.input_tokens is None else usage.input_tokens - cached,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens is not None:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return counts
