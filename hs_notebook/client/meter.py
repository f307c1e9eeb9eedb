"""What one run costs, told while it runs: by the provider's counts, and by the text where they lag."""

from __future__ import annotations

from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, cast

from hs_notebook.client.resuming.rules import Action
from hs_notebook.money.budget import cap_of, ceiling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from hs_notebook.answer import Answer
    from hs_notebook.attempt import Attempt
    from hs_notebook.client.asking import Asking
    from hs_notebook.money.price_book import Price
    from hs_notebook.wire.chunk import Usage

__all__ = ["Meter"]


class Meter:
    """Adds up the attempts of one run, and looks at the one that runs.

    Args:
        answer: What is run. What its attempts cost until now is `earlier`, of other runs.

    Attributes:
        price: The model's; None where unknown, or not looked up.
        limited: Whether the request at hand says how long its answer may be.
        since: When the run began whose text is read again; None where this one began its own.
    """

    def __init__(self, answer: Answer) -> None:
        self.price: Price | None = None
        self.limited = False
        self.since: datetime | None = None
        self._answer = answer
        self._first = len(answer.attempts)
        self._input: int | None = None  # tokens of the prompt at hand; None: nothing was asked
        self._limit: int | None = None
        self._tokens = 0  # of output, by its text
        self._seen = (0, 0)

    def begin(self, asking: Asking) -> None:
        """Look up the price, and count the prompt that is about to be sent.

        Raises:
            SettingError: A file of the user's is not a price book.
        """
        from hs_notebook.money import list_prices, prices, tokens

        answer, chat = self._answer, asking.chat
        asked = answer.model, None, answer.provider, None, prices.service_asked(answer.request)
        self.price = prices.of_answer(*asked) or list_prices.instead(*asked)
        replays = asking.doing is Action.REPLAY
        if replays and self._input is not None:
            return  # the same run of the model: its prompt is counted, and its text so far
        self._input = tokens.of_prompt(chat.messages, chat.model)
        self.limited, self._limit = chat.max_tokens is not None, chat.max_tokens
        self._tokens, self._seen = 0, (len(answer.parts), len(answer.reasoning_parts))
        if replays and answer.attempts and self._first == len(answer.attempts):
            self._first -= 1
            before = answer.attempts[-1]
            self.since, self._seen = before.started_at, before.since

    @property
    def most(self) -> Decimal | None:
        """What the run costs if its answer gets as long as it may, USD; None where that has no limit."""
        return self.costs(self._limit if self.limited else cap_of(self._answer.model))

    def costs(self, output_tokens: int | None) -> Decimal | None:
        """What the run costs with so much output of the request at hand; None where that has no limit."""
        cost = ceiling(self._input or 0, output_tokens, self.price)
        return None if cost is None else cost + self.spent

    @property
    def earlier(self) -> Decimal:
        """What the attempts of other runs cost, as far as that is known, USD."""
        return _sum(self._answer.attempts[: self._first])

    @property
    def spent(self) -> Decimal:
        """What the attempts of this run that have ended cost, likewise."""
        ended = (one for one in self._answer.attempts[self._first :] if one.duration_s is not None)
        return _sum(ended)

    @property
    def uncounted(self) -> Decimal:
        """What the prompts cost that the server took and nobody counted: they may be billed."""
        mine = self._answer.attempts[self._first :]
        taken = [
            one
            for one, then in zip_longest(mine, mine[1:])
            if one.cost_usd is None and one.duration_s and one.status == "interrupted"
            if then is None or not then.replayed  # which has its counts
        ]
        return (ceiling(self._input or 0, 0, self.price) or Decimal(0)) * len(taken)

    def so_far(self) -> Decimal:
        """What the run has cost by now, USD."""
        from hs_notebook.money.tokens import by_characters

        answer = self._answer
        attempt = answer.attempts[-1] if answer.attempts else None
        if attempt is None or attempt.duration_s is not None:
            return self.spent
        parts, thoughts = self._seen
        self._seen = len(answer.parts), len(answer.reasoning_parts)
        if self._seen < (parts, thoughts):
            parts = thoughts = 0  # it started over
        self._tokens += by_characters("".join(answer.parts[parts : self._seen[0]]))
        self._tokens += by_characters("".join(answer.reasoning_parts[thoughts : self._seen[1]]))
        self._heed_input(attempt.usage)
        return cast("Decimal", self.costs(self._made(attempt)))

    def _heed_input(self, usage: Usage | None) -> None:
        """Take the provider's count of the prompt for ours, once it says it."""
        counted = None if usage is None else usage.input_tokens
        if counted is not None:
            self._input = counted

    def _made(self, attempt: Attempt) -> int:
        """Tokens of output so far: by the text, which is no longer than was asked for, or as counted."""
        told = self._tokens if self._limit is None else min(self._tokens, self._limit)
        counted = None if attempt.usage is None else attempt.usage.output_tokens
        if counted is not None and attempt.finish_reason is not None:
            return counted
        return max(told, counted or 0)


def _sum(attempts: Iterable[Attempt]) -> Decimal:
    return sum((one.cost_usd for one in attempts if one.cost_usd is not None), Decimal(0))
