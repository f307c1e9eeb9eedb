"""The calls of a usage table on other models: through the gateway, and at the makers' list prices."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hs_notebook.money import list_prices, mixes, prices
from hs_notebook.money.cost import EXACT, exactly, plain
from hs_notebook.money.frames import frame
from hs_notebook.wire.chunk import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["calls_of", "reprice"]

AS_IT_WAS = "as it was"

_COLUMNS = {
    "model": "string",
    "calls": "Int64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "gateway_usd": "Float64",
    "direct_usd": "Float64",
    "saving_usd": "Float64",
    "saving_share": "Float64",
    "against_as_it_was_usd": "Float64",
    "unpriced_calls": "Int64",
    "price_book": "string",
    "list_price_book": "string",
    "in_words": "string",
}

_COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")

_CAVEATS = [
    "Another model cuts the same text into other tokens, answers at another length, and has other caches.",
    "Cached tokens count as fresh ones where a book has no price for them.",
]


def calls_of(usage: pd.DataFrame) -> list[Usage]:
    """The counts of the rows of which input and output are known."""
    known = usage[usage["input_tokens"].notna() & usage["output_tokens"].notna()]
    columns = [_counts(known[name]) for name in _COUNTS]
    return [Usage(*counts) for counts in zip(*columns, strict=True)]


@exactly
def reprice(usage: pd.DataFrame, models: Sequence[mixes.Asked]) -> pd.DataFrame:
    """A row for what the calls cost as they were, and one for each model or mix.

    Raises:
        SettingError: A mix is none, or a price book of the user's cannot be read.
    """
    asked = [mixes.read(one) for one in models]
    calls = calls_of(usage)
    rows = [_as_it_was(usage, calls), *(_row(mix, calls) for mix in asked)]
    for row in rows:
        row.update(_saving(row))
        before, after = rows[0]["gateway_usd"], row["gateway_usd"]
        comparable = None not in {before, after} and not rows[0]["unpriced_calls"]
        row["against_as_it_was_usd"] = after - before if comparable else None
        row["in_words"] = _in_words(row)
    return frame(_COLUMNS, rows, _notes(rows, len(usage) - len(calls)))


def _row(mix: mixes.Mix, calls: list[Usage]) -> dict[str, Any]:
    gateway = mix.cost_usd(calls, prices.find_usual)
    return _totals(calls) | {
        "model": mix.name,
        "gateway_usd": gateway,
        "direct_usd": mix.cost_usd(calls, list_prices.find),
        "unpriced_calls": 0 if gateway is not None else len(calls),
        "price_book": mix.books(prices.find_usual),
        "list_price_book": mix.books(list_prices.find),
    }


def _as_it_was(usage: pd.DataFrame, calls: list[Usage]) -> dict[str, Any]:
    counted = usage[usage["input_tokens"].notna() & usage["output_tokens"].notna()]
    listed = _sum(counted["list_cost_usd"])
    return _totals(calls) | {
        "model": AS_IT_WAS,
        "gateway_usd": _sum(counted["cost_usd"]),
        "direct_usd": None if counted["list_cost_usd"].isna().any() else listed,
        "unpriced_calls": int(counted["cost_usd"].isna().sum()),
        "price_book": ", ".join(sorted(counted["price_book"].dropna().unique())) or None,
        "list_price_book": ", ".join(sorted(counted["list_price_book"].dropna().unique())) or None,
    }


def _totals(calls: list[Usage]) -> dict[str, Any]:
    return {
        "calls": len(calls),
        "input_tokens": sum(call.input_tokens or 0 for call in calls),
        "output_tokens": sum(call.output_tokens or 0 for call in calls),
    }


def _saving(row: dict[str, Any]) -> dict[str, Any]:
    """What the gateway saves against going direct: computed, and negative where it is dearer."""
    gateway, direct = row["gateway_usd"], row["direct_usd"]
    if gateway is None or direct is None or row["unpriced_calls"]:
        return {"saving_usd": None, "saving_share": None}
    saved = direct - gateway
    return {"saving_usd": saved, "saving_share": EXACT.divide(saved, direct) if direct else None}


def _in_words(row: dict[str, Any]) -> str:
    calls = f"{row['calls']} call{'' if row['calls'] == 1 else 's'}"
    if row["gateway_usd"] is None:
        return f"{row['model']}: no price is known for {calls}."
    least = "≥ " if row["unpriced_calls"] else ""
    words = f"{row['model']}: {least}{_dollars(row['gateway_usd'])} for {calls}"
    if row["unpriced_calls"]:
        words += f", {row['unpriced_calls']} of them without a price"
    if row["saving_usd"] is not None and row["direct_usd"]:
        way = "cheaper" if row["saving_usd"] >= 0 else "dearer"
        words += f"; {abs(row['saving_share']):.0%} {way} than {_dollars(row['direct_usd'])} direct"
    return f"{words}."


def _dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${plain(round(amount, 6)):f}"


def _notes(rows: list[dict[str, Any]], uncounted: int) -> list[str]:
    notes = [*_CAVEATS]
    if uncounted:
        notes.append(
            f"{uncounted} rows have no counts (failed, running, or taken up again) and are left out."
        )
    unpriced = [row["model"] for row in rows[1:] if row["gateway_usd"] is None]
    notes += [f"No price is known for {model}; {prices.HOW_TO_SET}." for model in unpriced]
    if not list_prices.is_installed():
        notes.append(list_prices.MISSING)
    return notes


def _sum(costs: pd.Series[Any]) -> Decimal | None:
    """The sum of what is known; None where nothing is, of some. A double written out is the figure it was."""
    known = [Decimal(repr(cost)) for cost in costs.dropna().astype(float).tolist()]
    if not known and len(costs):
        return None
    total = Decimal(0)
    for cost in known:
        total = EXACT.add(total, cost)
    return plain(total)


def _counts(column: pd.Series[Any]) -> list[int | None]:
    return [None if missing else int(count) for count, missing in zip(column, column.isna(), strict=True)]
