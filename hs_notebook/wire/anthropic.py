"""The Anthropic Messages shape, as a client speaks it.

Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming (2026-11-22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta, Usage, WireRequest
from hs_notebook.wire.finish import finish_reason
from hs_notebook.wire.reader import closing_record, compact, inner, items, reported, text
from hs_notebook.wire.usage import count, merge, total_of

if TYPE_CHECKING:
    from hs_notebook.errors import ProviderError
    from hs_notebook.wire.chunk import ChatRequest
    from hs_notebook.wire.framing import Frame

__all__ = ["EVENTS", "Reader", "auth", "request"]

EVENTS = frozenset(
    {
        "message",
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    }
)
"""The values of `type` that show this shape."""

_MAX_TOKENS = 4096  # the API wants a limit in every request; this one is sent where the user gives none
_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def request(chat: ChatRequest) -> WireRequest:
    """The POST for a streamed answer. A member of `extra` that is None takes that member out of the body."""
    system = "\n\n".join(message.content for message in chat.messages if message.role == "system")
    turns = [message for message in chat.messages if message.role != "system"]
    body: dict[str, Any] = {
        "model": chat.model,
        "max_tokens": chat.max_tokens or _MAX_TOKENS,
        "system": system or None,
        "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
        "stream": True,
        "temperature": chat.temperature,
        **chat.extra,
    }
    sent = {name: value for name, value in body.items() if value is not None}
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "anthropic-version": "2023-06-01",
    }
    return WireRequest(path="/messages", headers=headers, body=msgspec.json.encode(sent))


def auth(key: str) -> dict[str, str]:
    """The header that holds the key."""
    return {"x-api-key": key}


class Reader:
    """Message events, and whole messages, to StreamChunks.

    Attributes:
        complete: A stop reason or `message_stop` came.
        closed: `message_stop` or an error came: nothing after it counts.
        failure: The error the provider reported.
    """

    done_proves = False

    def __init__(self) -> None:
        self.complete = False
        self.closed = False
        self.failure: ProviderError | None = None
        self._usage: dict[str, Any] = {}

    def read(self, obj: dict[str, Any], frame: Frame, index: int) -> StreamChunk | None:
        """The chunk that an event stands for; None where it brings nothing."""
        kind = text(obj, "type") or frame.event  # some gateways name the event in the SSE field alone
        said: dict[str, Any] = {}
        if kind == "content_block_delta":
            said = _added(inner(obj, "delta"), _block(obj))
        elif kind == "content_block_start":
            said = _begun(inner(obj, "content_block"), _block(obj))
        elif kind in {"message_start", "message_delta", "message"}:
            said = self._message(obj, kind)
        elif kind == "message_stop":
            self.complete = self.closed = True
            end = closing_record(obj)
            said = {} if end is None else {"end": end}
        elif kind == "error":
            self.failure = reported({**obj, "type": "error"})
            self.closed = True
        return StreamChunk(index=index, event_id=frame.id, **said) if said else None

    def _message(self, obj: dict[str, Any], kind: str) -> dict[str, Any]:
        """What an event about the whole message says: its model, its counts, why it stopped."""
        about = inner(obj, "message") if kind == "message_start" else obj
        stop = text(inner(obj, "delta") if kind == "message_delta" else about, "stop_reason")
        said: dict[str, Any] = {}
        if kind == "message":
            said |= _whole(about)
            self.closed = self.complete = True
        if model := text(about, "model"):
            said["model"] = model
        if counts := inner(about, "usage"):
            said["usage"] = self._merged(counts, at_start=kind == "message_start")
            said |= _beside(counts)
            if tier := _tier(counts):
                said["service_tier"] = tier
        if stop:
            said |= {"finish_reason": finish_reason(stop), "raw_finish_reason": stop}
            self.complete = True
        return said

    def _merged(self, counts: dict[str, Any], *, at_start: bool) -> Usage:
        if at_start:
            # The output it names is a placeholder. And no prompt has 0 tokens: a gateway that does not know
            # yet put them there.
            unknown = None if any(counts.get(name) for name in _INPUT) else 0
            counts = {name: value for name, value in counts.items() if value != unknown}
            counts.pop("output_tokens", None)
        merge(self._usage, counts)
        return _normalised(self._usage)


def _tier(counts: dict[str, Any]) -> str | None:
    """How it was served; None where the event does not say. Fast answers have a price of their own, too."""
    words = [text(counts, "service_tier"), text(counts, "speed")]
    return " ".join(word for word in words if word and word != "standard") or words[0] or None


def _beside(counts: dict[str, Any]) -> dict[str, Any]:
    """A note where the server bills something beside tokens."""
    searches = count(inner(counts, "server_tool_use"), "web_search_requests")
    if not searches:
        return {}
    return {"note": f"Web searches ({searches}) are billed beside the tokens; no cost here has them."}


def _block(obj: dict[str, Any]) -> int:
    index = obj.get("index")
    return index if isinstance(index, int) else 0


def _added(delta: dict[str, Any], block: int) -> dict[str, Any]:
    """What a delta adds to its content block. Signatures and citations add nothing to show."""
    if content := text(delta, "text"):
        return {"content": content}
    if thought := text(delta, "thinking"):
        return {"reasoning": thought}
    if fragment := text(delta, "partial_json"):
        return {"tool_calls": (ToolCallDelta(block, arguments=fragment),)}
    return {}


def _begun(content: dict[str, Any], block: int) -> dict[str, Any]:
    """What the start of a content block brings: the name of a tool, seldom some text."""
    if content.get("type") != "tool_use":
        return _added(content, block)
    return {"tool_calls": (_named(content, block),)}


def _named(content: dict[str, Any], block: int) -> ToolCallDelta:
    arguments = compact(content.get("input") or None)
    return ToolCallDelta(block, text(content, "id") or None, text(content, "name") or None, arguments)


def _whole(message: dict[str, Any]) -> dict[str, Any]:
    blocks = items(message, "content")
    calls = [_named(part, at) for at, part in enumerate(blocks) if part.get("type") == "tool_use"]
    return {
        "content": "".join(text(part, "text") for part in blocks),
        "reasoning": "".join(text(part, "thinking") for part in blocks),
        "tool_calls": tuple(calls),
    }


def _normalised(raw: dict[str, Any]) -> Usage:
    """All counts are running totals; `input_tokens` leaves the cache out, and compaction is listed apart."""
    listed = items(raw, "iterations")
    runs = [raw, *(run for run in listed if run.get("type") == "compaction")]
    others = any(run.get("type") == "advisor_message" for run in listed)
    return Usage(
        input_tokens=total_of(*(count(run, name) for run in runs for name in _INPUT)),
        cache_read_tokens=total_of(*(count(run, "cache_read_input_tokens") for run in runs)),
        cache_write_tokens=total_of(*(count(run, "cache_creation_input_tokens") for run in runs)),
        cache_write_1h_tokens=total_of(
            *(count(inner(run, "cache_creation"), "ephemeral_1h_input_tokens") for run in runs)
        ),
        output_tokens=total_of(*(count(run, "output_tokens") for run in runs)),
        reasoning_tokens=count(inner(raw, "output_tokens_details"), "thinking_tokens"),
        note="tokens of an advisor model are not counted: its price is another" if others else None,
    )
