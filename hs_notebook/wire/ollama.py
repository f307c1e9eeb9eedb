"""Ollama's own shape: JSON lines from /api/chat and /api/generate.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md (2026-11-22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta, Usage, WireRequest
from hs_notebook.wire.finish import finish_reason
from hs_notebook.wire.reader import compact, inner, items, reported, text
from hs_notebook.wire.usage import count

if TYPE_CHECKING:
    from hs_notebook.errors import ProviderError
    from hs_notebook.wire.chunk import ChatRequest
    from hs_notebook.wire.framing import Frame

__all__ = ["Reader", "auth", "request"]


def request(chat: ChatRequest) -> WireRequest:
    """The POST for a streamed answer. A member of `extra` that is None takes that member out of the body."""
    extra = dict(chat.extra)
    settings = {
        "temperature": chat.temperature,
        "num_predict": chat.max_tokens,
        **(extra.pop("options", None) or {}),
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    body: dict[str, Any] = {
        "model": chat.model,
        "messages": [{"role": message.role, "content": message.content} for message in chat.messages],
        "stream": True,
        "options": settings or None,
        **extra,
    }
    sent = {name: value for name, value in body.items() if value is not None}
    headers = {"Content-Type": "application/json", "Accept": "application/x-ndjson"}
    return WireRequest(path="/api/chat", headers=headers, body=msgspec.json.encode(sent))


def auth(key: str) -> dict[str, str]:
    """The header that holds the key; Ollama itself wants none, a proxy before it may."""
    return {"Authorization": f"Bearer {key}"}


class Reader:
    """Lines of a chat to StreamChunks.

    Attributes:
        complete: The line with `"done": true` came.
        closed: That line or an error came: nothing after it counts.
        failure: The error the server reported.
    """

    done_proves = True

    def __init__(self) -> None:
        self.complete = False
        self.closed = False
        self.failure: ProviderError | None = None
        self._calls = 0

    def read(self, obj: dict[str, Any], frame: Frame, index: int) -> StreamChunk | None:
        """The chunk that a line stands for; None where it brings nothing."""
        if obj.get("error"):
            self.failure = reported(obj)
            self.closed = True
            return None
        done = obj.get("done") is True
        self.complete = self.closed = done
        message = inner(obj, "message")
        raw = text(obj, "done_reason") if done else ""
        return StreamChunk(
            content=text(message, "content") or text(obj, "response"),
            index=index,
            usage=_usage(obj),
            model=text(obj, "model") or None,
            finish_reason=finish_reason(raw) if raw else None,
            event_id=frame.id,
            reasoning=text(message, "thinking") or text(obj, "thinking"),
            tool_calls=tuple(self._call(call) for call in items(message, "tool_calls")),
            raw_finish_reason=raw or None,
        )

    def _call(self, call: dict[str, Any]) -> ToolCallDelta:
        function = inner(call, "function")
        self._calls += 1
        arguments = compact(function.get("arguments") or {})
        return ToolCallDelta(
            self._calls - 1, text(call, "id") or None, text(function, "name") or None, arguments
        )


def _usage(obj: dict[str, Any]) -> Usage | None:
    sent, made = count(obj, "prompt_eval_count"), count(obj, "eval_count")
    return None if sent is None and made is None else Usage(input_tokens=sent, output_tokens=made)
