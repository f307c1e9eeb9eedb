"""Why a model stopped: what each provider calls it, in our words. A reason is never made up."""

from __future__ import annotations

from hs_notebook.wire.chunk import FinishReason

__all__ = ["finish_reason"]

_WORDS: dict[FinishReason, str] = {
    FinishReason.STOP: "stop end_turn stop_sequence eos eos_token end",
    FinishReason.LENGTH: "length max_tokens max_length max_output_tokens model_context_window_exceeded",
    FinishReason.TOOL_CALLS: "tool_calls tool_use function_call",
    FinishReason.CONTENT_FILTER: (
        "content_filter safety recitation language blocklist prohibited_content spii image_safety "
        "image_prohibited_content"
    ),
    FinishReason.REFUSAL: "refusal",
    FinishReason.ERROR: "error malformed_function_call",
}
_KNOWN = {word: reason for reason, words in _WORDS.items() for word in words.split()}


def finish_reason(raw: str) -> FinishReason:
    """A provider's word in ours; `OTHER` for one we do not know."""
    return _KNOWN.get(raw.lower(), FinishReason.OTHER)
