"""Token counts as providers send them, merged and made comparable.

Rule of this file: per raw field the last value that is not null wins (never a sum, never a maximum), and
only the merged whole is made into a `Usage`: its input includes all cache traffic, its output all reasoning.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from hs_notebook.wire.chunk import Usage

__all__ = ["amount", "count", "merge", "reconcile", "total_of"]

_MOST = 2**53  # more tokens than that nobody counted


def merge(known: dict[str, Any], news: dict[str, Any]) -> None:
    """Put `news` over `known`, field by field, details likewise; a null takes nothing away."""
    for name, value in news.items():
        old = known.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            known[name] = {**old, **{key: item for key, item in value.items() if item is not None}}
        elif value is not None:
            known[name] = value


def count(raw: dict[str, Any], *names: str) -> int | None:
    """The first of these fields that holds a count; None if none does."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST:
            return int(value)
    return None


def total_of(*counts: int | None) -> int | None:
    """The sum of the known counts; None if none is known."""
    known = [value for value in counts if value is not None]
    return sum(known) if known else None


def amount(raw: dict[str, Any], *names: str) -> str | None:
    """The first of these fields that holds an amount of money, as written; None if none does."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                money = Decimal(str(value))
            except InvalidOperation:
                continue
            if money.is_finite() and money >= 0:
                return str(value)
    return None


def reconcile(usage: Usage, total: int | None) -> Usage:
    """Mend what cannot be true in a gateway's figures, and say so in `note`.

    A part cannot exceed its whole, so then it was counted beside it; and what a total holds above input
    and output was generated, and not shown (reasoning), unless it is exactly the cache's.

    Args:
        usage: The figures as sent, with `input_tokens` and `output_tokens` as the wholes.
        total: The provider's own total; None if it sent none.
    """
    values = {name: getattr(usage, name) for name in usage.__struct_fields__}
    notes: list[str] = []
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    sent, made = usage.input_tokens, usage.output_tokens
    excess = None if None in {total, sent, made} else total - sent - made  # type: ignore[operator]
    if sent is not None and cached and (cached > sent or excess == cached):
        values["input_tokens"] = sent = sent + cached
        notes.append("the server counts cached tokens beside the prompt; they are added to the input")
    if total is not None and sent is not None and total > sent + (made or 0):
        values["output_tokens"] = total - sent
        notes.append("the server's total exceeds input plus output; the rest is counted as output")
    thought = usage.reasoning_tokens or 0
    if made is not None and thought > values["output_tokens"]:
        values["output_tokens"] = made + thought
        notes.append("the server counts reasoning beside the output; it is added to the output")
    if notes:
        values["note"] = "; ".join(notes)
    return Usage(**values)
