"""Strikes a key out of bytes as they come, wherever a server that echoes it may have put it."""

from __future__ import annotations

__all__ = ["Blot"]


class Blot:
    """One body's. Nothing is held back but a last piece that may be the beginning of the key.

    Args:
        key: What no reader may see; None or "" where there is no key.
    """

    def __init__(self, key: str | None) -> None:
        self._key = (key or "").encode()
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What can be passed on now."""
        if not self._key:
            return data
        data = (self._held + data).replace(self._key, b"***")
        lengths = range(min(len(self._key) - 1, len(data)), 0, -1)
        held = next((length for length in lengths if data.endswith(self._key[:length])), 0)
        self._held = data[len(data) - held :]
        return data[: len(data) - held]

    def end(self) -> bytes:
        """What was held back, and was not the key."""
        held, self._held = self._held, b""
        return held
