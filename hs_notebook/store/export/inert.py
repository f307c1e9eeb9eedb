"""Text that a spreadsheet would take for a formula, made text again by one apostrophe; and back.

Source: https://owasp.org/www-community/attacks/CSV_Injection (2026-11-22)
"""

from __future__ import annotations

__all__ = ["inert", "original"]

_MARK = "'"

_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "#", _MARK)  # noqa: RUF001 - Excel takes them too
"""How a text begins that is marked; with the mark itself, so that every marked text is told from its own."""


def inert(text: str) -> str:
    """The text, marked where it needs it. The empty text is the mark alone, for nothing at all is <NA>."""
    return _MARK + text if not text or text.startswith(_ACTIVE) else text


def original(text: str) -> str:
    """The text without its mark."""
    return text.removeprefix(_MARK)
