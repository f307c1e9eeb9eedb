"""The usage table beside the price books: other models, plans, new prices, past estimates."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

import hs_notebook as hs
from hs_notebook.answer import Answer, Status
from hs_notebook.client import pricing
from hs_notebook.errors import SettingError
from hs_notebook.money import list_prices
from hs_notebook.store import ledger
from hs_notebook.store.place import current_place
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, Usage

MIX = {"deepseek-v3.2": 0.8, "claude-sonnet-4.5": 0.2}


def used(name, model, usage, *, days_ago=0, text="x", provider="holysheep"):  # noqa: PLR0913 - what a row may hold
    """A row as the client writes it."""
    answer = Answer(name, ChatRequest(model=model, messages=(Message("user", "Hello"),)), provider)
    attempt = answer.begin(datetime.now(UTC) - timedelta(days=days_ago), 1.0)
    answer.fold(StreamChunk(text, usage=usage, finish_reason=FinishReason.STOP), 1.5)
    answer.end(Status.COMPLETE, 2.0)
    pricing.estimate(answer, attempt)
    pricing.price(answer, attempt)
    pricing.price_by_list(answer, attempt)
    ledger.default().begin(answer, attempt, current_place())
    ledger.default().end(answer, attempt)


def test_this_notebooks_tokens_on_other_models():
    used("a", "gpt-4.1", Usage(1500, output_tokens=850))
    used(
        "b", "gpt-4.1", Usage(1500, 500, 0, 850)
    )  # 500 of them from a cache: the article has no price for that
    table = hs.what_if(models=["gpt-4.1", "deepseek-v3.2", MIX, "no-such-model"]).set_index("model")
    assert table["calls"].tolist() == [2] * 5
    assert table["input_tokens"].tolist() == [3000] * 5
    mix = "80 % deepseek-v3.2 + 20 % claude-sonnet-4.5"
    assert table.loc["as it was", ["gateway_usd", "unpriced_calls"]].tolist() == [0.01225, 1]
    assert table.loc["gpt-4.1", "gateway_usd"] == 0.0245
    assert table.loc["deepseek-v3.2", "gateway_usd"] == 0.000896
    assert table.loc[mix, "gateway_usd"] == float(
        Decimal("0.8") * Decimal("0.000896") + Decimal("0.2") * Decimal("0.0345")
    )
    assert pd.isna(table.loc["no-such-model", "gateway_usd"])
    assert "≥ 0.01225 USD for 2 calls, 1 of them without a price" in table.loc["as it was", "in_words"]


def test_the_saving_against_going_direct():
    used("a", "gpt-4.1", Usage(1500, output_tokens=850))
    table = hs.what_if(["gpt-4.1"]).set_index("model")
    assert table["direct_usd"].tolist() == [0.0098, 0.0098]
    assert table["saving_share"].tolist() == [-0.25, -0.25]
    assert table["against_as_it_was_usd"].tolist() == [0, 0]
    assert table["list_price_book"].str.startswith("genai-prices ").all()


def test_long_requests_pay_their_tier_one_by_one(holysheep_home):
    (holysheep_home / "prices.toml").write_text(
        '[[price]]\nmodel = "m"\ninput = 1\noutput = 1\n'
        "tiers = [{ input_over = 1000, input = 2, output = 2 }]\n"
    )
    used("a", "m", Usage(1000, output_tokens=0))
    used("b", "m", Usage(1001, output_tokens=0))
    assert hs.what_if(["m"])["gateway_usd"].tolist() == [0.003002, 0.003002]


def test_no_rows_are_no_calls():
    table = hs.what_if(["gpt-4.1"])
    assert table["calls"].tolist() == [0, 0]
    assert table["gateway_usd"].tolist() == [0, 0]


def test_a_lone_name_is_no_list():
    with pytest.raises(SettingError, match="takes a list"):
        hs.what_if("gpt-4.1")


def test_starter_is_dearer_than_any_model_it_lists():
    table = hs.plans(5, 5, "gpt-4.1")
    plans = table.set_index("plan")
    assert plans.index.tolist() == ["Free", "Starter", "Pro", "Enterprise", "Pay as you go"]
    assert plans["usd_per_mtok"].tolist()[1:3] == [29.0, 19.8]
    assert plans.loc["Pay as you go", ["usd_per_mtok", "my_month_usd"]].tolist() == [6.25, 62.5]
    assert plans.loc["Starter", "breakeven_tokens"] == 4_640_000  # of which it holds 1,000,000
    assert plans["pays_off"].tolist() == [pd.NA, False, False, pd.NA, pd.NA]
    assert "Starter: 29.00 USD per million tokens; never pays off" in plans.loc["Starter", "in_words"]
    assert pd.isna(plans.loc["Pro", "my_month_usd"])  # 10 million tokens exceed its 5
    assert plans.loc["Free", "my_month_usd"] == 57.5
    assert any(
        note.startswith("Starter is dearer per token than any model it lists: $29.00 per million")
        for note in table.attrs["notes"]
    )
    assert any("Plans as of 2025, checked on 2026-11-22" in note for note in table.attrs["notes"])


def test_the_plans_for_the_last_month_of_all_notebooks():
    used("a", "gpt-4.1", Usage(1_000_000, output_tokens=1_000_000), days_ago=29)
    used("b", "gpt-4.1", Usage(1_000_000, output_tokens=1_000_000), days_ago=31)
    row = hs.plans().set_index("plan").loc["Pay as you go"]
    assert (row["my_tokens"], row["my_month_usd"]) == (2_000_000, 12.5)
    used("c", "no-such-model", Usage(5, output_tokens=5))
    table = hs.plans()
    assert table["my_month_usd"].isna().tolist() == [True, True, False, True, True]
    assert "1 of these calls have no price" in " ".join(table.attrs["notes"])


def test_a_dear_mix_makes_a_plan_pay():
    """Were a token dearer than the plan's, it would pay off from there on: the arithmetic knows both ways."""
    table = hs.plans(0.5, 0.5, {"claude-sonnet-4.5": 1}).set_index("plan")
    assert table.loc["Starter", "breakeven_tokens"] == 3_222_222
    assert not table.loc["Starter", "pays_off"]


@pytest.mark.parametrize("model", ["local", "demo"])
def test_no_plan_pays_off_for_what_costs_nothing(model):
    table = hs.plans(5, 5, model).set_index("plan")
    assert table.loc["Pay as you go", ["usd_per_mtok", "my_month_usd"]].tolist() == [0, 0]
    assert table["pays_off"].tolist() == [pd.NA, False, False, pd.NA, pd.NA]
    assert table["breakeven_tokens"].isna().all()
    for plan in ("Starter", "Pro"):
        assert "never pays off: as you go your tokens cost nothing." in table.loc[plan, "in_words"]
    assert "Your 10,000,000 tokens exceed its 5,000,000." in table.loc["Pro", "in_words"]
    assert not any("not known" in words for words in table["in_words"])
    assert not any("$" in words for words in table["in_words"])  # two of them would be a formula


def test_no_plan_pays_off_for_who_has_used_nothing():
    table = hs.plans().set_index("plan")
    assert table["pays_off"].tolist() == [pd.NA, False, False, pd.NA, pd.NA]
    assert not any("not known" in words for words in table["in_words"])
    assert not any("$" in words for words in table["in_words"])  # two of them would be a formula


def test_half_of_the_arguments_is_refused():
    with pytest.raises(SettingError, match="all of input_mtok, output_mtok and model"):
        hs.plans(5, 5)


def test_a_new_price_changes_no_row_until_it_is_asked_for(holysheep_home):
    used("a", "house-model", Usage(1_000_000, output_tokens=1_000_000))
    used("b", "gpt-4.1", Usage(1500, output_tokens=850))
    assert hs.usage()["cost_usd"].tolist() == [pd.NA, 0.01225]
    (holysheep_home / "prices.toml").write_text('[[price]]\nmodel = "house-model"\ninput = 1\noutput = 2.5\n')
    assert hs.usage()["cost_usd"].tolist() == [pd.NA, 0.01225]
    shown = hs.recost(dry_run=True)
    assert hs.usage()["cost_usd"].tolist() == [pd.NA, 0.01225]
    done = hs.recost()
    for table in (shown, done):
        [row] = table.to_dict("records")
        assert pd.isna(row["old_cost_usd"])
        assert pd.isna(row["old_price_book"])
        assert (row["new_cost_usd"], row["new_price_book"]) == (3.5, "prices.toml")
    assert hs.usage()["cost_usd"].tolist() == [3.5, 0.01225]
    assert hs.usage()["price_date"].notna().all()
    assert len(hs.recost()) == 0


def test_a_row_of_another_server_is_costed_anew_by_the_list_only_where_that_is_installed(
    holysheep_home, monkeypatch
):
    own = holysheep_home / "prices.toml"
    own.write_text('[[price]]\nmodel = "gpt-4.1"\ninput = 1\noutput = 1\n')
    used("a", "gpt-4.1", Usage(1500, output_tokens=850), provider="api.openai.com")
    own.unlink()
    [row] = hs.recost().to_dict("records")
    assert (row["old_cost_usd"], row["new_cost_usd"]) == (0.00235, 0.0098)
    assert row["new_price_book"].startswith("genai-prices ")
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    list_prices._library.cache_clear()
    try:
        assert len(hs.recost()) == 0
    finally:
        monkeypatch.undo()
        list_prices._library.cache_clear()


def test_what_a_server_billed_stays_what_it_cost(holysheep_home):
    used("a", "gpt-4.1", Usage(1500, output_tokens=850, cost_usd="0.005"))
    (holysheep_home / "prices.toml").write_text('[[price]]\nmodel = "gpt-4.1"\ninput = 1\noutput = 1\n')
    [row] = hs.recost().to_dict("records")
    assert row["new_cost_usd"] == row["old_cost_usd"] == 0.005
    row = hs.usage().iloc[0]
    assert (row["cost_usd"], row["reported_cost_usd"], row["book_cost_usd"]) == (0.005, 0.005, 0.00235)
    assert row["price_book"] == "prices.toml"


def test_past_estimates_are_held_against_the_counts():
    used("a", "gpt-4.1", Usage(10, output_tokens=1))  # estimated: 8 and 1
    used("b", "gpt-4.1", Usage(10, output_tokens=2))
    used("c", "another", Usage(8, output_tokens=0))
    table = hs.estimate_errors().set_index("model")
    assert table.loc["gpt-4.1", ["calls", "input_bias", "input_error"]].tolist() == [
        2,
        pytest.approx(-0.2),
        pytest.approx(0.2),
    ]
    assert table.loc["gpt-4.1", ["output_bias", "output_error"]].tolist() == [-0.25, 0.25]
    assert pd.isna(table.loc["another", "output_error"])
    assert table.loc["gpt-4.1", "in_words"] == "gpt-4.1: input ±20%, output ±25% over 2 calls"


def test_a_model_without_a_price_is_said_once(monkeypatch):
    from hs_notebook import accounts

    monkeypatch.setattr(accounts, "_told", set())
    used("a", "house-model", Usage(5, output_tokens=5))
    used("b", "gpt-4.1", Usage(5, output_tokens=5))
    [note] = accounts.unpriced()
    assert note.startswith("No price is known for house-model; put [[price]] with model, input and output")
    assert accounts.unpriced() == []
