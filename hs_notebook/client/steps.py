"""The waits of one request, each a step: a task of its own that a stop or a stall cancels.

Never twice, for httpx 0.28 loses a connection to a second cancel. Whoever awaits the steps is never cancelled
itself, so its end is always recorded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Steps", "Stopped"]

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - an event, not an error
    """A step was cancelled: by the user, or by the clock."""


class Steps:
    """Steps one after the other; lives on the engine's loop.

    Attributes:
        stopped: The user has had enough: no further step begins.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._now: asyncio.Task[Any] | None = None
        self._cancelled = False  # the step that runs has had its one cancel

    async def take(self, coro: Coroutine[Any, Any, T]) -> T:
        """Await `coro` in a task that can be cancelled, once.

        Raises:
            Stopped: It was cancelled, or all are stopped.
        """
        if self.stopped:
            coro.close()
            raise Stopped
        self._cancelled = False
        task = self._now = asyncio.get_running_loop().create_task(coro)
        await asyncio.wait((task,))
        self._now = None
        if task.cancelled():
            raise Stopped
        result: T = task.result()
        return result

    def cancel(self) -> None:
        """Cancel the step that runs; the next may begin."""
        if self._now is not None and not self._cancelled:
            self._cancelled = True
            self._now.cancel()

    def stop(self) -> None:
        """Cancel the step that runs, and begin no other."""
        self.stopped = True
        self.cancel()
