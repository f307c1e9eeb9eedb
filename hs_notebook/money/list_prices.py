"""What the makers of models ask for themselves, from the data in the wheel of `genai-prices`.

An optional extra: `pip install hs-notebook[prices]`. Nothing is fetched; the data is as old as the installed
version, whose number stands beside each figure. A server that is not HolySheep's is taken to ask as much,
where no price book says otherwise. Source: https://github.com/pydantic/genai-prices (0.2.3, MIT, 2026-11-22),
which says of itself that its prices "will not be 100% accurate".
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from hs_notebook.money.price_book import Price, Rates, service_of
from hs_notebook.money.prices import HOLYSHEEP, is_ours, names, same_model

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["MISSING", "find", "instead", "is_installed", "is_loaded"]

MISSING = "List prices are unknown here: pip install hs-notebook[prices]."

_KEYS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
}


def is_installed() -> bool:
    """Whether list prices are at hand; the first call imports them (some tenths of a second)."""
    return _library() is not None


def is_loaded() -> bool:
    """Whether it is known if there are list prices: from then on they take no time."""
    return _library.cache_info().currsize > 0


def find(model: str, at: datetime | None = None, service: str | None = None) -> Price | None:
    """The list price of a model at its maker's; None where it is not known. `at`: None is now.

    `service` is the tier of service; a tier of which the library knows no price has none, not the usual one.
    """
    library = _library()
    if library is None:
        return None
    moment = datetime.now(UTC) if at is None else at
    for name in names(model):
        if not name:
            continue
        try:
            found = library.calc_price(library.Usage(), name, genai_request_timestamp=moment)
        except (LookupError, ValueError):
            continue
        listed = found.model_price if service_of(service) is None else _served(found.model, service, moment)
        return None if listed is None else _price(found.model.id, listed)
    return None


def instead(
    asked: str,
    served: str | None,
    provider: str,
    at: datetime | None = None,
    service: str | None = None,
) -> Price | None:
    """The list price of the model that answered, for where no price book has one.

    None at HolySheep, whose prices are its own, for what runs on this machine, and where it is not known.

    Args:
        asked: The model asked for.
        served: The model that answered, as its server names it; None if it did not say.
        provider: Who served it.
        at: When it was asked; None: now.
        service: The tier of service, as in `find`.
    """
    if provider == HOLYSHEEP or is_ours(asked, provider):
        return None
    price = find(served, at, service) if served else None
    if price is None and (not served or same_model(served, asked)):
        price = find(asked, at, service)
    return price


@lru_cache(maxsize=1)
def _library() -> ModuleType | None:
    try:
        import genai_prices
    except Exception:  # noqa: BLE001 - whatever ails an optional library, answers go on without it
        return None
    return genai_prices


def _served(model: Any, service: str | None, at: datetime) -> Any:  # noqa: ANN401 - classes of theirs
    """The prices of a tier of service; None where there are none: the library gives the usual ones then."""
    word = service_of(service)
    listed = model.get_prices(at, dict.fromkeys(("service_tier", "processing", "speed"), word))
    return None if listed is model.get_prices(at) or listed == model.get_prices(at) else listed


def _price(model: str, listed: Any) -> Price | None:  # noqa: ANN401 - one class of theirs, whose attributes vary
    figures = {ours: getattr(listed, theirs, None) for ours, theirs in _KEYS.items()}
    if figures["input"] is None or figures["output"] is None:
        return None
    starts = sorted({tier.start for figure in figures.values() for tier in getattr(figure, "tiers", ())})
    return Price(
        model=model,
        book=f"genai-prices {version('genai-prices')}",
        base=_rates(figures, 0),
        tiers=tuple((start, _rates(figures, start + 1)) for start in starts),
        dated=f"genai-prices {version('genai-prices')}",
    )


def _rates(figures: dict[str, Any], input_tokens: int) -> Rates:
    return Rates(**{name: _at(figure, input_tokens) for name, figure in figures.items()})  # type: ignore[arg-type] # both that must be there are


def _at(figure: Any, input_tokens: int) -> Decimal | None:  # noqa: ANN401 - a Decimal, their tiers, or None
    if figure is None or isinstance(figure, Decimal):
        return figure
    reached = [tier.price for tier in figure.tiers if input_tokens > tier.start]
    price: Decimal = reached[-1] if reached else figure.base
    return price
