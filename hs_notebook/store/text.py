"""Text on its way into the store: no key in it, and nothing a database refuses."""

from __future__ import annotations

import os
import re

__all__ = ["Blotter", "plain", "without_keys"]

_LONGEST = 1000
"""Characters kept of any text that came from outside."""

_SECRET_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)

_SHORTEST_SECRET = 8
"""Shorter values ("none", "1234") are no secrets and would blank out half the text."""

_SHORTEST_IN_ANSWER = 16
"""In what is asked and answered, a shorter value ("postgres") may well be a word of the text."""

_HARMLESS = 7
"""Characters of a secret that may be kept: "sk-" is everybody's."""

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
    for secret in _secrets(_SHORTEST_SECRET):
        text = text.replace(secret, "***")
    return plain(_LOOKS_LIKE_KEY.sub("***", text)[:_LONGEST])


class Blotter:
    """Blots the secrets that are known out of questions and answers, and leaves all else as it is.

    What only has the look of a key stays: an answer about keys is to be read back as it was.
    """

    def __init__(self, key: str | None = None) -> None:
        """Know the secrets of the environment and, where there is one, the key of the request."""
        self._secrets = _secrets(_SHORTEST_IN_ANSWER)
        if key is not None and len(key) >= _SHORTEST_SECRET:
            self._secrets = sorted({*self._secrets, key}, key=len, reverse=True)

    def blot(self, text: str, before: str = "") -> str:
        """The text with `***` for every secret in it, also for one whose beginning is the end of `before`."""
        for secret in self._secrets:
            for length in range(1, min(len(secret), len(before) + 1)):
                if before.endswith(secret[:length]) and text.startswith(secret[length:]):
                    text = "***" + text[len(secret) - length :]
            text = text.replace(secret, "***")
        return text

    def is_cut(self, text: str) -> bool:
        """Whether the text ends within a secret, by more of it than is harmless."""
        return any(
            text.endswith(secret[:length])
            for secret in self._secrets
            for length in range(_HARMLESS + 1, min(len(secret), len(text) + 1))
        )

    def tail(self, text: str) -> str:
        """The end of a text that is not cut: as much as `blot` needs to see `before` the next."""
        return text[-_HARMLESS:]


def _secrets(shortest: int) -> list[str]:
    # The longest first: one may be the beginning of another.
    found = {value for name, value in os.environ.items() if _SECRET_NAMES.search(name)}
    return sorted((value for value in found if len(value) >= shortest), key=len, reverse=True)
