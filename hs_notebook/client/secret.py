"""A key that shows as `***`, and how it is kept out of what servers echo."""

from __future__ import annotations

__all__ = ["Secret"]

_SHORTEST = 8
"""A shorter key ("none", "a") is no secret, and blotted out it would leave holes in any sentence."""
_TELLING = 6
"""So many characters of a key, or more, are blotted out even without the rest."""


class Secret:
    """A key that shows as `***`; `reveal()` is called where it goes on the wire and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` with the key blotted out, also where an excerpt has cut it short ("sk-abc…")."""
        if len(self._value) < _SHORTEST:
            return text
        text = text.replace(self._value, "***")
        if "…" in text:
            for length in range(len(self._value) - 1, _TELLING - 1, -1):
                text = text.replace(self._value[:length] + "…", "***…")
        return text

    def scrub_body(self, body: bytes) -> bytes:
        """The same for a body as it came, before an excerpt is made of it that might hold half a key."""
        return body if len(self._value) < _SHORTEST else body.replace(self._value.encode(), b"***")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> str | tuple[object, ...]:
        msg = "a key is not pickled"
        raise TypeError(msg)
