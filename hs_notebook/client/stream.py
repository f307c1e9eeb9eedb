"""A stream as its caller holds it: one logical request, whatever attempts it takes.

It runs on the engine; this handle may be used from any thread and any loop. Three ways to take it: wait for
the whole answer (`result()`, `await`), read its chunks (`for`, `async for`), or look at `answer` as it grows.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.answer import Status, UsageSource
from hs_notebook.client.mailbox import Mailbox
from hs_notebook.errors import Interrupted, StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from hs_notebook.answer import Answer
    from hs_notebook.client.callbacks import Callbacks
    from hs_notebook.client.engine import Engine
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["CLOSING", "Phase", "Stream", "stop_line"]

_SLICE = 0.1
"""Seconds of one wait: on Windows a waiting main thread feels an interrupt only between two of them."""
CLOSING = 2.0
"""Seconds that a stopped stream gets to close its connection and write its row."""


class Phase(StrEnum):
    """What a stream is doing."""

    QUEUED = "queued"  # waiting for a slot
    STARTING = "starting"  # the embedded gateway starts
    CONNECTING = "connecting"  # sent, no answer yet
    WAITING = "waiting"  # backing off before the next attempt, until `retry_at`
    STREAMING = "streaming"  # the answer has begun
    ENDED = "ended"  # whatever its end; the usage row is written


class Stream:
    """One answer on its way.

    Attributes:
        answer: The answer as far as it came; grows while the stream runs.
        phase: What the stream is doing.
        retry_at: While WAITING, when the next attempt begins, by the monotonic clock; else None.
        asked_at: Monotonic time of the call that made this stream.
        ended_at: Monotonic time of its end; None while it runs.
        callbacks: What to tell besides; None if nobody asked.
    """

    def __init__(self, answer: Answer, engine: Engine, stop: Callable[[], None]) -> None:
        self.answer = answer
        self.phase = Phase.QUEUED
        self.retry_at: float | None = None
        self.asked_at = monotonic()
        self.ended_at: float | None = None
        self.mailbox = Mailbox()
        self.callbacks: Callbacks | None = None
        self._engine = engine
        self._stop = stop
        self._stopped = False
        self._on_news: Callable[[], None] = lambda: None
        self._done: Future[None] = Future()
        self._done.set_running_or_notify_cancel()  # nobody who waits on it can cancel it

    # -- the engine's side ----------------------------------------------------------------------

    def enter(self, phase: Phase, *, retry_at: float | None = None) -> None:
        """Go on to a phase, and tell who waits for news."""
        self.retry_at = retry_at
        self.phase = phase
        self._on_news()

    def first_text(self) -> None:
        """Tell who waits for news that text has come."""
        self._on_news()

    async def room(self) -> None:
        """Wait until a slow reader of chunks has caught up."""
        caught_up = asyncio.Event()
        self.mailbox.on_room = lambda: self._engine.call(caught_up.set)
        if self.mailbox.full:
            await caught_up.wait()

    def finish(self) -> None:
        """The answer has its end and the row is written."""
        self.ended_at = monotonic()
        self.retry_at, self.phase = None, Phase.ENDED
        self._done.set_result(None)
        self.mailbox.close()
        self._on_news()

    # -- waiting ----------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether it is over, whatever its end."""
        return self._done.done()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the stream has ended, or for `timeout` seconds; whether it has ended."""
        until = None if timeout is None else monotonic() + timeout
        with self.mailbox.whole():
            while not self._done.done():
                left = _SLICE if until is None else min(_SLICE, until - monotonic())
                if left <= 0:
                    break
                try:
                    self._done.exception(left)
                except TimeoutError:
                    continue
        return self._done.done()

    def tell(self, on_news: Callable[[], None]) -> None:
        """Have `on_news` called at first text, each change of phase and the end, on the engine's thread.

        It must be short and must not raise. Chunks are not kept from now on: nobody is going to iterate.
        """
        self.mailbox.switch_off()
        self._on_news = on_news

    def cancel(self) -> None:
        """Stop the stream and its spending at once; the text received is kept. Twice is as once."""
        if not self._stopped and not self.ended:
            self._stopped = True
            self._engine.call(self._stop)

    def result(self, timeout: float | None = None) -> Answer:
        """Block until the answer is whole and return it.

        Raises:
            HolySheepError: It did not become whole; the error's `answer` holds what came.
            Interrupted: It was stopped, by `cancel()` or by an interrupt while this waited.
            TimeoutError: `timeout` seconds went by; the stream goes on.
        """
        try:
            if not self.wait(timeout):
                msg = f"the answer was not whole within {timeout} s; it goes on"
                raise TimeoutError(msg)
        except KeyboardInterrupt:
            pass
        else:
            return self._whole()
        raise self.stop_now()

    def stop_now(self) -> Interrupted:
        """Cancel, wait until the connection is closed and the row written, and give the line to raise."""
        self.cancel()
        with contextlib.suppress(KeyboardInterrupt):  # pressed again: then it is not waited for
            self.wait(CLOSING)
        return Interrupted(stop_line([self.answer]), self.answer)

    def __await__(self) -> Generator[object, None, Answer]:
        return self._awaited().__await__()

    async def _awaited(self) -> Answer:
        try:
            with self.mailbox.whole():
                await asyncio.wrap_future(self._done)
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self._whole(on_loop=True)

    def _whole(self, *, on_loop: bool = False) -> Answer:
        """The answer, or its error raised; for a stop `Interrupted`, or `StoppedError` on a loop."""
        if self.answer.error is not None:
            # Without the frames it passed on the engine: their variables hold headers.
            raise self.answer.error.with_traceback(None)
        if self.answer.status is not Status.INTERRUPTED:
            return self.answer
        line = stop_line([self.answer])
        if not on_loop:
            raise Interrupted(line, self.answer)
        stopped = StoppedError(line)
        stopped.answer = self.answer
        raise stopped

    # -- reading chunks -----------------------------------------------------------------------------

    def _open_mailbox(self) -> None:
        if not self.mailbox.open():
            return
        if self.ended:
            self.mailbox.join_late(self.answer)
        else:
            self._engine.call(self.mailbox.join_late, self.answer)

    def _next_chunk(self, wake: Callable[[], None]) -> tuple[StreamChunk | None, bool]:
        """A chunk if there is one; else whether there is none to come. If neither, `wake` will be called."""
        box = self.mailbox
        chunk = box.take()
        if chunk is not None:
            return chunk, False
        box.wake = wake
        over = box.over  # looked at before the last look into the box: what came in between is in it
        chunk = box.take()
        return chunk, chunk is None and over

    def __iter__(self) -> Iterator[StreamChunk]:
        """The chunks as they come, from any thread. Leaving the loop stops the stream."""
        self._open_mailbox()
        return self._chunks()

    def _chunks(self) -> Iterator[StreamChunk]:
        ready = threading.Event()
        try:
            over = False
            while not over:
                ready.clear()
                chunk, over = self._next_chunk(ready.set)
                if chunk is not None:
                    yield chunk
                elif not over:
                    while not ready.wait(_SLICE):
                        pass
        except KeyboardInterrupt:
            pass
        else:
            self._whole()
            return
        finally:
            self.cancel()
        raise self.stop_now()

    def __aiter__(self) -> AsyncIterator[StreamChunk]:
        """The chunks as they come, on any loop. Leaving the loop stops the stream."""
        self._open_mailbox()
        return self._achunks()

    async def _achunks(self) -> AsyncIterator[StreamChunk]:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(ready.set)
            except RuntimeError:  # the reader's loop is closed; nobody is left to wake
                self.cancel()

        try:
            over = False
            while not over:
                ready.clear()
                chunk, over = self._next_chunk(wake)
                if chunk is not None:
                    yield chunk
                elif not over:
                    await ready.wait()
            self._whole(on_loop=True)
        finally:
            self.cancel()

    def __repr__(self) -> str:
        return f"<Stream {self.phase} {self.answer!r}>"


def stop_line(answers: list[Answer]) -> str:
    """One honest line for a stop by the user: what is kept, and what it cost as far as that is known."""
    characters = sum(len(answer.text) for answer in answers)
    kept = f"Stopped by you after {characters} characters; the text is kept."
    if characters == 0:
        kept = "Stopped by you before the first text."
    if all(_unsent(answer) for answer in answers):
        return "Stopped by you before anything was sent."
    costs = [answer.cost_usd for answer in answers]
    known = sum(cost for cost in costs if cost is not None)
    if known:
        sources = {answer.cost_source for answer in answers}
        estimated = UsageSource.ESTIMATED in sources and not sources & {
            UsageSource.PARTIAL,
            UsageSource.MISSING,
        }
        return f"{kept} It cost {'about' if estimated else 'at least'} ${known.normalize():f}."
    if all(cost is not None for cost in costs):
        return kept
    return f"{kept} What it cost is not known: the server had not said."


def _unsent(answer: Answer) -> bool:
    return all(attempt.duration_s == 0 for attempt in answer.attempts)
