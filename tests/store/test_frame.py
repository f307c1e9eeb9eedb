"""The columns of the usage table, their order and their dtypes."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hs_notebook.store.frame import COLUMNS, arrays, to_frame

DESIGN = {
    "datetime64[us, UTC]": "started_at",
    "string": "notebook cell_id session comparison_id answer_id provider model model_served service_tier"
    " finish_reason price_book price_date list_price_book request_id error",
    "Int64": "execution_count attempt input_tokens cache_read_tokens cache_write_tokens cache_write_1h_tokens"
    " output_tokens reasoning_tokens estimated_input_tokens estimated_output_tokens",
    "category": "resumed_by status usage_source",
    "Float64": "cost_usd reported_cost_usd book_cost_usd list_cost_usd ttft_s duration_s tokens_per_s",
}
ORDER = """
    started_at notebook cell_id execution_count session comparison_id answer_id attempt resumed_by provider
    model model_served service_tier status finish_reason input_tokens cache_read_tokens cache_write_tokens
    cache_write_1h_tokens output_tokens
    reasoning_tokens estimated_input_tokens estimated_output_tokens usage_source cost_usd reported_cost_usd
    book_cost_usd price_book price_date list_cost_usd list_price_book ttft_s duration_s tokens_per_s
    request_id error
"""

FULL = {
    "started_at": 1_795_350_615_123_457,
    "execution_count": 3,
    "attempt": 1,
    "resumed_by": "replay",
    "status": "failed",
    "input_tokens": 2**62 + 1,
    "cache_read_tokens": 0,
    "cache_write_tokens": 5,
    "cache_write_1h_tokens": 4,
    "output_tokens": 6,
    "reasoning_tokens": 7,
    "estimated_input_tokens": 9,
    "estimated_output_tokens": 8,
    "usage_source": "partial",
    "cost_usd": "0.01225",
    "reported_cost_usd": "0.012",
    "book_cost_usd": "0.01225",
    "list_cost_usd": "0",
    "ttft_s": 0.25,
    "duration_s": 1.5,
    "tokens_per_s": 12.0,
}
BARE = dict.fromkeys(COLUMNS) | {
    "started_at": 1_795_350_600_000_000,
    "notebook": "n",
    "answer_id": "a",
    "attempt": 1,
}


def columns(*rows):
    return {name: [row.get(name, f"some {name}") for row in rows] for name in COLUMNS}


@pytest.mark.parametrize("rows", [(), (FULL,), (BARE,), (BARE, BARE), (BARE, FULL), (FULL,) * 1000])
def test_dtypes_are_the_designs_for_any_number_of_rows(rows):
    frame = to_frame(columns(*rows))
    assert list(frame.columns) == ORDER.split()
    for dtype, names in DESIGN.items():
        assert {str(frame[name].dtype) for name in names.split()} == {dtype}
    assert len(frame) == len(rows)
    assert frame.index.equals(pd.RangeIndex(len(rows)))


def test_categories_are_fixed_whatever_occurs():
    for rows in ((), (FULL,), (BARE,)):
        frame = to_frame(columns(*rows))
        assert frame["status"].cat.categories.tolist() == ["complete", "interrupted", "failed"]
        assert frame["resumed_by"].cat.categories.tolist() == ["replay", "continue", "restart"]
        assert frame["usage_source"].cat.categories.tolist() == ["final", "partial", "estimated", "missing"]


def test_every_value_comes_through():
    (row,) = to_frame(columns(FULL)).to_dict("records")
    assert row.pop("started_at") == pd.Timestamp("2026-11-22T12:30:15.123457Z")
    for name, value in row.items():
        expected = FULL.get(name, f"some {name}")
        assert value == (float(expected) if name.endswith("cost_usd") else expected), name


def test_whole_numbers_beyond_a_double_stay_exact():
    assert to_frame(columns(BARE, FULL))["input_tokens"].max() == 2**62 + 1


def test_unknown_is_na_in_every_column_and_never_zero():
    frame = to_frame(columns(BARE))
    unknown = [name for name, value in BARE.items() if value is None]
    assert len(unknown) == 32
    assert frame[unknown].isna().all(axis=None)
    assert set(frame[unknown].astype("string").fillna("<NA>").iloc[0]) == {"<NA>"}
    assert "NaN" not in frame.to_string()
    assert "None" not in frame.to_string()


def test_rows_written_late_are_put_in_their_place():
    late, early = (
        BARE | {"started_at": 2, "answer_id": "late"},
        BARE | {"started_at": 1, "answer_id": "early"},
    )
    twin = late | {"attempt": 0}
    frame = to_frame(columns(late, early, twin))
    assert frame["answer_id"].tolist() == ["early", "late", "late"]
    assert frame["attempt"].tolist() == [1, 0, 1]
    assert frame.index.equals(pd.RangeIndex(3))


def test_money_adds_up_and_plots_without_conversion():
    frame = to_frame(columns(FULL, BARE, FULL))
    assert frame["cost_usd"].sum() == pytest.approx(0.0245, abs=1e-15)
    assert frame["cost_usd"].isna().sum() == 1
    assert frame.groupby("model", dropna=False)["cost_usd"].sum(min_count=1).isna().tolist() == [False, True]
    assert frame["cost_usd"].to_numpy("float64", na_value=float("nan")).dtype == "float64"


LARGE = st.integers(-(2**63), 2**63 - 1) | st.integers(2**53 - 2, 2**53 + 2)
KINDS = {
    "Int64": LARGE,
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    "Float64": st.floats(allow_nan=False, allow_infinity=False),
}


@settings(deadline=None)
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_quick_ways_lead_to_what_pandas_makes_of_the_values(kind, data):
    values = data.draw(st.lists(st.none() | st.sampled_from([data.draw(KINDS[kind])]) | KINDS[kind]))
    made = arrays({"x": values}, ["x"], {"x": kind})["x"]
    pd.testing.assert_series_equal(made, pd.Series(values, dtype=kind, name="x"))


@given(st.lists(st.none() | st.decimals(0, 10**6, places=12).map(str)))
def test_money_becomes_the_double_nearest_to_it(texts):
    made = arrays({"cost_usd": texts}, ["cost_usd"])["cost_usd"]
    assert made.dtype == "Float64"
    assert [None if value is pd.NA else value for value in made] == [
        None if text is None else float(text) for text in texts
    ]
