"""Usage times price, exact: what a request cost, and what many cost together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hs_notebook.money.prices import Price
    from hs_notebook.wire.chunk import Usage

__all__ = ["REPORTED", "Total", "cost_usd", "reported_usd", "total"]

REPORTED = "reported by the server"
"""What stands in the place of a price book where the server itself says what a request cost."""

_EXACT = Context(prec=100)
"""Our own arithmetic: a notebook may have set the global context to three digits."""

_NOTHING = Decimal(0)


def cost_usd(usage: Usage | None, price: Price | None) -> Decimal | None:
    """What the tokens cost, in USD, exact; None where a count or a price it needs is unknown.

    Input includes what was read from and written to a cache, so each part is billed once, at its own price.
    A server that says nothing about a cache is taken to have none. Output includes reasoning. A price of 0
    costs nothing however many the tokens, known or not. On a partial usage this is a lower bound.
    """
    if price is None:
        return None
    parts = _parts(usage, price)
    cost = _NOTHING
    for count, each in parts:
        if 0 in (count, each):
            continue
        if count is None or each is None:
            return None
        cost = _EXACT.add(cost, _EXACT.multiply(Decimal(count), each))
    return _plain(_EXACT.scaleb(cost, -6))


def reported_usd(usage: Usage | None) -> Decimal | None:
    """What the server itself says that a request cost, in USD; None if it does not say."""
    if usage is None or usage.cost_usd is None:
        return None
    return _plain(Decimal(usage.cost_usd))


def _plain(cost: Decimal) -> Decimal:
    """The same value without trailing zeros and without an exponent: 0.01225, 50."""
    whole = cost.to_integral_value(context=_EXACT)
    return whole if whole == cost else cost.normalize(_EXACT)


def _parts(usage: Usage | None, price: Price) -> list[tuple[int | None, Decimal | None]]:
    """Tokens and USD per million of them, each token in one part only; None for an unknown."""
    if usage is None:
        return [(None, price.input), (None, price.output)]
    read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    fresh = None if usage.input_tokens is None else usage.input_tokens - read - written
    counts = (fresh, read, written, usage.output_tokens)
    prices = (price.input, price.cache_read, price.cache_write, price.output)
    # A part cannot be larger than its whole: such figures bill nobody.
    known = [None if count is not None and count < 0 else count for count in counts]
    return list(zip(known, prices, strict=True))


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
            known = _EXACT.add(known, cost)
    return Total(known, unknown)
