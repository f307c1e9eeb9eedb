"""Lines of Markdown prose, made inert: tags escaped, links kept to the harmless, images turned into links.

The lines are those between two blank lines or fences. A code span of single backticks is left as it is where
it opens and closes on one line and nothing could make a renderer pair the backticks in another way; else it
is treated as prose. All of it takes time in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import html
import re
from itertools import chain

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
_IMAGE = re.compile(r"!\[(?P<alt>(?:[^\[\]\\`\n]|\\.){0,1000})\]\(")
_TICK = re.compile(r"`")
_ATTACHED = re.compile(r"[\\~`]`|`~")
"""What may take a backtick to itself: an escape, a tilde (marked), another one (marked, inside *…*)."""
_PAIRING = re.compile(r"[$~|\\]")
"""What inside a span may bind before its backticks do, in one renderer or another."""
_FORMULA = re.compile(r"\$\$?[^$\n]*\$")
_DECIDES = re.compile(r"[/?#:]")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\\]")
_SCHEMES = ("http:", "https:", "mailto:")
_LOOK = 512
"""Characters of a destination that are looked at; one that hides its scheme for longer is not harmless."""


def inert_prose(text: str, *, trust_code: bool) -> str:
    """The same lines with nothing in them that acts. `trust_code`: code spans may be left as they are."""
    prose = _Prose(text)
    at = 0
    for start, end in chain(_spans(text) if trust_code else (), [(len(text), len(text))]):
        prose.disarm(at, start)
        prose.out.append(text[start:end])
        at = end
    return "".join(prose.out)


# -- code spans ---------------------------------------------------------------------------------------


def _spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each code span that every renderer sees as one."""
    if _ATTACHED.search(text):
        return []
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        ticks = [tick.end() for tick in _TICK.finditer(text, start, start + len(line))]
        spans += [(begin - 1, end) for begin, end in zip(ticks[::2], ticks[1::2], strict=False)]
        if len(ticks) % 2:
            break  # an open backtick may pair with any on the lines below
        start += len(line) + 1
    doubtful = any(_PAIRING.search(text, a, b) for a, b in spans) or _touches_address(text, spans)
    return [] if doubtful else spans


def _touches_address(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether a bare web address runs on into a span: marked takes the backtick for a part of it."""
    at = 0
    for start, end in spans:
        words = text[at:start].lower().split()
        if words and not text[start - 1].isspace() and ("://" in words[-1] or "www." in words[-1]):
            return True
        at = end
    return False


# -- what acts ----------------------------------------------------------------------------------------


class _Prose:
    """Writes one text piece by piece."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.out: list[str] = []
        self._last_link = text.rfind("](")
        self._formulas = [found.span() for found in _FORMULA.finditer(text)] if "$" in text else []

    def disarm(self, start: int, end: int) -> None:
        """Write what lies from `start` to `end`, made inert."""
        at = start
        while found := _ACTIVE.search(self.text, at, end):
            self.out.append(self.text[at : found.start()])
            written, at = self._instead(found)
            self.out.append(written)
        self.out.append(self.text[at:end])

    def _instead(self, found: re.Match[str]) -> tuple[str, int]:
        """What to write for something that may act, and where to go on."""
        kind, end = found.lastgroup, found.end()
        if kind == "escape":
            return ("&lt;" if found[0] == "\\<" else found[0]), end
        if kind == "tag":
            return self._tag(found)
        if kind == "image":
            return self._image(found)
        if kind == "definition":
            return "]\\:", end  # a link defined elsewhere shows as text: a definition may hide lines
        if kind == "link":
            return ("](" if self._harmless(end) else "]\\("), end
        return (found[0] if self._harmless(end) else found["macro"]), end

    def _tag(self, found: re.Match[str]) -> tuple[str, int]:
        if link := _AUTOLINK.match(self.text, found.start()):
            return link[0], link.end()
        while self._formulas and self._formulas[0][1] <= found.start():
            del self._formulas[0]
        formula = bool(self._formulas) and self._formulas[0][0] <= found.start()
        return (
            "< " if formula else "&lt;"
        ), found.end()  # in a formula a space means nothing, an entity does

    def _image(self, found: re.Match[str]) -> tuple[str, int]:
        if image := _IMAGE.match(self.text, found.start()):  # its words are prose like any other
            after_a_mark = self.text.endswith("!", 0, found.start())  # which would make an image of the link
            words = "[image: " if image["alt"].strip() else "[image"
            return (f" {words}" if after_a_mark else words), found.end()
        return ("!\\[" if found.end() <= self._last_link else "!["), found.end()

    def _harmless(self, at: int) -> bool:
        """Whether the destination that begins here leads to http, https, mailto or this server."""
        ahead = self.text[at : at + _LOOK]
        part = ahead.lstrip(" \t\n>")
        part = part.partition("\n")[0]
        part = part if part.startswith("<") else part.partition(" ")[0]
        plain = _UNSEEN.sub("", html.unescape(html.unescape(part.lstrip("<"))))
        mark = _DECIDES.search(plain)
        if mark is None:
            return len(ahead) < _LOOK
        return mark[0] != ":" or plain[: mark.end()].lower() in _SCHEMES
