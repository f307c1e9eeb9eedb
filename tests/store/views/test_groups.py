"""The usage table in groups: exact sums, and unknown stays unknown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hs_notebook.store.views.groups import NEEDED, grouped, total, withdrawn

COLUMNS = [
    "started_at",
    "calls",
    "input_tokens",
    "output_tokens",
    "without_counts",
    "cost_usd",
    "without_cost",
    "share_estimated",
    "ttft_p50_s",
    "ttft_p99_s",
    "duration_p50_s",
    "duration_p99_s",
    "tokens_per_s",
]
KEYS = {
    "model": ["model"],
    "cell": ["notebook", "cell_id"],
    "session": ["session"],
    "day": ["day"],
    "comparison": ["comparison_id", "model"],
}
BEGAN = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)


def call(number=0, **given):
    """A complete call; what is given stands in place of what it would have."""
    return {
        "started_at": int(BEGAN.timestamp() * 1_000_000) + number * 1_000_000,
        "notebook": "n.ipynb",
        "cell_id": "cell",
        "session": "s",
        "comparison_id": None,
        "answer_id": f"answer-{number}",
        "attempt": 1,
        "resumed_by": None,
        "model": "gpt-4.1",
        "status": "complete",
        "input_tokens": 10,
        "output_tokens": 20,
        "usage_source": "final",
        "cost_usd": "0.1",
        "ttft_s": 0.5,
        "duration_s": 1.0,
        "tokens_per_s": 40.0,
    } | given


UNKNOWN = {
    "status": "failed",
    "input_tokens": None,
    "output_tokens": None,
    "usage_source": "missing",
    "cost_usd": None,
    "ttft_s": None,
    "duration_s": None,
    "tokens_per_s": None,
}


def columns(*calls):
    return {name: [row[name] for row in calls] for name in NEEDED}


def rows(table):
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("calls", [(), (call(comparison_id="c"),), (call(comparison_id="c", **UNKNOWN),)])
def test_columns_and_dtypes_are_the_same_for_any_rows(by, calls):
    table = grouped(columns(*calls), by)
    assert list(table) == KEYS[by] + COLUMNS
    dtypes = table.dtypes.astype(str).to_dict()
    assert {dtypes.pop(name) for name in ("started_at", "day") if name in dtypes} == {"datetime64[us, UTC]"}
    assert {dtypes.pop(name) for name in KEYS[by] if name in dtypes} <= {"string"}
    whole = {"calls", "input_tokens", "output_tokens", "without_counts", "without_cost"}
    assert {name for name, dtype in dtypes.items() if dtype == "Int64"} == whole
    assert {dtypes[name] for name in dtypes.keys() - whole} == {"Float64"}
    assert len(table) == len(calls)


def test_a_group_of_which_nothing_is_known_shows_nothing_and_never_0():
    (row,) = rows(grouped(columns(call(**UNKNOWN), call(1, **UNKNOWN)), "model"))
    known = {name: value for name, value in row.items() if value is not None}
    assert known.pop("started_at") == BEGAN
    assert known == {
        "model": "gpt-4.1",
        "calls": 2,
        "without_counts": 2,
        "without_cost": 2,
        "share_estimated": 0.0,
    }


def test_a_sum_is_over_what_is_known_and_says_what_it_lacks():
    free = {"cost_usd": "0"}
    (row,) = rows(grouped(columns(call(), call(1, **UNKNOWN), call(2, **free)), "model"))
    assert (row["input_tokens"], row["output_tokens"], row["without_counts"]) == (20, 40, 1)
    assert (row["cost_usd"], row["without_cost"]) == (0.1, 1)
    assert rows(grouped(columns(call(**free)), "model"))[0]["cost_usd"] == 0.0


def test_money_is_added_up_in_decimal():
    (row,) = rows(grouped(columns(*[call(number) for number in range(10)]), "model"))
    assert row["cost_usd"] == 1.0
    assert total(["0.000000000000000000001", None, "123456789012345678901"]) == Decimal(
        "123456789012345678901.000000000000000000001"
    )
    assert total([None]) is None


def test_models_are_in_the_order_of_what_they_cost():
    table = grouped(
        columns(
            call(model="none", cost_usd=None), call(model="cheap"), call(model="dear"), call(model="dear")
        ),
        "model",
    )
    assert table["model"].tolist() == ["dear", "cheap", "none"]


def test_a_day_is_utc_and_other_groups_are_in_order_of_time():
    table = grouped(columns(call(2), call(0)), "day")
    assert table["day"].astype(str).tolist() == ["2026-11-22 00:00:00+00:00", "2026-11-23 00:00:00+00:00"]
    assert table["calls"].tolist() == [1, 1]
    sessions = grouped(columns(call(2, session="later"), call(0, session="first")), "session")
    assert sessions["session"].tolist() == ["first", "later"]


def test_cells_of_two_notebooks_and_calls_without_a_cell():
    table = grouped(
        columns(call(), call(1, notebook="m.ipynb"), call(2, cell_id=None), call(3, cell_id=None)), "cell"
    )
    assert table["calls"].tolist() == [1, 1, 2]
    assert table["cell_id"].isna().tolist() == [False, False, True]


def test_a_comparison_shows_its_models_beside_each_other():
    calls = [call(comparison_id="c", model=model, cost_usd=cost) for model, cost in (("a", "1"), ("b", "2"))]
    table = grouped(columns(*calls, call(1)), "comparison")
    shown = table[["comparison_id", "model", "cost_usd"]].to_numpy().tolist()
    assert shown == [["c", "a", 1.0], ["c", "b", 2.0]]


def test_percentiles_were_measured():
    calls = [call(number, ttft_s=float(number), duration_s=2.0 * number) for number in range(1, 51)]
    (row,) = rows(grouped(columns(*calls, call(99, **UNKNOWN)), "model"))
    assert (row["ttft_p50_s"], row["ttft_p99_s"]) == (25.5, 50.0)
    assert (row["duration_p50_s"], row["duration_p99_s"]) == (51.0, 100.0)
    assert row["tokens_per_s"] == 40.0


def test_the_share_of_estimates():
    calls = [call(usage_source="estimated"), call(1), call(2, usage_source="partial"), call(3, **UNKNOWN)]
    (row,) = rows(grouped(columns(*calls), "model"))
    assert row["share_estimated"] == 0.25


def test_what_was_counted_with_a_later_attempt_is_not_lacking():
    first = call(0, answer_id="a", status="interrupted") | UNKNOWN
    again = call(1, answer_id="a", attempt=2, resumed_by="replay")
    anew = call(2, answer_id="b", **UNKNOWN), call(3, answer_id="b", attempt=2, resumed_by="restart")
    table = columns(first, again, *anew)
    assert withdrawn(table).tolist() == [True, False, False, False]
    (row,) = rows(grouped(table, "model"))
    assert (row["calls"], row["without_counts"], row["without_cost"]) == (4, 1, 1)


CALLS = st.builds(
    call,
    st.integers(0, 10**6),
    model=st.sampled_from(["a", "b"]),
    cost_usd=st.none() | st.decimals(0, 10**6, places=9).map(str),
    input_tokens=st.none() | st.integers(0, 10**12),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(CALLS, max_size=30), st.sampled_from(["model", "cell", "session", "day"]))
def test_groups_add_up_to_the_whole(calls, by):
    table = grouped(columns(*calls), by)
    assert table["calls"].sum() == len(calls)
    assert table["without_cost"].sum() == sum(row["cost_usd"] is None for row in calls)
    whole = sum(Decimal(row["cost_usd"]) for row in calls if row["cost_usd"] is not None)
    assert float(table["cost_usd"].sum()) == pytest.approx(float(whole), rel=1e-12)
    known = [row["input_tokens"] for row in calls if row["input_tokens"] is not None]
    assert table["input_tokens"].sum() == sum(known)
    assert (table["started_at"] >= BEGAN).all()
    assert (table["started_at"] <= BEGAN + timedelta(days=12)).all()
