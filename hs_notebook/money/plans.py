"""Which plan pays off (`hs.plans`): the article's, dated, against paying as one goes."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hs_notebook.money import prices
from hs_notebook.money.cost import EXACT, exactly, plain
from hs_notebook.money.frames import frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare"]

_FILE = Path(__file__).with_name("plans") / "article-2025.toml"
_MILLION = Decimal(1_000_000)
_AS_ONE_GOES = "Pay as you go"

_COLUMNS = {
    "plan": "string",
    "usd_a_month": "Float64",
    "tokens": "Int64",
    "usd_per_mtok": "Float64",
    "my_tokens": "Int64",
    "my_month_usd": "Float64",
    "breakeven_tokens": "Int64",
    "pays_off": "boolean",
    "in_words": "string",
}


@exactly
def compare(tokens: int, cost_usd: Decimal | None, notes: list[str]) -> pd.DataFrame:
    """The plans and paying as one goes, for a month of so many tokens.

    Args:
        tokens: Used in a month, input and output together.
        cost_usd: What they cost as one goes; None if unknown.
        notes: What to say of these two.
    """
    data = _data()
    rate = EXACT.divide(cost_usd * _MILLION, Decimal(tokens)) if cost_usd is not None and tokens else None
    rows = [_plan(plan, tokens, rate, cost_usd) for plan in data["plan"]]
    rows.append(
        {
            "plan": _AS_ONE_GOES,
            "usd_per_mtok": rate,
            "my_tokens": tokens,
            "my_month_usd": cost_usd,
            "in_words": "Pay as you go: what this use costs is not known."
            if cost_usd is None
            else f"Pay as you go: ${cost_usd:,.2f} for {tokens:,} tokens"
            + ("." if rate is None else f", ${rate:,.2f} per million."),
        }
    )
    dated = f"Plans as of {data['as_of']}, checked on {data['checked_on']}: {data['source']}."
    return frame(_COLUMNS, rows, [*notes, dated, *_dearer(data)])


def _plan(plan: dict[str, Any], tokens: int, rate: Decimal | None, cost: Decimal | None) -> dict[str, Any]:
    fee = None if "usd_a_month" not in plan else Decimal(plan["usd_a_month"])
    held = plan.get("tokens")
    row: dict[str, Any] = {"plan": plan["name"], "usd_a_month": fee, "tokens": held, "my_tokens": tokens}
    if fee is None:
        return row | {"in_words": f"{plan['name']}: its price is not published."}
    if held is None:
        return row | _with_credit(plan["name"], Decimal(plan["credit_usd"]), cost)
    each = EXACT.divide(fee * _MILLION, Decimal(held))
    even = None if not rate else int(EXACT.divide(fee * _MILLION, rate))
    pays = (None if cost is None else False) if even is None else even <= min(tokens, held)
    return row | {
        "usd_per_mtok": each,
        "my_month_usd": fee if tokens <= held else None,  # what tokens beyond it cost is not published
        "breakeven_tokens": even,
        "pays_off": pays,
        "in_words": f"{plan['name']}: ${each:,.2f} per million tokens; {_verdict(even, held, tokens, cost)}",
    }


def _verdict(even: int | None, held: int, tokens: int, cost: Decimal | None) -> str:
    beyond = f" Your {tokens:,} tokens exceed its {held:,}." if tokens > held else ""
    if even is None and cost is not None:
        return f"never pays off: as you go your tokens cost nothing.{beyond}"
    if even is None:
        return f"what your tokens cost as you go is not known, so neither is what it saves.{beyond}"
    if even > held:
        return f"never pays off at your mix: it would from {even:,} tokens on, and holds {held:,}.{beyond}"
    way = "pays off" if tokens >= even else "does not pay off"
    return f"{way}: breakeven at {even:,} tokens.{beyond}"


def _with_credit(name: str, credit: Decimal, cost: Decimal | None) -> dict[str, Any]:
    words = f"{name}: a credit of ${credit} once"
    if cost is None:
        return {"in_words": f"{words}; what this use costs is not known."}
    left = max(cost - credit, Decimal(0))
    reach = "more than it holds" if left else "within it"
    return {
        "my_month_usd": left,
        "in_words": f"{words}; a month like this is {reach} (the first one ${left:,.2f}).",
    }


def _dearer(data: dict[str, Any]) -> list[str]:
    """Say of each plan that costs more per token than any model it lists, even if all tokens were output."""
    found = [(model, prices.find_usual(model)) for model in data["models"]]
    known = [(price.base.output, model) for model, price in found if price is not None]
    if not known:
        return []
    dearest, model = max(known)
    notes = []
    for plan in data["plan"]:
        each = (
            EXACT.divide(Decimal(plan["usd_a_month"]) * _MILLION, Decimal(plan["tokens"]))
            if plan.get("tokens")
            else None
        )
        if each is not None and each > dearest:
            notes.append(
                f"{plan['name']} is dearer per token than any model it lists: ${each:,.2f} per million,"
                f" where the dearest token as you go is ${plain(dearest):f} (output of {model})."
            )
    return notes


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text("utf-8"))
