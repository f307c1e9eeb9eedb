"""The article's month, from its prices; and what it prints instead."""

import sys
from decimal import Decimal

import pandas as pd
import pytest

import hs_notebook as hs
from hs_notebook.errors import SettingError
from hs_notebook.money import list_prices

MIX = {"deepseek-v3.2": 0.8, "claude-sonnet-4.5": 0.2}


def test_the_articles_table_from_its_own_prices():
    table = hs.monthly(input_mtok=5, output_mtok=5).set_index("strategy")
    assert table.index.tolist() == [
        "gpt-4.1",
        "gemini-2.5-flash",
        "deepseek-v3.2",
        "80 % deepseek-v3.2 + 20 % claude-sonnet-4.5",
    ]
    assert table["cost_usd"].tolist() == [62.50, 7.50, 2.10, 19.68]
    assert table["half_price_usd"].tolist() == [31.25, 3.75, 1.05, 9.84]
    assert table["printed_usd"].tolist() == [62.50, 18.00, 4.20, 16.80]
    assert table["printed_half_usd"].tolist() == [31.25, 9.00, 2.10, 8.40]
    assert table["follows"].tolist() == [True, False, False, False]
    assert table["against_first"].tolist() == [0, -0.88, -0.9664, pytest.approx(-0.68512)]


def test_a_figure_that_does_not_follow_is_said():
    table = hs.monthly()
    words = table.set_index("strategy")["in_words"]
    assert "prints" not in words["gpt-4.1"]
    assert (
        "the article prints 18.00 USD and 9.00 USD, which do not follow from its prices"
        in words["gemini-2.5-flash"]
    )
    [note] = [note for note in table.attrs["notes"] if "do not follow" in note]
    assert "gpt-4.1" not in note


def test_the_saving_is_computed_and_may_be_a_loss():
    """At list price GPT-4.1's month is $50.00: the gateway's price book is dearer."""
    row = hs.monthly(models=["gpt-4.1"]).iloc[0]
    assert (row["list_usd"], row["saving_usd"], row["saving_share"]) == (50.0, -12.5, -0.25)
    assert "25% dearer than 50.00 USD" in row["in_words"]


def test_another_month_has_no_printed_figures():
    row = hs.monthly(10, 1, models=["gpt-4.1"]).iloc[0]
    assert row["cost_usd"] == 35.0
    assert pd.isna(row["printed_usd"])
    assert pd.isna(row["follows"])


def test_what_is_unknown_is_na_and_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    list_prices._library.cache_clear()
    try:
        table = hs.monthly(models=["no-such-model", "gpt-4.1"])
    finally:
        monkeypatch.undo()
        list_prices._library.cache_clear()
    assert table["cost_usd"].isna().tolist() == [True, False]
    assert table[["list_usd", "saving_usd", "list_price_book"]].isna().all(axis=None)
    assert table.attrs["notes"] == ["No price is known for no-such-model.", list_prices.MISSING]


@pytest.mark.parametrize("mix", [{"a": 0.5}, {"a": 0.5, "b": 0.6}, {"a": -1, "b": 2}, {}, 5, {"a": "x"}])
def test_a_mix_that_is_none_is_refused(mix):
    with pytest.raises(SettingError, match="neither a model nor a mix"):
        hs.monthly(models=[mix])


def test_every_figure_is_the_double_nearest_to_the_exact_one():
    table = hs.monthly(0.1, 0.2, models=["gpt-4.1", MIX])
    exact = [Decimal("2.25"), Decimal("0.8") * Decimal("0.07") + Decimal("0.2") * Decimal("3.3")]
    assert table["cost_usd"].tolist() == [float(one) for one in exact]
    assert str(table["cost_usd"].dtype) == "Float64"
