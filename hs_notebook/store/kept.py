"""An answer as the journal keeps it: all that is needed to show it again, or to take it up again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hs_notebook.answer import Answer, Attempt, Status
from hs_notebook.errors import ProtocolError

if TYPE_CHECKING:
    from datetime import datetime

    from hs_notebook.wire.chunk import ChatRequest, FinishReason, Shape, ToolCallDelta, Usage

__all__ = ["Kept"]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer on disk, as far as it came there.

    Attributes:
        id: The answer's name, the same over all attempts and kernels.
        digest: Of the request as it was asked (a secret in `request` itself reads `***`).
        request: What was asked.
        provider: Where it was asked, as in `Answer`.
        base_url: The server's.
        shape: Whose JSON was spoken; None where it was left to be recognised.
        notebook: Where it was asked last.
        cell_id: Likewise; None outside a notebook and in front ends that do not say.
        session: Likewise; the run of the kernel.
        created_at: When its first attempt began, UTC.
        updated_at: When anything of it was last written, UTC.
        status: STREAMING while its process lives; INTERRUPTED also where that process is gone.
        text: All text, since the last restart.
        reasoning: All reasoning text likewise.
        refusal: All refusal text likewise.
        tool_calls: Fragments of tool calls likewise, in order.
        event_id: The last event whose text is in `text`; None where the server sends none, and where a
            secret was blotted out of the text: then no server can vouch for it.
        stream_id: The gateway's name for the stream; None where it gives none.
        finish_reason: Why the model stopped; None if it did not, or did not say.
        usage: The last counts of the last attempt; None if there are none.
        attempts: Every attempt as far as it was recorded, in order.
        notes: What the user was told about it.
        error: Why it is not complete; None where it is, where the user stopped it, where its process died.
        superseded: Text of before the last restart; "" if there was none.
    """

    id: str
    digest: str
    request: ChatRequest
    provider: str
    base_url: str
    shape: Shape | None
    notebook: str
    cell_id: str | None
    session: str
    created_at: datetime
    updated_at: datetime
    status: Status
    text: str
    reasoning: str
    refusal: str
    tool_calls: tuple[ToolCallDelta, ...]
    event_id: str | None
    stream_id: str | None
    finish_reason: FinishReason | None
    usage: Usage | None
    attempts: tuple[Attempt, ...]
    notes: tuple[str, ...]
    error: str | None
    superseded: str

    @property
    def goes_on(self) -> bool:
        """Whether the same question, asked again, takes this up: it was interrupted, or failed with text.

        Not where what came could not be read, or is not what was sent: its text is nothing to build on.
        """
        if self.status is not Status.FAILED:
            return self.status is Status.INTERRUPTED
        error = self.attempts[-1].error if self.attempts else None
        return bool(self.text) and not (error or "").startswith(f"{ProtocolError.__name__}:")

    def answer(self) -> Answer:
        """The answer, its own to go on with: INTERRUPTED unless it has ended otherwise."""
        return Answer(
            self.id,
            self.request,
            self.provider,
            parts=_one(self.text),
            reasoning_parts=_one(self.reasoning),
            refusal_parts=_one(self.refusal),
            tool_calls=list(self.tool_calls),
            notes=list(self.notes),
            attempts=[replace(attempt) for attempt in self.attempts],
            superseded=_one(self.superseded),
            generation=int(bool(self.superseded)),
            status=Status.INTERRUPTED if self.status is Status.STREAMING else self.status,
            last_event_id=self.event_id,
        )


def _one(text: str) -> list[str]:
    return [text] if text else []
