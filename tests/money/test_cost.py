"""Usage times price: exact, or unknown."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.money.cost import Total, cost_usd, total
from hs_notebook.money.price_book import Price, Rates
from hs_notebook.money.prices import find
from hs_notebook.wire.chunk import Usage


def priced(*rates, **more):
    return Price("m", "book", Rates(*map(Decimal, rates)), **more)


PLAIN = priced("2.5", 10)
CACHED = priced(3, 15, "0.3", "3.75")
FREE = priced(0, 0, 0, 0)
THINKS = priced(1, 2, 0, 0, 4)
TIERED = priced(
    3, 15, tiers=((200_000, Rates(Decimal(6), Decimal("22.5"))), (500_000, Rates(Decimal(9), Decimal(30))))
)


def test_the_articles_example_costs_what_its_prices_say():
    # The article prints $0.0110 for it.
    cost = cost_usd(Usage(input_tokens=1500, output_tokens=850), find("gpt-4.1"))
    assert cost == Decimal("0.01225")
    assert str(cost) == "0.01225"


@pytest.mark.parametrize(
    ("share", "cost"),
    [
        ({"gpt-4.1": 5_000_000}, "62.5"),
        ({"gemini-2.5-flash": 5_000_000}, "7.5"),
        ({"deepseek-v3.2": 5_000_000}, "2.1"),
        ({"deepseek-v3.2": 4_000_000, "claude-sonnet-4.5": 1_000_000}, "19.68"),
    ],
)
def test_the_articles_month_at_its_own_prices(share, cost):
    costs = [cost_usd(Usage(input_tokens=n, output_tokens=n), find(model)) for model, n in share.items()]
    assert total(costs) == Total(Decimal(cost), 0)


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        # input includes cache reads and writes: 1000 = 600 fresh + 300 read + 100 written
        (Usage(1000, 300, 100, 0), CACHED, "0.002265"),
        (Usage(1000, 1000, 0, 0), CACHED, "0.0003"),
        # output includes reasoning: it is not billed twice
        (Usage(0, None, None, 100, reasoning_tokens=90), CACHED, "0.0015"),
        # a server that says nothing about a cache is taken to have none
        (Usage(1000, None, None, 100), CACHED, "0.0045"),
        (Usage(1000, 0, 0, 100), PLAIN, "0.0035"),
        (Usage(0, 0, 0, 0), CACHED, "0"),
        (Usage(1, None, None, 0), PLAIN, "0.0000025"),
        (Usage(4_000_000, None, None, 1_000_000), PLAIN, "20"),
        # a price of 0 is known, whatever was counted
        (Usage(), FREE, "0"),
        (None, FREE, "0"),
        (Usage(5, None, None, None), FREE, "0"),
        # reasoning has a price of its own: 60 as output, 40 as reasoning
        (Usage(0, None, None, 100, reasoning_tokens=40), THINKS, "0.00028"),
        (Usage(0, None, None, 100), THINKS, "0.0002"),
        # a tier is a cliff: above it, every token of the request costs more
        (Usage(200_000, None, None, 1000), TIERED, "0.615"),
        (Usage(200_001, None, None, 1000), TIERED, "1.222506"),
        (Usage(500_001, None, None, 0), TIERED, "4.500009"),
    ],
)
def test_each_token_is_billed_once_at_its_own_price(usage, price, cost):
    assert str(cost_usd(usage, price)) == cost


@pytest.mark.parametrize(
    ("usage", "price"),
    [
        (Usage(1000, None, None, 100), None),  # no book has the model
        (None, PLAIN),
        (Usage(), PLAIN),
        (Usage(1000, None, None, None), PLAIN),
        (Usage(None, None, None, 100), PLAIN),
        (Usage(None, 10, None, 100), CACHED),
        (Usage(1000, 10, 0, 100), PLAIN),  # the book has no price for cache reads
        (Usage(1000, 0, 10, 100), PLAIN),
        (Usage(100, 90, 20, 100), CACHED),  # parts larger than their whole
        (Usage(-5, None, None, 100), PLAIN),
        (Usage(None, None, None, 100), TIERED),  # which tier?
        (Usage(0, None, None, 10, reasoning_tokens=11), THINKS),
    ],
)
def test_an_unknown_part_makes_the_cost_unknown_and_never_zero(usage, price):
    assert cost_usd(usage, price) is None


LONG = Usage(1000, 0, 300, 10, cache_write_1h_tokens=200)


def test_a_cache_kept_for_an_hour_has_a_price_of_its_own():
    known = Price("m", "b", Rates(Decimal(3), Decimal(15), Decimal(0), Decimal("3.75"), None, Decimal(6)))
    assert cost_usd(LONG, known) == Decimal(700 * 3 + 100 * Decimal("3.75") + 200 * 6 + 10 * 15) / 1_000_000
    unknown = Price("m", "b", Rates(Decimal(3), Decimal(15), Decimal(0), Decimal("3.75")))
    assert cost_usd(LONG, unknown) is None


def test_a_million_rows_add_up_exactly():
    costs = [cost_usd(Usage(input_tokens=n % 1009, output_tokens=n % 997), PLAIN) for n in range(1_000_000)]
    tokens_in, tokens_out = sum(n % 1009 for n in range(1_000_000)), sum(n % 997 for n in range(1_000_000))
    assert total(costs).known == (tokens_in * Decimal("2.5") + tokens_out * 10) / 1_000_000


COUNT = st.integers(0, 10**12)
PRICE = st.decimals(0, 1000, places=6)


@given(read=COUNT, written=COUNT, fresh=COUNT, output=COUNT, prices=st.tuples(PRICE, PRICE, PRICE, PRICE))
def test_no_rounding_whatever_context_the_notebook_has_set(read, written, fresh, output, prices):
    price = priced(*prices)
    with decimal.localcontext() as context:
        context.prec = 3
        cost = cost_usd(Usage(fresh + read + written, read, written, output), price)
        sums = total([cost, cost, None])
    micro = [int(each.scaleb(6)) for each in prices]
    exact = fresh * micro[0] + output * micro[1] + read * micro[2] + written * micro[3]
    assert cost.as_integer_ratio() == Decimal(exact).scaleb(-12, decimal.Context(prec=100)).as_integer_ratio()
    assert (
        sums.known.as_integer_ratio()
        == Decimal(2 * exact).scaleb(-12, decimal.Context(prec=100)).as_integer_ratio()
    )
    assert "E" not in str(total([cost]))


def test_a_total_says_when_something_is_missing():
    assert str(total([Decimal("0.01225"), Decimal(1)])) == "$1.01225"
    assert str(total([Decimal("0.5"), None, None])) == "≥ $0.5"
    assert total([None]) == Total(Decimal(0), 1)
    assert str(total([])) == "$0"
