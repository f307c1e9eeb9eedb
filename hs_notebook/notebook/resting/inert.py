"""Markdown from a model, made inert: it reads the same and can do nothing.

A notebook trusts the output of a cell that just ran: its Markdown may bring HTML, scripts and images. So,
outside code, `<` before anything that could be a tag is escaped, a link goes to http, https, mailto or within
the page and nowhere else, and an image becomes a link (it would load by itself, and tell its server).

Rule of this file: code is left as it is, and is taken for code only where every renderer must agree. This
module follows the plain shapes (fences, lists, spans within a line). Where a line leaves them, it is `lost`:
from there on all is treated as prose. At worst an escape shows in some code; never does a tag come through.

What stands after a fence is kept only if it is plain: JupyterLab 4.6 writes it into an attribute unescaped,
and nbconvert 7 puts a mermaid diagram into its page as HTML (both seen 2026-11-22).

Source: https://spec.commonmark.org/0.31.2/; how JupyterLab takes formulas out before
(rendermime/src/latex.ts) and how nbconvert does (nbconvert/filters/markdown_mistune.py), both read
2026-11-22.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hs_notebook.notebook.resting.inert_prose import inert_prose

__all__ = ["inert"]

_FENCE = re.compile(r"(?P<fence>`{3,}(?=[^`]*$)|~{3,})")
_LANGUAGE = re.compile(r"[ \t]*[\w+#.\- \t]*")
_OPENS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|\[[ xX]\])[ \t>]+)*(?:`{3,}|~{3,})")
_FENCE_LIKE = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?:`{3,}|~{3,})")
_ITEM = re.compile(r" {0,3}(?:[-*+]|(?P<number>\d{1,9})[.)]) {1,4}(?=\S)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_FORMULA = re.compile(r"\$|\\\(|\\\[|\\begin")
_DISPLAY = re.compile(r"(?<!\\)\$\$|\\\[|\\begin\{(?P<name>[a-z]*\*?)\}")
_ENDS = {"$$": r"(?<!\\)\$\$", "\\[": r"\\\]"}
_NESTED = 20
"""List items in list items that are followed."""
_DEEPEST = 3
"""Spaces a block may be indented and still be what it looks like."""


def inert(markdown: str) -> str:
    """The same text, in which nothing can act on the page that shows it. A fence left open is closed."""
    document = _Document()
    for line in re.split(r"\r\n|\r|\n", markdown.replace("\0", "\ufffd")):
        document.take(line)
    return document.finish()


@dataclass(slots=True)
class _Document:
    """A fold over lines.

    Attributes:
        items: Columns where the text of the list items begins that we are certainly in, outermost first.
        fence: The open fence and its column; None outside code.
        prose: Lines since the last blank line or fence, not yet written.
        awaited: What ends the display formula the prose is in; None outside one.
        lost: Whether the structure can no longer be followed with certainty.
    """

    out: list[str] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    fence: tuple[str, int] | None = None
    prose: list[str] = field(default_factory=list)
    awaited: str | None = None
    lost: bool = False

    def take(self, line: str) -> None:
        if self.fence is not None and self._takes_as_code(line, *self.fence):
            return
        if not line.strip(" \t"):
            self._flush()
            self.out.append(line)
        elif self.lost or not self._opens_fence(line):
            self.prose.append(line)

    def finish(self) -> str:
        self._flush()
        if self.fence is not None:
            mark, column = self.fence
            self.out.append(" " * column + mark)
        return "\n".join(self.out)

    def _takes_as_code(self, line: str, mark: str, column: int) -> bool:
        """Whether the line certainly belongs to the open fence, its closing line included."""
        text = line.strip(" \t")
        indent = _indent(line)
        like_the_end = text.startswith(mark) and not text.strip("`~ \t")
        ends = like_the_end and set(text) == {mark[0]} and indent == column
        if text and (indent < column or (like_the_end and not ends) or (column and "\t" in line[:column])):
            self.fence, self.lost = None, True
            return False
        self.out.append(line)
        if ends:
            self.fence = None
        return True

    def _opens_fence(self, line: str) -> bool:
        column = self._follow_items(line)
        found = _FENCE.match(line, column)
        certain = found is not None and column - self._base <= _DEEPEST and not self._in_formula
        if not (found and certain):
            self.lost = self.lost or _FENCE_LIKE.match(line) is not None
            return False
        formula = any(map(_FORMULA.search, self.prose))
        self._flush()
        if formula:
            self.out.append("")  # no formula goes over a blank line: none can swallow the fence
        self.out.append(_plain(line))
        self.fence = (found["fence"], column)
        return True

    @property
    def _base(self) -> int:
        return self.items[-1] if self.items else 0

    @property
    def _in_formula(self) -> bool:
        return _awaited("\n".join(self.prose), self.awaited) is not None

    def _follow_items(self, line: str) -> int:
        """Enter and leave list items as this line does; the column where its own text begins."""
        indent = _indent(line)
        left = False
        while self.items and indent < self.items[-1]:
            self.items.pop()
            left = True
        after_blank = not self.prose
        while (item := _ITEM.match(line, self._base)) and not _RULE.match(line[self._base :]):
            if len(self.items) == _NESTED:
                self.lost = True
                break
            if item["number"] not in (None, "1") and not (left or after_blank):
                break  # such a number cannot interrupt a paragraph, and there may be one
            self.items.append(item.end())
            left = after_blank = True
        return max(indent, self._base)

    def _flush(self) -> None:
        if self.prose:
            text = "\n".join(map(_plain, self.prose))
            self.awaited = _awaited(text, self.awaited)
            self.out.append(inert_prose(text, trust_code=not self.lost))
            self.prose = []


def _plain(line: str) -> str:
    """The line; if it may open a fence, in a quote or an item too, then with a plain word after it."""
    found = _OPENS.match(line)
    if found is None or ("`" in found[0] and "`" in line[found.end() :]):
        return line
    plain = _LANGUAGE.fullmatch(line, found.end()) and "mermaid" not in line.lower()
    return line if plain else f"{found[0]}text"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _awaited(text: str, awaited: str | None) -> str | None:
    """What would end the display formula that is open after `text`; `awaited` likewise before it.

    nbconvert lets such a formula go over blank lines and fences.
    """
    at = 0
    while True:
        if awaited is not None:
            end = re.compile(awaited).search(text, at)
            if end is None:
                return awaited
            at = end.end()
        begin = _DISPLAY.search(text, at)
        if begin is None:
            return None
        at = begin.end()
        name = begin["name"]
        awaited = rf"\\end\{{{re.escape(name)}\}}" if name is not None else _ENDS[begin[0]]
