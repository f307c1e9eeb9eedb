"""The copy of several answers that stays: a grid in HTML; below each other in Markdown and text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from hs_notebook.notebook.resting import grid
from hs_notebook.notebook.resting.bundle import Rest, escaped, harmless, small, whole
from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.inert import inert

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["several"]


def several(rests: Sequence[Rest], filled: tuple[str, ...] = (), remark: str = "") -> dict[str, str]:
    """What stays of several answers, by MIME type.

    Args:
        rests: The answers, in the order of their panes.
        filled: What was put into the prompt, one phrase each.
        remark: A line on all of them; "" for none.
    """
    below = " · ".join(part for part in (f"with {', '.join(filled)}" if filled else "", remark) if part)
    below = harmless(below)
    foot = f"<p>{escape(below)}</p>" if below else ""
    return {
        "text/html": grid.table([_cell(rest) for rest in rests]) + foot,
        "text/markdown": "\n\n---\n\n".join([*map(_markdown, rests), *([small(below)] if below else [])]),
        "text/plain": "\n\n".join([*map(_plain, rests), *([below] if below else [])]),
    }


def _markdown(rest: Rest) -> str:
    head = f"### {escaped(harmless(rest.answer.model))}"
    text = inert(dollars(whole(rest.answer)))
    return "\n\n".join(part for part in (head, text, small(rest.footer())) if part)


def _plain(rest: Rest) -> str:
    head = f"== {harmless(rest.answer.model)} =="
    return "\n\n".join(part for part in (head, harmless(whole(rest.answer)), rest.footer()) if part)


def _cell(rest: Rest) -> grid.Cell:
    return grid.Cell(harmless(rest.answer.model), whole(rest.answer), rest.footer())
