"""Reads a text that grows in parts, and sees when another text has taken its place."""

from __future__ import annotations

__all__ = ["Tail"]


class Tail:
    """How far a text was read.

    A text only ever grows; where its answer is started over there is another list, and by that it is seen.

    Attributes:
        length: Code points read of the text at hand.
    """

    def __init__(self) -> None:
        self.length = 0
        self._parts: list[str] = []  # held, so that no other list can be taken for it
        self._seen = 0

    def read(self, parts: list[str]) -> tuple[str, bool]:
        """What is new of the text, and whether it stands in place of all that was read before."""
        replaces = parts is not self._parts and self.length > 0
        if parts is not self._parts:
            self._parts, self._seen, self.length = parts, 0, 0
        end = len(parts)
        new = "".join(parts[self._seen : end])
        self._seen, self.length = end, self.length + len(new)
        return new, replaces
