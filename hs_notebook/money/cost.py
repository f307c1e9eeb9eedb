"""Usage times price, exact: what a request cost, and what many cost together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hs_notebook.money.price_book import Price, Rates
    from hs_notebook.wire.chunk import Usage

__all__ = ["EXACT", "REPORTED", "Total", "cost_usd", "exactly", "plain", "reported_usd", "total"]

REPORTED = "reported by the server"
"""What stands in the place of a price book where the server itself says what a request cost."""

EXACT = Context(prec=100)
"""Our own arithmetic: a notebook may have set the global context to three digits."""

_NOTHING = Decimal(0)

P = ParamSpec("P")
R = TypeVar("R")


def exactly(work: Callable[P, R]) -> Callable[P, R]:
    """The same function, with its operators too in our own arithmetic."""

    @wraps(work)
    def exact(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(EXACT):
            return work(*args, **kwargs)

    return exact


def cost_usd(usage: Usage | None, price: Price | None) -> Decimal | None:
    """What the tokens cost, in USD, exact; None where a count or a price it needs is unknown.

    Input includes what was read from and written to a cache, so each part is billed once, at its own price.
    A server that says nothing about a cache is taken to have none. Output includes reasoning, which is billed
    as output where the book has no price of its own for it. A price of 0 costs nothing however many the
    tokens, known or not. On a partial usage this is a lower bound.
    """
    rates = None if price is None else price.rates(None if usage is None else usage.input_tokens)
    if rates is None:
        return None
    parts = _parts(usage, rates)
    cost = _NOTHING
    for count, each in parts:
        if 0 in (count, each):
            continue
        if count is None or each is None:
            return None
        cost = EXACT.add(cost, EXACT.multiply(Decimal(count), each))
    return plain(EXACT.scaleb(cost, -6))


def reported_usd(usage: Usage | None) -> Decimal | None:
    """What the server itself says that a request cost, in USD; None if it does not say."""
    if usage is None or usage.cost_usd is None:
        return None
    return plain(Decimal(usage.cost_usd))


def plain(cost: Decimal) -> Decimal:
    """The same value without trailing zeros and without an exponent: 0.01225, 50."""
    whole = cost.to_integral_value(context=EXACT)
    return whole if whole == cost else cost.normalize(EXACT)


def _parts(usage: Usage | None, rates: Rates) -> list[tuple[int | None, Decimal | None]]:
    """Tokens and USD per million of them, each token in one part only; None for an unknown."""
    if usage is None:
        return [(None, rates.input), (None, rates.output)]
    read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    long = usage.cache_write_1h_tokens or 0
    thought = 0 if rates.reasoning is None else usage.reasoning_tokens or 0
    parts = [
        (None if usage.input_tokens is None else usage.input_tokens - read - written, rates.input),
        (read, rates.cache_read),
        (written - long, rates.cache_write),
        (long, rates.cache_write_1h),
        (None if usage.output_tokens is None else usage.output_tokens - thought, rates.output),
        (thought, rates.reasoning),
    ]
    # A part cannot be larger than its whole: such figures bill nobody.
    return [(None if count is not None and count < 0 else count, each) for count, each in parts]


@dataclass(frozen=True, slots=True)
class Total:
    """A sum that does not hide what is missing from it; shown as "≥ $1.25" when something is.

    Attributes:
        known: The sum of all known costs, USD, exact.
        unknown: How many costs are not in it because nobody knows them.
    """

    known: Decimal
    unknown: int

    def __str__(self) -> str:
        return f"{'≥ ' if self.unknown else ''}${self.known:f}"


def total(costs: Iterable[Decimal | None]) -> Total:
    """Add up costs, exactly; the unknown ones are counted, not taken for 0."""
    known, unknown = _NOTHING, 0
    for cost in costs:
        if cost is None:
            unknown += 1
        else:
            known = EXACT.add(known, cost)
    return Total(known, unknown)
