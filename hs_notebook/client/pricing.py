"""What an attempt cost: its counts, or our estimate of them, at the price of the model that answered.

Three figures side by side: the server's own, ours by a price book, and the maker's list price.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hs_notebook.client.config import EMBEDDED
from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer
    from hs_notebook.attempt import Attempt
    from hs_notebook.money.price_book import Price

__all__ = ["estimate", "is_free", "price", "price_by_list", "warm", "when_warm"]

_warmed, _ready = threading.Event(), threading.Event()
_lock = threading.Lock()
_waiting: list[Callable[[], None]] = []


def is_free(answer: Answer) -> bool:
    """Whether it runs on this machine, and nobody is paid for it.

    False for a model that the embedded gateway only relays, and where a price book cannot be read.
    """
    if answer.provider != EMBEDDED:
        return False
    from hs_notebook.money import budget, prices

    try:
        price = prices.of_answer(answer.model, None, answer.provider)
    except SettingError:
        return False
    return budget.ceiling(1, None, price) == 0


def warm(model: str) -> None:
    """Load what estimates and list prices need, while the server thinks; returns at once."""
    if _warmed.is_set():
        return
    _warmed.set()
    threading.Thread(target=_warm, args=(model,), name="hs_notebook-prices", daemon=True).start()


def _warm(model: str) -> None:
    from hs_notebook.money import list_prices, tokens

    tokens.warm(model)
    list_prices.is_installed()
    with _lock:
        _ready.set()
    for job in _waiting:
        job()
    _waiting.clear()


def when_warm(job: Callable[[], None]) -> None:
    """Do it now if all is loaded, else on the thread that loads, once that is done; never wait."""
    with _lock:
        if not _ready.is_set():
            _waiting.append(job)
            return
    job()


def estimate(answer: Answer, attempt: Attempt) -> None:
    """Set what we would say its tokens are, had nobody counted; nothing where nothing came."""
    from hs_notebook.money import tokens

    texts, thoughts = attempt.since
    text = "".join(answer.parts[texts:]) + "".join(answer.reasoning_parts[thoughts:])
    if text or attempt.usage is not None:
        prefix = "".join(answer.parts[:texts]) if attempt.resumed_by == "continue" else ""
        attempt.estimate = tokens.estimate(answer.request, text, prefix)


def price(answer: Answer, attempt: Attempt) -> None:
    """Set what the attempt cost: the server's word, and ours by a price book; None where neither can tell.

    A list price stands in for a book's where there is one (`list_prices.instead`): only if they are
    loaded, for no answer waits for them.

    Raises:
        SettingError: A price book of the user's cannot be read; the server's own figure is set.
    """
    from hs_notebook.money import cost, list_prices, prices

    attempt.reported_cost_usd = cost.reported_usd(attempt.usage)
    if attempt.reported_cost_usd is not None:
        attempt.cost_usd, attempt.price_book = attempt.reported_cost_usd, cost.REPORTED
    if attempt.service_tier is None:
        attempt.service_tier = prices.service_asked(answer.request)
    answered = answer.model, attempt.model_served, answer.provider, attempt.started_at
    price = prices.of_answer(*answered, attempt.service_tier)
    if price is None and list_prices.is_loaded():
        price = list_prices.instead(*answered, attempt.service_tier)
        attempt.list_price_book = None if price is None else price.book
    if price is not None:
        attempt.book_cost_usd = cost.cost_usd(attempt.counts, price)
        if attempt.book_cost_usd is not None:
            attempt.price_book, attempt.price_date = price.book, price.dated
    if attempt.cost_usd is None:
        attempt.cost_usd = attempt.book_cost_usd
    if attempt.cost_usd is None:
        _tell_why(answer, attempt, prices.of_answer(*answered))


def _tell_why(answer: Answer, attempt: Attempt, usual: Price | None) -> None:
    """Say what is missing where the model has a price and this request has none."""
    from hs_notebook.money.price_book import service_of

    if usual is None:
        return
    if service_of(attempt.service_tier) is not None:
        why = f"the service tier {attempt.service_tier!r} has a price of its own, and no price book has it"
    elif attempt.usage is not None and attempt.usage.cache_write_1h_tokens:
        why = "no price book has its cache_write_1h, the price of a cache kept for an hour"
    else:
        return
    note = f"The cost of this answer is unknown: {why}."
    if note not in answer.notes:
        answer.notes.append(note)


def price_by_list(answer: Answer, attempt: Attempt) -> None:
    """Set what the maker of the model would ask for the same tokens; None where that is not known."""
    from hs_notebook.money import cost, list_prices

    price = list_prices.find(attempt.model_served or answer.model, attempt.started_at, attempt.service_tier)
    attempt.list_cost_usd = cost.cost_usd(attempt.counts, price)
    if price is not None and attempt.list_cost_usd is not None:
        attempt.list_price_book = price.book
