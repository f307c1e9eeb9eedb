"""The usage table as people read it: what one looks for, figures with units, and a last line that adds up.

A total never hides what it lacks: `≥ $0.0132 (1 of 9 estimated)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from hs_notebook.store.moment import from_micros
from hs_notebook.store.views import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

__all__ = ["NEEDED", "Report", "Totals", "dollars", "of_groups", "of_rows", "totals"]

UNKNOWN = "<NA>"

_LONGEST = 18
"""Characters of a name, so that a line has no more than 110."""

Shown = tuple[str, str, "Callable[[Any], str]"]
"""Column of the table, its heading, and how a value that is known is written."""


@dataclass(frozen=True, slots=True)
class Report:
    """A table of texts.

    Attributes:
        heads: The headings.
        rows: As many texts in each.
        figures: Which columns hold figures, to be set to the right.
        total: The last line.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[bool, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What many calls took together.

    Attributes:
        calls: How many there were.
        input_tokens: Of the calls whose counts are known.
        output_tokens: Likewise.
        cost: The sum of all known costs, USD, exact; None if none is known.
        estimated: Calls whose tokens were counted by us.
        partial: Calls whose counts are those of the moment they broke off: lower bounds.
        unknown: Calls whose cost nobody knows.
    """

    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    estimated: int
    partial: int
    unknown: int

    def __str__(self) -> str:
        if not self.calls:
            return "no calls"
        words = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        tokens = f"{self.input_tokens:,} + {self.output_tokens:,} tokens"
        return f"{words} · {tokens} · {self.money}"

    @property
    def money(self) -> str:
        """The sum; with "≥" where it is a lower bound, and why."""
        kinds = {"estimated": self.estimated, "partial": self.partial, "unknown": self.unknown}
        lacking = [f"{count:,} of {self.calls:,} {word}" for word, count in kinds.items() if count]
        if self.cost is None:
            return "cost unknown"
        shown = dollars(self.cost)
        return f"≥ {shown} ({', '.join(lacking)})" if lacking else shown


NEEDED = (*groups.NEEDED, "finish_reason")
"""The columns of the ledger that a report is made of."""


def totals(columns: Mapping[str, Sequence[Any]]) -> Totals:
    """Add up; columns as `Ledger.columns` gives them."""
    sources, costs = columns["usage_source"], columns["cost_usd"]
    elsewhere = groups.withdrawn(columns)
    return Totals(
        calls=len(costs),
        input_tokens=sum(count for count in columns["input_tokens"] if count is not None),
        output_tokens=sum(count for count in columns["output_tokens"] if count is not None),
        cost=groups.total(costs),
        estimated=sources.count("estimated"),
        partial=sources.count("partial"),
        unknown=sum(cost is None and not given for cost, given in zip(costs, elsewhere, strict=True)),
    )


def dollars(amount: Decimal) -> str:
    """`$0.01225`: to six digits, at least two of them cents."""
    plain = amount.normalize(Context(prec=6))
    decimals = max(2, -int(plain.as_tuple().exponent)) if plain else 0
    return f"${plain:,.{decimals}f}"


# -- row by row -------------------------------------------------------------------------------


def of_rows(columns: Mapping[str, Sequence[Any]]) -> Report:
    """A row for each attempt, the oldest first; columns as `Ledger.columns` gives them."""
    order = sorted(range(len(columns["started_at"])), key=columns["started_at"].__getitem__)
    rows = (tuple(_shown(columns[name][row], how) for name, _, how in _ROWS) for row in order)
    return Report(_heads(_ROWS), tuple(rows), _figures(_ROWS), str(totals(columns)))


def _shown(value: Any, how: Callable[[Any], str]) -> str:  # noqa: ANN401 - of any kind
    return UNKNOWN if value is None else how(value)


def _name(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _tail(text: str) -> str:
    """The end of a path or an id: where they differ."""
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"


def _money(value: Any) -> str:  # noqa: ANN401 - exact text or a double
    return dollars(Decimal(repr(value) if isinstance(value, float) else value))


def _time(at: int) -> str:
    return f"{from_micros(at):%m-%d %H:%M:%S}"


def _count(value: int) -> str:
    return f"{value:,}"


def _hundredths(value: float) -> str:
    return f"{value:.2f}"


def _tenths(value: float) -> str:
    return f"{value:,.1f}"


_ROWS: tuple[Shown, ...] = (
    ("started_at", "time (UTC)", _time),
    ("model", "model", _name),
    ("status", "status", str),
    ("input_tokens", "in", _count),
    ("output_tokens", "out", _count),
    ("cost_usd", "cost", _money),
    ("ttft_s", "first, s", _hundredths),
    ("duration_s", "whole, s", _tenths),
    ("resumed_by", "resumed by", str),
)


# -- in groups --------------------------------------------------------------------------------


def of_groups(table: pd.DataFrame, total: Totals) -> Report:
    """A row for each group, as `groups.grouped` gives them."""
    chosen = [shown for shown in (*_KEYS, *_GROUPS) if shown[0] in table]
    values = {name: table[name].astype("object").where(table[name].notna(), None) for name, _, _ in chosen}
    rows = zip(*([_shown(value, how) for value in values[name]] for name, _, how in chosen), strict=True)
    return Report(_heads(chosen), tuple(rows), _figures(chosen), str(total))


_KEYS: tuple[Shown, ...] = (
    ("day", "day (UTC)", lambda at: f"{at:%Y-%m-%d}"),
    ("session", "session", _name),
    ("notebook", "notebook", _tail),
    ("cell_id", "cell", _name),
    ("comparison_id", "comparison", _name),
    ("model", "model", _name),
)

_GROUPS: tuple[Shown, ...] = (
    ("calls", "calls", _count),
    ("input_tokens", "in", _count),
    ("output_tokens", "out", _count),
    ("cost_usd", "cost", _money),
    ("without_cost", "no cost", _count),
    ("share_estimated", "estimated", "{:.0%}".format),
    ("ttft_p50_s", "first P50", _hundredths),
    ("ttft_p99_s", "P99, s", _hundredths),
    ("duration_p50_s", "whole P50", _tenths),
    ("duration_p99_s", "P99, s", _tenths),
    ("tokens_per_s", "tokens/s", _tenths),
)


def _heads(shown: Sequence[Shown]) -> tuple[str, ...]:
    return tuple(head for _, head, _ in shown)


def _figures(shown: Sequence[Shown]) -> tuple[bool, ...]:
    return tuple(
        how in {_count, _money, _hundredths, _tenths} or name == "share_estimated" for name, _, how in shown
    )
