r"""Formulas in the one way of writing that notebooks typeset: `\( … \)` as `$…$`, `\[ … \]` as `$$…$$`.

The rule, outside code, is that of js/markdown/math.js: spaces just inside `\(` and `\)` go away, nothing else
within a formula is changed; a formula holds no blank line and at most 1,000 characters; a mark that finds no
partner is text. In a paragraph where one is rewritten, a dollar that is money is escaped: it must not pair
with ours.
"""

from __future__ import annotations

import re

__all__ = ["FORMULA", "dollars"]

_FENCE = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+)*(?P<mark>`{3,}|~{3,})(?P<info>.*)$")
_MARK = re.compile(r"\\[(\[]")
_DOUBLE = r"\$\$[^$]{1,1000}\$\$"
_SINGLE = r"\$(?![\s$])(?:[^$\\]|\\.){1,1000}(?<!\s)\$(?!\d)"
FORMULA = re.compile(rf"{_DOUBLE}|{_SINGLE}", re.DOTALL)
"""A formula between dollars; `$5 and $10` is money."""
_TOKEN = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).{1,1000}?(?<!`)(?P=ticks)(?!`))"
    r"|\\\((?P<line>.{1,1000}?)\\\)"
    r"|\\\[(?P<display>.{1,1000}?)\\\]"
    rf"|(?P<kept>{_DOUBLE}|{_SINGLE}|\\.)"
    r"|(?P<money>\$)",
    re.DOTALL,
)


def dollars(markdown: str) -> str:
    """The same Markdown with its formulas between dollars."""
    if not _MARK.search(markdown):
        return markdown
    out: list[str] = []
    prose: list[str] = []
    fence = ""

    def flush() -> None:
        if prose:
            out.append(_paragraph("\n".join(prose)))
            prose.clear()

    for line in markdown.split("\n"):
        found = _FENCE.match(line)
        if fence or found or not line.strip():
            flush()
            out.append(line)
            fence = _fence_after(fence, found)
        else:
            prose.append(line)
    flush()
    return "\n".join(out)


def _fence_after(fence: str, found: re.Match[str] | None) -> str:
    """The fence that is open after a line; "" for none. `found`: what looks like one in that line."""
    if found is None:
        return fence
    if not fence:
        return found["mark"]
    return "" if found["mark"].startswith(fence) and not found["info"].strip() else fence


def _paragraph(text: str) -> str:
    if not any(found["line"] or found["display"] for found in _TOKEN.finditer(text)):
        return text
    return _TOKEN.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    if found["line"] is not None:
        inner = found["line"].strip()
        return f"${inner}$" if inner else found[0]
    if found["display"] is not None:
        return f"$${found['display']}$$" if found["display"].strip() else found[0]
    return "\\$" if found["money"] else found[0]
