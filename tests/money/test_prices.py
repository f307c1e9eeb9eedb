"""Price books: what is in them, and which names find which price."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal

import pytest

from hs_notebook.errors import SettingError
from hs_notebook.money.prices import books, find, read_book, same_model

BOOK = """
name = "mine"
as_of = "2026-11"
checked_on = 2026-11-20
source = "an invoice"
[[price]]
model = "gpt-4.1"
input = 2
output = 8
cache_read = 0.5
"""


@pytest.fixture
def own_books(holysheep_home):
    folder = holysheep_home / "prices"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("model", "given", "generated"),
    [
        ("gpt-4.1", "2.50", "10.00"),
        ("claude-sonnet-4.5", "3.00", "15.00"),
        ("gemini-2.5-flash", "0.30", "1.20"),
        ("deepseek-v3.2", "0.14", "0.28"),
    ],
)
def test_the_articles_prices_are_exact_and_say_nothing_of_caches(model, given, generated):
    price = find(model)
    assert (price.book, price.model) == ("article-2025", model)
    assert (price.input, price.output) == (Decimal(given), Decimal(generated))
    assert price.cache_read is price.cache_write is None


@pytest.mark.parametrize("model", ["local", "demo", "smollm2-135m-instruct", "demo-script"])
def test_what_runs_on_this_machine_costs_nobody_anything(model):
    price = find(model)
    assert price.book == "embedded"
    assert {price.input, price.output, price.cache_read, price.cache_write} == {Decimal(0)}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("GPT-4.1", "gpt-4.1"),
        (" gpt-4.1 ", "gpt-4.1"),
        ("openai/gpt-4.1", "gpt-4.1"),
        ("openrouter/openai/gpt-4.1", "gpt-4.1"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("openai/gpt-4.1-2025-04-14", "gpt-4.1"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("deepseek/DeepSeek-V3.2", "deepseek-v3.2"),
    ],
)
def test_names_a_vendor_or_a_gateway_gives_a_model(name, model):
    assert find(name).model == model


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4.1-mini",
        "gpt-4",
        "gpt-4.1:free",
        "gemini-2.5-flash-lite",
        "deepseek-v3.2-exp",
        "deepseek-chat",
        "gpt-4.1-2025",
        "gpt-4.1-1234",
        "2025-04-14",
        "openai/",
        "",
    ],
)
def test_another_model_has_no_price(name):
    assert find(name) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4.1", "openai/GPT-4.1-2025-04-14", True),
        ("claude-sonnet-4-5@20250929", "anthropic/claude-sonnet-4-5", True),
        ("gpt-4.1", "gpt-4.1-mini", False),
        ("gpt-4.1", "gpt-4.1:free", False),
    ],
)
def test_names_of_the_same_model(one, other, same):
    assert same_model(one, other) is same_model(other, one) is same


def test_a_strangers_local_model_is_not_free():
    assert find("local", provider="models.example") is None
    assert find("local", provider="embedded").book == "embedded"
    assert find("gpt-4.1", provider="models.example").book == "article-2025"


def test_every_shipped_book_says_when_and_where_from():
    names = [book.name for book in books()]
    assert names == ["article-2025", "embedded"]
    for book in books():
        assert book.as_of
        assert book.source
        assert book.checked_on <= date(2100, 1, 1)
        assert {price.book for price in book.prices.values()} == {book.name}


def test_the_users_own_book_comes_first_and_is_read_again_when_it_changes(own_books):
    path = own_books / "mine.toml"
    path.write_text(BOOK)
    price = find("gpt-4.1-2025-04-14")
    assert (price.book, price.input, price.cache_read) == ("mine", Decimal(2), Decimal("0.5"))
    assert find("claude-sonnet-4.5").book == "article-2025"
    path.write_text(BOOK.replace("output = 8", "output = 9"))
    os.utime(path, ns=(1, 1))  # a clock that went backwards is a change too
    assert find("gpt-4.1").output == Decimal(9)
    path.unlink()
    assert find("gpt-4.1").book == "article-2025"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("input = 2", "input = -2", "not between 0 and 1000"),
        ("input = 2", "input = 2500", "not between 0 and 1000"),  # another unit than a million tokens
        ("input = 2", "input = nan", "not between 0 and 1000"),
        ("input = 2", "input = true", "True is not a number"),
        ("input = 2", 'input = "2"', "'2' is not a number"),
        ("input = 2", "", "'input' is missing"),
        ("input = 2", "input = 2\ninptu = 2", "does not take 'inptu'"),
        ("checked_on = 2026-11-20", 'checked_on = "soon"', "'soon' is not a date"),
        ('name = "mine"', "", "'name' is missing"),
        ("[[price]]", "[[prices]]", "does not take 'prices'"),
        ("[[price]]", "[[price]", "line 6"),
        (
            "cache_read = 0.5",
            'aliases = ["gpt-4.1"]\n[[price]]\nmodel="GPT-4.1"\ninput=1\noutput=1',
            "is in it twice",
        ),
        ("[[price]]", "price = 3\n[x]", "not a price book"),
    ],
)
def test_a_file_that_is_no_price_book_is_refused_by_name(own_books, old, new, says):
    path = own_books / "mine.toml"
    path.write_text(BOOK.replace(old, new))
    with pytest.raises(SettingError) as caught:
        find("gpt-4.1")
    assert str(path) in caught.value.what
    assert says in caught.value.what
    assert 1 <= len(caught.value.lines) <= 3


def test_a_price_has_no_float_on_its_way(tmp_path):
    path = tmp_path / "fine.toml"
    path.write_text(BOOK.replace("cache_read = 0.5", "cache_read = 0.003625000000000000001"))
    assert read_book(path).prices["gpt-4.1"].cache_read == Decimal("0.003625000000000000001")
