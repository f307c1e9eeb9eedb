"""Which shape a JSON object has: decided by its members, whatever was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hs_notebook.wire import anthropic, google, ollama, openai
from hs_notebook.wire.reader import text

if TYPE_CHECKING:
    from hs_notebook.wire.reader import Reader

__all__ = ["reader_for"]


def reader_for(obj: dict[str, Any], event: str | None = None) -> Reader | None:
    """A Reader for the shape that an object, or else its SSE event name, shows; None if neither shows one."""
    if "choices" in obj or str(obj.get("object")).startswith("chat.completion"):
        return openai.Reader()
    if (text(obj, "type") or event) in anthropic.EVENTS:
        return anthropic.Reader()
    if not obj.keys().isdisjoint({"candidates", "promptFeedback", "usageMetadata"}):
        return google.Reader()
    if "done" in obj and not obj.keys().isdisjoint({"message", "response"}):
        return ollama.Reader()
    return None
