"""Price books: what is in them, and which names find which price."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from hs_notebook.errors import SettingError
from hs_notebook.money.price_book import Rates, read_book
from hs_notebook.money.prices import books, find, find_usual, is_ours, of_answer, same_model

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
    assert price.base == Rates(Decimal(given), Decimal(generated))
    assert price.tiers == ()


@pytest.mark.parametrize("model", ["local", "demo", "smollm2-135m-instruct", "demo-script"])
def test_what_runs_on_this_machine_costs_nobody_anything(model):
    price = find(model)
    assert price.book == "embedded"
    assert price.base == Rates(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


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


def test_the_articles_prices_are_holysheeps_and_nobody_elses():
    assert find("gpt-4.1", provider="holysheep").book == "article-2025"
    for elsewhere in ("api.openai.com", "embedded", "api.holysheep.ai.example"):
        assert find("gpt-4.1", provider=elsewhere) is None
        assert of_answer("gpt-4.1", "gpt-4.1-2025-04-14", elsewhere) is None


@pytest.mark.parametrize(
    ("model", "provider", "ours"),
    [
        ("local", "embedded", True),
        ("gpt-4.1", "embedded", False),
        ("gpt-4.1", "holysheep", False),
        ("local", "x", False),
    ],
)
def test_only_what_runs_on_this_machine_is_ours(model, provider, ours):
    assert is_ours(model, provider) is ours


def test_every_shipped_book_says_when_and_where_from():
    names = [book.name for book in books()]
    assert names == ["article-2025", "embedded"]
    for book in books():
        assert book.as_of
        assert book.source
        assert book.checked_on <= date(2100, 1, 1)
        assert {price.book for held in book.prices.values() for price in held} == {book.name}


def test_the_users_own_book_comes_first_and_is_read_again_when_it_changes(own_books):
    path = own_books / "mine.toml"
    path.write_text(BOOK)
    price = find("gpt-4.1-2025-04-14")
    assert (price.book, price.base.input, price.base.cache_read) == ("mine", Decimal(2), Decimal("0.5"))
    assert price.dated == "2026-11-20"
    assert find("claude-sonnet-4.5").book == "article-2025"
    path.write_text(BOOK.replace("output = 8", "output = 9"))
    os.utime(path, ns=(1, 1))  # a clock that went backwards is a change too
    assert find("gpt-4.1").base.output == Decimal(9)
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
    assert len(caught.value.lines) == 3


def test_a_price_has_no_float_on_its_way(tmp_path):
    path = tmp_path / "fine.toml"
    path.write_text(BOOK.replace("cache_read = 0.5", "cache_read = 0.003625000000000000001"))
    [price] = read_book(path).prices["gpt-4.1"]
    assert price.base.cache_read == Decimal("0.003625000000000000001")


def test_a_price_may_end_and_another_begin(holysheep_home):
    (holysheep_home / "prices.toml").write_text(
        '[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nvalid_to = 2026-08-16\n'
        '[[price]]\nmodel = "m"\ninput = 2\noutput = 2\nvalid_from = 2026-08-17\nvalid_to = 2026-08-31\n'
    )
    found = [
        find("m", at=datetime(2026, month, day, 23, tzinfo=UTC)) for month, day in ((8, 16), (8, 17), (9, 1))
    ]
    assert [price and price.base.input for price in found] == [Decimal(1), Decimal(2), None]
    assert found[1].dated == "2026-08-17"


def test_prices_of_a_model_must_not_overlap(holysheep_home):
    (holysheep_home / "prices.toml").write_text(
        '[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nvalid_to = 2026-08-17\n'
        '[[price]]\nmodel = "m"\ninput = 2\noutput = 2\nvalid_from = 2026-08-17\n'
    )
    with pytest.raises(SettingError, match="m is in it twice"):
        find("m")


def test_each_tier_of_service_has_a_price_of_its_own(holysheep_home):
    (holysheep_home / "prices.toml").write_text(
        '[[price]]\nmodel = "m"\ninput = 2\noutput = 8\n'
        '[[price]]\nmodel = "m"\nservice = "flex"\ninput = 1\noutput = 4\ncache_write_1h = 3\n'
    )
    for word in (None, "default", "standard", "ON_DEMAND"):
        assert find("m", service=word).base.input == 2
    for word in ("flex", "ON_DEMAND_FLEX"):
        assert find("m", service=word).base == Rates(Decimal(1), Decimal(4), cache_write_1h=Decimal(3))
    assert find("m", service="priority") is None


def test_tiers_and_reasoning_are_read(holysheep_home):
    (holysheep_home / "prices.toml").write_text(
        '[[price]]\nmodel = "m"\ninput = 3\noutput = 15\nreasoning = 20\n'
        "tiers = [{ input_over = 500_000, input = 9, output = 30 },"
        " { input_over = 200_000, input = 6, output = 22.5 }]\n"
    )
    price = find("m")
    assert [price.rates(tokens).input for tokens in (200_000, 200_001, 500_001)] == [3, 6, 9]
    assert price.base.reasoning == Decimal(20)
    assert price.rates(None) is None


WINDOWED = """
[[price]]
model = "m"
input = 4
output = 8
valid_from = 2026-08-17
windows = [
  { start_utc = 16:30:00, end_utc = 00:30:00, weekdays = ["mon", "tue", "FRI"], input = 2, output = 4 },
  { weekdays = ["sat"], start_utc = 00:30:00, end_utc = 00:30:00, input = 1, output = 2 },
]
[[price]]
model = "m"
input = 3
output = 3
valid_to = 2026-08-16
"""


@pytest.mark.parametrize(
    ("at", "price"),
    [
        ("2026-11-20T16:29:59.999999", 4),
        ("2026-11-20T16:30:00", 2),  # a Friday
        ("2026-11-20T23:59:59.999999", 2),
        ("2026-11-21T00:00:00", 2),
        ("2026-11-21T00:30:00", 1),
        ("2026-11-22T00:29:59", 1),
        ("2026-11-22T00:30:00", 4),
        ("2026-11-22T17:00:00", 4),
        ("2026-11-23T00:00:00", 4),
        ("2026-08-14T17:00:00", 3),  # a Friday before there were windows
        ("2026-08-17T16:30:00", 2),
    ],
)
def test_a_price_may_depend_on_the_hour_of_the_start(holysheep_home, at, price):
    (holysheep_home / "prices.toml").write_text(WINDOWED)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert find("m", at=moment).base.input == price
    assert of_answer("m", "m", "models.example", moment).base.input == price
    assert of_answer("m", "m", "x", moment.astimezone(timezone(timedelta(hours=9)))).base.input == price


def test_what_is_asked_at_no_hour_is_priced_outside_the_windows(holysheep_home):
    always = "windows = [{ start_utc = 00:00:00, end_utc = 00:00:00, input = 1, output = 2 }]\n"
    (holysheep_home / "prices.toml").write_text(f'[[price]]\nmodel = "m"\ninput = 4\noutput = 8\n{always}')
    assert (find("m").base.input, find_usual("m").base.input) == (1, 4)
    assert find_usual("m").rates(1).output == 8
    assert find_usual("nobodys-model") is None


def test_a_window_has_tiers_of_its_own(holysheep_home):
    tiers = "tiers = [{{ input_over = 100, input = {}, output = 1 }}]"
    window = f"{{ weekdays = ['sun'], input = 1, output = 1, {tiers.format(2)} }}"
    (holysheep_home / "prices.toml").write_text(
        f'[[price]]\nmodel = "m"\ninput = 3\noutput = 9\n{tiers.format(6)}\nwindows = [{window}]\n'
    )
    saturday, sunday = (find("m", at=datetime(2026, 11, day, tzinfo=UTC)) for day in (21, 22))
    assert [saturday.rates(tokens).input for tokens in (100, 101)] == [3, 6]
    assert [sunday.rates(tokens).input for tokens in (100, 101)] == [1, 2]


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ("{ input = 1, output = 1 }", "needs start_utc and end_utc, or weekdays"),
        ("{ weekdays = ['sun'], output = 1 }", "'input' is missing"),
        ("{ weekdays = ['sun'], input = 1, output = 1, start = 1 }", "does not take 'start'"),
        ("{ start_utc = 16:30:00, input = 1, output = 1 }", "'end_utc' is missing"),
        ("{ weekdays = ['sun'], input = -1, output = 1 }", "not between 0 and 1000"),
        (
            "{ weekdays = ['sun'], input = 1, output = 1 }, { weekdays = ['sun'], input = 2, output = 1 }",
            "windows of gpt-4.1 overlap",
        ),
    ],
)
def test_a_window_that_is_none_is_refused_by_name(own_books, window, says):
    (own_books / "mine.toml").write_text(f"{BOOK}windows = [{window}]\n")
    with pytest.raises(SettingError) as caught:
        find("gpt-4.1")
    assert says in caught.value.what


def test_a_window_without_the_tiers_of_its_price_is_refused(own_books):
    (own_books / "mine.toml").write_text(
        f"{BOOK}tiers = [{{ input_over = 1, input = 1, output = 1 }}]\n"
        "windows = [{ weekdays = ['sun'], input = 1, output = 1 }]\n"
    )
    with pytest.raises(SettingError, match=r"gpt-4\.1 has tiers, and a window without"):
        find("gpt-4.1")


def test_the_examples_of_the_documentation_are_price_books(holysheep_home):
    page = (Path(__file__).parents[2] / "docs" / "usage.md").read_text("utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (holysheep_home / "prices.toml").write_text("".join(examples))
    asked = [datetime(2025, 3, 1, hour, 30, tzinfo=UTC) for hour in (0, 16)]
    assert [find("deepseek-chat", at=at).base.output for at in asked] == [Decimal("1.1"), Decimal("0.55")]
    assert find("our-gpt", at=datetime(2026, 6, 1, tzinfo=UTC)).rates(200_001).output == 12
    assert len(examples) == 2


def test_the_users_single_file_needs_no_more_than_a_price(holysheep_home, tmp_path, monkeypatch):
    single = '[[price]]\nmodel = "house-model"\naliases = ["gpt-4.1"]\ninput = {}\noutput = 1\n'
    (holysheep_home / "prices.toml").write_text(single.format(3))
    price = find("gpt-4.1")
    assert (price.model, price.book, price.base.input) == ("house-model", "prices.toml", 3)
    assert date.fromisoformat(price.dated) <= datetime.now(UTC).date()
    (tmp_path / "team.toml").write_text(single.format(4))
    monkeypatch.setenv("HOLYSHEEP_PRICES", str(tmp_path / "team.toml"))
    assert find("house-model").base.input == 4


def test_a_file_that_is_named_and_not_there_is_said(monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_PRICES", "/nowhere/prices.toml")
    with pytest.raises(SettingError, match=r"HOLYSHEEP_PRICES names /nowhere/prices\.toml") as caught:
        find("gpt-4.1")
    assert len(caught.value.lines) == 3


@pytest.mark.parametrize(
    ("asked", "served", "provider", "book"),
    [
        ("local", "weights-of-my-own", "embedded", "embedded"),
        ("local", None, "models.example", None),
        ("gpt-4.1", "openai/gpt-4.1-2025-04-14", "holysheep", "article-2025"),
        ("gpt-4.1", "gpt-4.1-mini", "holysheep", None),
        ("gpt-4.1", None, "holysheep", "article-2025"),
    ],
)
def test_the_model_that_answered_is_priced(asked, served, provider, book):
    price = of_answer(asked, served, provider)
    assert (price and price.book) == book
