"""Price books: dated tables of what a model costs, in USD per million tokens.

A book is a TOML file, shipped in `prices/` beside this file or put by the user into `prices/` of `home()`,
where it comes first. Books are appended and never edited. A price is a `Decimal` from the file to the sum.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from hs_notebook.errors import SettingError
from hs_notebook.home import home

__all__ = ["Price", "PriceBook", "books", "find", "read_book", "same_model"]

_SHIPPED = Path(__file__).with_name("prices")

_DEAREST = 1000
"""USD per million tokens. Above it, a figure was meant for another unit (per token, per thousand)."""

_DATE = re.compile(r"[-@](20\d\d-\d\d-\d\d|20\d{6})$")
"""The date of a model's snapshot, as vendors append it: gpt-4.1-2025-04-14, claude-sonnet-4-5-20250929."""

_BOOK_KEYS = frozenset({"name", "as_of", "checked_on", "source", "providers", "price"})
_PRICE_KEYS = frozenset({"model", "aliases", "input", "output", "cache_read", "cache_write"})


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs by one book, USD per million tokens.

    Attributes:
        model: The model's name in the book.
        book: The book's name; the ledger keeps it beside the cost.
        input: For prompt tokens that are neither read from a cache nor written to one.
        output: For generated tokens, reasoning included.
        cache_read: For prompt tokens read from a cache; None where the book does not say.
        cache_write: For prompt tokens written to a cache; None where the book does not say.
    """

    model: str
    book: str
    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """A dated list of prices.

    Attributes:
        name: Its name, such as article-2025.
        as_of: When its prices held, in words.
        checked_on: When somebody last compared it with its source.
        source: Where the figures come from.
        providers: The providers it holds for; empty for all.
        prices: Price by model name and alias, in lower case.
    """

    name: str
    as_of: str
    checked_on: date
    source: str
    providers: frozenset[str]
    prices: dict[str, Price]


def find(model: str, *, provider: str | None = None) -> Price | None:
    """The price of a model; None if no book has it (the cost is then unknown, never 0).

    Tried in this order: the name as it is, without its vendor ("openai/gpt-4.1"), without the date of its
    snapshot ("gpt-4.1-2025-04-14"). Nothing is guessed beyond that: "gpt-4.1-mini" is another model.

    Args:
        model: The model's name, as asked for or as served.
        provider: Who serves it; None to look in every book.
    """
    for name in _names(model):
        for book in books():
            if book.providers and provider is not None and provider not in book.providers:
                continue
            if name in book.prices:
                return book.prices[name]
    return None


def same_model(one: str, other: str) -> bool:
    """Whether two names are one model's: but for its vendor and the date of its snapshot they are alike."""
    return _names(one)[-1] == _names(other)[-1]


def books() -> tuple[PriceBook, ...]:
    """Every book, the user's own before the shipped ones.

    Raises:
        SettingError: A file of the user's is not a price book.
    """
    own = sorted((home() / "prices").glob("*.toml"))
    shipped = sorted(_SHIPPED.glob("*.toml"))
    return tuple(_read_once(path, path.stat().st_mtime_ns) for path in (*own, *shipped))


def read_book(path: Path) -> PriceBook:
    """Read one TOML file.

    Raises:
        SettingError: It is not a price book, or a figure in it cannot be a price per million tokens.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
        return _book(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SettingError(
            f"{path} is not a price book: {missing}.",
            remedy="Mend it, or move it out of that folder; prices are USD per million tokens.",
        ) from error


@lru_cache(maxsize=64)
def _read_once(path: Path, changed: int) -> PriceBook:  # noqa: ARG001 - a changed file is read again
    return read_book(path)


def _names(model: str) -> list[str]:
    name = model.strip().casefold()
    bare = name.rpartition("/")[2]
    names = [name, bare, _DATE.sub("", bare)]
    return list(dict.fromkeys(names))


def _book(data: dict[str, Any]) -> PriceBook:
    _refuse_unknown(data, _BOOK_KEYS)
    prices: dict[str, Price] = {}
    for entry in data["price"]:
        _refuse_unknown(entry, _PRICE_KEYS)
        price = Price(
            model=str(entry["model"]),
            book=str(data["name"]),
            input=_figure(entry["input"]),
            output=_figure(entry["output"]),
            cache_read=_figure(entry["cache_read"]) if "cache_read" in entry else None,
            cache_write=_figure(entry["cache_write"]) if "cache_write" in entry else None,
        )
        for name in (price.model, *entry.get("aliases", ())):
            if prices.setdefault(str(name).casefold(), price) is not price:
                raise ValueError(f"{name} is in it twice")
    return PriceBook(
        name=str(data["name"]),
        as_of=str(data["as_of"]),
        checked_on=_day(data["checked_on"]),
        source=str(data["source"]),
        providers=frozenset(data.get("providers", ())),
        prices=prices,
    )


def _refuse_unknown(table: dict[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"it does not take {unknown[0]!r}, only {', '.join(sorted(known))}")


def _figure(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{value!r} is not a number")
    figure = Decimal(value)
    if not figure.is_finite() or not 0 <= figure <= _DEAREST:
        raise ValueError(f"{value} is not between 0 and {_DEAREST} USD per million tokens")
    return figure


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is not a date")
    return value
