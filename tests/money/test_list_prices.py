"""The makers' list prices, from the data in the installed wheel."""

import socket
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hs_notebook.money import list_prices
from hs_notebook.money.cost import cost_usd
from hs_notebook.wire.chunk import Usage

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model", "given", "made"),
    [
        ("gpt-4.1", 2, 8),
        ("openai/gpt-4.1-2025-04-14", 2, 8),
        ("claude-sonnet-4.5", 3, 15),
        ("anthropic/claude-sonnet-4-5-20250929", 3, 15),
        ("gemini-2.5-flash", "0.3", "2.5"),
    ],
)
def test_the_list_price_of_a_model_however_it_is_called(model, given, made):
    price = list_prices.find(model, AT)
    assert (price.base.input, price.base.output) == (Decimal(given), Decimal(made))
    assert price.book.startswith("genai-prices ")


def test_the_articles_example_at_list_price():
    """The "discounted" price of the article, $0.01225, is above the maker's own."""
    assert cost_usd(Usage(1500, output_tokens=850), list_prices.find("gpt-4.1", AT)) == Decimal("0.0098")


def test_a_compaction_at_list_price():
    """genai-prices itself makes $0.000663 of that stream: its own extractor leaves the compaction out."""
    usage = Usage(55377, 55096, 0, 91)
    assert cost_usd(usage, list_prices.find("claude-sonnet-4.5", AT)) == Decimal("0.0187368")


def test_a_long_context_costs_more():
    price = list_prices.find("claude-sonnet-4.5", AT)
    costs = [cost_usd(Usage(tokens, output_tokens=1000), price) for tokens in (200_000, 200_001)]
    assert costs == [Decimal("0.615"), Decimal("1.222506")]


def test_a_price_of_then_is_not_the_price_of_now():
    then, now = (list_prices.find("o3", datetime(2025, month, 1, tzinfo=UTC)) for month in (6, 8))
    assert then.base.output == 5 * now.base.output == 40


@pytest.mark.parametrize("model", ["nobody-knows-this", "", "local", "demo"])
def test_an_unknown_model_has_no_list_price(model):
    assert list_prices.find(model, AT) is None


@pytest.mark.parametrize(
    ("asked", "served", "provider", "model"),
    [
        ("gpt-4.1", "gpt-4.1-2025-04-14", "api.openai.com", "gpt-4.1"),
        ("gpt-4.1", None, "127.0.0.1:4000", "gpt-4.1"),
        ("gpt-4.1", "gpt-4.1", "embedded", "gpt-4.1"),  # relayed
        ("gpt-4.1", "gpt-4.1-mini", "api.openai.com", "gpt-4.1-mini"),
        ("gpt-4.1", "nobodys-model", "api.openai.com", None),
        ("house-gpt-4.1", None, "models.example", None),
        ("gpt-4.1", "gpt-4.1", "holysheep", None),  # its prices are its own
        ("local", "gpt-4.1", "embedded", None),  # runs here, whatever it calls itself
    ],
)
def test_where_the_list_price_stands_in_for_that_of_a_book(asked, served, provider, model):
    price = list_prices.instead(asked, served, provider, AT)
    assert (price and price.model) == model


def test_tiers_of_service_and_long_caches_have_list_prices_of_their_own():
    assert list_prices.find("gpt-4.1", service="default").base.output == 8
    assert list_prices.find("gpt-4.1", service="priority").base.output == 14
    assert list_prices.find("gpt-4.1", service="flex") is None  # there is none: not the usual one
    assert list_prices.find("claude-sonnet-4-5", service="batch").base.output == Decimal("7.5")
    assert list_prices.find("claude-sonnet-4-5").base.cache_write_1h == 6


def test_nothing_is_fetched(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    list_prices._library.cache_clear()
    assert list_prices.find("gpt-4.1", AT) is not None


def test_without_the_extra_list_prices_are_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    list_prices._library.cache_clear()
    try:
        assert list_prices.find("gpt-4.1", AT) is None
        assert list_prices.instead("gpt-4.1", "gpt-4.1", "api.openai.com", AT) is None
        assert not list_prices.is_installed()
    finally:
        monkeypatch.undo()
        list_prices._library.cache_clear()
