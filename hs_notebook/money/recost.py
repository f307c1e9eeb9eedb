"""A row of the ledger costed anew: its tokens by the books there are now, for the day it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hs_notebook.money import cost, list_prices, prices
from hs_notebook.wire.chunk import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COLUMNS", "NEEDED", "Change", "anew"]

_COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_MONEY = ("cost_usd", "book_cost_usd", "price_book", "price_date", "list_cost_usd", "list_price_book")

NEEDED = (
    "answer_id",
    "attempt",
    "started_at",
    "provider",
    "model",
    "model_served",
    "service_tier",
    "cache_write_1h_tokens",
    "reported_cost_usd",
    *_COUNTS,
    *_MONEY,
)
"""The columns of the ledger that it takes."""

COLUMNS = {
    "started_at": "datetime64[us, UTC]",
    "model": "string",
    "answer_id": "string",
    "attempt": "Int64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "old_cost_usd": "Float64",
    "new_cost_usd": "Float64",
    "old_price_book": "string",
    "new_price_book": "string",
    "in_words": "string",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose money changes.

    Attributes:
        row: As it stands in the ledger.
        money: answer_id, attempt and the new values of the columns of money, as the ledger keeps them.
    """

    row: Mapping[str, Any]
    money: dict[str, Any]

    def shown(self) -> dict[str, Any]:
        """As a row of the table that `hs.recost` gives."""
        kept = ("model", "answer_id", "attempt", "input_tokens", "output_tokens")
        old, new = self.row["cost_usd"], self.money["cost_usd"]
        return {
            **{name: self.row[name] for name in kept},
            "started_at": _moment(self.row["started_at"]),
            "old_cost_usd": None if old is None else Decimal(old),
            "new_cost_usd": None if new is None else Decimal(new),
            "old_price_book": self.row["price_book"],
            "new_price_book": self.money["price_book"],
            "in_words": f"{self.row['model']}: {_dollars(old)} → {_dollars(new)}",
        }


def anew(row: Mapping[str, Any]) -> Change | None:
    """What changes in a row; None if nothing does, or nobody counted its tokens.

    Raises:
        SettingError: A price book of the user's cannot be read.
    """
    counts = [row[name] for name in _COUNTS]
    if all(count is None for count in counts):
        return None
    usage, at = _usage(row), _moment(row["started_at"])
    answered = row["model"], row["model_served"], row["provider"], at, row["service_tier"]
    price = prices.of_answer(*answered) or list_prices.instead(*answered)
    if price is None and _is_by_list(row) and not list_prices.is_installed():
        return None
    ours, said = cost.cost_usd(usage, price), row["reported_cost_usd"]
    priced = price if ours is not None else None
    values = {
        "cost_usd": said if said is not None else _text(ours),
        "book_cost_usd": _text(ours),
        "price_book": priced.book if priced is not None else cost.REPORTED if said is not None else None,
        "price_date": None if priced is None else priced.dated,
        **_by_list(row, usage, at),
    }
    if all(row[name] == value for name, value in values.items()):
        return None
    return Change(row, {"answer_id": row["answer_id"], "attempt": row["attempt"], **values})


def _usage(row: Mapping[str, Any]) -> Usage:
    return Usage(**{name: row[name] for name in (*_COUNTS, "cache_write_1h_tokens")})


def _by_list(row: Mapping[str, Any], usage: Usage, at: datetime) -> dict[str, Any]:
    """The list price; where the library is not here, what stands in the row stays."""
    if not list_prices.is_installed() or prices.is_ours(row["model"], row["provider"]):
        return {name: row[name] for name in ("list_cost_usd", "list_price_book")}
    price = list_prices.find(row["model_served"] or row["model"], at, row["service_tier"])
    listed = cost.cost_usd(usage, price)
    book = price.book if price is not None and listed is not None else None
    return {"list_cost_usd": _text(listed), "list_price_book": book}


def _is_by_list(row: Mapping[str, Any]) -> bool:
    return row["price_book"] is not None and row["price_book"] == row["list_price_book"]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _dollars(amount: str | None) -> str:
    return "unknown" if amount is None else f"${amount}"


def _moment(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
