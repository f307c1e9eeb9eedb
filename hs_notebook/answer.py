"""An answer: a fold over chunks, with every attempt it took.

Nothing here does I/O, and the clock is handed in. One writer folds (the client's engine); any thread may read
meanwhile: `parts` only ever grows, so a reader that remembers how many it has seen never misses a character.
Only where an answer is started over does the text begin anew: then there is another list, and `generation`
has changed before it is. A reader that takes `parts` first and looks at `generation` next is never misled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from hs_notebook.attempt import Attempt, Status, UsageSource
from hs_notebook.errors import HolySheepError, ProtocolError
from hs_notebook.wire.failure import excerpt

if TYPE_CHECKING:
    from datetime import datetime

    from hs_notebook.wire.chunk import ChatRequest, FinishReason, StreamChunk, ToolCallDelta, Usage

__all__ = ["TRANSITIONS", "Answer", "Attempt", "Status", "UsageSource"]


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.STREAMING: frozenset({Status.COMPLETE, Status.INTERRUPTED, Status.FAILED}),
    Status.INTERRUPTED: frozenset({Status.STREAMING}),  # resumed
    Status.FAILED: frozenset({Status.STREAMING}),  # retried, resumed
    Status.COMPLETE: frozenset(),
}

_EXACT = Context(prec=100)
"""Our own arithmetic: a notebook may have set the global context to three digits."""


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
        last_event_id: The transport's id of the last event folded; None where the server sends none, and
            where it has no rest: it was told to stop, or reported an error.
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
        attempt.since = len(self.parts), len(self.reasoning_parts)
        self.attempts.append(attempt)
        return attempt

    def take_up(self) -> Attempt | None:
        """The attempt that runs goes on with the generation of the one before: its counts are the same.

        So they stand on the last attempt alone, and a sum over attempts counts no token twice.

        Returns:
            The attempt that gave its counts away; None if there is none.
        """
        if len(self.attempts) < 2:  # noqa: PLR2004 - it and the one before
            return None
        before, attempt = self.attempts[-2:]
        attempt.since = before.since
        if before.counts is None:
            return None
        attempt.usage, before.usage, before.estimate = before.usage, None, None
        before.cost_usd = before.reported_cost_usd = before.book_cost_usd = before.list_cost_usd = None
        before.price_book = before.price_date = before.list_price_book = None
        return before

    def start_over(self) -> None:
        """The text begins anew; what was shown stays readable in `superseded`."""
        if self.parts:
            self.superseded.append(self.text)
        self.generation += 1  # before the lists: see the top of this file
        self.parts, self.reasoning_parts, self.refusal_parts, self.tool_calls = [], [], [], []
        self.last_event_id = None
        self.attempts[-1].since = (0, 0)

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
            attempt.model_served = excerpt(chunk.model) or None  # it goes into lines, some on a terminal
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
        if chunk.service_tier is not None:
            self.attempts[-1].service_tier = chunk.service_tier
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
    def ttft_s(self) -> float | None:
        """Seconds from its request to the first text of the answer that counts, whatever took it up later.

        None before it, and where nobody has recorded it: the kernel was killed meanwhile.
        """
        told = [attempt for attempt in self.attempts if attempt.ttft_s is not None]
        again = [attempt for attempt in told if attempt.resumed_by == "restart"]
        first = again[-1:] or [attempt for attempt in told if attempt.resumed_by is None][:1]
        return first[0].ttft_s if first else None

    @property
    def cost_usd(self) -> Decimal | None:
        """What all its attempts cost together, as far as that is known; None where of none, never 0 for that.

        USD, exact. See `cost_source`; what each attempt cost stands in `attempts`.
        """
        known = [attempt.cost_usd for attempt in self._counted_attempts() if attempt.cost_usd is not None]
        if not known:
            return None
        total = Decimal(0)
        for cost in known:
            total = _EXACT.add(total, cost)
        return total

    @property
    def cost_source(self) -> UsageSource:
        """How far `cost_usd` can be trusted.

        FINAL where each attempt's cost is known from final counts; ESTIMATED where some are of our own
        counts: about that much; PARTIAL where one runs, broke off or is unknown: a lower bound; MISSING
        where there is none.
        """
        tried = self._counted_attempts()
        sources = {attempt.usage_source for attempt in tried if attempt.cost_usd is not None}
        if not sources:
            return UsageSource.MISSING
        if UsageSource.PARTIAL in sources or any(attempt.cost_usd is None for attempt in tried):
            return UsageSource.PARTIAL
        return UsageSource.ESTIMATED if UsageSource.ESTIMATED in sources else UsageSource.FINAL

    def _counted_attempts(self) -> list[Attempt]:
        """The attempts without those whose counts stand on a later one, that replayed them (`take_up`)."""
        tried = list(self.attempts)
        last = max((attempt.number for attempt in tried if attempt.replayed), default=0)
        return [
            attempt
            for attempt in tried
            if attempt.number >= last or attempt.usage_source is not UsageSource.MISSING
        ]

    def __repr__(self) -> str:
        return (
            f"<Answer {self.id} {self.model} {self.status} {len(self.text)} characters, "
            f"{len(self.attempts)} attempt{'s' if len(self.attempts) != 1 else ''}>"
        )
