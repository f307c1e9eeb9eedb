"""What a call may cost at most, and a budget that calls share in one process."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.errors import BudgetError, SettingError
from hs_notebook.money.budget import Budget, Purse, amount, cap_of, ceiling, dollars, purse
from hs_notebook.money.cost import cost_usd
from hs_notebook.money.price_book import Price, Rates
from hs_notebook.money.prices import find
from hs_notebook.wire.chunk import Usage

GPT = find("gpt-4.1")


def priced(*rates, **more):
    return Price("m", "book", Rates(*map(Decimal, rates)), **more)


@pytest.mark.parametrize(
    ("sent", "made", "price", "most"),
    [
        (1500, 850, GPT, "0.01225"),
        (1500, 0, GPT, "0.00375"),
        (1500, None, GPT, None),  # nobody knows how long it may get
        (1500, None, priced(0, 0, 0, 0), "0"),
        (1500, 850, None, None),
        (1000, 1000, priced(1, 2, "0.1", 4, 8), "0.012"),  # all written to a cache, all reasoning
        (1001, 0, priced(1, 1, tiers=((1000, Rates(Decimal(2), Decimal(2))),)), "0.002002"),
    ],
)
def test_the_most_a_request_may_cost(sent, made, price, most):
    assert ceiling(sent, made, price) == (None if most is None else Decimal(most))


COUNT = st.integers(0, 10**7)
RATE = st.decimals(0, 1000, places=4)


@given(COUNT, COUNT, COUNT, COUNT, COUNT, st.tuples(RATE, RATE, RATE, RATE, RATE))
def test_no_answer_within_the_limit_costs_more(fresh, read, written, made, thought, rates):  # noqa: PLR0913, PLR0917 - generated
    price = priced(*rates[:2], min(rates[0], rates[2]), *rates[3:])  # a read from a cache is never dearer
    usage = Usage(fresh + read + written, read, written, made + thought, thought)
    assert cost_usd(usage, price) <= ceiling(usage.input_tokens, usage.output_tokens, price)


def test_the_cap_of_a_model_by_any_of_its_names():
    assert cap_of("openai/gpt-4.1-2025-04-14") == 32_768
    assert cap_of("claude-sonnet-4-5-20250929") == 64_000
    assert cap_of("gpt-4.1-mini") is None


@pytest.mark.parametrize("said", [0.05, "$0.05", Decimal("0.05"), " 0.0500 "])
def test_a_budget_is_said_in_dollars(said):
    assert amount(said) == Decimal("0.05")


@pytest.mark.parametrize("said", [0, -1, "", "five", "nan", "inf", None, True, "1e999999999"])
def test_what_is_no_budget_is_refused(said):
    with pytest.raises(SettingError, match="no amount of USD"):
        amount(said)


def test_four_calls_on_a_budget_for_three():
    shared = purse("0.03")
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(shared.claim, f"a{n}", Decimal("0.01"), Decimal("0.01")) for n in range(4)]
    refused = [one.exception() for one in found if one.exception() is not None]
    assert len(refused) == 1
    assert str(refused[0]).splitlines() == [
        "This call may cost $0.01; of the budget of $0.03 of this cell $0.00 is left.",
        "Nothing was sent; $0.03 is spent, or reserved by calls that run.",
        "Raise the budget, or lower max_tokens.",
    ]


def test_what_a_call_did_not_need_is_free_again():
    shared = purse("0.03")
    shared.claim("a", Decimal("0.03"), Decimal("0.03"))
    shared.settle("a", Decimal("0.001"))
    assert shared.claim("b", Decimal("0.05"), Decimal("0.02")) == (Decimal("0.029"), Decimal("0.03"))


def test_a_call_claims_anew_in_place_of_what_it_had():
    shared = purse("0.03")
    shared.claim("a", Decimal("0.01"), Decimal("0.01"))
    shared.claim("b", Decimal("0.01"), Decimal("0.01"))
    assert shared.claim("a", Decimal("0.03"), Decimal("0.01"))[0] == Decimal("0.02")
    with pytest.raises(BudgetError):
        shared.claim("b", Decimal("0.03"), Decimal("0.02"))
    assert shared.claim("c", Decimal("0.01"), Decimal(0))[0] == 0


def test_a_soft_budget_refuses_nobody():
    shared = Purse(Budget(Decimal("0.01"), hard=False))
    assert shared.claim("a", Decimal(5), Decimal(5)) == (Decimal(5), Decimal(5))


CLAIMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 100), st.booleans()), max_size=30)


@given(CLAIMS)
def test_claims_never_exceed_the_budget(claims):
    shared = purse("1.00")
    for name, cents, settles in claims:
        wanted = Decimal(cents) / 100
        try:
            granted, together = shared.claim(name, wanted, Decimal(0))
        except BudgetError:
            continue
        assert together <= 1
        if settles:
            shared.settle(name, granted / 2)


def test_dollars_keep_what_matters():
    figures = [Decimal(2), Decimal("0.05"), Decimal("0.01225"), Decimal("0.0000034567"), Decimal(0)]
    assert [dollars(one) for one in figures] == ["$2.00", "$0.05", "$0.01225", "$0.000003457", "$0.00"]
