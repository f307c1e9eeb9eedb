"""Tables that answer a question: figures as <NA> where they are unknown, and notes in `.attrs`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["frame"]

_DOLLARS = re.compile(r"\$(\d(?:[\d,.]*\d)?)")


def frame(
    columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], notes: Sequence[str]
) -> pd.DataFrame:
    """A DataFrame of these columns and dtypes, in that order; a Decimal becomes the nearest double.

    Sums in its words are written as "5.00 USD": Jupyter typesets what stands between two dollar signs.
    """
    import pandas as pd

    table = pd.DataFrame(
        {
            name: pd.array([_plain(row.get(name)) for row in rows], dtype=dtype)  # type: ignore[call-overload]
            for name, dtype in columns.items()
        }
    )
    table.attrs["notes"] = list(notes)
    return table


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _DOLLARS.sub(r"\1 USD", value)
    return float(value) if isinstance(value, Decimal) else value
