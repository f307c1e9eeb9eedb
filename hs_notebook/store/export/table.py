"""A usage table between the DataFrame and a file: columns of plain values, the same for every kind of file.

Times are whole microseconds since 1970 in UTC, unknown is None, all else is str, int and float. What a column
holds follows from its name alone, so that a table without a row comes back with its dtypes too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from hs_notebook.store import frame as ledger
from hs_notebook.store.moment import from_micros, to_micros
from hs_notebook.store.views import groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["TEXTS", "Columns", "Kind", "kind", "micros", "moment", "to_columns", "to_frame", "typed"]

Columns = dict[str, list[Any]]
Kind = Literal["time", "text", "whole", "number"]

TEXTS = ("prompt", "answer")
"""What is asked for with include_text."""

_DTYPES: dict[str, str | tuple[str, ...]] = {
    **groups.COLUMNS,
    **ledger.COLUMNS,
    **dict.fromkeys(TEXTS, "string"),
}


def kind(name: str) -> Kind:
    """What a column holds."""
    dtype = _DTYPES.get(name, "string")
    if dtype == "Int64":
        return "whole"
    if dtype == "Float64":
        return "number"
    return "time" if str(dtype).startswith("datetime64") else "text"


def to_columns(frame: pd.DataFrame) -> Columns:
    """The values of a DataFrame of `hs.usage()`."""
    return {name: _values(frame[name], kind(name)) for name in map(str, frame)}


def _values(column: pd.Series, holds: Kind) -> list[Any]:
    if holds == "time":
        return list(column.dt.as_unit("us").astype("int64"))
    values = column.astype("object")
    return list(values.where(column.notna(), None))


def to_frame(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """The DataFrame with the dtypes of `hs.usage()`; a column of another name is text."""
    kinds = {name: _DTYPES.get(name, "string") for name in columns}
    return ledger.arrays(columns, columns, kinds)


def typed(name: str, text: str) -> Any:  # noqa: ANN401 - by the column's kind
    """The value that was written as this text, as `str` and `moment` write it."""
    holds = kind(name)
    if holds == "time":
        return micros(text)
    if holds == "whole":
        return int(text)
    return float(text) if holds == "number" else text


def moment(at: int) -> str:
    """2026-11-22T12:30:15.123457+00:00."""
    return from_micros(at).isoformat(timespec="microseconds")


def micros(text: str) -> int:
    """The microseconds of what `moment` wrote, or of any other ISO text with its zone."""
    from datetime import datetime

    return to_micros(datetime.fromisoformat(text))
