"""The values on the wire: what a request says and what a stream brings.

All are frozen. Nothing here opens a socket, reads a clock or knows about notebooks.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, Literal

import msgspec

__all__ = [
    "ChatRequest",
    "FinishReason",
    "Message",
    "ServerRequest",
    "Shape",
    "StreamChunk",
    "StreamEnd",
    "ToolCallDelta",
    "Usage",
    "WireRequest",
]

Shape = Literal["openai", "anthropic", "google", "ollama", "text"]
"""Whose JSON a stream carries. DeepSeek, vLLM, llama.cpp and most gateways are "openai"."""


class FinishReason(StrEnum):
    """Why a model stopped, in OpenAI's words; `OTHER` for any other (see `raw_finish_reason`)."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    ERROR = "error"
    OTHER = "other"


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one request, as the provider counted them; None where it did not say, never 0 for that.

    Attributes:
        input_tokens: All prompt tokens, cache reads and cache writes included.
        cache_read_tokens: Of these, read from a cache.
        cache_write_tokens: Of these, written to a cache.
        output_tokens: All generated tokens, reasoning included.
        reasoning_tokens: Of these, spent on reasoning.
        cost_usd: The cost the server itself reports, as it wrote it; None if it reports none.
        note: What had to be mended in the provider's figures; None if nothing.
        cache_write_1h_tokens: Of `cache_write_tokens`, written to a cache that is kept for an hour.
    """

    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: str | None = None
    note: str | None = None
    cache_write_1h_tokens: int | None = None

    @property
    def total_tokens(self) -> int | None:
        """Input plus output; None when either is unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens


class ToolCallDelta(msgspec.Struct, frozen=True):
    """A fragment of a tool call: `id` and `name` on the first one, then pieces of the JSON in `arguments`."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class StreamEnd(msgspec.Struct, frozen=True):
    """The closing record of our gateway: with it a client can prove the text byte for byte.

    Attributes:
        events: How many events the stream had, this one included.
        sha256: Hex digest of the whole content in UTF-8.
    """

    events: int
    sha256: str


class StreamChunk(msgspec.Struct, frozen=True, gc=False):
    """One step of an answer, the same whatever the provider sent.

    Attributes:
        content: Text to append; "" when this chunk brings none.
        index: Position of this chunk in the stream, from 0.
        usage: The provider's running total as of this chunk, not a difference; None when it said nothing.
        model: The model that answers, as the server names it; None when this chunk does not say.
        finish_reason: Why the model stopped; None while it goes on. Never invented.
        event_id: The event's id (SSE `id:`; `event_id` in JSON lines), for resuming; None where there
            is none. Never the JSON `id`, which is the same on every chunk of an answer.
        reasoning: Reasoning text to append, kept apart from the content.
        refusal: Refusal text to append.
        tool_calls: Fragments of tool calls.
        raw_finish_reason: The provider's own word for `finish_reason`.
        end: Our gateway's closing record.
        note: Something the user should be told ("the server sent 3 choices; only the first is kept").
        service_tier: How the request was served, in the server's word; None when this chunk does not say.
    """

    content: str = ""
    index: int = 0
    usage: Usage | None = None
    model: str | None = None
    finish_reason: FinishReason | None = None
    event_id: str | None = None
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    raw_finish_reason: str | None = None
    end: StreamEnd | None = None
    note: str | None = None
    service_tier: str | None = None


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, before any provider's shape. None means: not sent, the server's default holds."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    extra: dict[str, Any] = {}

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the request, equal for equal requests on any machine."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class WireRequest(msgspec.Struct, frozen=True):
    """A POST in one provider's shape; the key is not in it.

    Attributes:
        path: Path below the base URL, with a leading slash.
        headers: Headers beside the key's.
        body: The JSON body.
    """

    path: str
    headers: dict[str, str]
    body: bytes


class ServerRequest(msgspec.Struct, frozen=True):
    """A POST as our gateway reads it.

    Attributes:
        chat: What is asked.
        stream: Whether the answer is to come in events; else as one body.
        include_usage: Whether the token counts are wanted in the stream.
    """

    chat: ChatRequest
    stream: bool = False
    include_usage: bool = False
