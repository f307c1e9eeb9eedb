"""What of one response goes into the answer, and how, when it takes up what an earlier one began.

Nothing here does I/O. The first response without event ids passes through untouched: that is the hot path.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.client.resuming.rules import Action
from hs_notebook.client.resuming.sieve import Again, Sieve
from hs_notebook.client.resuming.splice import Splicer
from hs_notebook.wire.chunk import StreamChunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer
    from hs_notebook.client.resuming.rules import Break

__all__ = ["Intake"]

_NOTES = {
    Action.REPLAY: "Replayed after a break: the server had kept the rest; nothing was billed again.",
    Action.CONTINUE: "Continued after a break: the model went on from the text; the prompt was billed again.",
    Action.RESTART: "Restarted after a break: it is billed again; what was shown before is superseded.",
}
_UNSHOWN = "Asked again after a break: nothing had come, but it may be billed twice."


class Intake:
    """Fits the chunks of one response to the answer.

    Args:
        answer: What it is for.
        doing: What the request does; None for a first one.
        gapless: Every event of this shape brings a chunk.
        from_start: The response has no event ids and begins with all that is held.
        start_over: Called before the first content of a restart, to set aside what was shown.
    """

    def __init__(
        self,
        answer: Answer,
        doing: Action | None,
        *,
        gapless: bool,
        from_start: bool,
        start_over: Callable[[], None],
    ) -> None:
        self._answer = answer
        self._doing = doing
        self._start_over = start_over
        self._note = _NOTES.get(doing) if doing is not None else None
        self._began = self._note is None
        self._resumes = self._note is not None
        self._splicer = Splicer(answer.text) if doing is Action.CONTINUE else None
        replays = doing is Action.REPLAY
        last = answer.last_event_id if replays else None
        held = answer.text if replays else ""
        self._sieve = Again(held) if from_start else Sieve(last, held, gapless=gapless)

    @property
    def broke(self) -> Break | None:
        """What came that must not be folded; None while all is well."""
        return self._sieve.broke

    def take(self, chunks: list[StreamChunk]) -> list[StreamChunk]:
        """What to fold for these chunks."""
        if not chunks or (not self._resumes and chunks[-1].event_id is None):
            return chunks
        chunks = self._sieve.sift(chunks)
        if not self._resumes:
            return chunks
        received = self._answer.chunks_received
        return [self._fit(chunk, received + number) for number, chunk in enumerate(chunks)]

    def end(self, done_id: str | None = None) -> list[StreamChunk]:
        """What is still to fold, once the response proved whole. `done_id`: its `[DONE]`'s; None without."""
        self._sieve.prove(done_id)
        rest = "" if self._splicer is None or self.broke is not None else self._splicer.end()
        return [StreamChunk(rest, self._answer.chunks_received)] if rest else []

    def _fit(self, chunk: StreamChunk, index: int) -> StreamChunk:
        changes: dict[str, Any] = {"index": index}
        if self._splicer is not None:
            changes["content"] = self._splicer.feed(chunk.content)
        if not self._began:
            self._begin(chunk, changes)
        if not self._began or (self._splicer is not None and not self._splicer.settled):
            changes["event_id"] = None  # of a text that is not in the answer yet: nobody may resume after it
        return msgspec.structs.replace(chunk, **changes)

    def _begin(self, chunk: StreamChunk, changes: dict[str, Any]) -> None:
        """The first sign of the answer: from here on this response is what is shown."""
        speaks = (
            changes.get("content", chunk.content)
            or chunk.reasoning
            or chunk.refusal
            or chunk.tool_calls
            or chunk.finish_reason is not None
        )
        if not speaks:
            return
        self._began = True
        if self._doing is Action.RESTART:
            if not any(self._answer.sizes):
                self._note = _UNSHOWN
            with suppress(ValueError):  # it was free, but what it brought counts no more
                self._answer.notes.remove(_NOTES[Action.REPLAY])
            self._start_over()
        elif self._doing is Action.CONTINUE:
            self._answer.last_event_id = None  # it was of the run before
        changes["note"] = self._note if chunk.note is None else f"{self._note} {chunk.note}"
