"""The usage table in groups: what each model, cell, session, day or comparison took.

A sum is over what is known, and <NA> where nothing is: unknown never becomes 0. Beside each sum stands how
many calls it lacks. Money is added up in Decimal and rounded once, to the nearest double.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from hs_notebook.store.frame import arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import pandas as pd

__all__ = ["COLUMNS", "NEEDED", "grouped", "needed", "total", "withdrawn"]

_KEYS: dict[str, tuple[str, ...]] = {
    "model": ("model",),
    "cell": ("notebook", "cell_id"),
    "session": ("session",),
    "day": ("day",),
    "comparison": ("comparison_id", "model"),
}

_FIGURES = (
    "started_at",
    "input_tokens",
    "output_tokens",
    "usage_source",
    "ttft_s",
    "duration_s",
    "tokens_per_s",
)
_SETTLING = ("answer_id", "attempt", "resumed_by", "status", "cost_usd")
"""What is read to tell which calls have ended, and where their counts stand."""

NEEDED = ("notebook", "cell_id", "session", "comparison_id", "model", *_FIGURES, *_SETTLING)
"""The columns of the ledger that the groups of any kind are made of."""

_MOMENT = "datetime64[us, UTC]"

COLUMNS: dict[str, str] = {
    "day": _MOMENT,
    "started_at": _MOMENT,
    **dict.fromkeys(("calls", "input_tokens", "output_tokens", "without_counts", "without_cost"), "Int64"),
    **dict.fromkeys(("cost_usd", "share_estimated", "ttft_p50_s", "ttft_p99_s"), "Float64"),
    **dict.fromkeys(("duration_p50_s", "duration_p99_s", "tokens_per_s"), "Float64"),
}
"""Dtype by column, where it is not that of text."""

_COUNTED_ELSEWHERE = "replay"
"""What takes an attempt up in this way has its counts and its cost: see `Ledger.withdraw`."""

_EXACT = Context(prec=100)
"""Our own arithmetic: a notebook may have set the global context to three digits."""


def needed(by: str) -> list[str]:
    """The columns of the ledger that these groups are made of."""
    return [*_FIGURES, *_SETTLING, *(key for key in _KEYS[by] if key != "day")]


def grouped(columns: Mapping[str, Sequence[Any]], by: str) -> pd.DataFrame:
    """One row for each group, in order of its first call; models by what they cost, the dearest first.

    Columns after the key's (for "cell" notebook and cell_id, for "comparison" comparison_id and model):
    started_at (the first call's), calls, input_tokens, output_tokens, without_counts (calls of which no
    tokens are known), cost_usd, without_cost (calls of which no cost is known; both leave out what was
    counted with a later attempt), share_estimated (0 to 1: calls of which tokens were counted by us),
    ttft_p50_s, ttft_p99_s, duration_p50_s, duration_p99_s, tokens_per_s (the median).

    A P99 is a value that was measured: up to 100 calls, the slowest. Calls without a comparison are in no
    group of "comparison"; calls without a cell make one group of "cell".
    """
    import pandas as pd

    keys = _KEYS[by]
    rows = arrays(columns, [*_FIGURES, *(key for key in keys if key != "day")])
    if by == "day":
        rows["day"] = rows["started_at"].dt.floor("D")
    elsewhere = withdrawn(columns)
    rows["without_counts"] = rows["usage_source"].eq("missing").fillna(value=False) & ~elsewhere
    cost_known = pd.Series([text is not None for text in columns["cost_usd"]], dtype="bool")
    rows["without_cost"] = ~(cost_known | elsewhere)
    rows["share_estimated"] = rows["usage_source"].eq("estimated").fillna(value=False)
    groups = rows.groupby(list(keys), sort=False, dropna=by == "comparison")
    table = _sums(groups)
    costs = _costs(columns["cost_usd"], groups.ngroup().fillna(-1).to_numpy("int64"), len(table))
    table.insert(list(table).index("without_cost"), "cost_usd", costs)
    return _ordered(table.reset_index(), by)


def _sums(groups: Any) -> pd.DataFrame:  # noqa: ANN401 - pandas' groups
    import pandas as pd

    times = groups[["ttft_s", "duration_s", "tokens_per_s"]]
    middle, slowest = times.median(), times.quantile(0.99, interpolation="higher")
    table = {
        "started_at": groups["started_at"].min(),
        "calls": groups.size(),
        "input_tokens": groups["input_tokens"].sum(min_count=1),
        "output_tokens": groups["output_tokens"].sum(min_count=1),
        "without_counts": groups["without_counts"].sum(),
        "without_cost": groups["without_cost"].sum(),
        "share_estimated": groups["share_estimated"].mean(),
        "ttft_p50_s": middle["ttft_s"],
        "ttft_p99_s": slowest["ttft_s"],
        "duration_p50_s": middle["duration_s"],
        "duration_p99_s": slowest["duration_s"],
        "tokens_per_s": middle["tokens_per_s"],
    }
    return pd.DataFrame(table).astype({name: COLUMNS[name] for name in table})


def _costs(texts: Sequence[str | None], codes: np.ndarray[Any, Any], count: int) -> Any:  # noqa: ANN401 - pandas' array
    import pandas as pd

    by_group: list[list[str | None]] = [[] for _ in range(count)]
    for code, text in zip(codes.tolist(), texts, strict=True):
        if code >= 0:
            by_group[code].append(text)
    sums = [total(known) for known in by_group]
    return pd.array([None if one is None else float(one) for one in sums], dtype="Float64")


def _ordered(table: pd.DataFrame, by: str) -> pd.DataFrame:
    if by == "model":
        return table.sort_values(["cost_usd", "calls"], ascending=False, kind="stable", ignore_index=True)
    return table.sort_values("started_at", kind="stable", ignore_index=True)


def withdrawn(columns: Mapping[str, Sequence[Any]]) -> np.ndarray[Any, Any]:
    """Which rows have no counts of their own, because a later attempt of the answer has them."""
    import numpy as np

    answers, attempts, resumed = columns["answer_id"], columns["attempt"], columns["resumed_by"]
    last: dict[str, int] = {}
    if _COUNTED_ELSEWHERE in resumed:
        for answer, attempt, how in zip(answers, attempts, resumed, strict=True):
            if how == _COUNTED_ELSEWHERE:
                last[answer] = max(attempt, last.get(answer, 0))
    if not last:
        return np.zeros(len(answers), dtype="bool")
    sources = columns["usage_source"]
    each = zip(answers, attempts, sources, strict=True)
    return np.array(
        [source == "missing" and attempt < last.get(answer, 0) for answer, attempt, source in each]
    )


def total(texts: Iterable[str | None]) -> Decimal | None:
    """The sum of what is known, exact; None where nothing is."""
    known = [Decimal(text) for text in texts if text is not None]
    with localcontext(_EXACT):
        return sum(known, Decimal(0)) if known else None
