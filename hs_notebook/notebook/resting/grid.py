"""Answers side by side as a static table in HTML, in which nothing can act.

Markdown is rendered with raw HTML off: it is text. Links go to http, https, mailto or within the page and
nowhere else; an image is a link to it, for it would load by itself and tell its server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from hs_notebook.notebook.resting.formulas import FORMULA, dollars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

__all__ = ["Cell", "table"]

A_ROW = 3
"""Answers beside each other: more would be narrow columns."""
_LINKS = re.compile(r"(?:https?|mailto):|#", re.IGNORECASE)
_CELL = "text-align:left;vertical-align:top;white-space:normal;overflow-wrap:anywhere;padding:0.5em 1em"
_ROW = "background:none"
"""Against a host's stripes, and the colour of a row under the mouse."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer in the table: its model, its Markdown as the model wrote it, its line of figures."""

    head: str
    markdown: str
    figures: str


def table(cells: Sequence[Cell]) -> str:
    """The table: a row of models, one of answers and one of figures, for every three answers."""
    rows = [_rows(cells[first : first + A_ROW]) for first in range(0, len(cells), A_ROW)]
    return f'<table style="width:100%;table-layout:fixed">{"".join(rows)}</table>'


def _rows(cells: Sequence[Cell]) -> str:
    heads = "".join(f'<th scope="col" style="{_CELL}">{escape(cell.head)}</th>' for cell in cells)
    bodies = "".join(f'<td dir="auto" style="{_CELL}">{rendered(cell.markdown)}</td>' for cell in cells)
    figures = "".join(f'<td style="{_CELL}"><small>{escape(cell.figures)}</small></td>' for cell in cells)
    return "".join(f'<tr style="{_ROW}">{row}</tr>' for row in (heads, bodies, figures))


def rendered(markdown: str) -> str:
    """Markdown as HTML that can do nothing."""
    text = _CONTROLS.sub("", markdown.replace("\r\n", "\n")).encode("utf-8", "replace").decode()
    return str(_renderer().render(dollars(text)))


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    made.validateLink = lambda url: _LINKS.match(url) is not None  # type: ignore[method-assign]
    made.inline.ruler.before("escape", "formula", _formula)
    made.add_render_rule("image", _image)
    made.add_render_rule("link_open", _link)
    return made


def _formula(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the library's rule
    """A formula is text as it stands, for the notebook to typeset."""
    found = FORMULA.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("text", "", 0).content = found[0]
    state.pos = found.end()
    return True


def _link(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:  # noqa: ANN401 - the library's rule
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    tokens[index].attrSet("target", "_blank")
    return str(self.renderToken(tokens, index, options, env))


def _image(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:  # noqa: ANN401 - likewise
    token = tokens[index]
    words = self.renderInlineAsText(token.children, options, env) or "image"
    url = escape(str(token.attrGet("src") or ""))
    return f'<a href="{url}" rel="noopener noreferrer nofollow" target="_blank">{escape(words)}</a>'
