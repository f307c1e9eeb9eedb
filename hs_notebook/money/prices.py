"""Which price holds for a model: the books there are, the user's own first, and the names a model goes by.

Shipped books lie in `prices/` beside this file; they are appended and never edited.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hs_notebook.errors import SettingError
from hs_notebook.home import home
from hs_notebook.money.price_book import Price, PriceBook, read_book, service_of

if TYPE_CHECKING:
    from hs_notebook.wire.chunk import ChatRequest

__all__ = [
    "HOLYSHEEP",
    "HOW_TO_SET",
    "books",
    "find",
    "find_usual",
    "is_ours",
    "names",
    "of_answer",
    "own_files",
    "same_model",
    "service_asked",
]

HOLYSHEEP = "holysheep"
"""The provider whose prices a shipped book says; another server at another URL is not HolySheep."""

_EMBEDDED = "embedded"
"""The provider that is this machine."""

_SHIPPED = Path(__file__).with_name("prices")

HOW_TO_SET = (
    "put [[price]] with model, input and output ($ per million tokens) into prices.toml in HOLYSHEEP_HOME"
    " or at HOLYSHEEP_PRICES, then hs.recost()"
)

_DATE = re.compile(r"[-@](20\d\d-\d\d-\d\d|20\d{6})$")
"""The date of a model's snapshot, as vendors append it: gpt-4.1-2025-04-14, claude-sonnet-4-5-20250929."""


def find(
    model: str, *, provider: str | None = None, at: datetime | None = None, service: str | None = None
) -> Price | None:
    """The price of a model; None if no book has it (the cost is then unknown, never 0).

    Tried in this order: the name as it is, without its vendor ("openai/gpt-4.1"), without the date of its
    snapshot ("gpt-4.1-2025-04-14"). Nothing is guessed beyond that: "gpt-4.1-mini" is another model.

    Args:
        model: The model's name, as asked for or as served.
        provider: Who serves it: "holysheep", "embedded" or a server's host; None to look in every book.
        at: When it was asked, which is what decides where a price depends on the hour; None: now.
        service: The tier of service, in the server's word; None: the usual one. Each has a price of its own.

    Raises:
        SettingError: A file of the user's is not a price book.
    """
    moment = datetime.now(UTC) if at is None else at.astimezone(UTC)
    price = _find(model, provider, moment.date(), service_of(service))
    return None if price is None else price.at(moment)


def find_usual(model: str) -> Price | None:
    """The price of a model today, outside the hours that have one of their own; None if no book has it.

    For calls at no hour in particular.

    Raises:
        SettingError: A file of the user's is not a price book.
    """
    price = _find(model, None, datetime.now(UTC).date())
    return None if price is None else price.outside_windows()


def _find(model: str, provider: str | None, day: date, service: str | None = None) -> Price | None:
    for name in names(model):
        for book in books():
            if book.providers and provider is not None and provider not in book.providers:
                continue
            price = book.price(name, day, service)
            if price is not None:
                return price
    return None


def of_answer(
    asked: str,
    served: str | None,
    provider: str,
    at: datetime | None = None,
    service: str | None = None,
) -> Price | None:
    """The price of the model that answered: what was asked for tells it only where that is the same one.

    None where no book for that provider has it; see `list_prices.instead`.

    Raises:
        SettingError: A file of the user's is not a price book.
    """
    if is_ours(asked, provider):
        served = None  # it names a place ("local"), not a model: whatever answers there is nobody's to bill
    price = find(served, provider=provider, at=at, service=service) if served else None
    if price is None and (not served or same_model(served, asked)):
        price = find(asked, provider=provider, at=at, service=service)
    return price


def service_asked(request: ChatRequest) -> str | None:
    """The tier of service that a request asks for; None if it asks for none."""
    word = request.extra.get("service_tier")
    return word if isinstance(word, str) else None


def is_ours(model: str, provider: str) -> bool:
    """Whether it is one of the models that the embedded gateway runs itself, by this very name."""
    return provider == _EMBEDDED and any(
        _EMBEDDED in book.providers and model.casefold() in book.prices for book in books()
    )


def same_model(one: str, other: str) -> bool:
    """Whether two names are one model's: but for its vendor and the date of its snapshot they are alike."""
    return names(one)[-1] == names(other)[-1]


def names(model: str) -> list[str]:
    """The names a model goes by, the most particular first."""
    name = model.strip().casefold()
    bare = name.rpartition("/")[2]
    return list(dict.fromkeys([name, bare, _DATE.sub("", bare)]))


def books() -> tuple[PriceBook, ...]:
    """Every book, the user's own before the shipped ones.

    Raises:
        SettingError: A file of the user's is not a price book.
    """
    shipped = sorted(_SHIPPED.glob("*.toml"))
    return tuple(_read_once(path, path.stat().st_mtime_ns) for path in (*own_files(), *shipped))


def own_files() -> list[Path]:
    """The user's books, the first first: `HOLYSHEEP_PRICES`, then prices.toml and prices/*.toml in `home()`.

    Raises:
        SettingError: `HOLYSHEEP_PRICES` names no file.
    """
    named = os.environ.get("HOLYSHEEP_PRICES", "").strip()
    found = [Path(named).expanduser()] if named else []
    if found and not found[0].is_file():
        raise SettingError(
            f"HOLYSHEEP_PRICES names {named}, and there is no such file.",
            means="Until it is there, no cost is computed: a price you changed must not be missed.",
            remedy="Mend or unset HOLYSHEEP_PRICES, then hs.recost().",
        )
    single = home() / "prices.toml"
    return [*found, *([single] if single.is_file() else []), *sorted((home() / "prices").glob("*.toml"))]


@lru_cache(maxsize=64)
def _read_once(path: Path, changed: int) -> PriceBook:  # noqa: ARG001 - a changed file is read again
    return read_book(path)
