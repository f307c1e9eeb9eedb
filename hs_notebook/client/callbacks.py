"""A caller's own functions, told what happens: in order, on a thread of their own, in no stream's way.

Plain functions are called, async ones awaited on a loop of that thread. What they raise is noted once and
logged; the stream goes on.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hs_notebook.answer import Answer
    from hs_notebook.wire.chunk import StreamChunk

    OnChunk = Callable[[StreamChunk], Awaitable[object] | object]
    OnReconnect = Callable[["Reconnect"], Awaitable[object] | object]

__all__ = ["Callbacks", "Reconnect"]

log = logging.getLogger("hs_notebook")

_PATIENCE = 10.0
"""Seconds that the end of an answer waits for functions that are slower than the stream."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """What `on_reconnect` is told, before each new request for an answer.

    Attributes:
        attempt: The number of the attempt to come; 2 for the first new one.
        how: "retry", "replay", "continue" or "restart" (see docs/resume.md).
        wait_s: Seconds until it begins.
        why: One line for people.
    """

    attempt: int
    how: str
    wait_s: float
    why: str


class Callbacks:
    """Calls `on_chunk` and `on_reconnect` of one stream; either may be None."""

    def __init__(self, answer: Answer, on_chunk: OnChunk | None, on_reconnect: OnReconnect | None) -> None:
        self._answer = answer
        self._on_chunk = on_chunk
        self._on_reconnect = on_reconnect
        self._jobs: queue.SimpleQueue[tuple[Callable[[Any], object], Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._noted = False
        self._over = threading.Event()

    def chunks(self, chunks: list[StreamChunk]) -> None:
        """Have `on_chunk` called with each of them; returns at once."""
        if self._on_chunk is not None:
            for chunk in chunks:
                self._put(self._on_chunk, chunk)

    def reconnect(self, news: Reconnect) -> None:
        """Have `on_reconnect` called; returns at once."""
        if self._on_reconnect is not None:
            self._put(self._on_reconnect, news)

    async def end(self, *, stopped: bool) -> None:
        """Wait until all calls are made, for a bounded time; not at all after a stop."""
        if self._thread is None:
            return
        self._jobs.put(None)
        if not stopped:
            await asyncio.get_running_loop().run_in_executor(None, self._over.wait, _PATIENCE)

    def _put(self, function: Callable[[Any], object], told: object) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="hs_notebook-callbacks", daemon=True)
            self._thread.start()
        self._jobs.put((function, told))

    def _work(self) -> None:
        with asyncio.Runner() as runner:
            while (job := self._jobs.get()) is not None:
                function, told = job
                try:
                    result = function(told)
                    if inspect.isawaitable(result):
                        runner.run(_awaited(result))
                except Exception as error:  # noqa: BLE001 - it is the caller's, and no reason to break a stream
                    self._complain(function, error)
        self._over.set()

    def _complain(self, function: Callable[[Any], object], error: Exception) -> None:
        if self._noted:
            return
        self._noted = True
        name = "on_chunk" if function is self._on_chunk else "on_reconnect"
        note = f"{name} failed: {type(error).__name__}: {error}"
        self._answer.notes.append(note)
        log.warning("%s; the stream goes on.", note)


async def _awaited(result: Awaitable[object]) -> None:
    await result
