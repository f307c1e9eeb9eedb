"""Text on its way into the store: no key in it, and nothing a database refuses."""

from __future__ import annotations

import os
import re

__all__ = ["plain", "without_keys"]

_LONGEST = 1000
"""Characters kept of any text that came from outside."""

_SECRET_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)

_SHORTEST_SECRET = 8
"""Shorter values ("none", "1234") are no secrets and would blank out half the text."""

_LOOKS_LIKE_KEY = re.compile(
    r"(?i:\bbearer\s+)[^\s\"',;]+"
    r"|\b(?:sk|pk|rk|hs|gsk|xai|hf|ghp|AIza)[-_A-Za-z0-9][-_A-Za-z0-9.]{15,}"
)


def plain(text: str) -> str:
    """The same text without what no database takes: NUL, and halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def without_keys(text: str | None) -> str | None:
    """Text from a server or an error, cut to a sane length, with `***` for every key in it.

    A second fence: the client has already taken its own key out. Here every secret of the environment goes,
    and whatever has the look of a key.
    """
    if text is None:
        return None
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAMES.search(name):
            text = text.replace(value, "***")
    return plain(_LOOKS_LIKE_KEY.sub("***", text)[:_LONGEST])
