"""The budgets over one run: room is claimed before each request, widened while it streams, settled after.

Tokens that the provider has not counted yet are told from the text as it comes, ten times a second. Without
`max_tokens` room is claimed for a few hundred tokens at a time; where there is no more, the run is stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from hs_notebook.client import pricing
from hs_notebook.errors import BudgetError, StoreError
from hs_notebook.money.budget import (
    FIRST,
    STEP,
    WARN_AT,
    Budget,
    Purse,
    allowance,
    cap_of,
    ceiling,
    dollars,
    refusal,
    stopped,
    unpriced,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer
    from hs_notebook.attempt import Attempt
    from hs_notebook.money.budget import Scope
    from hs_notebook.money.price_book import Price
    from hs_notebook.store.place import Place
    from hs_notebook.store.reservations import Kept
    from hs_notebook.wire.chunk import Usage

__all__ = ["Spending"]

PATIENCE = 6.0
"""Seconds that a request waits for the store; one that hangs hangs no answer."""

INTERVAL = 0.1
"""Seconds between two looks at what a stream has cost so far."""

_WIDEN_AT = Decimal("0.6")
"""The share of what was claimed from which on more is claimed."""

_warned: set[tuple[str, Decimal]] = set()


@dataclass(slots=True)
class _Meter:
    """What the attempt that runs has brought, in tokens, counted from its text as it comes."""

    input_tokens: int
    tokens: int = 0
    seen: tuple[int, int] = (0, 0)


class Spending:
    """Keeps one run within its budgets; lives on the engine's loop.

    Args:
        answer: What is run.
        place: Where it was asked: which budgets of the store hold.
        stop: Stops the run.

    Attributes:
        purse: The budget of the cell or call; None if it has none.
        error: Why the run was stopped; None if it was not, or not for its cost.
    """

    def __init__(self, answer: Answer, place: Place, stop: Callable[[], None]) -> None:
        self.purse: Purse | None = None
        self.error: BudgetError | None = None
        self._answer = answer
        self._place = place
        self._stop = stop
        self._first = len(answer.attempts)  # of this run; what earlier ones cost is in the table
        self._earlier = sum((one.cost_usd for one in answer.attempts if one.cost_usd is not None), Decimal(0))
        self._began_at = 0
        self._price: Price | None = None
        self._claimed: Decimal | None = None  # None: no budget holds, or nothing can be priced
        self._longest: int | None = None  # tokens that the answer can have at most
        self._most: Decimal | None = None  # what the run costs then
        self._meter = _Meter(0)
        self._rules: list[Budget] = []
        self._watching: asyncio.Task[None] | None = None
        self._widening: asyncio.Future[None] | None = None

    # -- before a request -----------------------------------------------------------------------

    async def begin(self) -> None:
        """Claim room for the request that is about to be sent, and watch it from then on.

        Raises:
            BudgetError: There is none; nothing was sent.
        """
        loop = asyncio.get_running_loop()
        preparing = loop.run_in_executor(None, self._prepare)
        done, _ = await asyncio.wait((preparing,), timeout=PATIENCE)
        if not done:
            self._answer.notes.append("Budgets could not be looked at: the store does not answer.")
            return
        preparing.result()
        if self._claimed is not None and self._watching is None:
            self._watching = loop.create_task(self._watch())

    def _prepare(self) -> None:
        if pricing.is_free(self._answer):
            return
        kept = self._kept()
        if self.purse is None and not kept:
            return
        from hs_notebook.money import list_prices, prices, tokens

        answer, request = self._answer, self._answer.request
        asked = answer.model, None, answer.provider
        self._price = prices.of_answer(*asked) or list_prices.instead(*asked)
        self._rules = [*(_budget(one) for one in kept), *([] if self.purse is None else [self.purse.budget])]
        if self._price is None:
            refuse = next((one for one in self._rules if one.hard and one.unpriced == "refuse"), None)
            if refuse is not None:
                raise unpriced(refuse, answer.model)
            return
        sent = tokens.of_prompt(request.messages, request.model) + tokens.of_text(answer.text, request.model)
        self._meter = _Meter(sent, seen=(len(answer.parts), len(answer.reasoning_parts)))
        self._longest = cap_of(request.model) if request.max_tokens is None else request.max_tokens
        self._most = self._costs(self._longest)
        if request.max_tokens is not None and self._most is not None:
            self._claim(self._most, self._most)
        else:
            self._claim(cast("Decimal", self._costs(STEP)), cast("Decimal", self._costs(FIRST)))

    def _costs(self, output_tokens: int | None) -> Decimal | None:
        """What this run has cost, and the request with so much output; None where that has no limit."""
        cost = ceiling(self._meter.input_tokens, output_tokens, self._price)
        return None if cost is None else cost + self._spent_before()

    def _spent_before(self) -> Decimal:
        """What the attempts of this run that have ended cost, as far as that is known."""
        ended = [one for one in self._answer.attempts[self._first :] if one.duration_s is not None]
        return sum((one.cost_usd for one in ended if one.cost_usd is not None), Decimal(0))

    def _kept(self) -> list[Kept]:
        """The budgets of the store; a store in trouble costs no answer, but one that has to be kept."""
        from hs_notebook.store import reservations

        try:
            return reservations.default().budgets(self._place)
        except StoreError:
            return []

    def _claim(self, wanted: Decimal, least: Decimal) -> None:
        """Take `wanted` of every budget, or as much as there is, down to `least`."""
        from hs_notebook.store import reservations
        from hs_notebook.store.moment import now

        self._began_at = self._began_at or now()
        granted = wanted
        if self.purse is not None:
            budget, past = self.purse.budget, self._earlier
            amount, taken = self.purse.claim(self._answer.id, wanted + past, least + past)
            granted = amount - past
            self._warn(budget, taken)

        def decide(known: list[tuple[Kept, Decimal]]) -> Decimal:
            amount = granted
            for kept, others in known:
                budget = _budget(kept)
                if budget.hard:
                    amount = min(amount, budget.limit_usd - others)
                    if amount < least:
                        raise refusal(budget, others, least)
                self._warn(budget, others + amount)
            return amount

        try:
            self._claimed = reservations.default().claim(self._place, self._answer.id, self._began_at, decide)
        except StoreError:
            self._claimed = granted

    def _warn(self, budget: Budget, taken: Decimal) -> None:
        """Say once in this kernel that most of a budget is gone."""
        name = (budget.name, budget.limit_usd)
        if taken >= budget.limit_usd * WARN_AT and name not in _warned and budget.scope != "cell":
            _warned.add(name)
            share = f"{taken / budget.limit_usd:.0%}"
            self._answer.notes.append(f"{share} of {budget.name} is spent or reserved: {dollars(taken)}.")

    # -- while it streams -----------------------------------------------------------------------

    async def _watch(self) -> None:
        while self.error is None:
            await asyncio.sleep(INTERVAL)
            cost, claimed = self._so_far(), self._claimed
            if claimed is None:
                continue
            if cost > claimed:
                self._halt(cost)
            elif cost >= claimed * _WIDEN_AT and (self._most is None or claimed < self._most):
                self._widen(cost, claimed)

    def _widen(self, cost: Decimal, claimed: Decimal) -> None:
        """Claim room for some more tokens, beside the watch; where there is none, what it has must do."""
        if self._widening is not None and not self._widening.done():
            return
        wanted = claimed + allowance(STEP, self._price)
        if self._most is not None:
            wanted = min(wanted, self._most)
        self._widening = asyncio.get_running_loop().run_in_executor(None, self._claim_more, wanted, cost)

    def _claim_more(self, wanted: Decimal, cost: Decimal) -> None:
        with contextlib.suppress(BudgetError):  # lowered meanwhile: what was claimed is kept to the end
            self._claim(wanted, cost)

    def _so_far(self) -> Decimal:
        """What the run has cost by now: by the provider's counts, and by the text where they lag."""
        from hs_notebook.money.tokens import by_characters

        answer, meter = self._answer, self._meter
        attempt = answer.attempts[-1] if answer.attempts else None
        if attempt is None or attempt.duration_s is not None:
            return self._spent_before()
        parts, thoughts = meter.seen
        meter.seen = len(answer.parts), len(answer.reasoning_parts)
        if meter.seen < (parts, thoughts):
            parts = thoughts = 0  # it started over
        meter.tokens += by_characters("".join(answer.parts[parts : meter.seen[0]]))
        meter.tokens += by_characters("".join(answer.reasoning_parts[thoughts : meter.seen[1]]))
        self._heed_input(attempt.usage)
        return cast("Decimal", self._costs(self._made(attempt)))

    def _heed_input(self, usage: Usage | None) -> None:
        """Take the provider's count of the prompt for ours, once it says it."""
        counted = None if usage is None else usage.input_tokens
        if counted is None or counted == self._meter.input_tokens:
            return
        self._meter.input_tokens = counted
        self._most = self._costs(self._longest)

    def _made(self, attempt: Attempt) -> int:
        """Tokens of output so far: by the text, which is no longer than was asked for, or as counted."""
        limit, told = self._answer.request.max_tokens, self._meter.tokens
        counted = None if attempt.usage is None else attempt.usage.output_tokens
        if counted is not None and attempt.finish_reason is not None:
            return counted
        return max(told if limit is None else min(told, limit), counted or 0)

    def _halt(self, cost: Decimal) -> None:
        self.error = stopped(cost, self._rules)
        self._stop()

    # -- the end --------------------------------------------------------------------------------

    async def end(self) -> None:
        """The run is over and its rows are written: free what it did not need."""
        if self._watching is not None:
            self._watching.cancel()
        if self._began_at:
            await asyncio.get_running_loop().run_in_executor(None, self._settle)

    def _settle(self) -> None:
        from hs_notebook.store import reservations

        uncounted = self._uncounted()
        if self.purse is not None:
            self.purse.settle(self._answer.id, self._earlier + self._spent_before() + uncounted)
        try:
            reservations.default().settle(self._answer.id, uncounted)
        except StoreError:
            return  # it counts in full for a day

    def _uncounted(self) -> Decimal:
        """The prompts of attempts that the server took and nobody counted: they may be billed."""
        taken = [
            one
            for one in self._answer.attempts[self._first :]
            if one.cost_usd is None and one.duration_s and one.status == "interrupted"
        ]
        prompt = ceiling(self._meter.input_tokens, 0, self._price) or Decimal(0)
        return prompt * len(taken)


def _budget(kept: Kept) -> Budget:
    scope, limit, hard, rule = kept
    return Budget(limit, cast("Scope", scope), hard, "allow" if rule == "allow" else "refuse")
