"""What the usage table and the price books say together: other models, plans, new prices, past estimates.

Every function gives a DataFrame with a readable column `in_words`; what is not known is <NA>, and
`.attrs["notes"]` says what to know beside the figures.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from hs_notebook.money.mixes import Asked
    from hs_notebook.store.views.usage import Scope, Since

__all__ = ["estimate_errors", "plans", "recost", "unpriced", "what_if"]

_told: set[str] = set()


def what_if(models: Sequence[Asked], usage: pd.DataFrame | None = None) -> pd.DataFrame:
    """What the tokens of this notebook would have cost on other models, through the gateway and directly.

    The first row is what they cost as it was. `gateway_usd` is by the price book, `direct_usd` by the makers'
    list prices (the extra `prices`), `saving_usd` and `saving_share` the difference, negative where the
    gateway is dearer. Rows without counts are left out, and said.

    Args:
        models: Models, and mixes by share of the tokens: {"deepseek-v3.2": 0.8, "claude-sonnet-4.5": 0.2}.
        usage: Rows of `hs.usage()`; None: this notebook's.

    Raises:
        SettingError: A mix is none, or a price book of the user's cannot be read.
        StoreError: The store cannot be read.
    """
    from hs_notebook.money import what_if as repricing
    from hs_notebook.store.views.usage import usage as read

    if isinstance(models, str):
        raise SettingError("what_if() takes a list of models.", remedy=f"Write what_if([{models!r}]).")
    return repricing.reprice(read() if usage is None else usage, models)


def plans(
    input_mtok: float | None = None, output_mtok: float | None = None, model: Asked | None = None
) -> pd.DataFrame:
    """Which plan pays off: each against paying as one goes, for the last 30 days of all notebooks.

    `usd_per_mtok` is what a plan's own tokens cost, `my_month_usd` what the month would cost on it (<NA>
    where it holds too little, for what is beyond is not published), `breakeven_tokens` from how many tokens a
    month on it is cheaper than as one goes, `pays_off` whether that is so for this use.

    Args:
        input_mtok: Millions of prompt tokens a month instead; with `output_mtok` and `model`.
        output_mtok: Millions of generated tokens a month.
        model: The model or mix they are for.

    Raises:
        SettingError: Only some of the three are given, a mix is none, or a price book cannot be read.
        StoreError: The store cannot be read.
    """
    from hs_notebook.money import plans as offered

    given = (input_mtok, output_mtok, model)
    if all(value is None for value in given):
        return offered.compare(*_last_month())
    if input_mtok is None or output_mtok is None or model is None:
        raise SettingError("plans() takes all of input_mtok, output_mtok and model, or none of them.")
    return offered.compare(*_said(input_mtok, output_mtok, model))


def _said(input_mtok: float, output_mtok: float, model: Asked) -> tuple[int, Decimal | None, list[str]]:
    from hs_notebook.money import mixes, prices
    from hs_notebook.money.cost import EXACT
    from hs_notebook.wire.chunk import Usage

    sent, made = (int(EXACT.scaleb(Decimal(str(figure)), 6)) for figure in (input_mtok, output_mtok))
    mix = mixes.read(model)

    def find(name: str) -> Any:  # noqa: ANN401 - a Price or None
        price = prices.find_usual(name)
        return None if price is None else price.without_tiers()

    cost = mix.cost_usd([Usage(sent, output_tokens=made)], find)
    return sent + made, cost, [f"For {sent:,} + {made:,} tokens a month on {mix.name}."]


def _last_month() -> tuple[int, Decimal | None, list[str]]:
    """Tokens and cost of the last 30 days, all notebooks; and what to say of them."""
    from hs_notebook.money import cost, what_if
    from hs_notebook.store.views.usage import usage

    table = usage(scope="all", since="30d")
    calls = what_if.calls_of(table)
    tokens = sum(call.total_tokens or 0 for call in calls)
    counted = table[table["input_tokens"].notna() & table["output_tokens"].notna()]
    known = [Decimal(repr(float(figure))) for figure in counted["cost_usd"].dropna()]
    notes = [
        f"For the last 30 days of all notebooks: {tokens:,} tokens in {len(calls)} calls, not extrapolated."
    ]
    if len(known) < len(calls):
        notes.append(
            f"{len(calls) - len(known)} of these calls have no price: what they cost as you go is unknown."
        )
        return tokens, None, notes
    return tokens, cost.total(known).known, notes


def recost(*, scope: Scope = "notebook", since: Since | None = None, dry_run: bool = False) -> pd.DataFrame:
    """Cost rows of the usage table anew, at the prices that the books have now for the day of each.

    Nothing else changes a row's cost once it is written. What a server reported stays what it cost. A row for
    each row that changes: which, its tokens, the cost and book it had, the cost and book it has.

    Args:
        scope: The rows of this "notebook", of this run of the "kernel", or "all".
        since: As in `hs.usage`.
        dry_run: Only show what would change.

    Raises:
        SettingError: An argument is none of these, or a price book of the user's cannot be read.
        StoreError: The store cannot be read or written.
    """
    from hs_notebook.money import recost as recosting
    from hs_notebook.money.frames import frame
    from hs_notebook.store.ledger import default
    from hs_notebook.store.views.usage import select

    columns = default().columns(recosting.NEEDED, select(scope, since))
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    changes = [change for row in rows if (change := recosting.anew(row)) is not None]
    if changes and not dry_run:
        default().revise([change.money for change in changes])
    notes = [f"{len(changes)} rows {'would change' if dry_run else 'were costed anew'}."]
    return frame(recosting.COLUMNS, [change.shown() for change in changes], notes)


def unpriced() -> list[str]:
    """A line for each model of this notebook whose price nobody knows, each said once in this process.

    Raises:
        StoreError: The store cannot be read.
    """
    from hs_notebook.money.prices import HOW_TO_SET
    from hs_notebook.store.ledger import default
    from hs_notebook.store.views.usage import select

    columns = default().columns(("model", "model_served", "output_tokens", "cost_usd"), select())
    models = {
        served or model
        for model, served, made, cost in zip(*columns.values(), strict=True)
        if made is not None and cost is None
    }
    new = sorted(models - _told)
    _told.update(new)
    return [f"No price is known for {model}; {HOW_TO_SET}." for model in new]


def estimate_errors(usage: pd.DataFrame | None = None) -> pd.DataFrame:
    """How far off our estimates of tokens were, by model, on the answers that were counted to the end.

    Args:
        usage: Rows of `hs.usage()`; None: those of all notebooks.

    Raises:
        StoreError: The store cannot be read.
    """
    from hs_notebook.money import estimates
    from hs_notebook.store.views.usage import usage as read

    return estimates.errors(read(scope="all") if usage is None else usage)
