"""How many streams may have a connection at once: a fair queue, and the figures about it.

All but `stats` runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

__all__ = ["Limit", "Session", "Stats"]


@dataclass(frozen=True, slots=True)
class Session:
    """One stream, running or ended.

    Attributes:
        model: The model asked.
        status: The answer's status word, or its phase while it runs.
        duration_s: Seconds since it was asked for, or until its end.
        tokens: Output tokens; None where nobody counted.
        error: What went wrong, one line; None if nothing did.
    """

    model: str
    status: str
    duration_s: float
    tokens: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Stats:
    """A client's streams at one moment.

    Attributes:
        active_streams: How many hold a slot, that is, have a connection open or are opening it.
        max_concurrent: How many slots there are.
        available_slots: How many are free.
        sessions: The streams that run, and the latest that ended, oldest first.
    """

    active_streams: int
    max_concurrent: int
    available_slots: int
    sessions: list[Session]


class Limit:
    """A counting lock that serves in the order of asking.

    Attributes:
        slots: How many may hold one at once.
        active: How many hold one.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.active = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def acquire(self, *, first: bool = False) -> None:
        """Wait for a slot. `first`: at the head of the queue, for a stream that had one and comes back."""
        if self.active < self.slots and not self._queue:
            self.active += 1
            return
        turn = asyncio.get_running_loop().create_future()
        if first:
            self._queue.appendleft(turn)
        else:
            self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot came in the same moment: pass it on
                self.release()
            elif turn in self._queue:
                self._queue.remove(turn)
            raise

    def release(self) -> None:
        """Give a slot back; the next in the queue has it at once."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():  # done: cancelled in this moment, and still in the queue
                turn.set_result(None)
                return
        self.active -= 1
