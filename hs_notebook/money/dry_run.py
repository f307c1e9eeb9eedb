"""What a prompt may cost by model, before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hs_notebook.money import list_prices, prices, tokens
from hs_notebook.money.budget import cap_of, ceiling, dollars
from hs_notebook.money.cost import exactly
from hs_notebook.money.frames import frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from hs_notebook.money.price_book import Price
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["costs"]

_COLUMNS = {
    "model": "string",
    "input_tokens": "Int64",
    "max_output_tokens": "Int64",
    "cost_low_usd": "Float64",
    "cost_high_usd": "Float64",
    "list_low_usd": "Float64",
    "list_high_usd": "Float64",
    "price_book": "string",
    "in_words": "string",
}


@exactly
def costs(requests: Sequence[tuple[ChatRequest, str]]) -> pd.DataFrame:
    """A row for each request: its tokens (an estimate), and its cost between no answer and the longest one.

    The longest is `max_tokens`, else what the model can write at most; <NA> where neither is known.

    Args:
        requests: What would be sent, each with the provider that it would be sent to.

    Raises:
        SettingError: A price book of the user's cannot be read.
    """
    rows = [_row(request, provider) for request, provider in requests]
    notes = ["Tokens of the prompt are an estimate."]
    notes += [
        f"No price is known for {row['model']}; {prices.HOW_TO_SET}." for row in rows if not row["price_book"]
    ]
    return frame(_COLUMNS, rows, notes)


def _row(request: ChatRequest, provider: str) -> dict[str, Any]:
    sent = tokens.of_prompt(request.messages, request.model)
    most = cap_of(request.model) if request.max_tokens is None else request.max_tokens
    service = prices.service_asked(request)
    listed = list_prices.find(request.model, service=service)
    price = prices.find(request.model, provider=provider, service=service) or list_prices.instead(
        request.model, None, provider, service=service
    )
    row: dict[str, Any] = {
        "model": request.model,
        "input_tokens": sent,
        "max_output_tokens": most,
        "cost_low_usd": ceiling(sent, 0, price),
        "cost_high_usd": ceiling(sent, most, price),
        "list_low_usd": ceiling(sent, 0, listed),
        "list_high_usd": ceiling(sent, most, listed),
        "price_book": None if price is None else price.book,
    }
    return row | {"in_words": _in_words(row, price)}


def _in_words(row: dict[str, Any], price: Price | None) -> str:
    words = f"{row['model']}: ~{row['input_tokens']:,} tokens"
    if price is None:
        return f"{words}, cost unknown"
    low, high = row["cost_low_usd"], row["cost_high_usd"]
    if high == Decimal(0):
        return f"{words}, costs nothing"
    if high is None:
        return f"{words}, from {dollars(low)} up (how long an answer may get is not known; say max_tokens)"
    return f"{words}, {dollars(low)} to {dollars(high)} (answer of up to {row['max_output_tokens']:,} tokens)"
