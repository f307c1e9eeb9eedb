"""Budgets as a notebook says and shows them: `%holysheep budget …`, and `dry_run` on a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.money.budget import Budget, Scope
    from hs_notebook.store.place import Place
    from hs_notebook.store.reservations import Kept
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["run", "show_costs"]

_LINE = re.compile(
    r"(?P<amount>\S+)?(?:\s+per\s+(?P<scope>day|notebook|kernel))?(?P<soft>\s+soft)?"
    r"(?:\s+unpriced=(?P<unpriced>allow|refuse))?"
)
_EXAMPLES = "%holysheep budget 2.00 per day; per notebook or per kernel; soft; unpriced=allow; or off."


def run(line: str, place: Place) -> str:
    """Do what the line says; what to tell of it.

    Raises:
        SettingError: It is not understood; nothing was changed.
        StoreError: The store cannot be read or written.
    """
    from hs_notebook.money.budget import amount
    from hs_notebook.store import renamed
    from hs_notebook.store.reservations import default

    said = _LINE.fullmatch(line.strip())
    if said is None:
        raise SettingError(f"'{line[:60]}' is no budget.", remedy=f"Write {_EXAMPLES}")
    renamed.default().follow(place.notebook)
    if said["amount"] is None:
        return _shown(place)
    if said["amount"] == "off":
        default().unset(place, said["scope"])
        return _shown(place)
    kept = (said["scope"] or "kernel", amount(said["amount"]), not said["soft"], said["unpriced"] or "refuse")
    default().set(place, kept)
    return _shown(place)


def _shown(place: Place) -> str:
    """The budgets that hold here, and what is left of each."""
    from hs_notebook.money.budget import dollars
    from hs_notebook.store.reservations import default

    lines = []
    for kept in default().budgets(place):
        budget, spent = _budget(kept), default().spent(place, kept[0])
        how = ", from midnight to midnight UTC" if budget.scope == "day" else ""
        how += "" if budget.hard else ", soft: it is said, nothing is refused"
        how += ", models without a price allowed" if budget.unpriced == "allow" else ""
        said = budget.name.removeprefix("the budget of ")
        lines.append(f"{said}: {dollars(spent)} spent or reserved, {dollars(budget.left(spent))} left{how}")
    return "\n".join(lines) or f"No budget is set. {_EXAMPLES}"


def _budget(kept: Kept) -> Budget:
    from hs_notebook.money.budget import Budget

    scope, limit, hard, unpriced = kept
    return Budget(limit, cast("Scope", scope), hard, cast("Literal['refuse', 'allow']", unpriced))


def show_costs(requests: Sequence[ChatRequest]) -> None:
    """Show what the requests of a cell may cost, by model; nothing is sent."""
    from IPython.display import display

    from hs_notebook.client.config import HolySheepConfig
    from hs_notebook.money import dry_run

    provider = HolySheepConfig.resolve().provider
    table = dry_run.costs([(request, provider(request.model)) for request in requests])
    lines = [*table["in_words"], *table.attrs["notes"], "Nothing was sent."]
    plain = "\n".join(lines)
    html = table.drop(columns="in_words").to_html(index=False, na_rep="unknown", border=0)
    display({"text/plain": plain, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]
