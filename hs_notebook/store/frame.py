"""The ledger's rows as a DataFrame: the columns, their order and their dtypes, the same for no row and for many."""

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
    "usage_source": _SOURCE,
    "cost_usd": "Float64",
    "list_cost_usd": "Float64",
    "price_book": "string",
    "ttft_s": "Float64",
    "duration_s": "Float64",
    "tokens_per_s": "Float64",
    "request_id": "string",
    "error": "string",
}
"""Dtype by column, in order; a tuple is the categories of a categorical.

Money is Float64 here and exact only in the store (`Ledger.costs`): a column of Decimals is an object column, which
plots, `describe()` and half of pandas' arithmetic refuse. A double holds every cost to 15 digits or more.
"""


def to_frame(values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Build the DataFrame from the values of each of `COLUMNS`; None becomes <NA>."""
    import pandas as pd

    return pd.DataFrame({name: _series(kind, values[name]) for name, kind in COLUMNS.items()})


def _series(kind: str | tuple[str, ...], values: Sequence[Any]) -> Any:  # noqa: ANN401 - pandas' arrays have no common type
    import numpy as np
    import pandas as pd

    if isinstance(kind, tuple):
        code = {word: number for number, word in enumerate(kind)}
        return pd.Categorical.from_codes([code.get(value, -1) for value in values], categories=list(kind))
    if kind == "Float64":
        return pd.array([None if value is None else float(value) for value in values], dtype="Float64")
    if kind.startswith("datetime64"):
        return pd.DatetimeIndex(np.array(values, dtype="int64").view("datetime64[us]")).tz_localize("UTC")
    return pd.array(values, dtype=kind)
