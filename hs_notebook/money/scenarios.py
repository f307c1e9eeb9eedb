"""A month on this model or that mix (`hs.monthly`), from prices, beside what the article prints."""

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

    from hs_notebook.money.price_book import Price

__all__ = ["monthly"]

_PRINTED: dict[str, tuple[str, str]] = {
    "gpt-4.1": ("62.50", "31.25"),
    "gemini-2.5-flash": ("18.00", "9.00"),
    "deepseek-v3.2": ("4.20", "2.10"),
    "80 % deepseek-v3.2 + 20 % claude-sonnet-4.5": ("16.80", "8.40"),
}
"""What the article's table of strategies prints for 5 + 5 million tokens: direct, and through the gateway.

Source: HolySheep AI, Korean article on its streaming SDK, as of 2025 (read 2026-11-22)
"""

_STRATEGIES: tuple[mixes.Asked, ...] = (
    "gpt-4.1",
    "gemini-2.5-flash",
    "deepseek-v3.2",
    {"deepseek-v3.2": 0.8, "claude-sonnet-4.5": 0.2},
)

_COLUMNS = {
    "strategy": "string",
    "cost_usd": "Float64",
    "against_first": "Float64",
    "list_usd": "Float64",
    "saving_usd": "Float64",
    "saving_share": "Float64",
    "half_price_usd": "Float64",
    "printed_usd": "Float64",
    "printed_half_usd": "Float64",
    "follows": "boolean",
    "price_book": "string",
    "list_price_book": "string",
    "in_words": "string",
}


@exactly
def monthly(
    input_mtok: float = 5, output_mtok: float = 5, models: Sequence[mixes.Asked] | None = None
) -> pd.DataFrame:
    """What a month of so many tokens costs, by strategy; the article's four unless `models` says others.

    A row for each: `cost_usd` by the price book of the gateway, `list_usd` at the makers' list prices, the
    saving between the two (negative: it is dearer) in USD and as a share, `against_first` (the change
    against the first row, as a share). `half_price_usd` is `cost_usd` halved, what the claim "50 % cheaper"
    would come to. Of the article's own month (5 + 5) there is what it prints, and whether that `follows`
    from its prices. What is not known is <NA>; `.attrs["notes"]` says why.

    Args:
        input_mtok: Millions of prompt tokens.
        output_mtok: Millions of generated tokens.
        models: Models and mixes: ["gpt-4.1", {"deepseek-v3.2": 0.8, "claude-sonnet-4.5": 0.2}].

    Raises:
        SettingError: A mix is none, or a price book of the user's cannot be read.
    """
    sent, made = (int(Decimal(str(figure)) * 1_000_000) for figure in (input_mtok, output_mtok))
    month, articles = Usage(sent, output_tokens=made), (sent, made) == (5_000_000, 5_000_000)
    strategies = [mixes.read(asked) for asked in (_STRATEGIES if models is None else models)]
    rows = [_row(mix, month, _PRINTED.get(mix.name) if articles else None) for mix in strategies]
    for row in rows:
        row["against_first"] = _share(rows[0]["cost_usd"], row["cost_usd"])
        row["in_words"] = _in_words(row)
    return frame(_COLUMNS, rows, _notes(rows))


def _row(mix: mixes.Mix, month: Usage, printed: tuple[str, str] | None) -> dict[str, Any]:
    cost = mix.cost_usd([month], _by_book)
    listed = mix.cost_usd([month], _by_list)
    half = None if cost is None else plain(EXACT.divide(cost, Decimal(2)))
    known = printed is not None and cost is not None
    return {
        "strategy": mix.name,
        "cost_usd": cost,
        "list_usd": listed,
        "saving_usd": None if cost is None or listed is None else plain(EXACT.subtract(listed, cost)),
        "saving_share": _saved(listed, cost),
        "half_price_usd": half,
        "printed_usd": None if printed is None else Decimal(printed[0]),
        "printed_half_usd": None if printed is None else Decimal(printed[1]),
        "follows": (cost, half) == tuple(map(Decimal, printed)) if known and printed else None,
        "price_book": mix.books(_by_book),
        "list_price_book": mix.books(_by_list),
    }


def _by_book(model: str) -> Price | None:
    return _of_short_requests(prices.find_usual(model))


def _by_list(model: str) -> Price | None:
    return _of_short_requests(list_prices.find(model))


def _of_short_requests(price: Price | None) -> Price | None:
    """No request has millions of tokens: a month is made of short ones, below every tier."""
    return None if price is None else price.without_tiers()


def _share(first: Decimal | None, cost: Decimal | None) -> Decimal | None:
    if not first or cost is None:
        return None
    return EXACT.divide(cost - first, first)


def _saved(listed: Decimal | None, cost: Decimal | None) -> Decimal | None:
    return None if not listed or cost is None else EXACT.divide(listed - cost, listed)


def _in_words(row: dict[str, Any]) -> str:
    if row["cost_usd"] is None:
        return f"{row['strategy']}: no price is known."
    words = f"{row['strategy']}: ${row['cost_usd']:,.2f} a month"
    if row["list_usd"] is not None:
        way = "cheaper" if row["saving_usd"] >= 0 else "dearer"
        words += f", {abs(row['saving_share']):.0%} {way} than ${row['list_usd']:,.2f} at list price"
    if row["follows"] is False:
        words += (
            f"; the article prints ${row['printed_usd']:,.2f} and ${row['printed_half_usd']:,.2f},"
            " which do not follow from its prices"
        )
    return f"{words}."


def _notes(rows: list[dict[str, Any]]) -> list[str]:
    notes = [f"No price is known for {row['strategy']}." for row in rows if row["cost_usd"] is None]
    if any(row["follows"] is False for row in rows):
        wrong = [row["strategy"] for row in rows if row["follows"] is False]
        notes.append(f"The article's figures do not follow from its own prices for: {', '.join(wrong)}.")
    if not list_prices.is_installed():
        notes.append(list_prices.MISSING)
    return notes
