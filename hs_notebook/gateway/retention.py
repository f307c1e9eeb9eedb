"""Which answers that have ended are still kept: so long, so many bytes and so many; the oldest go first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Retention"]

_MAX_STREAMS = 5_000
"""More would make the gateway's start slow."""
_MAX_EXPIRED = 10_000


class Retention:
    """The names of the answers that have ended, in that order. It deletes nothing.

    Args:
        keep_s: How long one is kept, seconds.
        keep_bytes: How many bytes all may have.
    """

    def __init__(self, keep_s: float, keep_bytes: int) -> None:
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._ended: dict[str, tuple[float, int]] = {}
        self._bytes = 0
        self._expired: dict[str, None] = {}  # as an ordered set

    def add(self, name: str, ended_at: float, size: int) -> None:
        """An answer has ended. `ended_at` in Unix seconds."""
        self.remove(name)
        self._expired.pop(name, None)
        self._ended[name] = (ended_at, size)
        self._bytes += size

    def remove(self, name: str) -> None:
        """An answer is none of those that have ended any more."""
        _, size = self._ended.pop(name, (0.0, 0))
        self._bytes -= size

    def expire(self, now: float, in_use: Callable[[str], bool]) -> list[str]:
        """The names of those to be let go of now. One that is being read stays."""
        out = []
        size, count = self._bytes, len(self._ended)
        for name, (ended_at, its_size) in self._ended.items():
            if now - ended_at <= self._keep_s and size <= self._keep_bytes and count <= _MAX_STREAMS:
                break
            if not in_use(name):
                out.append(name)
                size, count = size - its_size, count - 1
        for name in out:
            self.remove(name)
            self._expired[name] = None
        while len(self._expired) > _MAX_EXPIRED:
            del self._expired[next(iter(self._expired))]
        return out

    def has_expired(self, name: str) -> bool:
        """Whether an answer of this name was kept once; long ago it is forgotten."""
        return name in self._expired
