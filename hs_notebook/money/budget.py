"""What a request may cost at most, and budgets: claimed from before it is sent, settled after.

Nothing here does I/O. A budget of one cell or call is a `Purse` in this process; one of a day, a notebook or
a kernel is kept in the store, where every kernel reserves from it (`store/reservations.py`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from hs_notebook.errors import BudgetError, SettingError
from hs_notebook.money.cost import EXACT, cost_usd, exactly, plain
from hs_notebook.money.prices import HOW_TO_SET, names
from hs_notebook.wire.chunk import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.money.price_book import Price

__all__ = [
    "FIRST",
    "STEP",
    "Budget",
    "Purse",
    "Scope",
    "allowance",
    "amount",
    "cap_of",
    "ceiling",
    "dollars",
    "purse",
    "refusal",
    "stopped",
    "thresholds",
    "unpriced",
]

_TELL_AT = (Decimal("0.8"), Decimal(1))
"""The shares of a budget at which it is said how much of it is gone."""

STEP = 512
"""Tokens of output reserved at a time, where no `max_tokens` says how many there may be."""

_MOST = Decimal(1_000_000_000)

_NOTHING = Decimal(0)

FIRST = 64
"""Tokens of output without room for which no request is begun."""

_CAPS = {"gpt-4.1": 32_768, "claude-sonnet-4.5": 64_000, "gemini-2.5-flash": 65_535}
"""The longest answer of a model, tokens, by its name in the price book; for what a call may cost at most.

Source: for GPT-4.1 https://simonwillison.net/2025/Apr/14/gpt-4-1/ ("32,768 tokens of output"); for Claude the
release notes of @effect/ai-anthropic 4.0.0-beta.106; for Gemini
https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini/2-5-flash (2026-11-22)
"""

Scope = Literal["cell", "kernel", "notebook", "day"]

_IN_WORDS = {
    "cell": "of this cell",
    "kernel": "of this kernel",
    "notebook": "per notebook",
    "day": "per day",
}


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on what calls may cost together.

    Attributes:
        limit_usd: USD.
        scope: Which calls it is for.
        hard: Whether a call that could exceed it is refused or stopped; else it is only said.
        unpriced: Whether a model without a known price may be asked under it.
    """

    limit_usd: Decimal
    scope: Scope = "cell"
    hard: bool = True
    unpriced: Literal["refuse", "allow"] = "refuse"

    @property
    def name(self) -> str:
        """As in "the budget of $2.00 per day"."""
        return f"the budget of {dollars(self.limit_usd)} {_IN_WORDS[self.scope]}"

    @exactly
    def left(self, spent: Decimal) -> Decimal:
        """What is left of it, USD; 0 where it is overdrawn."""
        return max(self.limit_usd - spent, _NOTHING)


def amount(value: object) -> Decimal:
    """A sum of USD as the user wrote it: 0.05, "0.05", "$0.05".

    Raises:
        SettingError: It is none, or not above 0.
    """
    try:
        money = Decimal(str(value).strip().removeprefix("$"))
    except InvalidOperation:
        money = Decimal(0)
    if not (money.is_finite() and 0 < money <= _MOST):
        raise SettingError(
            f"The budget {str(value)[:40]!r} is no amount of USD above 0.", remedy="Write budget=0.05."
        )
    return money


def cap_of(model: str) -> int | None:
    """The most tokens an answer of a model can have; None where that is not known."""
    return next((_CAPS[name] for name in names(model.replace("4-5", "4.5")) if name in _CAPS), None)


def ceiling(input_tokens: int, output_tokens: int | None, price: Price | None) -> Decimal | None:
    """What a request costs if its answer is as long as it may be, USD; None where that is not known.

    All input counts at its dearest: as fresh tokens or as written to a cache. All output likewise.

    Args:
        input_tokens: Of the prompt; an estimate.
        output_tokens: The most the answer may have; None if there is no limit.
        price: The model's; None if unknown.
    """
    if price is None:
        return None
    rates = price.rates(input_tokens)
    if rates is None:
        return None
    if output_tokens is None:
        return (
            None
            if max(rates.output, rates.reasoning or rates.output)
            else cost_usd(Usage(input_tokens), price)
        )
    sent = EXACT.multiply(
        Decimal(input_tokens), max(rates.input, rates.cache_write or 0, rates.cache_write_1h or 0)
    )
    made = EXACT.multiply(Decimal(output_tokens), max(rates.output, rates.reasoning or rates.output))
    return plain(EXACT.scaleb(EXACT.add(sent, made), -6))


@exactly
def refusal(budget: Budget, spent: Decimal, least: Decimal, own: Decimal = _NOTHING) -> BudgetError:
    """Why a call cannot begin, or go on.

    Args:
        budget: The one without room.
        spent: Of it, spent and reserved by other calls.
        least: What this call needs, what it has cost already included.
        own: What it has cost already.
    """
    left = budget.left(spent + own)
    begins = "This call may cost" if not own else "To go on, this answer may cost another"
    means = f"Nothing was sent; {dollars(spent)} is spent, or reserved by calls that run."
    if own:
        means = f"Its text is kept and has cost about {dollars(own)}"
        means += f"; other calls have spent or reserved {dollars(spent)}."
    return BudgetError(
        f"{begins} {dollars(least - own)}; of {budget.name} {dollars(left)} is left.",
        means=means,
        remedy="Raise the budget, or lower max_tokens.",
    )


def allowance(output_tokens: int, price: Price | None) -> Decimal:
    """What so many more tokens of output cost, USD; 0 where the model has no price."""
    return ceiling(0, output_tokens, price) or Decimal(0)


def unpriced(budget: Budget, model: str) -> BudgetError:
    """Why a model cannot be asked whose price nobody knows."""
    return BudgetError(
        f"No price is known for {model}, so {budget.name} cannot hold; nothing was sent.",
        means=f"To give it one, {HOW_TO_SET}.",
        remedy="Or ask it all the same: unpriced=allow.",
    )


def stopped(cost: Decimal, budgets: Sequence[Budget]) -> BudgetError:
    """Why an answer was stopped in mid-stream. `cost`: what it had cost by then."""
    hard = [budget.name for budget in budgets if budget.hard]
    return BudgetError(
        f"Stopped at {' and '.join(hard) or 'the budget'}: the answer has cost about {dollars(cost)}.",
        means="The text is kept.",
        remedy="Raise the budget and run it again: it goes on from here.",
    )


@exactly
def thresholds(budget: Budget, taken: Decimal) -> list[Decimal]:
    """The shares of a budget that `taken` has reached of those at which it is said."""
    return [share for share in _TELL_AT if taken >= budget.limit_usd * share]


def purse(budget: object, unpriced: Literal["refuse", "allow"] = "refuse") -> Purse | None:
    """The budget of a call or of several as the user gave it; a purse is its own, and None is none.

    Raises:
        SettingError: It is no amount of USD above 0.
    """
    if budget is None or isinstance(budget, Purse):
        return budget
    return Purse(Budget(amount(budget), "cell", unpriced=unpriced))


@dataclass(slots=True)
class Purse:
    """The budget of one cell or call, in this process; any thread may use it.

    Attributes:
        budget: The limit.
        said: The shares of it that were said to be gone.
    """

    budget: Budget
    said: set[Decimal] = field(default_factory=set)
    _claims: dict[str, Decimal] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @exactly
    def claim(
        self, answer_id: str, wanted: Decimal, least: Decimal, own: Decimal = _NOTHING
    ) -> tuple[Decimal, Decimal]:
        """Reserve for a call, in place of what it had: what it gets, and what all calls have then.

        Args:
            answer_id: The call's.
            wanted: All it may cost, what it has cost already included.
            least: The least with which it can go on.
            own: What it has cost already, for the words of a refusal.

        Raises:
            BudgetError: There is less than that; what it had it keeps.
        """
        with self._lock:
            others = sum((claim for name, claim in self._claims.items() if name != answer_id), Decimal(0))
            granted = min(wanted, self.budget.limit_usd - others) if self.budget.hard else wanted
            if granted < least:
                raise refusal(self.budget, others, least, own)
            self._claims[answer_id] = granted
            return granted, others + granted

    @exactly
    def settle(self, answer_id: str, cost: Decimal) -> Decimal:
        """The call has ended and cost so much: the rest of its claim is free again; what all calls have."""
        with self._lock:
            self._claims[answer_id] = cost
            return sum(self._claims.values(), _NOTHING)


@exactly
def dollars(money: Decimal) -> str:
    """`$2.00`, `$0.0123`: to cents, and below a cent to four digits."""
    if not money or abs(money) >= Decimal("0.1"):
        return f"${money:,.2f}"
    return f"${plain(money.quantize(Decimal(1).scaleb(money.adjusted() - 3))):f}"
