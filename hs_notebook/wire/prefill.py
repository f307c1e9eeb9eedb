"""Handing a model the beginning of its own answer, to go on from: who takes that, and in which form.

Providers give this up one by one, so the table is data with dates, and what it does not know is not tried: a
model that starts a new turn instead of going on would spoil the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hs_notebook.wire.chunk import Message

if TYPE_CHECKING:
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["FORMS", "Form", "Row", "base_url", "continued", "form", "permits", "refuse"]


class Form(StrEnum):
    """How the beginning of an answer is sent: always as a last message of the assistant, and ..."""

    PLAIN = "plain"  # nothing more
    PREFIX = "prefix"  # with `prefix: true` in it
    BETA_PREFIX = "beta_prefix"  # the same, at the server's /beta
    FINAL_MESSAGE = "final_message"  # with `continue_final_message` beside the messages


@dataclass(frozen=True, slots=True)
class Row:
    """Who takes the beginning of an answer.

    Attributes:
        model: Pattern of model names, found anywhere in the name; "" for any.
        provider: Pattern of server hosts, or of the name that a server gives itself; "" for any.
        form: None: these refuse it, or start anew.
        source: Where it says so.
        seen: When it was read there.
    """

    model: str
    provider: str
    form: Form | None
    source: str
    seen: date

    def fits(self, model: str, provider: str) -> bool:
        """Whether the row speaks of this model there."""
        return bool(
            re.search(self.model, model, re.IGNORECASE) and re.search(self.provider, provider, re.IGNORECASE)
        )


_DAY = date(2026, 11, 22)
_CLAUDE_45 = r"claude-(instant\b|[23]\b|(opus|sonnet|haiku)-4([.-][0-5])?(?=$|[@:]|-(\d{8}|v\d|latest)\b))"

_CLAUDE = "https://platform.claude.com/docs/en/about-claude/models/migration-guide"
_DEEPSEEK = "https://api-docs.deepseek.com/guides/chat_prefix_completion"

FORMS: tuple[Row, ...] = (
    Row("", r"\bvllm\b", Form.FINAL_MESSAGE, "https://github.com/vllm-project/vllm/issues/6772", _DAY),
    Row("", r"\bsglang\b", Form.FINAL_MESSAGE, "https://github.com/sgl-project/sglang", _DAY),
    # `local` is llama.cpp's server; `demo` goes on with its script.
    Row("^(local|demo)$", "^embedded$", Form.PLAIN, "https://github.com/ggml-org/llama.cpp/pull/13174", _DAY),
    Row("", r"\bllama\.cpp\b", Form.PLAIN, "https://github.com/ggml-org/llama.cpp/pull/13174", _DAY),
    Row("", r"\bapi\.deepseek\.com$", Form.BETA_PREFIX, _DEEPSEEK, _DAY),
    Row("", r"\bapi\.mistral\.ai$", Form.PREFIX, "https://docs.mistral.ai/capabilities/completion/", _DAY),
    Row(r"\bgpt-|\bo[134]\b", "", None, "https://platform.openai.com/docs/api-reference/chat", _DAY),
    Row(_CLAUDE_45, "", Form.PLAIN, _CLAUDE, _DAY),
    Row("claude", "", None, _CLAUDE, _DAY),
    Row(
        r"gemini-(2\.5-|3\.5-flash(?!-lite))",
        "",
        Form.PLAIN,
        "https://github.com/LibreChat-AI/agents/pull/323",
        _DAY,
    ),
    Row("gemini", "", None, "https://ai.google.dev/gemini-api/docs/latest-model", _DAY),
)
"""Read from the top; the first row that fits holds. What no row knows is not tried."""

_refused: set[tuple[str, str]] = set()


def form(model: str, provider: str) -> Form | None:
    """How a model takes the beginning of its answer; None: not at all, or not known.

    Args:
        model: Its name, as it is asked for.
        provider: The server's host, or the name it gives itself ("vllm"), or "embedded" for ours.
    """
    if (model, provider) in _refused:
        return None
    return next((row.form for row in FORMS if row.fits(model, provider)), None)


def refuse(model: str, provider: str) -> None:
    """The server refused what the table promised: it is not tried again in this process."""
    _refused.add((model, provider))


def base_url(url: str, form: Form) -> str:
    """Where to send a continuation, given the base URL of the first request."""
    if form is not Form.BETA_PREFIX:
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/beta"


def continued(chat: ChatRequest, partial: str, form: Form, *, spent: int | None = None) -> ChatRequest:
    """The request for the rest of an answer.

    The text goes without its trailing whitespace: some servers refuse it, and models go on worse from it.

    Args:
        chat: What was asked.
        partial: The text received until now; not blank.
        form: How this model takes it.
        spent: Output tokens it cost, for the limit that is left; None if unknown: then the limit stays.
    """
    start = partial.rstrip()
    if not start:
        msg = "there is no text to go on from"
        raise ValueError(msg)
    turns = chat.messages
    if turns and turns[-1].role == "assistant":  # the user's own beginning
        turns, start = turns[:-1], turns[-1].content + start
    limit = chat.max_tokens
    if limit is not None and spent is not None:
        limit = max(1, limit - spent)
    return type(chat)(
        model=chat.model,
        messages=(*turns, Message("assistant", start)),
        temperature=chat.temperature,
        max_tokens=limit,
        extra={**chat.extra, **_marks(form, turns, start)},
    )


def _marks(form: Form, turns: tuple[Message, ...], start: str) -> dict[str, Any]:
    """Members of the body that say: go on."""
    if form is Form.PLAIN:
        return {}
    if form is Form.FINAL_MESSAGE:
        return {"continue_final_message": True, "add_generation_prompt": False}
    told = [{"role": turn.role, "content": turn.content} for turn in turns]
    return {"messages": [*told, {"role": "assistant", "content": start, "prefix": True}]}


_BARS = (
    "messages", "contents", "input", "prompt", "audio", "logprobs", "top_logprobs", "grammar", "json_schema",
    "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs", "regex", "ebnf",
    "format", "output_config", "output_format",
)  # fmt: skip
_CONFIG_BARS = ("responseSchema", "responseJsonSchema", "responseLogprobs")


def permits(chat: ChatRequest) -> bool:
    """Whether a request leaves an answer that can be continued: one plain text.

    Not so for structured output, several choices, log probabilities, sound, or a prompt of another shape.
    """
    extra = chat.extra
    config = extra.get("generationConfig") or {}
    wanted = (extra.get("response_format") or {}).get("type", "text")
    return (
        not any(extra.get(name) for name in _BARS)
        and not any(config.get(name) for name in _CONFIG_BARS)
        and config.get("responseMimeType", "text/plain") == "text/plain"
        and wanted == "text"
        and extra.get("n") in (None, 1)
        and config.get("candidateCount") in (None, 1)
        and (extra.get("modalities") or ["text"]) == ["text"]
    )
