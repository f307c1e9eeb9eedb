"""What a server says went wrong, from whatever body it says it in: JSON of any provider, HTML, or text."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import msgspec

from hs_notebook.wire.framing import BOM

__all__ = ["as_json", "describe", "error_in", "error_in_bytes", "excerpt", "lines_in", "means_too_long"]

_EXCERPT = 200
_LINE = 500  # of a line that our gateway wrote: its remedies are longer than an excerpt
_PAGE = 16 * 1024  # read of a page of HTML
_TITLE = re.compile(rb"<(title|h1)\b[^>]*>(.*?)</\1", re.IGNORECASE | re.DOTALL)
_UNSHOWN = re.compile(rb"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>?", re.IGNORECASE | re.DOTALL)

_TOO_LONG = re.compile(
    r"maximum context (length|window|size)|\b(exceed\w*|longer than|too (long|large) for)\b.{0,40}\bcontext\b"
    r"|context (length|window|size|limit)\b.{0,40}\bexceed|prompt is too long"
    r"|too many (input |prompt )?tokens|exceeds the maximum number of (input )?tokens"
    r"|input (is|token count)\b.{0,40}\b(too long|exceeds)",
    re.IGNORECASE,
)
"""How OpenAI, Anthropic, Google, Mistral and llama.cpp word it (2026-11-22)."""
_TOO_LONG_CODES = frozenset({"context_length_exceeded", "model_context_window_exceeded"})


def means_too_long(said: str, code: str | None) -> bool:
    """Whether a refusal's message or code says that the prompt is longer than the model takes."""
    return code in _TOO_LONG_CODES or _TOO_LONG.search(said) is not None


def describe(body: bytes, content_type: str | None = None) -> tuple[str, str | None]:
    """The message in an error body, at most 200 characters on one line, and the provider's code for it.

    The message is "" for an empty body; the code is None where there is none.
    """
    body = body.removeprefix(BOM).strip()
    value = _first_value(body)
    if found := error_in(value):
        return found
    if isinstance(value, dict) and (message := _message(value)):
        return message, _code(value)
    if body.startswith(b"<") or "html" in (content_type or "").lower():
        return excerpt(_page_text(body[:_PAGE])), None
    return excerpt(body), None


def error_in_bytes(body: bytes) -> tuple[str, str | None] | None:
    """The message and code of the error that a JSON body reports; None if it reports none or is no JSON."""
    return error_in(_first_value(body))


def _first_value(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        value = _odd_value(body)
    return value[0] if isinstance(value, list) and value else value


def _odd_value(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None


def as_json(value: object) -> str:
    """A JSON value from outside as compact text; "" if it is nested too deep to be written.

    Unlike msgspec's it takes halves of characters, and leaves them in the text.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return ""


def _page_text(page: bytes) -> str:
    """A page's title, else its text."""
    title = _TITLE.search(page)
    text = _UNSHOWN.sub(b" ", title[2] if title else page)
    return html.unescape(text.decode("utf-8", "replace"))


def error_in(value: Any) -> tuple[str, str | None] | None:  # noqa: ANN401 - any JSON value
    """The message and code of the error that a JSON value reports; None if it reports none."""
    if not isinstance(value, dict):
        return None
    inner = value.get("error") or value.get("errors")
    if isinstance(inner, list) and inner:
        inner = inner[0]
    if isinstance(inner, dict):
        return _message(inner) or excerpt(as_json(inner)), _code(inner) or _code(value)
    if isinstance(inner, str):
        return _message(value) or excerpt(inner), _code(value)
    if inner or value.get("object") == "error" or value.get("type") == "error" or "detail" in value:
        return _message(value) or excerpt(as_json(value)), _code(value)
    return None


def lines_in(error: Any) -> list[str]:  # noqa: ANN401 - any JSON value
    """The one to three lines in which our gateway words an error; [] where another server words it.

    Args:
        error: The error's JSON value, or the bytes of a body.
    """
    value = _first_value(error) if isinstance(error, bytes) else error
    inner = value.get("error") if isinstance(value, dict) else None
    lines = inner.get("lines") if isinstance(inner, dict) else None
    if not isinstance(lines, list) or not 0 < len(lines) <= 3:  # noqa: PLR2004 - as errors.py words them
        return []
    whole = all(isinstance(line, str) and line.strip() for line in lines)
    return [excerpt(line, _LINE) for line in lines] if whole else []


def _message(error: dict[str, Any]) -> str:
    for name in ("message", "detail", "msg", "error_description"):
        said = error.get(name)
        if isinstance(said, str) and said.strip():
            return excerpt(said)
        if said and isinstance(said, list | dict):
            return excerpt(as_json(said))
    return ""


def _code(error: dict[str, Any]) -> str | None:
    for name in ("code", "status", "type"):
        code = error.get(name)
        if isinstance(code, str | int) and not isinstance(code, bool) and code not in {"", "error"}:
            return excerpt(str(code))[:80] or None
    return None


def excerpt(said: bytes | str, limit: int = _EXCERPT) -> str:
    """The beginning of a text on one line, at most so many characters, control characters left out."""
    text = said[: 8 * limit]
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
