"""Characters that a server cut in two: half of a UTF-16 pair in one chunk, the other half in the next.

They come as JSON escapes. Left alone they raise UnicodeEncodeError at the first print or save.
"""

from __future__ import annotations

import msgspec

from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta

__all__ = ["Mender"]

_CHANNELS = ("content", "reasoning", "refusal")
_LABELS = ("model", "raw_finish_reason")


class Mender:
    """Joins halves over chunks, channel by channel; a half that stays alone becomes U+FFFD."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def mend(self, chunk: StreamChunk) -> StreamChunk:
        """The chunk with whole characters only; a first half at its end is kept for the next chunk."""
        texts = {name: self._join(name, getattr(chunk, name)) for name in _CHANNELS}
        labels = {name: whole(getattr(chunk, name) or "") or None for name in _LABELS}
        calls = tuple(self._mended_call(call) for call in chunk.tool_calls)
        return msgspec.structs.replace(chunk, tool_calls=calls, **texts, **labels)

    def rest(self, index: int) -> StreamChunk | None:
        """What is still held when the answer is complete; None if nothing is."""
        texts = {name: "\ufffd" for name in _CHANNELS if name in self._held}
        self._held = {}
        return StreamChunk(index=index, **texts) if texts else None  # type: ignore[arg-type]

    def _mended_call(self, call: ToolCallDelta) -> ToolCallDelta:
        arguments = self._join(f"tool call {call.index}", call.arguments)
        return ToolCallDelta(
            call.index, call.id and whole(call.id), call.name and whole(call.name), arguments
        )

    def _join(self, channel: str, text: str) -> str:
        if not text:
            return text
        text = self._held.pop(channel, "") + text
        if "\ud800" <= text[-1] <= "\udbff":
            self._held[channel] = text[-1]
            text = text[:-1]
        return whole(text)


def whole(text: str) -> str:
    """Text with pairs of halves joined and lone ones replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
