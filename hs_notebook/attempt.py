"""An attempt: one request on the wire, what it brought and what it cost; one row of the ledger.

Its counts come from the provider where it counted, and from our estimate where it did not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from hs_notebook.wire.chunk import FinishReason, Usage

__all__ = ["Attempt", "Status", "UsageSource"]


class Status(StrEnum):
    """Where an answer stands. The ledger uses the last three words."""

    STREAMING = "streaming"
    COMPLETE = "complete"  # a finish reason or a terminal marker proved it whole
    INTERRUPTED = "interrupted"  # a true prefix: ■, a lost connection, an end without proof
    FAILED = "failed"  # the server or the request was at fault


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
        usage: Tokens as the provider counted them; None where it did not. See `counts`.
        estimate: Tokens as we would have estimated them from the texts, whether or not the provider counted;
            None before the end, and where nothing came.
        cost_usd: The server's own figure if it sent one, else the price book's; None where a count or a price
            is unknown, never 0 for that. On counts that are not final it is a lower bound or an estimate.
        reported_cost_usd: What the server itself says that it costs; None if it does not say.
        book_cost_usd: What it costs by `price_book`; None where a count or a price is unknown.
        price_book: The book's name, or "reported by the server" where only that is known; None where nothing.
        price_date: As of when that book's price holds.
        list_cost_usd: At the provider's list price, by `list_price_book`; None where unknown.
        resumed_by: How it took up an earlier one: replay, continue, restart; None for a first attempt.
        service_tier: How the server says that it served it ("flex", "priority"); None if it does not say.
        since: How many pieces of text and of reasoning there were before those that its counts are of.
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
    estimate: Usage | None = None
    cost_usd: Decimal | None = None
    reported_cost_usd: Decimal | None = None
    book_cost_usd: Decimal | None = None
    price_book: str | None = None
    price_date: str | None = None
    list_cost_usd: Decimal | None = None
    list_price_book: str | None = None
    resumed_by: str | None = None
    error: str | None = None
    service_tier: str | None = None
    since: tuple[int, int] = (0, 0)

    @property
    def replayed(self) -> bool:
        """Whether it read again what an earlier attempt had the server generate."""
        return self.resumed_by == "replay"

    @property
    def is_by_list(self) -> bool:
        """Whether `cost_usd` is by the list price, which stood in for that of a price book."""
        named = self.price_book is not None and self.price_book == self.list_price_book
        return named and self.reported_cost_usd is None

    @property
    def usage_source(self) -> UsageSource:
        """FINAL on a whole attempt whose output was counted, PARTIAL where only some of it was."""
        if self.usage is None:
            return UsageSource.MISSING if self.estimate is None else UsageSource.ESTIMATED
        whole = self.status is Status.COMPLETE and self.usage.output_tokens is not None
        return UsageSource.FINAL if whole else UsageSource.PARTIAL

    @property
    def counts(self) -> Usage | None:
        """The counts to go by: the provider's; what it left out of a broken answer by our estimate; or None.

        No text of ours is longer than what was generated: of the two outputs of a broken answer the larger is
        the better lower bound.
        """
        source = self.usage_source
        if source is UsageSource.ESTIMATED:
            return self.estimate
        if source is not UsageSource.PARTIAL or self.usage is None or self.estimate is None:
            return self.usage
        sent, made = self.usage.input_tokens, self.usage.output_tokens
        return msgspec.structs.replace(
            self.usage,
            input_tokens=self.estimate.input_tokens if sent is None else sent,
            output_tokens=max(made or 0, self.estimate.output_tokens or 0),
        )

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens over the seconds between the first text and the end.

        None where either is unknown, and for a replay: it is as fast as a disk and says nothing of the model.
        """
        if self.replayed:
            return None
        counts = self.counts
        if counts is None or self.duration_s is None or self.ttft_s is None:
            return None
        seconds = self.duration_s - self.ttft_s
        if counts.output_tokens is None or seconds <= 0:
            return None
        return counts.output_tokens / seconds
