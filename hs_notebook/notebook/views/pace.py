"""How often a live cell is told something: at first at once, then in slices, wider where the page lags."""

from __future__ import annotations

from collections import deque

__all__ = ["Pace"]

SHORT_S = 1 / 20
"""Seconds between two messages: with one at the start, at most twenty a second."""
LONG_S = 1 / 15
"""The same once a cell takes longer than `LONG_AFTER_S`: a message costs some 0.6 kB whatever it says."""
LONG_AFTER_S = 5.0
WIDEST_S = 1.0
LATE_S = 0.6
"""An oldest unpainted message of this age makes a page late. It says what it has painted every 0.25 s."""


class Pace:
    """Keeps the time between messages. Nothing waits for a page: one that never says anything is not late.

    All times are seconds of the monotonic clock.
    """

    def __init__(self, began: float) -> None:
        self._began = began
        self._last: float | None = None
        self._unpainted: deque[tuple[int, float]] = deque(maxlen=1000)
        self._page_tells = False

    def due(self, now: float) -> float:
        """Seconds until the next message; 0: now."""
        return 0.0 if self._last is None else max(0.0, self._last + self._interval(now) - now)

    def sent(self, seq: int, now: float) -> None:
        """A message went out."""
        self._last = now
        self._unpainted.append((seq, now))

    def painted(self, seq: int) -> None:
        """A page says that it has painted all up to this one."""
        self._page_tells = True
        while self._unpainted and self._unpainted[0][0] <= seq:
            self._unpainted.popleft()

    def anew(self) -> None:
        """Another page is there: what the one before has painted says nothing of it."""
        self._page_tells = False
        self._unpainted.clear()

    def _interval(self, now: float) -> float:
        usual = SHORT_S if now - self._began < LONG_AFTER_S else LONG_S
        late = now - self._unpainted[0][1] if self._page_tells and self._unpainted else 0.0
        return usual if late < LATE_S else max(usual, min(late / 2, WIDEST_S))
