"""An answer: a fold over chunks, with every attempt it took.

Nothing here does I/O, and the clock is handed in. One writer folds (the client's engine); any thread may read
meanwhile: `parts` only ever grows, so a reader that remembers how many it has seen never misses a character.
Only where an answer is started over does the text begin anew: then there is another list, and `generation`
has changed before it is. A reader that takes `parts` first and looks at `generation` next is never misled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from hs_notebook.errors import HolySheepError, ProtocolError

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from hs_notebook.wire.chunk import ChatRequest, FinishReason, StreamChunk, ToolCallDelta, Usage

__all__ = ["TRANSITIONS", "Answer", "Attempt", "Status", "UsageSource"]


class Status(StrEnum):
    """Where an answer stands. The ledger uses the last three words."""

    STREAMING = "streaming"
    COMPLETE = "complete"  # a finish reason or a terminal marker proved it whole
    INTERRUPTED = "interrupted"  # a true prefix: ■, a lost connection, an end without proof
    FAILED = "failed"  # the server or the request was at fault


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.STREAMING: frozenset({Status.COMPLETE, Status.INTERRUPTED, Status.FAILED}),
    Status.INTERRUPTED: frozenset({Status.STREAMING}),  # resumed
    Status.FAILED: frozenset({Status.STREAMING}),  # retried, resumed
    Status.COMPLETE: frozenset(),
}


class UsageSource(StrEnum):
    """How far the token counts of an attempt can be trusted."""

    FINAL = "final"  # the provider's last word on a complete answer
    PARTIAL = "partial"  # the provider's running counts when the stream broke: a lower bound
    ESTIMATED = "estimated"  # counted by us
    MISSING = "missing"  # nobody counted


@dataclass(slots=True)
class Attempt:
    """One request on the wire, whatever its end: one row of the ledger.

    Attributes:
        number: 1 for the first attempt of an answer.
        started_at: Wall clock, UTC.
        began: Monotonic clock at the same moment, seconds.
        ttft_s: Seconds from the request to the first text or reasoning; None before it, or if none came.
        duration_s: Seconds from the request to the end; None while it runs.
        cost_usd: By `price_book`; None where a count or a price is unknown, never 0 for that.
        price_book: The book's name, or "reported by the server"; None where the cost is unknown.
        price_date: Since when that price holds, or when it was last checked (2026-11-22); None where unknown.
        reported_cost_usd: What the server itself said; None if it did not.
        list_cost_usd: At the provider's list price; None where unknown.
        estimated_output_tokens: Our own count of what came, kept beside the provider's; None if not made.
        resumed_by: How it took up an earlier one: replay, continue, restart; None for a first attempt.
    """

    number: int
    started_at: datetime
    began: float
    status: Status = Status.STREAMING
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    model_served: str | None = None
    request_id: str | None = None
    ttft_s: float | None = None
    duration_s: float | None = None
    cost_usd: Decimal | None = None
    list_cost_usd: Decimal | None = None
    price_book: str | None = None
    price_date: str | None = None
    reported_cost_usd: Decimal | None = None
    estimated_output_tokens: int | None = None
    resumed_by: str | None = None
    error: str | None = None

    @property
    def usage_source(self) -> UsageSource:
        """FINAL on a whole attempt with counts, PARTIAL on a broken one with counts, else MISSING."""
        if self.usage is None:
            return UsageSource.MISSING
        return UsageSource.FINAL if self.status is Status.COMPLETE else UsageSource.PARTIAL

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens over the seconds between the first text and the end; None where either is unknown."""
        if self.usage is None or self.duration_s is None or self.ttft_s is None:
            return None
        seconds = self.duration_s - self.ttft_s
        if self.usage.output_tokens is None or seconds <= 0:
            return None
        return self.usage.output_tokens / seconds


@dataclass(slots=True, eq=False)
class Answer:
    """What a model answered, as far as it came.

    Attributes:
        id: Our name for the answer, the same over all its attempts.
        request: What was asked.
        provider: Where it was asked: "holysheep", "embedded" or the server's host.
        parts: The text in the order it came; append-only.
        reasoning_parts: The reasoning text likewise.
        refusal_parts: The refusal text likewise.
        tool_calls: Fragments of tool calls in the order they came.
        notes: What the user should be told about this answer.
        attempts: Every request made for it, in order.
        superseded: Texts that were shown and count no more, oldest first: the answer was started over.
        generation: How often it was started over.
        status: Where it stands (see `TRANSITIONS`).
        last_event_id: The transport's id of the last event folded; None where the server sends none, or was
            told to stop and has no rest.
        chunks_received: How many chunks were folded.
        error: Why it is not complete; None while streaming, when complete, or when the user stopped it.
    """

    id: str
    request: ChatRequest
    provider: str
    parts: list[str] = field(default_factory=list)
    reasoning_parts: list[str] = field(default_factory=list)
    refusal_parts: list[str] = field(default_factory=list)
    tool_calls: list[ToolCallDelta] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    generation: int = 0
    status: Status = Status.STREAMING
    last_event_id: str | None = None
    chunks_received: int = 0
    error: HolySheepError | None = None

    # -- folding: one writer ------------------------------------------------------------------

    def begin(self, started_at: datetime, now: float, *, resumed_by: str | None = None) -> Attempt:
        """Open the next attempt. `now` is a monotonic clock in seconds."""
        if self.attempts:
            self._move(Status.STREAMING)
        self.error = None
        attempt = Attempt(len(self.attempts) + 1, started_at, now, resumed_by=resumed_by)
        self.attempts.append(attempt)
        return attempt

    def take_up(self) -> Attempt | None:
        """The attempt that runs goes on with the generation of the one before: its counts are the same.

        So they stand on the last attempt alone, and a sum over attempts counts no token twice.

        Returns:
            The attempt that gave its counts away; None if there is none.
        """
        if len(self.attempts) < 2 or self.attempts[-2].usage is None:  # noqa: PLR2004 - it and the one before
            return None
        before, attempt = self.attempts[-2:]
        attempt.usage, before.usage = before.usage, None
        before.cost_usd = before.list_cost_usd = before.reported_cost_usd = None
        before.price_book = before.price_date = before.estimated_output_tokens = None
        return before

    def start_over(self) -> None:
        """The text begins anew; what was shown stays readable in `superseded`."""
        if self.parts:
            self.superseded.append(self.text)
        self.generation += 1  # before the lists: see the top of this file
        self.parts, self.reasoning_parts, self.refusal_parts, self.tool_calls = [], [], [], []
        self.last_event_id = None

    def fold(self, chunk: StreamChunk, now: float) -> None:
        """Take one chunk in. `now` is the monotonic clock of its arrival, seconds."""
        self.chunks_received += 1
        if chunk.content:
            self.parts.append(chunk.content)
        if chunk.event_id is not None:
            self.last_event_id = chunk.event_id
        attempt = self.attempts[-1]
        if attempt.ttft_s is None and (chunk.content or chunk.reasoning):
            attempt.ttft_s = now - attempt.began
        if chunk.model is not None and attempt.model_served is None:
            attempt.model_served = chunk.model
        if chunk.usage is not None:
            attempt.usage = chunk.usage
        if chunk.finish_reason is not None:
            attempt.finish_reason = chunk.finish_reason
        self._fold_rare(chunk)

    def _fold_rare(self, chunk: StreamChunk) -> None:
        if chunk.reasoning:
            self.reasoning_parts.append(chunk.reasoning)
        if chunk.refusal:
            self.refusal_parts.append(chunk.refusal)
        if chunk.tool_calls:
            self.tool_calls.extend(chunk.tool_calls)
        self._tell(chunk.note)
        if chunk.usage is not None and chunk.usage.note is not None:
            self._tell(f"The token counts were mended: {chunk.usage.note}.")
        if chunk.end is not None and not self._proves(chunk.end.sha256):
            raise ProtocolError(
                "The text received is not the text the gateway sent (their digests differ).",
                means="Something between the gateway and this kernel changed or lost bytes.",
                remedy="Run the cell again; if it happens twice, look for a proxy in between.",
            )

    def _tell(self, note: str | None) -> None:
        if note is not None and note not in self.notes:
            self.notes.append(note)

    def _proves(self, digest: str) -> bool:
        """Whether this is the text of that digest; a text of two generations has none to compare with."""
        ways = [attempt.resumed_by for attempt in self.attempts]
        spliced = next((way for way in reversed(ways) if way in {"continue", "restart"}), None) == "continue"
        return spliced or hashlib.sha256(self.text.encode()).hexdigest() == digest

    def end(self, status: Status, now: float, error: HolySheepError | None = None) -> Attempt:
        """Close the attempt that runs, and the answer with it. `now` is a monotonic clock in seconds."""
        self._move(status)
        self.error = error
        attempt = self.attempts[-1]
        attempt.status = status
        attempt.duration_s = now - attempt.began
        attempt.error = None if error is None else f"{type(error).__name__}: {error.what}"
        return attempt

    def _move(self, status: Status) -> None:
        if status not in TRANSITIONS[self.status]:
            msg = f"an answer cannot go from {self.status} to {status}"
            raise ValueError(msg)
        self.status = status

    # -- reading: any thread ------------------------------------------------------------------

    @property
    def text(self) -> str:
        """All text received."""
        return "".join(self.parts)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """How many pieces there are of text, reasoning, refusal and tool calls."""
        return len(self.parts), len(self.reasoning_parts), len(self.refusal_parts), len(self.tool_calls)

    @property
    def reasoning(self) -> str:
        """All reasoning text received; "" where the model shows none."""
        return "".join(self.reasoning_parts)

    @property
    def refusal(self) -> str:
        """All refusal text received; "" when the model did not refuse."""
        return "".join(self.refusal_parts)

    @property
    def model(self) -> str:
        """The model asked for."""
        return self.request.model

    @property
    def model_served(self) -> str | None:
        """The model that answered, as the server names it; None if it did not say."""
        return self.attempts[-1].model_served if self.attempts else None

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the model stopped; None if it did not say."""
        return self.attempts[-1].finish_reason if self.attempts else None

    @property
    def usage(self) -> Usage | None:
        """Token counts of the last attempt; None if nobody counted. See `usage_source`."""
        return self.attempts[-1].usage if self.attempts else None

    @property
    def usage_source(self) -> UsageSource:
        """How far `usage` can be trusted."""
        return self.attempts[-1].usage_source if self.attempts else UsageSource.MISSING

    @property
    def cost_usd(self) -> Decimal | None:
        """What the last attempt cost; None where unknown, never 0 for that."""
        return self.attempts[-1].cost_usd if self.attempts else None

    def __repr__(self) -> str:
        return (
            f"<Answer {self.id} {self.model} {self.status} {len(self.text)} characters, "
            f"{len(self.attempts)} attempt{'s' if len(self.attempts) != 1 else ''}>"
        )
