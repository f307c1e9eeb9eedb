"""What many calls would cost on another model, or on a mix of models; exact, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hs_notebook.errors import SettingError
from hs_notebook.money.cost import EXACT, cost_usd, exactly, plain
from hs_notebook.money.price_book import Price, Rates
from hs_notebook.wire.chunk import Usage

__all__ = ["Asked", "Finder", "Mix", "read"]

Asked = str | Mapping[str, float]
"""A model, or shares of models: {"deepseek-v3.2": 0.8, "claude-sonnet-4.5": 0.2}."""

Finder = Callable[[str], Price | None]


@dataclass(frozen=True, slots=True)
class Mix:
    """Models, and how much of all tokens goes to each.

    Attributes:
        shares: (model, share) in the order given; the shares add up to 1.
    """

    shares: tuple[tuple[str, Decimal], ...]

    @property
    @exactly
    def name(self) -> str:
        """As a reader sees it: "80 % deepseek-v3.2 + 20 % claude-sonnet-4.5"."""
        if len(self.shares) == 1:
            return self.shares[0][0]
        return " + ".join(f"{plain(share * 100):f} % {model}" for model, share in self.shares)

    def cost_usd(self, calls: Sequence[Usage], find: Finder) -> Decimal | None:
        """What these calls would cost if each were split so, USD; None where a price is not known.

        Args:
            calls: Their counts; input and output of each are known.
            find: The price of a model.
        """
        whole = Decimal(0)
        for model, share in self.shares:
            price = find(model)
            cost = None if price is None else _all(calls, price)
            if cost is None:
                return None
            whole = EXACT.add(whole, EXACT.multiply(cost, share))
        return plain(whole)

    def books(self, find: Finder) -> str | None:
        """Where the prices come from; None where one is not known."""
        prices = [find(model) for model, _ in self.shares]
        if None in prices:
            return None
        return ", ".join(dict.fromkeys(price.book for price in prices if price is not None))


@exactly
def read(asked: Asked) -> Mix:
    """A model or a mix as the user wrote it.

    Raises:
        SettingError: The shares are no shares, or do not add up to 1.
    """
    if isinstance(asked, str):
        return Mix(((asked, Decimal(1)),))
    try:
        shares = tuple((str(model), Decimal(str(share))) for model, share in asked.items())
    except (AttributeError, InvalidOperation):
        shares = ()
    if not shares or not all(0 < share <= 1 for _, share in shares) or sum(share for _, share in shares) != 1:
        raise SettingError(
            f"{asked!r} is neither a model nor a mix of models.",
            remedy='Write "gpt-4.1", or shares that add up to 1: {"deepseek-v3.2": 0.8, "gpt-4.1": 0.2}.',
        )
    return Mix(shares)


def _all(calls: Sequence[Usage], price: Price) -> Decimal | None:
    """The cost of all calls at one price; calls of one tier are added up first."""
    sums: dict[int, list[int]] = {}
    tiers = {id(rates): rates for rates in (price.base, *(rates for _, rates in price.tiers))}
    for call in calls:
        rates = price.rates(call.input_tokens)
        counts = _priceable(call, price.base if rates is None else rates)
        total = sums.setdefault(id(rates), [0] * len(counts))
        for number, count in enumerate(counts):
            total[number] += count
    whole = Decimal(0)
    for key, total in sums.items():
        read, written, made, thought = total[1:]
        usage = Usage(total[0], read, written, made, thought)
        cost = cost_usd(usage, Price(price.model, price.book, tiers[key]))
        if cost is None:
            return None
        whole = EXACT.add(whole, cost)
    return whole


def _priceable(call: Usage, rates: Rates) -> tuple[int, int, int, int, int]:
    """Counts that a price can be put on: cached tokens are as fresh where the book has no price for them."""
    return (
        call.input_tokens or 0,
        0 if rates.cache_read is None else call.cache_read_tokens or 0,
        0 if rates.cache_write is None else call.cache_write_tokens or 0,
        call.output_tokens or 0,
        call.reasoning_tokens or 0,
    )
