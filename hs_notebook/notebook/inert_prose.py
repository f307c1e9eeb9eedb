"""Lines of Markdown prose, made inert: tags escaped, links kept to the harmless, images turned into links.

The lines are those between two blank lines or fences. A code span is left as it is where it opens and closes
on one line and nothing could make a renderer pair the backticks in another way; else it is treated as prose.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["inert_prose"]

_ACTIVE = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<tag><(?=[A-Za-z/!?]))"
    r"|(?P<image>!\[)"
    r"|(?P<link>\]\()"
    r"|(?P<definition>\]:)"
    r"|\\(?P<macro>(?:href|url)\s*\{)"
)
_AUTOLINK = re.compile(r"<(?:https?://|mailto:)[A-Za-z0-9\-._~:/?#@!$&*+,;=%()]+>")
_IMAGE = re.compile(r"!\[(?P<alt>(?:[^\[\]\\`]|\\.)*)\]\(")
_TICKS = re.compile(r"`+")
_PAIRING = re.compile(r"[$~|\\]")
"""What inside a span may bind before its backticks do, in one renderer or another."""
_SCHEME = re.compile(r"[^/?#]*?:")
_FORMULA = re.compile(r"\$\$?[^$\n]*\$|^\$\$$")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\\]")
_SCHEMES = ("http:", "https:", "mailto:")


def inert_prose(text: str, *, trust_code: bool) -> str:
    """The same lines with nothing in them that acts. `trust_code`: code spans may be left as they are."""
    out: list[str] = []
    at = 0
    for start, end in [*(_spans(text) if trust_code else ()), (len(text), len(text))]:
        out.append(_disarm(text, at, start))
        out.append(text[start:end])
        at = end
    return "".join(out)


# -- code spans ---------------------------------------------------------------------------------------


def _spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each code span that every renderer sees as one."""
    if "\\`" in text:
        return []
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        found = list(_line_spans(line))
        spans += [(start + a, start + b) for a, b in found]
        if _TICKS.search(_without(line, found)):
            break  # an open backtick may pair with any on the lines below
        start += len(line) + 1
    if any(_PAIRING.search(text, a, b) for a, b in spans):
        return []
    return spans


def _line_spans(line: str) -> Iterator[tuple[int, int]]:
    runs = list(_TICKS.finditer(line))
    while runs:
        first = runs.pop(0)
        for index, run in enumerate(runs):
            if len(run[0]) == len(first[0]):
                yield first.start(), run.end()
                del runs[: index + 1]
                break


def _without(line: str, spans: list[tuple[int, int]]) -> str:
    for a, b in reversed(spans):
        line = line[:a] + line[b:]
    return line


# -- what acts ----------------------------------------------------------------------------------------


def _disarm(text: str, start: int, end: int) -> str:
    out: list[str] = []
    at = start
    for found in _ACTIVE.finditer(text, start, end):
        if found.start() < at:
            continue  # inside what was just written
        out.append(text[at : found.start()])
        written, at = _instead(text, found)
        out.append(written)
    out.append(text[at:end])
    return "".join(out)


def _instead(text: str, found: re.Match[str]) -> tuple[str, int]:
    """What to write for something that may act, and where to go on."""
    kind, end = found.lastgroup, found.end()
    if kind == "escape":
        return ("&lt;" if found[0] == "\\<" else found[0]), end
    if kind == "tag":
        return _tag(text, found)
    if kind == "image":
        return _image(text, found)
    if kind == "definition":
        return "]\\:", end  # a link defined elsewhere shows as text: a definition may hide lines
    if kind == "link":
        return ("](" if _harmless(text, end) else "]\\("), end
    return (found[0] if _harmless(text, end) else found["macro"]), end


def _tag(text: str, found: re.Match[str]) -> tuple[str, int]:
    if link := _AUTOLINK.match(text, found.start()):
        return link[0], link.end()
    line_start = text.rfind("\n", 0, found.start()) + 1
    line_end = text.find("\n", found.start())
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    column = found.start() - line_start
    formula = any(part.start() <= column < part.end() for part in _FORMULA.finditer(line))
    return ("< " if formula else "&lt;"), found.end()  # in a formula a space means nothing, an entity does


def _image(text: str, found: re.Match[str]) -> tuple[str, int]:
    if image := _IMAGE.match(text, found.start()):
        return (f"[image: {image['alt']}" if image["alt"].strip() else "[image"), image.end() - 2
    return ("!\\[" if "](" in text[found.end() :] else "!["), found.end()


def _harmless(text: str, at: int) -> bool:
    """Whether the link destination that begins here leads nowhere but to http, https, mailto, this server."""
    part = text[at : at + 4096].lstrip(" \t\n>")
    part = (
        part.partition("\n")[0] if part.startswith("<") else part.split(maxsplit=1)[0] if part.strip() else ""
    )
    plain = _UNSEEN.sub("", html.unescape(html.unescape(part.lstrip("<"))))
    scheme = _SCHEME.match(plain)
    return scheme is None or scheme[0].lower() in _SCHEMES
