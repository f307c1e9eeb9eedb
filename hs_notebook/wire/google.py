"""The Google Gemini shape (generateContent), as a client speaks it: server-sent events or one JSON array.

There is no terminal marker: a finish reason, or a blocked prompt, is all the proof of the end there is.
Source: https://ai.google.dev/api/generate-content (2026-11-22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from hs_notebook.wire.chunk import FinishReason, StreamChunk, ToolCallDelta, Usage, WireRequest
from hs_notebook.wire.finish import finish_reason
from hs_notebook.wire.reader import compact, inner, items, reported, text
from hs_notebook.wire.usage import count, merge, reconcile, total_of

if TYPE_CHECKING:
    from hs_notebook.errors import ProviderError
    from hs_notebook.wire.chunk import ChatRequest
    from hs_notebook.wire.framing import Frame

__all__ = ["Reader", "auth", "request"]

_SECOND_CANDIDATE = "The server sent more than one candidate; only the first is kept."
_ROLES = {"user": "user", "assistant": "model"}


def request(chat: ChatRequest) -> WireRequest:
    """The POST for a streamed answer. A member of `extra` that is None takes that member out of the body."""
    system = "\n\n".join(message.content for message in chat.messages if message.role == "system")
    turns = [message for message in chat.messages if message.role != "system"]
    extra = dict(chat.extra)
    settings = {
        "temperature": chat.temperature,
        "maxOutputTokens": chat.max_tokens,
        **(extra.pop("generationConfig", None) or {}),
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    body: dict[str, Any] = {
        "contents": [{"role": _ROLES[turn.role], "parts": [{"text": turn.content}]} for turn in turns],
        "systemInstruction": {"parts": [{"text": system}]} if system else None,
        "generationConfig": settings or None,
        **extra,
    }
    sent = {name: value for name, value in body.items() if value is not None}
    model = quote(chat.model.removeprefix("models/"), safe="")
    return WireRequest(
        path=f"/models/{model}:streamGenerateContent?alt=sse",
        headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
        body=msgspec.json.encode(sent),
    )


def auth(key: str) -> dict[str, str]:
    """The header that holds the key."""
    return {"x-goog-api-key": key}


class Reader:
    """Response objects, from a stream or a whole body, to StreamChunks.

    Attributes:
        complete: The first candidate gave a finish reason, or the prompt was blocked.
        closed: An error came: nothing after it counts.
        failure: The error the provider reported.
    """

    done_proves = False

    def __init__(self) -> None:
        self.complete = False
        self.closed = False
        self.failure: ProviderError | None = None
        self._usage: dict[str, Any] = {}
        self._calls = 0
        self._noted = False

    def read(self, obj: dict[str, Any], frame: Frame, index: int) -> StreamChunk | None:
        """The chunk that an object stands for; None where it brings nothing."""
        if obj.get("error"):
            self.failure = reported(obj)
            self.closed = True
        candidates = items(obj, "candidates")
        first = next((one for one in candidates if not one.get("index")), {})
        parts = items(inner(first, "content"), "parts")
        raw = _ended(first) or text(inner(obj, "promptFeedback"), "blockReason")
        usage = self._merged(inner(obj, "usageMetadata"))
        note = self._note(candidates)
        if not (first or raw or usage or note):
            return None
        self.complete = self.complete or bool(raw)
        return StreamChunk(
            content="".join(text(part, "text") for part in parts if not part.get("thought")),
            index=index,
            usage=usage,
            model=text(obj, "modelVersion") or None,
            finish_reason=_reason(raw, blocked=not first),
            event_id=frame.id,
            reasoning="".join(text(part, "text") for part in parts if part.get("thought")),
            tool_calls=tuple(self._call(part) for part in parts if "functionCall" in part),
            raw_finish_reason=raw or None,
            note=note,
            service_tier=text(inner(obj, "usageMetadata"), "serviceTier", "trafficType") or None,
        )

    def _call(self, part: dict[str, Any]) -> ToolCallDelta:
        call = inner(part, "functionCall")
        self._calls += 1
        arguments = compact(call.get("args") or {})
        return ToolCallDelta(self._calls - 1, text(call, "id") or None, text(call, "name") or None, arguments)

    def _note(self, candidates: list[dict[str, Any]]) -> str | None:
        if self._noted or not any(one.get("index") for one in candidates):
            return None
        self._noted = True
        return _SECOND_CANDIDATE

    def _merged(self, raw: dict[str, Any]) -> Usage | None:
        if not raw:
            return None
        merge(self._usage, raw)
        return _normalised(self._usage)


def _ended(candidate: dict[str, Any]) -> str:
    raw = text(candidate, "finishReason")
    return "" if raw == "FINISH_REASON_UNSPECIFIED" else raw


def _reason(raw: str, *, blocked: bool) -> FinishReason | None:
    if not raw:
        return None
    return FinishReason.CONTENT_FILTER if blocked else finish_reason(raw)


def _normalised(raw: dict[str, Any]) -> Usage:
    """The prompt includes the cache and leaves tool results out; candidates leave thoughts out."""
    thoughts = count(raw, "thoughtsTokenCount")
    shown = count(raw, "candidatesTokenCount", "candidatesTokens")
    prompt = count(raw, "promptTokenCount", "promptTokens")
    usage = Usage(
        input_tokens=total_of(prompt, count(raw, "toolUsePromptTokenCount")),
        cache_read_tokens=count(raw, "cachedContentTokenCount"),
        output_tokens=total_of(shown, thoughts),
        reasoning_tokens=thoughts,
    )
    return reconcile(usage, count(raw, "totalTokenCount", "totalTokens"))
