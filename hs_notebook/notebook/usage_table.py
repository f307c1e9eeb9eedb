"""The usage table as `%holysheep usage` shows it: what one looks for, in lines that fit a terminal.

All columns are in `hs.usage()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["shown"]

_MODEL = 18
"""Characters of a model's name, so that a line has no more than 110."""
_ROWS = 60
"""The first and the last of more."""


def shown(usage: pd.DataFrame) -> dict[str, str]:
    """The table by MIME type. `usage`: as `hs.usage()` gives it."""
    table = _selection(usage)
    return {
        "text/html": table.to_html(max_rows=_ROWS),
        "text/plain": table.to_string(max_rows=_ROWS, line_width=None),
    }


def _selection(usage: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "time (UTC)": usage["started_at"].dt.strftime("%m-%d %H:%M:%S"),
            "model": usage["model"].map(_short, na_action="ignore"),
            "status": usage["status"],
            "in": usage["input_tokens"],
            "out": usage["output_tokens"],
            "cost_usd": usage["cost_usd"],
            "first_s": usage["ttft_s"].round(2),
            "seconds": usage["duration_s"].round(1),
            "resumed_by": usage["resumed_by"],
        }
    )


def _short(model: str) -> str:
    return model if len(model) <= _MODEL else f"{model[: _MODEL - 1]}…"
