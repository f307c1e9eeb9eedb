"""A price book: a dated table of what models cost, in USD per million tokens; a TOML file, read strictly.

A book of the user's needs no more than `[[price]]` with `model`, `input` and `output`; a shipped one has its
name, date and source above. A price is a `Decimal` from the file to the sum.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hs_notebook.errors import SettingError
from hs_notebook.money import hours

if TYPE_CHECKING:
    from pathlib import Path

    from hs_notebook.money.hours import Hours

__all__ = ["Price", "PriceBook", "Rates", "Window", "read_book", "service_of"]

_DEAREST = 1000
"""USD per million tokens. Above it, a figure was meant for another unit (per token, per thousand)."""

_RATES = frozenset({"input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning"})
_BOOK_KEYS = frozenset({"name", "as_of", "checked_on", "source", "providers", "price"})
_PRICE_KEYS = _RATES | {"model", "aliases", "service", "tiers", "valid_from", "valid_to", "windows"}
_WINDOW_KEYS = _RATES | hours.KEYS | {"tiers"}
_TIER_KEYS = _RATES | {"input_over"}


_USUAL = frozenset({"", "default", "standard", "auto", "on_demand", "traffic_type_unspecified"})


@dataclass(frozen=True, slots=True)
class Rates:
    """What the tokens of one request cost, USD per million.

    Attributes:
        input: For prompt tokens that are neither read from a cache nor written to one.
        output: For generated tokens.
        cache_read: For prompt tokens read from a cache; None where the book does not say.
        cache_write: For prompt tokens written to a cache; None where the book does not say.
        reasoning: For generated tokens spent on reasoning; None: as any other output.
        cache_write_1h: For prompt tokens written to a cache kept for an hour; None: not said.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    cache_write_1h: Decimal | None = None


Tiers = tuple[tuple[int, Rates], ...]
"""Rates that hold for all tokens of a request whose input exceeds so many tokens; ascending."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a model costs at some hours of the week; nothing of it is taken from the rates at other hours."""

    hours: Hours
    base: Rates
    tiers: Tiers = ()


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs by one book, for as long as that holds.

    Attributes:
        model: The model's name in the book.
        book: The book's name; the ledger keeps it beside the cost.
        base: The rates of a request that reaches no tier.
        tiers: See `Tiers`.
        valid_from: The first day it holds, UTC; None: as far back as anybody asks.
        valid_to: The last day it holds, UTC; None: until a later book says otherwise.
        dated: As of when somebody knew it.
        windows: What holds instead at some hours; no two share a moment.
        service: For which service ("flex", "priority", "batch"); None: the usual one.
    """

    model: str
    book: str
    base: Rates
    tiers: Tiers = ()
    valid_from: date | None = None
    valid_to: date | None = None
    dated: str | None = None
    windows: tuple[Window, ...] = ()
    service: str | None = None

    def rates(self, input_tokens: int | None) -> Rates | None:
        """The rates for a request with so much input, cache included; None where that is unknown."""
        if not self.tiers:
            return self.base
        if input_tokens is None:
            return None
        reached = [rates for over, rates in self.tiers if input_tokens > over]
        return reached[-1] if reached else self.base

    def at(self, moment: datetime) -> Price:
        """The same as it is for a request that begins at that moment."""
        for window in self.windows:
            if window.hours.include(moment):
                return replace(self, base=window.base, tiers=window.tiers, windows=())
        return self.outside_windows()

    def outside_windows(self) -> Price:
        """The same at the hours that no window has."""
        return replace(self, windows=()) if self.windows else self

    def without_tiers(self) -> Price:
        """The same for requests that reach no tier."""
        return replace(self, tiers=())

    def holds(self, day: date) -> bool:
        """Whether it holds on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class PriceBook:
    """A dated list of prices.

    Attributes:
        name: Its name, such as article-2025.
        as_of: When its prices held, in words.
        checked_on: When somebody last compared it with its source.
        source: Where the figures come from.
        providers: The providers it holds for; empty for all.
        prices: Prices by model name and alias, in lower case; several where they held one after the other.
    """

    name: str
    as_of: str
    checked_on: date
    source: str
    providers: frozenset[str]
    prices: dict[str, tuple[Price, ...]]

    def price(self, name: str, day: date, service: str | None = None) -> Price | None:
        """The price of that name and service, exactly, on that day; None if it is not in the book."""
        found = (price for price in self.prices.get(name, ()) if price.service == service)
        return next((price for price in found if price.holds(day)), None)


def service_of(word: object) -> str | None:
    """The service that a word of a server, a request or a book names; None: the usual one.

    Source: the types ChatCompletion of openai 3.54.0, Usage of anthropic 2.12.0 and TrafficType of
    google-genai 3.4.0 (2026-11-22)
    """
    name = str(word or "").casefold().removeprefix("on_demand_")
    return None if name in _USUAL else name


def read_book(path: Path) -> PriceBook:
    """Read one TOML file.

    Raises:
        SettingError: It is not a price book, or a figure in it cannot be a price per million tokens.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
        return _book({"name": path.name, "checked_on": written, "as_of": "", "source": str(path), **data})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SettingError(
            f"{path} is not a price book: {missing}.",
            means="Until it is mended, no cost is computed: a price you changed must not be missed.",
            remedy="Mend it, or move it away; prices are USD per million tokens. Then hs.recost().",
        ) from error


def _book(data: dict[str, Any]) -> PriceBook:
    _refuse_unknown(data, _BOOK_KEYS)
    checked_on = _day(data["checked_on"])
    prices: dict[str, tuple[Price, ...]] = {}
    for entry in data["price"]:
        price = _price(entry, str(data["name"]), checked_on)
        for name in dict.fromkeys(str(name).casefold() for name in (price.model, *entry.get("aliases", ()))):
            known = prices.get(name, ())
            if any(_overlap(price, other) for other in known):
                raise ValueError(f"{name} is in it twice")
            prices[name] = (*known, price)
    return PriceBook(
        name=str(data["name"]),
        as_of=str(data["as_of"]),
        checked_on=checked_on,
        source=str(data["source"]),
        providers=frozenset(data.get("providers", ())),
        prices=prices,
    )


def _price(entry: dict[str, Any], book: str, checked_on: date) -> Price:
    _refuse_unknown(entry, _PRICE_KEYS)
    tiers = _tiers(entry)
    first = _day(entry["valid_from"]) if "valid_from" in entry else None
    last = _day(entry["valid_to"]) if "valid_to" in entry else None
    if first is not None and last is not None and last < first:
        raise ValueError(f"{entry['model']} is valid to {last}, before {first}")
    windows = tuple(_window(window) for window in entry.get("windows", ()))
    if any(one.hours.overlap(other.hours) for one, other in combinations(windows, 2)):
        raise ValueError(f"windows of {entry['model']} overlap")
    if tiers and any(not window.tiers for window in windows):
        raise ValueError(f"{entry['model']} has tiers, and a window without")
    return Price(
        model=str(entry["model"]),
        book=book,
        base=_rates(entry),
        tiers=tiers,
        valid_from=first,
        valid_to=last,
        dated=(first or checked_on).isoformat(),
        windows=windows,
        service=service_of(entry.get("service")),
    )


def _window(entry: dict[str, Any]) -> Window:
    _refuse_unknown(entry, _WINDOW_KEYS)
    return Window(hours.read(entry), _rates(entry), _tiers(entry))


def _tiers(entry: dict[str, Any]) -> Tiers:
    return tuple(sorted((_tier(tier) for tier in entry.get("tiers", ())), key=lambda tier: tier[0]))


def _tier(entry: dict[str, Any]) -> tuple[int, Rates]:
    _refuse_unknown(entry, _TIER_KEYS)
    over = entry["input_over"]
    if isinstance(over, bool) or not isinstance(over, int) or over < 0:
        raise TypeError(f"{over!r} is not a number of tokens")
    return over, _rates(entry)


def _rates(entry: dict[str, Any]) -> Rates:
    figures = {name: _figure(entry[name]) for name in _RATES if name in entry or name in {"input", "output"}}
    return Rates(**figures)


def _overlap(one: Price, other: Price) -> bool:
    """Whether there is a day on which both hold, for the same service."""
    if one.service != other.service:
        return False
    begin = max(one.valid_from or date.min, other.valid_from or date.min)
    end = min(one.valid_to or date.max, other.valid_to or date.max)
    return begin <= end


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
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"{value!r} is not a date")
    return value
