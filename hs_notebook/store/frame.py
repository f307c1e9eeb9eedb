"""The ledger's rows as a DataFrame: columns, their order, their dtypes, the same for no row and for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["COLUMNS", "to_frame"]

_STATUS = ("complete", "interrupted", "failed", "replayed")
_RESUMED = ("replay", "continue", "restart")
_SOURCE = ("final", "partial", "estimated", "missing")

COLUMNS: dict[str, str | tuple[str, ...]] = {
    "started_at": "datetime64[us, UTC]",
    "notebook": "string",
    "cell_id": "string",
    "execution_count": "Int64",
    "session": "string",
    "comparison_id": "string",
    "answer_id": "string",
    "attempt": "Int64",
    "resumed_by": _RESUMED,
    "provider": "string",
    "model": "string",
    "model_served": "string",
    "status": _STATUS,
    "finish_reason": "string",
    "input_tokens": "Int64",
    "cache_read_tokens": "Int64",
    "cache_write_tokens": "Int64",
    "output_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "estimated_output_tokens": "Int64",
    "usage_source": _SOURCE,
    "cost_usd": "Float64",
    "reported_cost_usd": "Float64",
    "list_cost_usd": "Float64",
    "price_book": "string",
    "price_date": "string",
    "ttft_s": "Float64",
    "duration_s": "Float64",
    "tokens_per_s": "Float64",
    "request_id": "string",
    "error": "string",
}
"""Dtype by column, in order; a tuple is the categories of a categorical.

Money is Float64 here and exact only in the store (`Ledger.costs`): a column of Decimals is an object column,
which plots, `describe()` and half of pandas' arithmetic refuse. Each figure is the double nearest to the
exact one (15 digits at least).
"""


def to_frame(values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Build the DataFrame, the oldest row first, from the values of each of `COLUMNS`; None becomes <NA>."""
    import pandas as pd

    frame = pd.DataFrame({name: _array(kind, values[name]) for name, kind in COLUMNS.items()}, copy=False)
    if frame["started_at"].is_monotonic_increasing and frame["started_at"].is_unique:
        return frame  # as good as always: rows are written in the order they begin
    return frame.sort_values(["started_at", "answer_id", "attempt"], ignore_index=True)


def _array(kind: str | tuple[str, ...], values: Sequence[Any]) -> Any:  # noqa: ANN401 - arrays differ in type
    """One column, by the quickest way found for its dtype: there are 31 of them."""
    import numpy as np
    import pandas as pd

    if isinstance(kind, tuple):
        code = {word: number for number, word in enumerate(kind)}
        codes = np.array([code.get(value, -1) for value in values], dtype="int8")
        # Categories of the string dtype: then what is missing is <NA> as in every other column, not NaN.
        return pd.Categorical.from_codes(codes, categories=pd.Index(kind, dtype="string"))
    if kind == "Float64":
        numbers = np.array(values, dtype="float64")  # takes text as well, and None for NaN
        return pd.arrays.FloatingArray(np.nan_to_num(numbers), np.isnan(numbers))
    if kind == "Int64":
        missing = np.array([value is None for value in values], dtype="bool")
        whole = [0 if value is None else value for value in values] if missing.any() else values
        return pd.arrays.IntegerArray(np.array(whole, dtype="int64"), missing)
    if kind == "string":
        return pd.array(values, dtype="string")
    return pd.DatetimeIndex(np.array(values, dtype="int64").view("datetime64[us]")).tz_localize("UTC")
