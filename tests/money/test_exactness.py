"""A notebook may have set the decimal context to three digits: our figures stay what they are."""

from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hs_notebook as hs
from hs_notebook.errors import BudgetError
from hs_notebook.money import mixes
from hs_notebook.money.budget import Budget, Purse, dollars, refusal, thresholds
from hs_notebook.money.cost import exactly
from hs_notebook.notebook import budgets
from hs_notebook.store.frame import COLUMNS, to_frame
from hs_notebook.store.place import Place

NOTEBOOKS = Context(prec=3, traps=[Inexact, InvalidOperation])
"""What nobody sets who needs more than three digits; any arithmetic of ours in it would raise."""

MIX = {"deepseek-v3.2": 0.8125, "claude-sonnet-4.5": 0.1875}
LIMIT = Budget(Decimal("12.34567"))
PLACE = Place("the-notebook", None, None, "s")


def calls():
    """Rows of a usage table with figures of many digits."""
    known = {
        "started_at": [1_795_350_615_000_000, 1_795_350_616_000_000],
        "answer_id": ["a", "b"],
        "attempt": [1, 1],
        "model": ["gpt-4.1", "gpt-4.1"],
        "input_tokens": [123_456, 234_567],
        "output_tokens": [98_765, 45_678],
        "cost_usd": ["1.234567", "0.0001234"],
        "list_cost_usd": ["2.345678", "3.456789"],
    }
    return to_frame({name: known.get(name, [None, None]) for name in COLUMNS})


def claims():
    """What a purse gives and says, until it is empty."""
    purse = Purse(Budget(Decimal("1.23456")))
    said = [purse.claim("a", Decimal("0.654321"), Decimal("0.1")), purse.settle("a", Decimal("0.123456"))]
    said.append(purse.claim("b", Decimal(2), Decimal("0.1")))
    with pytest.raises(BudgetError) as caught:
        purse.claim("c", Decimal("0.012345"), Decimal("0.012345"))
    return [*said, str(caught.value)]


def shown():
    """`%holysheep budget`."""
    said = budgets.run("12.345678", PLACE)
    budgets.run("off", PLACE)
    return said


@pytest.mark.parametrize(
    "figures",
    [
        lambda: hs.dry_run("hello " * 300, ["gpt-4.1", "claude-sonnet-4.5"], max_tokens=12_345),
        lambda: hs.monthly(1.2345, 2.3456, [MIX, "gpt-4.1"]),
        hs.monthly,
        lambda: hs.plans(1.2345, 2.3456, MIX),
        hs.plans,
        lambda: hs.what_if([MIX, "gpt-4.1"], calls()),
    ],
    ids=["dry_run", "monthly", "the article's month", "plans", "plans for my use", "what_if"],
)
def test_a_table_is_the_same_in_any_context(figures):
    expected = figures()
    with localcontext(NOTEBOOKS):
        found = figures()
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert found.attrs == expected.attrs


@pytest.mark.parametrize(
    "figures",
    [
        claims,
        shown,
        lambda: str(refusal(LIMIT, Decimal("1.23456"), Decimal("23.4567"), Decimal("2.34567"))),
        lambda: thresholds(LIMIT, Decimal("9.8765360")),
        lambda: mixes.read(MIX).name,
    ],
    ids=["purse", "budget", "refusal", "thresholds", "mix"],
)
def test_what_is_said_of_a_budget_is_the_same_in_any_context(figures):
    expected = figures()
    with localcontext(NOTEBOOKS):
        assert figures() == expected


@given(money=st.decimals(0, 10**9, allow_nan=False, places=12))
def test_an_amount_reads_the_same_in_any_context(money):
    expected = dollars(money)
    with localcontext(NOTEBOOKS):
        assert dollars(money) == expected


def test_the_notebooks_own_context_is_left_as_it_was():
    third = exactly(lambda: Decimal(1) / 3)
    with localcontext(Context(prec=3)):
        assert len(str(third())) > 50
        assert str(Decimal(1) / 3) == "0.333"
