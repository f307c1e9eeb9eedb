"""The ledger's rows as a DataFrame: columns, their order, their dtypes, the same for no row and for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["COLUMNS", "arrays", "to_frame"]

_STATUS = ("complete", "interrupted", "failed")
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
    "service_tier": "string",
    "status": _STATUS,
    "finish_reason": "string",
    "input_tokens": "Int64",
    "cache_read_tokens": "Int64",
    "cache_write_tokens": "Int64",
    "cache_write_1h_tokens": "Int64",
    "output_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "estimated_input_tokens": "Int64",
    "estimated_output_tokens": "Int64",
    "usage_source": _SOURCE,
    "cost_usd": "Float64",
    "reported_cost_usd": "Float64",
    "book_cost_usd": "Float64",
    "price_book": "string",
    "price_date": "string",
    "list_cost_usd": "Float64",
    "list_price_book": "string",
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
    frame = arrays(values, COLUMNS)
    if frame["started_at"].is_monotonic_increasing and frame["started_at"].is_unique:
        return frame  # as good as always: rows are written in the order they begin
    return frame.sort_values(["started_at", "answer_id", "attempt"], ignore_index=True)


def arrays(
    values: Mapping[str, Sequence[Any]],
    names: Iterable[str],
    dtypes: Mapping[str, str | tuple[str, ...]] = COLUMNS,
) -> pd.DataFrame:
    """Some columns, in their dtypes and in the order of rows that they come in."""
    import pandas as pd

    return pd.DataFrame({name: _array(dtypes[name], values[name]) for name in names}, copy=False)


_EXACT = 2**53
"""Up to it a double holds every whole number."""


class _Codes(dict[str | None, int]):
    """The code of each category; -1, which is <NA>, for anything else."""

    def __missing__(self, value: str | None) -> int:
        return -1


def _array(kind: str | tuple[str, ...], values: Sequence[Any]) -> Any:  # noqa: ANN401 - arrays differ in type
    """One column, by the quickest way found for its dtype: there are some 35 of them."""
    import numpy as np
    import pandas as pd

    if len(values) > 1 and values[0] == values[-1] and values.count(values[0]) == len(values):
        return _array(kind, values[:1]).take(np.zeros(len(values), dtype="int64"))  # half the columns, mostly
    if isinstance(kind, tuple):
        code = _Codes({word: number for number, word in enumerate(kind)})
        codes = np.fromiter(map(code.__getitem__, values), dtype="int8", count=len(values))
        # Categories of the string dtype: then what is missing is <NA> as in every other column, not NaN.
        return pd.Categorical.from_codes(codes, categories=pd.Index(kind, dtype="string"))
    if kind == "Float64":
        numbers = np.array(values, dtype="float64")  # takes text as well, and None for NaN
        return pd.arrays.FloatingArray(np.nan_to_num(numbers), np.isnan(numbers))
    if kind == "Int64":
        return _whole_numbers(values)
    if kind == "string":
        return _texts(values)
    return pd.DatetimeIndex(np.array(values, dtype="int64").view("datetime64[us]")).tz_localize("UTC")


def _whole_numbers(values: Sequence[int | None]) -> Any:  # noqa: ANN401 - pandas' array
    import numpy as np
    import pandas as pd

    if None not in values:
        return pd.arrays.IntegerArray(np.array(values, dtype="int64"), np.zeros(len(values), dtype="bool"))
    doubles = np.array(values, dtype="float64")  # None for NaN
    missing = np.isnan(doubles)
    if np.nanmax(np.abs(doubles), initial=0) < _EXACT:
        return pd.arrays.IntegerArray(np.nan_to_num(doubles).astype("int64"), missing)
    return pd.arrays.IntegerArray(np.array([value or 0 for value in values], dtype="int64"), missing)


def _texts(values: Sequence[str | None]) -> Any:  # noqa: ANN401 - pandas' array
    import pandas as pd

    if pd.StringDtype().storage == "python":
        return pd.array(values, dtype="string")
    import pyarrow as pa

    return pd.array(pa.array(values, pa.large_string()), dtype="string")  # in half the time
