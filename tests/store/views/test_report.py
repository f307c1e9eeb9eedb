"""The usage table in words: sums that say what they lack, and money in full."""

from decimal import Decimal

import pytest

from hs_notebook.store.views.report import Totals, dollars


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "$0"),
        ("0.01225", "$0.01225"),
        ("1.5", "$1.50"),
        ("12", "$12.00"),
        ("1234.5", "$1,234.50"),
        ("0.0000123", "$0.0000123"),
        ("0.000012345678", "$0.0000123457"),
        ("0.0100", "$0.01"),
    ],
)
def test_money_is_written_in_full(amount, said):
    assert dollars(Decimal(amount)) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "$0.0132"),
        ({"estimated": 1}, "≥ $0.0132 (1 of 9 estimated)"),
        ({"partial": 2, "unknown": 3}, "≥ $0.0132 (2 of 9 partial, 3 of 9 unknown)"),
        ({"cost": None, "unknown": 9}, "cost unknown"),
        ({"cost": Decimal(0)}, "$0"),
    ],
)
def test_a_total_says_what_it_lacks(given, said):
    each = {"cost": Decimal("0.0132"), "estimated": 0, "partial": 0, "unknown": 0} | given
    assert Totals(9, 1500, 850, **each).money == said
