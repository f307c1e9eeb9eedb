"""Budgets and dry runs as a notebook says them."""

from decimal import Decimal

import pytest

from hs_notebook.client.dry_run import dry_run
from hs_notebook.client.prompt import chat_request
from hs_notebook.errors import SettingError
from hs_notebook.money.dry_run import costs
from hs_notebook.notebook import budgets
from hs_notebook.store.place import Place
from hs_notebook.store.reservations import default

HERE = Place("here.ipynb", "cell-1", 7, "session-1")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("2.00", ("kernel", Decimal(2), True, "refuse")),
        ("$2.00 per day", ("day", Decimal(2), True, "refuse")),
        ("0.5 per notebook soft", ("notebook", Decimal("0.5"), False, "refuse")),
        ("1 per kernel unpriced=allow", ("kernel", Decimal(1), True, "allow")),
        ("1 soft unpriced=refuse", ("kernel", Decimal(1), False, "refuse")),
    ],
)
def test_a_budget_is_set(line, kept):
    shown = budgets.run(line, HERE)
    assert default().budgets(HERE) == [kept]
    assert "$0.00 spent or reserved" in shown


def test_budgets_are_shown_and_taken_away():
    assert budgets.run("", HERE).startswith("No budget is set.")
    budgets.run("2 per day", HERE)
    default().claim(HERE, "a", 2**60, lambda _: Decimal("0.5"))
    budgets.run("1 per notebook soft unpriced=allow", HERE)
    assert budgets.run("", HERE).splitlines() == [
        "$2.00 per day: $0.50 spent or reserved, $1.50 left, from midnight to midnight UTC",
        (
            "$1.00 per notebook: $0.50 spent or reserved, $0.50 left, soft: it is said, nothing is refused,"
            " models without a price allowed"
        ),
    ]
    assert budgets.run("off per day", HERE).startswith("$1.00 per notebook")
    assert budgets.run("off", HERE).startswith("No budget is set.")


@pytest.mark.parametrize("line", ["lots", "0", "2 per week", "2 per day sofd", "-1 per day", "2 2"])
def test_what_is_no_budget_changes_nothing(line):
    with pytest.raises(SettingError):
        budgets.run(line, HERE)
    assert default().budgets(HERE) == []


def test_what_a_prompt_may_cost():
    models = {"gpt-4.1": "holysheep", "deepseek-v3.2": "holysheep", "local": "embedded", "no-such-model": "x"}
    asked = [(chat_request("hello", model=model), provider) for model, provider in models.items()]
    table = costs(asked).set_index("model")
    assert table.loc["gpt-4.1", ["input_tokens", "max_output_tokens"]].tolist() == [8, 32_768]
    assert table.loc["gpt-4.1", ["cost_low_usd", "cost_high_usd"]].tolist() == [0.00002, 0.3277]
    assert table.loc["gpt-4.1", "list_high_usd"] == 0.26216
    assert table["cost_high_usd"].isna().tolist() == [False, True, False, True]
    assert table["in_words"].tolist() == [
        "gpt-4.1: ~8 tokens, 0.00002 USD to 0.33 USD (answer of up to 32,768 tokens)",
        (
            "deepseek-v3.2: ~8 tokens, from 0.00000112 USD up"
            " (how long an answer may get is not known; say max_tokens)"
        ),
        "local: ~8 tokens, costs nothing",
        "no-such-model: ~8 tokens, cost unknown",
    ]
    [row] = costs([(chat_request("hello", model="deepseek-v3.2", max_tokens=100), "holysheep")]).to_dict(
        "records"
    )
    assert row["cost_high_usd"] == 0.00002912


@pytest.mark.parametrize(
    ("url", "book", "high"),
    [
        ("https://api.holysheep.ai/v1", "article-2025", 0.00102),
        ("https://api.openai.com/v1", "genai-prices", 0.000816),
    ],
)
def test_a_dry_run_is_priced_for_the_server_that_would_be_asked(monkeypatch, url, book, high):
    monkeypatch.setenv("HOLYSHEEP_BASE_URL", url)
    [row, free] = dry_run("hello", ["gpt-4.1", "local"], max_tokens=100).to_dict("records")
    assert row["price_book"].split()[0] == book
    assert row["cost_high_usd"] == high
    assert free["price_book"] == "embedded"


@pytest.mark.kernel
def test_in_a_notebook(kernel, far, setting, tmp_path):
    """A dry run sends nothing, a cell without room is refused, a budget is set and shown."""
    own = tmp_path / "own.toml"  # the far end is not HolySheep's
    own.write_text('[[price]]\nmodel = "gpt-4.1"\ninput = 2.5\noutput = 10\n')
    setting(HOLYSHEEP_PRICES=str(own))
    done = kernel.run("%%holysheep gpt-4.1,deepseek-v3.2 max_tokens=100 dry_run\nhello")
    assert done.status == "ok"
    [shown] = done.kind("display_data")
    assert "gpt-4.1: ~8 tokens, 0.00002 USD to 0.00102 USD" in shown["content"]["data"]["text/plain"]
    done = kernel.run("%%holysheep gpt-4.1 max_tokens=100 budget=0.001\nhello")
    assert (
        done.error[0]
        == "BudgetError: This call may cost $0.00102; of the budget of $0.001 of this cell $0.001 is left."
    )
    assert "$0.0005 per day: $0.00 spent" in kernel.run("%holysheep budget 0.0005 per day").printed
    done = kernel.run("%%holysheep gpt-4.1 max_tokens=100\nhello")
    assert "of the budget of $0.0005 per day" in done.error[0]
    assert far.bodies == []
    assert "No budget is set" in kernel.run("%holysheep budget off").printed
    assert kernel.run("%%holysheep gpt-4.1 max_tokens=100 budget=0.01\nhello").status == "ok"
    assert len(far.bodies) == 1
