"""The OpenAI Chat Completions shape, which DeepSeek, OpenRouter, vLLM, llama.cpp and most gateways speak.

The way out (`request`, `auth`, `Reader`) is the client's; the way in (`read_request`, `Writer`, `body`) the
gateway's. Source: https://platform.openai.com/docs/api-reference/chat/streaming (2026-11-22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta, Usage, WireRequest
from hs_notebook.wire.finish import finish_reason
from hs_notebook.wire.reader import closing_record, compact, inner, items, reported, text
from hs_notebook.wire.usage import amount, count, merge, reconcile

if TYPE_CHECKING:
    from hs_notebook.errors import ProviderError
    from hs_notebook.wire.chunk import ChatRequest
    from hs_notebook.wire.framing import Frame

__all__ = ["Reader", "auth", "request"]

_SECOND_CHOICE = "The server sent more than one choice; only the first is kept."


def request(chat: ChatRequest) -> WireRequest:
    """The POST for a streamed answer. A member of `extra` that is None takes that member out of the body."""
    body: dict[str, Any] = {
        "model": chat.model,
        "messages": [{"role": message.role, "content": message.content} for message in chat.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": chat.temperature,
        "max_tokens": chat.max_tokens,
        **chat.extra,
    }
    sent = {name: value for name, value in body.items() if value is not None}
    return WireRequest(
        path="/chat/completions",
        headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
        body=msgspec.json.encode(sent),
    )


def auth(key: str) -> dict[str, str]:
    """The header that holds the key."""
    return {"Authorization": f"Bearer {key}"}


class Reader:
    """Chat completion chunks, and whole completions, to StreamChunks.

    Attributes:
        complete: The first choice gave a finish reason, or the body was one whole completion.
        closed: An error was seen: nothing after it counts.
        failure: The error the provider reported.
    """

    done_proves = True

    def __init__(self) -> None:
        self.complete = False
        self.closed = False
        self.failure: ProviderError | None = None
        self._usage: dict[str, Any] = {}
        self._noted = False

    def read(self, obj: dict[str, Any], frame: Frame, index: int) -> StreamChunk | None:
        """The chunk that an object stands for; None where it brings nothing."""
        try:  # the usual event, some text and nothing else, in a few look-ups
            (choice,) = obj["choices"]
            delta = choice["delta"]
            content = delta["content"]
            model = obj["model"]
            if (
                len(delta) == 1
                and content.__class__ is model.__class__ is str
                and choice["index"] == 0
                and choice["finish_reason"] is None
                and obj.get("usage") is None
                and "error" not in obj
            ):
                return StreamChunk(content, index, None, model, None, frame.id)
        except (KeyError, TypeError, ValueError):
            pass
        return self._read_any(obj, frame, index)

    def _read_any(self, obj: dict[str, Any], frame: Frame, index: int) -> StreamChunk | None:
        if obj.get("error"):
            self.failure = reported(obj)
            self.closed = True
        choices = items(obj, "choices")
        first = next((choice for choice in choices if not choice.get("index")), None)
        note = self._note(choices)
        usage = self._merged(inner(obj, "usage"))
        end = closing_record(obj)
        if first is None and usage is None and note is None and end is None:
            return None
        delta = self._delta(first or {})
        raw = text(first or {}, "finish_reason")
        self.complete = self.complete or bool(raw)
        content, thought = _content(delta)
        return StreamChunk(
            content=content,
            index=index,
            usage=usage,
            model=text(obj, "model") or None,
            finish_reason=finish_reason(raw) if raw else None,
            event_id=frame.id,
            reasoning=text(delta, "reasoning_content", "reasoning") or thought,
            refusal=text(delta, "refusal"),
            tool_calls=_tool_calls(delta),
            raw_finish_reason=raw or None,
            end=end,
            note=note,
            service_tier=text(obj, "service_tier") or None,
        )

    def _delta(self, choice: dict[str, Any]) -> dict[str, Any]:
        """What a choice adds. A `message` is a whole answer, and its arrival proves it complete."""
        if "message" in choice and "delta" not in choice:
            self.complete = self.complete or self.failure is None
            return inner(choice, "message")
        return inner(choice, "delta")

    def _note(self, choices: list[dict[str, Any]]) -> str | None:
        if self._noted or not any(choice.get("index") for choice in choices):
            return None
        self._noted = True
        return _SECOND_CHOICE

    def _merged(self, raw: dict[str, Any]) -> Usage | None:
        if not raw:
            return None
        merge(self._usage, raw)
        return _normalised(self._usage)


def _content(delta: dict[str, Any]) -> tuple[str, str]:
    """The text and the reasoning in `content`, which some servers send as a list of typed parts."""
    content = delta.get("content")
    if isinstance(content, str):
        return content, ""
    parts = items(delta, "content")
    thoughts = [inner_part for part in parts for inner_part in items(part, "thinking")]
    return "".join(text(part, "text") for part in parts), "".join(text(part, "text") for part in thoughts)


def _tool_calls(delta: dict[str, Any]) -> tuple[ToolCallDelta, ...]:
    calls = items(delta, "tool_calls")
    if not calls and "function_call" in delta:
        calls = [{"index": 0, "function": delta["function_call"]}]  # the form before tool calls
    fragments = []
    for position, call in enumerate(calls):
        function = inner(call, "function")
        index = call.get("index")
        fragments.append(
            ToolCallDelta(
                index=index if isinstance(index, int) else position,
                id=text(call, "id") or None,
                name=text(function, "name") or None,
                arguments=compact(function.get("arguments")),
            )
        )
    return tuple(fragments)


def _normalised(raw: dict[str, Any]) -> Usage:
    sent = inner(raw, "prompt_tokens_details") or inner(raw, "input_tokens_details")
    made = inner(raw, "completion_tokens_details") or inner(raw, "output_tokens_details")
    cached = count(sent, "cached_tokens")
    usage = Usage(
        input_tokens=count(raw, "prompt_tokens", "input_tokens"),
        cache_read_tokens=count(raw, "prompt_cache_hit_tokens") if cached is None else cached,
        cache_write_tokens=count(sent, "cache_write_tokens", "cache_creation_tokens"),
        output_tokens=count(raw, "completion_tokens", "output_tokens"),
        reasoning_tokens=count(made, "reasoning_tokens"),
        cache_write_1h_tokens=count(sent, "cache_write_1h_tokens"),
        cost_usd=amount(raw, "cost", "cost_usd") or amount(inner(raw, "logfire_ai_gateway"), "cost"),
    )
    return reconcile(usage, count(raw, "total_tokens"))
